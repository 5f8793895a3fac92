"""The SQL of an analysis over rows that were made from the columns."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    import pyarrow as pa

    from data_pipeline.metrics.frame import Row


class Runner:
    """An empty DuckDB; to open one for each question would take longer than most answers."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(config={"threads": 1})

    def run(self, sql: str, name: str, table: pa.Table) -> list[Row]:
        """What the SQL says, in which the table is called `name`; from any thread."""
        with closing(self._connection.cursor()) as cursor:
            cursor.register(name, table)
            return cursor.execute(sql).fetchall()
