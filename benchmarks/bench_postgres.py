r"""Loading clean sales into PostgreSQL, against `psql \copy` of the same rows.

python -m benchmarks.bench_postgres [--sales 5000000] [--url postgresql://...]

Both fill a table with the same columns, primary key, foreign keys and indexes: once an empty one,
then one that holds as many sales already. Ours is the whole way: binary COPY from the engine,
looking for doubled keys, orphans and older versions, the keys declared or checked, one commit.
Needs psql and a server (TEST_POSTGRES_URL, else the local one); says so and ends well without.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from data_pipeline import ledger, load, transform
from data_pipeline.contract import TABLES
from data_pipeline.errors import PipelineError, WarehouseError
from data_pipeline.postgres import Session
from data_pipeline.sql import staging_name
from data_pipeline.warehouses import Access
from data_pipeline.warehouses.postgresql import PostgreSQLWarehouse

LOCAL = "postgresql://postgres@127.0.0.1:5432/test"
OURS, THEIRS = "bench_ours", "bench_psql"
CUSTOMERS, PRODUCTS = 200_000, 5_000
SALES = """
INSERT INTO incoming_sales BY NAME
SELECT
    i AS transaction_id, 1 + (i * 7919) % {customers} AS customer_id,
    1 + (i * 104729) % {products} AS product_id,
    CAST((1 + i % 5) * (100 + i % 9000) AS DECIMAL(18,4)) / 100 AS total_sales,
    TIMESTAMP '2024-01-01' + (i // 10) * INTERVAL 1 SECOND AS "timestamp",
    1 + i % 5 AS quantity, CAST(100 + i % 9000 AS DECIMAL(18,4)) / 100 AS price,
    'A-' || (i // 2) AS order_id, CASE WHEN i % 3 = 0 THEN 0.5 END AS discount,
    CASE i % 3 WHEN 0 THEN 'web' WHEN 1 THEN 'app' END AS channel,
    'sales-{part}.csv' AS source_file, i AS source_line
FROM range({first}, {last}) AS r(i)
"""


def main() -> None:
    """Print both times, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sales", type=int, default=5_000_000)
    parser.add_argument("--url", default=os.environ.get("TEST_POSTGRES_URL", LOCAL))
    options, _ = parser.parse_known_args()
    if reason := lacking(options.url):
        print(f"bench_postgres: skipped, {reason}")
        return
    try:
        for part in (1, 2):
            ours, theirs = load_part(options.url, part, options.sales)
            what = "an empty table" if part == 1 else "a table with as many rows"
            print(
                f"{options.sales:,} sales into {what}: {ours:.1f} s, psql \\copy {theirs:.1f} s, "
                f"ratio {ours / theirs:.2f}"
            )
    finally:
        for schema in (OURS, THEIRS):
            statement(options.url, f"DROP SCHEMA IF EXISTS {schema} CASCADE")


def lacking(url: str) -> str:
    """What is missing here, in words; nothing when all is there."""
    if not shutil.which("psql"):
        return "there is no psql"
    try:
        for schema in (OURS, THEIRS):
            statement(url, f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    except PipelineError as error:
        return str(error)
    return ""


def statement(url: str, sql: str) -> None:
    session = Session(url, WarehouseError, name="bench")
    try:
        session.rows(sql)
    finally:
        session.close()


def load_part(url: str, part: int, sales: int) -> tuple[float, float]:
    """Load the part both ways; seconds by the clock, ours and theirs."""
    mark = "&" if "?" in url else "?"
    warehouse = PostgreSQLWarehouse(f"{url}{mark}schema={OURS}", Access(memory_limit="2GB"))
    with warehouse, tempfile.TemporaryDirectory() as folder:
        warehouse.prepare()
        transform.prepare(warehouse.engine, whole=True)
        fill_engine(warehouse, part, sales)
        file = Path(folder) / "sales.csv"
        warehouse.engine.rows(f"COPY incoming_sales TO '{file}' (HEADER false)")
        began = time.perf_counter()
        load_ours(warehouse, part)
        ours = time.perf_counter() - began
        if part == 1:
            copy_tables(url)
        return ours, load_theirs(url, file)


def fill_engine(warehouse: PostgreSQLWarehouse, part: int, sales: int) -> None:
    if part == 1:
        warehouse.engine.rows(
            "INSERT INTO incoming_customers BY NAME SELECT i AS customer_id, 'C' || i AS name, "
            "'Oslo, Norway' AS location, 'customers.csv' AS source_file, i AS source_line "
            f"FROM range(1, {CUSTOMERS + 1}) AS r(i)"
        )
        warehouse.engine.rows(
            "INSERT INTO incoming_products BY NAME SELECT i AS product_id, 'P' || i AS name, "
            "'Toys' AS category, 'products.csv' AS source_file, i AS source_line "
            f"FROM range(1, {PRODUCTS + 1}) AS r(i)"
        )
    span = {"first": (part - 1) * sales + 1, "last": part * sales + 1, "part": part}
    warehouse.engine.rows(SALES.format(customers=CUSTOMERS, products=PRODUCTS, **span))


def load_ours(warehouse: PostgreSQLWarehouse, part: int) -> None:
    fresh = part == 1
    with warehouse.transaction():
        warehouse.stage(fresh=fresh)
        if fresh:
            ledger.create_books(warehouse)
            load.create_star(warehouse)
            load.add_guest(warehouse, staging_name(TABLES["customers"]))
        ledger.order_files(warehouse)
        for table in TABLES.values():
            load.merge(warehouse, table, part, lambda *_: iter(()), replace=fresh)
        for table in TABLES.values():
            assert warehouse.broken_keys(table) == []


def copy_tables(url: str) -> None:
    """Make the same tables for psql, with the same keys and indexes, the dimensions filled."""
    statement(url, f"CREATE SCHEMA {THEIRS}")
    for name in TABLES:
        like = f"LIKE {OURS}.{name} INCLUDING ALL"
        statement(url, f"CREATE TABLE {THEIRS}.{name} ({like})")
    for name in ("customers", "products"):
        statement(url, f"INSERT INTO {THEIRS}.{name} SELECT * FROM {OURS}.{name}")
        key = f"{name.removesuffix('s')}_id"
        statement(
            url,
            f"ALTER TABLE {THEIRS}.sales ADD FOREIGN KEY ({key}) "
            f"REFERENCES {THEIRS}.{name} ({key}) DEFERRABLE",
        )


def load_theirs(url: str, file: Path) -> float:
    began = time.perf_counter()
    copy = f"\\copy {THEIRS}.sales FROM '{file}' (FORMAT csv)"
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", url, "-c", copy], check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
