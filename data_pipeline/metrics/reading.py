"""The one place where metrics touch a warehouse: read-only, SQL in, rows out."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from data_pipeline.metrics.frame import Row, Value


class Reader(Protocol):
    """Answers SQL in the portable subset; `?` stands for a bound parameter."""

    def fetch(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]: ...


@contextmanager
def open_reader(url: str) -> Iterator[Reader]:
    """The warehouse at `url`, open for reading and closed at the end."""
    from data_pipeline.metrics._duckdb import DuckDBReader

    reader = DuckDBReader(url)
    try:
        yield reader
    finally:
        reader.close()


def read_sql(name: str) -> str:
    """The text of sql/metrics/<name>.sql."""
    path = resources.files("data_pipeline") / "sql" / "metrics" / f"{name}.sql"
    return path.read_text(encoding="utf-8")
