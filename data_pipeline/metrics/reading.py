"""The one place where metrics touch a warehouse: read-only, SQL in, rows out."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from data_pipeline.errors import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from data_pipeline.metrics.columns.sales import Columns


class Reader(Protocol):
    """What metrics ask of a warehouse: to answer SQL in which `$name` stands for a value."""

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]: ...

    def has_table(self, name: str) -> bool: ...


@runtime_checkable
class Recalls(Protocol):
    """A reader that may have the sales in memory; who takes the columns answers from them."""

    def columns(self) -> Columns | None: ...


def columns_of(reader: Reader, timezone: str) -> Columns | None:
    """The sales that a reader has in memory by the days of `timezone`; None when it has none."""
    found = reader.columns() if isinstance(reader, Recalls) else None
    return found if found and found.timezone == timezone else None


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
