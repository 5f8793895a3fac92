"""The port: what reading from, staging into and simulating a shop's database ask of it.

A database is one file beside this one. Read-only is the rule; only staging and the simulator ask
for a connection that may write.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self

import pyarrow as pa

from data_pipeline.errors import SourceError

Row = tuple[Any, ...]


class Writer(Protocol):
    """What rows can be written into."""

    def write(self, data: bytes, /) -> object: ...


class ConnectionDroppedError(SourceError):
    """The connection could not be made or was lost; trying again may help."""


@dataclass(frozen=True, slots=True)
class Found:
    """A column that a database has. Of times, `zoned` ones are moments, the others bare clock
    times; `measure` is "time" or "number" where the column can be a watermark, else "".
    A column with a `value` is not there: that text stands in all its rows.
    """

    name: str
    type: str
    zoned: bool = False
    measure: str = ""
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a table has been read, so that the next reading can begin there.

    `measure` says what is counted (`transactions`, `time`, `number`), `scope` of which table of
    which server: marks of another scope say nothing. Whatever is not yet seen is at or beyond
    `low`; nothing that was seen is beyond `high`.
    """

    measure: str
    scope: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A consistent snapshot: taken at `now` (UTC), while the oldest open transaction that the
    server tells us of was `oldest_s` seconds old.
    """

    now: datetime
    oldest_s: int = 0


class Database(ABC):
    """A database that is open. `url` shows no password."""

    url: str

    @abstractmethod
    def quote(self, name: str) -> str:
        """Quote an identifier."""

    @abstractmethod
    def text(self, value: str) -> str:
        """Write a text literal."""

    @abstractmethod
    def as_text(self, value: str) -> str:
        """Make the SQL that turns a value into text."""

    @abstractmethod
    def rows(self, sql: str) -> list[Row]:
        """Run SQL; return all rows, or none."""

    @abstractmethod
    def snapshot(self) -> Moment:
        """Begin a read-only transaction that sees the database as it is at this moment."""

    @abstractmethod
    def columns(self, relation: str) -> tuple[Found, ...]:
        """Say which columns a table, or a query in brackets, has."""

    @abstractmethod
    def mark(self, table: str) -> Mark | None:
        """Say how far the server's own count of changes to `table` has come; None: it has none."""

    @abstractmethod
    def since(self, mark: Mark, now: Mark) -> str:
        """Make the condition of the rows that a reading up to `mark` may not have seen; nothing
        when that may be all.
        """

    @abstractmethod
    def export(
        self, columns: Sequence[tuple[Found, bool]], relation: str, where: str, out: Writer
    ) -> None:
        """Write rows as CSV: NULL is nothing, empty text is "", moments are in UTC, with a Z
        behind them where the flag beside the column says so.
        """

    @abstractmethod
    def type_of(self, sql: str) -> str:
        """Translate a type of the contract for a table of this database."""

    @abstractmethod
    def insert(self, table: str, batch: pa.Table) -> None:
        """Add rows of text to a table; NULL stays NULL."""

    @abstractmethod
    def tables(self) -> set[str]:
        """Name the tables and views of the schema in use."""

    @abstractmethod
    def upsert(self, table: str, key: str, columns: Sequence[str], rows: str) -> str:
        """Make the statement that adds rows to a table, or renews those of the same key."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction that writes."""

    @abstractmethod
    def end(self, *, keep: bool) -> None:
        """Commit what was written, or undo it."""

    @abstractmethod
    def close(self) -> None:
        """Hang up."""

    def relation(self, name: str) -> str:
        """Quote a table's name, `schema.table` part by part."""
        return ".".join(self.quote(part) for part in name.split("."))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end; whatever goes wrong before leaves everything as it was."""
        self.begin()
        try:
            yield
        except BaseException:
            self.end(keep=False)
            raise
        self.end(keep=True)

    def run(self, statements: Iterable[str]) -> None:
        """Run statements one after the other."""
        for statement in statements:
            self.rows(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
