"""PostgreSQL: COPY to CSV under a read-only snapshot; what is new is told by transaction numbers.

Every row bears the number of the transaction that wrote it (`xmin`). All numbers below the oldest
transaction that is open in a snapshot are settled: the next reading begins there and so misses no
transaction, however late it commits. See docs/databases.md for the proof and the price.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import pyarrow as pa
import pyarrow.csv as pa_csv

from data_pipeline.databases.base import (
    ConnectionDroppedError,
    Database,
    Found,
    Mark,
    Moment,
    Row,
    Writer,
)
from data_pipeline.errors import SourceError
from data_pipeline.postgres import Session
from data_pipeline.sql import quote, render, text
from data_pipeline.urls import hide_password, place_of

EPOCH = 1 << 32
"""Rows bear the lower 32 bits of their transaction's number."""

GONE = ("08", "57P01", "57P02", "57P03", "53300", "40001")
"""SQLSTATEs after which trying again may help: lost, shut down, starting, full, in conflict."""

NUMBERS = ("int2", "int4", "int8")
READ_ONLY = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"


def connect(url: str, *, read_only: bool = True) -> PostgreSQL:
    """Connect; passwords may also come from PGPASSWORD or the password file."""
    return PostgreSQL(url, read_only=read_only)


class PostgreSQL(Database):
    """A connection."""

    def __init__(self, url: str, *, read_only: bool) -> None:
        self.url = hide_password(url)
        self._place = place_of(url)
        with self._telling_what_may_return():
            self._session = Session("postgresql" + url[url.index("://") :], SourceError)
        if read_only:
            self.rows(READ_ONLY)

    @contextmanager
    def _telling_what_may_return(self) -> Iterator[None]:
        """Tell a lost connection, after which trying again may help, from other errors."""
        try:
            yield
        except SourceError as error:
            kind = ConnectionDroppedError if _may_return(error.__context__) else SourceError
            raise kind(f"{self._place}: {error}") from None

    def quote(self, name: str) -> str:
        return quote(name)

    def text(self, value: str) -> str:
        return text(value)

    def as_text(self, value: str) -> str:
        return f"CAST({value} AS TEXT)"

    def rows(self, sql: str) -> list[Row]:
        with self._telling_what_may_return():
            return self._session.rows(sql)

    def snapshot(self) -> Moment:
        self.rows("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        [(now,)] = self.rows("SELECT CAST(NOW() AT TIME ZONE 'UTC' AS TIMESTAMP)")
        return Moment(now)

    def columns(self, relation: str) -> tuple[Found, ...]:
        with self._telling_what_may_return():
            types = self._session.types(f"SELECT * FROM {relation} LIMIT 0")
        return tuple(_found(name, type_) for name, type_ in types)

    def mark(self, table: str) -> Mark | None:
        """Transactions: `low` is the oldest that is open, `high` the next to begin."""
        found = self.rows(render("landing/postgres_relation", table=text(table)))
        if not found:
            return None  # a view or a foreign table: its rows bear no numbers of this server
        [(oldest, next_)] = self.rows(
            "SELECT txid_snapshot_xmin(txid_current_snapshot()), "
            "txid_snapshot_xmax(txid_current_snapshot())"
        )
        return Mark("transactions", str(found[0][0]), str(oldest), str(next_))

    def since(self, mark: Mark, now: Mark) -> str:
        settled, next_ = int(mark.low), int(now.high)
        if settled > next_:
            return ""  # a server whose count went back: restored from a copy
        epoch = next_ - next_ % EPOCH
        number = "CAST(CAST(xmin AS TEXT) AS BIGINT)"
        if settled >= epoch:
            return f"{number} >= {settled - epoch} AND {number} < {next_ - epoch}"
        if settled >= epoch - EPOCH:
            return f"{number} < {next_ - epoch} OR {number} >= {settled - (epoch - EPOCH)}"
        return ""

    def export(
        self, columns: Sequence[tuple[Found, bool]], relation: str, where: str, out: Writer
    ) -> None:
        values = ", ".join(_as_text(column, marked) for column, marked in columns)
        condition = f" WHERE {where}" if where else ""
        sql = f"SELECT {values} FROM {relation}{condition}"
        with self._telling_what_may_return():
            self._session.copy_to(out.write, sql, format="csv")

    def type_of(self, sql: str) -> str:
        return {"VARCHAR": "TEXT", "TIMESTAMP": "TIMESTAMPTZ"}.get(sql, sql)

    def insert(self, table: str, batch: pa.Table) -> None:
        content = io.BytesIO()
        pa_csv.write_csv(batch, content, pa_csv.WriteOptions(include_header=False))
        schema, _, name = table.rpartition(".")
        options = {"format": "csv", "schema_name": schema or None}
        with self._telling_what_may_return():
            self._session.copy_in(name, batch.column_names, [content.getvalue()], **options)

    def tables(self) -> set[str]:
        found = self.rows(
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables "
            "WHERE table_schema = CURRENT_SCHEMA()"
        )
        return {name for (name,) in found}

    def upsert(self, table: str, key: str, columns: Sequence[str], rows: str) -> str:
        renewed = ", ".join(f"{quote(c)} = EXCLUDED.{quote(c)}" for c in columns if c != key)
        names = ", ".join(map(quote, columns))
        return (
            f"INSERT INTO {self.relation(table)} ({names}) {rows} "
            f"ON CONFLICT ({quote(key)}) DO UPDATE SET {renewed}"
        )

    def begin(self) -> None:
        self.rows("BEGIN")

    def end(self, *, keep: bool) -> None:
        if keep:
            self.rows("COMMIT")
        else:
            with suppress(SourceError):
                self.rows("ROLLBACK")

    def close(self) -> None:
        self._session.close()


def _may_return(failure: BaseException | None) -> bool:
    if isinstance(failure, socket.gaierror):
        return False
    if isinstance(failure, OSError | EOFError):
        return True
    if state := getattr(failure, "sqlstate", None):
        return str(state).startswith(GONE)
    return "closed" in str(failure) or "another operation" in str(failure)


def _found(name: str, type_: str) -> Found:
    if type_ in ("timestamp", "timestamptz"):
        zoned = type_ == "timestamptz"
        return Found(name, type_, zoned=zoned, measure="time")
    return Found(name, type_, measure="number" if type_ in NUMBERS else "")


def _as_text(column: Found, marked: bool) -> str:
    if column.value is not None:
        return text(column.value)
    name = quote(column.name)
    if column.type == "money":
        return f"CAST({name} AS NUMERIC)"
    if not column.zoned:
        return name
    utc = f"{name} AT TIME ZONE 'UTC'"
    return f"CAST({utc} AS TEXT) || 'Z'" if marked else utc
