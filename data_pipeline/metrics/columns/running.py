"""The SQL of an analysis over rows that were made from the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    import pyarrow as pa

    from data_pipeline.metrics.frame import Row


def run(sql: str, table: pa.Table) -> list[Row]:
    """What the SQL says, in which the table is called `bought`, and `customers` too."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("bought", table)
        connection.register("customers", table)
        return connection.execute(sql).fetchall()
