"""A small store with every case that metrics decide on, the same in every process."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from data_pipeline.contract import TABLES, Table

if TYPE_CHECKING:
    from pathlib import Path

CATEGORIES = ("Books", "Toys", "Garden", "Kitchen & Dining", "Uncategorised")
PLACES = ("Berlin, Germany", "Lyon, France", "Paris, France", "Unknown", "Bergen, Norway", "Oslo,")
DOMAINS = ("example.com", "example.com", "mail.example", "b.example", "")
CHANNELS = ("web", "app", "shop", None)

FIRST_JOINED = datetime.fromisoformat("2024-01-01")
OPENED = datetime.fromisoformat("2024-10-01")


@dataclass(frozen=True, slots=True)
class Customer:
    customer_id: int
    name: str
    email: str | None
    location: str
    registered_at: datetime | None = None
    birth_year: int | None = None


@dataclass(frozen=True, slots=True)
class Product:
    product_id: int
    name: str
    category: str
    price: Decimal | None
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Sale:
    transaction_id: int
    customer_id: int
    product_id: int
    total_sales: Decimal
    timestamp: datetime
    quantity: int
    price: Decimal
    order_id: str | None
    discount: Decimal | None
    channel: str | None


@dataclass(frozen=True, slots=True)
class Store:
    customers: tuple[Customer, ...]
    products: tuple[Product, ...]
    sales: tuple[Sale, ...]


def make_store(orders: int = 900, seed: int = 7) -> Store:
    """Orders of one to four lines over 15 months; guests, returns, gifts, missing order ids."""
    dice = random.Random(seed)
    customers = (
        Customer(0, "Guest", None, "Unknown"),
        *(
            Customer(
                i,
                "<b>Null</b>" if i == 3 else f"Customer {i}",
                None if i % 13 == 0 else f"c{i}@{DOMAINS[i % 5]}",
                dice.choice(PLACES),
                FIRST_JOINED + timedelta(days=i),
                dice.choice((None, 1950 + i % 50)),
            )
            for i in range(1, 161)
        ),
    )
    products = tuple(
        Product(
            i,
            f"Product {i % 30}",
            dice.choice(CATEGORIES),
            price := Decimal(dice.randrange(99, 9000)) / 100,
            None if i % 9 == 0 else price * Decimal("0.6"),
        )
        for i in range(1, 41)
    )
    sales: list[Sale] = []
    for number in range(orders):
        customer = dice.choice((0, dice.randrange(1, 161), dice.randrange(1, 30)))
        moment = OPENED + timedelta(minutes=dice.randrange(457 * 24 * 60))
        order_id = None if number % 11 == 0 else f"A-{number}"
        channel = dice.choice(CHANNELS)
        for product in dice.sample(products, dice.choice((1, 1, 1, 2, 2, 3, 4))):
            kind = dice.random()
            quantity = -dice.randrange(1, 3) if kind < 0.08 else dice.randrange(1, 5)
            price = Decimal(0) if kind > 0.97 else product.price or Decimal(1)
            sales.append(
                Sale(
                    len(sales) + 1,
                    customer,
                    product.product_id,
                    quantity * price,
                    moment + timedelta(minutes=dice.choice((0, 0, 0, 1))),
                    quantity,
                    price,
                    order_id,
                    dice.choice((None, Decimal(0), Decimal("1.2345"))),
                    channel,
                )
            )
    return Store(customers, products, tuple(sales))


def write_store(store: Store, path: Path) -> str:
    """Write the three tables as the loader does; returns the warehouse's URL."""
    with duckdb.connect(str(path)) as connection:
        for table in TABLES.values():
            create_table(connection, table)
            rows = getattr(store, table.name)
            names = [f.name for f in fields(rows[0])] if rows else []
            if rows:
                arrow = pa.table({name: [getattr(row, name) for row in rows] for name in names})
                connection.register("rows_to_load", arrow)
                columns = ", ".join(names)
                connection.execute(
                    f'INSERT INTO "{table.name}" ({columns}) SELECT {columns} FROM rows_to_load'
                )
    return f"duckdb:///{path}"


def create_table(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    columns = [f'"{c.name}" {c.type.sql}' for c in table.columns]
    origin = ["source_file VARCHAR", "source_line BIGINT", "repairs VARCHAR"]
    connection.execute(f'CREATE TABLE "{table.name}" ({", ".join(columns + origin)})')


def write_books(path: Path) -> None:
    """Add the books of one run that loaded the store, with two rows in quarantine."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE ledger (run_id BIGINT, source_table VARCHAR, source_file VARCHAR,"
            " rows_read BIGINT, rows_loaded BIGINT, rows_duplicate BIGINT,"
            " rows_quarantined BIGINT, rows_repaired BIGINT,"
            " amount_loaded DECIMAL(38,4), amount_quarantined DECIMAL(38,4))"
        )
        for table in TABLES:
            bad = 2 if table == "sales" else 0
            amount = "SUM(total_sales)" if table == "sales" else "NULL"
            connection.execute(
                f"INSERT INTO ledger SELECT 1, '{table}', '{table}.csv', COUNT(*) + {bad},"
                f" COUNT(*), 0, {bad}, 1, {amount}, {bad} * 1.25 FROM {table}"
            )
        connection.execute(
            "CREATE TABLE quarantine AS SELECT 'sales' AS source_table, 'sales.csv' AS source_file,"
            " i AS source_line, '<script>alert(' || i || ')</script>' AS reason,"
            " CAST(1.25 AS DECIMAL(18,4)) AS amount FROM range(2) AS t(i)"
        )
        connection.execute(
            "CREATE TABLE runs AS SELECT 1 AS run_id,"
            " TIMESTAMP '2026-01-01 08:00:00' AS finished_at"
        )
        connection.execute(
            "UPDATE sales SET repairs = 'trimmed_price currency_price' WHERE transaction_id < 4"
        )
