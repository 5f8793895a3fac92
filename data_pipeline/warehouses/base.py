"""The port: what load, ledger and metrics ask of a warehouse.

A warehouse is one file beside this one. It holds the star and its books, runs SQL of the portable
subset, and says how new rows become part of a table. What differs between warehouses is stated
there, and nowhere else.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from data_pipeline.contract import Column, Table
from data_pipeline.engines import Engine

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """How a warehouse is opened: `wait_s` is how long to wait for another run to end."""

    read_only: bool = False
    wait_s: float = 0.0
    memory_limit: str = "2GB"
    threads: int | None = None
    declare_keys: bool = False


class Warehouse(ABC):
    """A warehouse that is open. `url` shows no password."""

    url: str
    engine: Engine

    @abstractmethod
    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        """Run portable SQL with named parameters; return all rows, or none."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction."""

    @abstractmethod
    def commit(self) -> None:
        """Make the transaction's work visible."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo the transaction's work."""

    @abstractmethod
    def close(self) -> None:
        """Let the warehouse go, and whoever waits for it come."""

    @abstractmethod
    def has_tables(self) -> bool:
        """Say whether the star is there."""

    @abstractmethod
    def drop_staging(self) -> None:
        """Remove what an unfinished run may have left beside the star."""

    @abstractmethod
    def find_doubled_keys(self, table: Table, staging: str) -> None:
        """Make the temporary table `doubled`: each key that stands more than once in `staging`."""

    def lacks(self, column: Column, row: str) -> str:
        """Make the condition that the foreign key `column` of `row` is nowhere in its table."""
        key = f'"{column.name}"'
        return f'{row}.{key} NOT IN (SELECT {key} FROM "{column.references}")'

    @abstractmethod
    def bring(self, name: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
        """Make the temporary table `name` from Arrow batches."""

    @abstractmethod
    def publish(self, table: Table, staging: str, *, replace: bool) -> None:
        """Make the rows of `staging` part of the table, or the table itself; staging is gone."""

    @abstractmethod
    def broken_keys(self, table: Table) -> list[str]:
        """Say in words which keys of a published table are not unique, missing or dangling."""

    @abstractmethod
    def export(self, sql: str, path: Path, kind: str) -> None:
        """Write the rows of a SELECT into a file of the kind `csv` or `parquet`."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end; whatever goes wrong before leaves everything as it was."""
        self.begin()
        try:
            yield
        except BaseException:
            self.rollback()
            raise
        self.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def hide_password(url: str) -> str:
    """Replace the password of a URL by stars.

    >>> hide_password("postgresql://shop:secret@host/db")
    'postgresql://shop:***@host/db'
    """
    hidden = re.sub(r"(://[^/?#:@]*):[^/?#]*@", r"\1:***@", url)
    return re.sub(
        r"([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&#]*",
        r"\1***",
        hidden,
        flags=re.IGNORECASE,
    )
