"""A reader of DuckDB files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from data_pipeline.errors import ConfigError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_pipeline.metrics.frame import Row, Value

SCHEME = "duckdb:///"


class DuckDBReader:
    """Opens the file read-only; never creates it."""

    def __init__(self, url: str) -> None:
        if not url.startswith(SCHEME):
            raise ConfigError(f"unknown warehouse {url.split(':', 1)[0]!r}; known: duckdb")
        path = Path(url.removeprefix(SCHEME))
        if not path.is_file():
            raise WarehouseError(f"no warehouse at {path}; 'sales run' makes one")
        try:
            self._connection = duckdb.connect(str(path), read_only=True)
        except duckdb.Error as error:
            raise WarehouseError(f"cannot open the warehouse {path}: {error}") from error

    def fetch(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        try:
            return self._connection.execute(sql, list(parameters)).fetchall()
        except duckdb.Error as error:
            raise WarehouseError(f"the warehouse cannot answer: {error}") from error

    def close(self) -> None:
        self._connection.close()
