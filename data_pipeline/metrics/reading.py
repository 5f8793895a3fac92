"""The one place where metrics touch a warehouse: read-only, SQL in, rows out."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

from data_pipeline.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Reader(Protocol):
    """What metrics ask of a warehouse: to answer SQL in which `$name` stands for a value."""

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]: ...

    def has_table(self, name: str) -> bool: ...


@contextmanager
def open_reader(url: str) -> Iterator[Reader]:
    """The warehouse at `url`, open for reading and closed at the end.

    Raises WarehouseError when it is not there or nothing was ever loaded into it.
    """
    from data_pipeline.warehouses import Access, open_warehouse

    with open_warehouse(url, Access(read_only=True)) as warehouse:
        if not warehouse.has_table("sales"):
            raise WarehouseError(f"{warehouse.url} is empty; fill it with: sales run")
        yield warehouse


def read_sql(name: str) -> str:
    """The text of sql/metrics/<name>.sql."""
    path = resources.files("data_pipeline") / "sql" / "metrics" / f"{name}.sql"
    return path.read_text(encoding="utf-8")
