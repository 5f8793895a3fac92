"""One state of the sales to be summed: all of them, or what a load has touched, before or after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_pipeline.metrics.dimensions import COUNTRY_SQL
from data_pipeline.metrics.rollups import AGG_CUSTOMERS, ROLLUPS
from data_pipeline.sql import render

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data_pipeline.warehouses import Warehouse


@dataclass(frozen=True, slots=True)
class Side:
    """The names of the tables that hold it.

    `lines` are the sales whose share in the sums is looked for, `order_lines` all sales of the
    orders concerned. `sale_time` is the SQL of a sale's local time, which lies in `days` (first and
    last, since 1970-01-01). The tables that are made for it begin with `name`.
    """

    name: str
    sale_time: str
    days: tuple[int, int]
    has_countries: bool
    lines: str = '"sales"'
    order_lines: str = '"sales"'
    products: str = '"products"'
    customers: str = '"customers"'
    buyers: str = AGG_CUSTOMERS.name

    def table(self, what: str) -> str:
        """The name of a table that is made for this side."""
        return f"{self.name}_{what}"

    @property
    def orders(self) -> str:
        return self.table("orders")

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of all tables that may have been made for this side."""
        made = ("orders_seen", "orders", "places", "seen", "lines", "order_lines")
        dimensions = ("products", "customers", "buyers", "periods", "cohorts", "intervals")
        cells = ("day_cells", "hour_cells", "product_cells")
        return tuple(map(self.table, (*made, *dimensions, *cells, *ROLLUPS)))

    @property
    def places(self) -> str:
        return self.table("places")


def place_orders(warehouse: Warehouse, side: Side) -> None:
    """Make the table of orders with a number, each in its place or places."""
    seen, lines = side.table("orders_seen"), side.order_lines
    names = {"lines": lines, "sale_time": side.sale_time}
    make_table(warehouse, seen, render("aggregates/orders_seen", **names))
    make_table(warehouse, side.orders, render("aggregates/orders", seen=seen, **names))


def locate_customers(warehouse: Warehouse, side: Side) -> None:
    """Make the table of customers with their countries, or one for all when there are too many."""
    nowhere = "SELECT \"customer_id\" AS customer_id, '' AS country, 1 AS country_number"
    places = render("aggregates/places", country=COUNTRY_SQL, customers=side.customers)
    nowhere += f" FROM {side.customers}"
    make_table(warehouse, side.places, places if side.has_countries else nowhere)


def make_table(warehouse: Warehouse, name: str, select: str) -> None:
    """Make a temporary table of what a SELECT gives."""
    warehouse.rows(f"DROP TABLE IF EXISTS {name}")
    warehouse.rows(f"CREATE TEMP TABLE {name} AS {select}")


def drop_tables(warehouse: Warehouse, names: Iterable[str]) -> None:
    for name in names:
        warehouse.rows(f"DROP TABLE IF EXISTS {name}")
