"""The floor: the least that a warehouse costs. DuckDB reads three clean files with types given
into three tables and adds them up by day, category and location. Nothing is checked or cleaned.

    python -m benchmarks.floor FOLDER WAREHOUSE
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

COLUMNS = {
    "customers": {
        "customer_id": "BIGINT",
        "name": "VARCHAR",
        "email": "VARCHAR",
        "location": "VARCHAR",
    },
    "products": {
        "product_id": "BIGINT",
        "name": "VARCHAR",
        "category": "VARCHAR",
        "price": "DECIMAL(18,4)",
    },
    "sales": {
        "transaction_id": "BIGINT",
        "customer_id": "BIGINT",
        "product_id": "BIGINT",
        "quantity": "INTEGER",
        "price": "DECIMAL(18,4)",
        "timestamp": "TIMESTAMP",
    },
}

AMOUNT = "quantity * s.price"
QUERIES = (
    f"SELECT date_trunc('day', s.timestamp), sum({AMOUNT}) FROM sales s GROUP BY 1",
    f"SELECT category, sum({AMOUNT}) FROM sales s JOIN products USING (product_id) GROUP BY 1",
    f"SELECT location, sum({AMOUNT}) FROM sales s JOIN customers USING (customer_id) GROUP BY 1",
)


def load(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    for table, columns in COLUMNS.items():
        connection.execute(
            f"CREATE TABLE {table} AS SELECT * FROM read_csv('{folder}/{table}*.csv', "
            f"auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
            f"columns = {columns})"
        )


def aggregate(connection: duckdb.DuckDBPyConnection) -> None:
    """Sum the sales by day, category and location."""
    for query in QUERIES:
        assert connection.execute(query).fetchall()


def main() -> None:
    folder, warehouse = Path(sys.argv[1]), sys.argv[2]
    with duckdb.connect(warehouse, config={"memory_limit": "2GB"}) as connection:
        load(connection, folder)
        aggregate(connection)


if __name__ == "__main__":
    main()
