"""The one place where metrics touch a warehouse: read-only, SQL in, rows out."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager


class Reader(Protocol):
    """What metrics ask of a warehouse: to answer SQL in which `$name` stands for a value."""

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]: ...


def open_reader(url: str) -> AbstractContextManager[Reader]:
    """The warehouse at `url`, open for reading and closed at the end."""
    from data_pipeline.warehouses import Access, open_warehouse

    return open_warehouse(url, Access(read_only=True))


def read_sql(name: str) -> str:
    """The text of sql/metrics/<name>.sql."""
    path = resources.files("data_pipeline") / "sql" / "metrics" / f"{name}.sql"
    return path.read_text(encoding="utf-8")
