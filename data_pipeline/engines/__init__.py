"""Where transform runs: what it asks of an engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import pyarrow as pa

from data_pipeline.contract import Table

RAW_ROWS = "raw_rows"
"""The name under which a stream of raw rows can be selected from."""


class Engine(Protocol):
    """Runs transform's SQL over streams of raw rows, into staging tables beside them."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL; return all rows, or none."""

    def stage(self, table: Table, *, whole: bool) -> None:
        """Make the empty staging table of a table. Unless `whole`, its optional columns are vacant:
        they are there and NULL, and take no room until `make_room` is told of them.
        """

    def make_room(self, name: str, table: Table, columns: Iterable[str]) -> None:
        """See to it that some columns of a clean table can hold values."""

    def stored(self, name: str) -> list[str]:
        """The columns of a table that can hold values, in order: all but the vacant ones."""

    def stream(self, sql: str, reader: pa.RecordBatchReader, values: Mapping[str, Any]) -> int:
        """Run a statement over the stream `raw_rows`; return how many rows it wrote."""
