"""The floor: the least that a warehouse costs. DuckDB reads three clean files with types given
into three tables and adds them up by day, category and location. Nothing is checked or cleaned.

    python -m benchmarks.floor FOLDER WAREHOUSE
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks.aggregates import aggregate

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


def load(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    for table, columns in COLUMNS.items():
        connection.execute(
            f"CREATE TABLE {table} AS SELECT * FROM read_csv('{folder}/{table}*.csv', "
            f"auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
            f"columns = {columns})"
        )


def main() -> None:
    folder, warehouse = Path(sys.argv[1]), sys.argv[2]
    with duckdb.connect(warehouse, config={"memory_limit": "2GB"}) as connection:
        load(connection, folder)
        aggregate(connection, "quantity * s.price")


if __name__ == "__main__":
    main()
