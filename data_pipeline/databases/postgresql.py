"""PostgreSQL: COPY to CSV under a read-only snapshot; what is new is told by transaction numbers.

Every row bears the number of the transaction that wrote it (`xmin`). All numbers below the oldest
transaction that is open in a snapshot are settled: the next reading begins there and so misses no
transaction, however late it commits. See docs/databases.md for the proof and the price.
"""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

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
from data_pipeline.errors import ConfigError, SourceError
from data_pipeline.sql import quote, render, text
from data_pipeline.urls import hide_password, place_of

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")

CONNECT_S = 10
EPOCH = 1 << 32
"""Rows bear the lower 32 bits of their transaction's number."""

GONE = ("08", "57P01", "57P02", "57P03", "53300", "40001")
"""SQLSTATEs after which trying again may help: lost, shut down, starting, full, in conflict."""

NUMBERS = ("int2", "int4", "int8")
SESSION = (
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'ISO, YMD'",
    "SET extra_float_digits = 1",
    "SET statement_timeout = 0",
    "SET idle_in_transaction_session_timeout = 0",
)
READ_ONLY = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"


def connect(url: str, *, read_only: bool = True) -> PostgreSQL:
    """Connect; passwords may also come from PGPASSWORD or the password file."""
    try:
        import asyncpg
    except ImportError:
        raise ConfigError(
            "PostgreSQL needs a driver: pip install 'ecommerce-sales-pipeline[postgresql]'"
        ) from None
    return PostgreSQL(url, asyncpg, read_only=read_only)


class PostgreSQL(Database):
    """A connection. asyncpg is asynchronous; this waits for each of its answers."""

    def __init__(self, url: str, driver: Any, *, read_only: bool) -> None:
        self.url = hide_password(url)
        self._place, self._driver = place_of(url), driver
        self._loop = asyncio.new_event_loop()
        self._connection: asyncpg.Connection[Any] | None = None
        dsn = "postgresql" + url[url.index("://") :]
        try:
            self._connection = self._wait(
                driver.connect(dsn, timeout=CONNECT_S, statement_cache_size=0)
            )
            self.run([*SESSION, *([READ_ONLY] if read_only else [])])
        except BaseException:
            self.close()
            raise

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for the driver, and say its errors in our words."""
        driver = self._driver
        try:
            return self._loop.run_until_complete(work)
        except driver.PostgresError as error:
            kind = ConnectionDroppedError if str(error.sqlstate).startswith(GONE) else SourceError
            raise kind(f"{self._place}: {_first_line(error)}") from None
        except socket.gaierror as error:
            raise SourceError(f"{self._place}: {error.strerror}; is the host right?") from None
        except (OSError, TimeoutError) as error:
            said = _first_line(error) or "no answer"
            raise ConnectionDroppedError(f"{self._place}: {said}") from None
        except driver.InterfaceError as error:
            if self._connection is not None and self._connection.is_closed():
                raise ConnectionDroppedError(f"{self._place}: the connection was lost") from None
            raise ConfigError(f"{self._place}: {_first_line(error)}") from None
        except ValueError as error:
            raise ConfigError(
                f"{self.url} is no URL of a database: {type(error).__name__}"
            ) from None

    @property
    def _open(self) -> asyncpg.Connection[Any]:
        assert self._connection is not None
        return self._connection

    def quote(self, name: str) -> str:
        return quote(name)

    def text(self, value: str) -> str:
        return text(value)

    def as_text(self, value: str) -> str:
        return f"CAST({value} AS TEXT)"

    def rows(self, sql: str) -> list[Row]:
        return [tuple(row) for row in self._wait(self._open.fetch(sql))]

    def snapshot(self) -> Moment:
        self.rows("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        [(now,)] = self.rows("SELECT CAST(NOW() AT TIME ZONE 'UTC' AS TIMESTAMP)")
        return Moment(now)

    def columns(self, relation: str) -> tuple[Found, ...]:
        prepared = self._wait(self._open.prepare(f"SELECT * FROM {relation} LIMIT 0"))
        return tuple(_found(a.name, a.type.name) for a in prepared.get_attributes())

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

        async def write(data: bytes) -> None:
            out.write(data)

        self._wait(self._open.copy_from_query(sql, output=write, format="csv"))

    def type_of(self, sql: str) -> str:
        return {"VARCHAR": "TEXT", "TIMESTAMP": "TIMESTAMPTZ"}.get(sql, sql)

    def insert(self, table: str, batch: pa.Table) -> None:
        content = io.BytesIO()
        pa_csv.write_csv(batch, content, pa_csv.WriteOptions(include_header=False))
        content.seek(0)
        schema, _, name = table.rpartition(".")
        self._wait(
            self._open.copy_to_table(
                name,
                schema_name=schema or None,
                columns=batch.column_names,
                source=content,
                format="csv",
            )
        )

    def begin(self) -> None:
        self.rows("BEGIN")

    def end(self, *, keep: bool) -> None:
        if keep or not self._open.is_closed():
            self.rows("COMMIT" if keep else "ROLLBACK")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


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


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
