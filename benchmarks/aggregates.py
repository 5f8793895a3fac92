"""The three aggregates that the floor and the run are both asked for.

python -m benchmarks.aggregates WAREHOUSE
"""

from __future__ import annotations

import sys

import duckdb

QUERIES = (
    "SELECT date_trunc('day', s.timestamp), sum({amount}) FROM sales s GROUP BY 1",
    "SELECT category, sum({amount}) FROM sales s JOIN products USING (product_id) GROUP BY 1",
    "SELECT location, sum({amount}) FROM sales s JOIN customers USING (customer_id) GROUP BY 1",
)


def aggregate(connection: duckdb.DuckDBPyConnection, amount: str) -> None:
    """Sum `amount` by day, category and location."""
    for query in QUERIES:
        assert connection.execute(query.format(amount=amount)).fetchall()


def main() -> None:
    with duckdb.connect(sys.argv[1], read_only=True, config={"memory_limit": "2GB"}) as connection:
        aggregate(connection, "s.total_sales")


if __name__ == "__main__":
    main()
