"""Where transform runs: what it asks of an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa

from data_pipeline.contract import Column

RAW_ROWS = "raw_rows"
"""The name under which a stream of raw rows can be selected from."""


class Engine(Protocol):
    """Runs transform's SQL over streams of raw rows, into staging tables beside them."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL; return all rows, or none."""

    def storage(self, column: Column) -> str:
        """What the definition of a column ends with where it is staged."""

    def stream(self, sql: str, reader: pa.RecordBatchReader, values: Mapping[str, Any]) -> int:
        """Run a statement over the stream `raw_rows`; return how many rows it wrote."""
