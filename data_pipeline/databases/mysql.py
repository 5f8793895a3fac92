"""MySQL and MariaDB: rows come as lines that the server has written, under a read-only snapshot.

These servers tell nobody which transaction wrote a row. A table is read by a watermark column with
an overlap, or whole and compared with what landed before.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_pipeline.databases.base import (
    ConnectionDroppedError,
    Database,
    Found,
    Mark,
    Moment,
    Row,
    Writer,
)
from data_pipeline.databases.mysql_options import arguments
from data_pipeline.databases.packets import (
    CutShortError,
    NullRowError,
    RefusedError,
    read_fields,
)
from data_pipeline.errors import ConfigError, SourceError
from data_pipeline.urls import hide_password, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_S = 10
GONE = (1040, 1053, 1152, 1158, 1159, 1160, 1161, 1927, 2002, 2003, 2006, 2013, 2055, 4031)
"""Errors after which trying again may help: full, shut down, killed, refused, lost."""

WHOLE_NUMBERS = (1, 2, 3, 8, 9)
PLAIN = (0, 4, 5, 10, 13, 14, 246)
"""Types by the protocol's numbers: decimals, floats, dates and years need no quotes."""
TIMES = {12: False, 7: True}
"""DATETIME is a bare clock time, TIMESTAMP a moment."""

TEXT = (
    "CONCAT('\"', REPLACE(CASE WHEN CHARSET({0}) = 'binary' THEN {0} "
    "ELSE CONVERT({0} USING utf8mb4) END, '\"', '\"\"'), '\"')"
)
"""A column as a quoted field. Bytes of a binary column stay as they are."""

SESSION = (
    "SET NAMES utf8mb4",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "SET net_write_timeout = 3600",
    "SET wait_timeout = 28800",
)
READ_ONLY = "SET SESSION TRANSACTION READ ONLY"
INSERT_ROWS = 1000


def connect(url: str, *, read_only: bool = True) -> MySQL:
    """Connect; the password may also come from MYSQL_PWD or an option file (`option_file=`)."""
    try:
        import pymysql
    except ImportError:
        raise ConfigError(
            "MySQL needs a driver: pip install 'ecommerce-sales-pipeline[mysql]'"
        ) from None
    return MySQL(url, pymysql, read_only=read_only)


class MySQL(Database):
    """A connection."""

    def __init__(self, url: str, driver: Any, *, read_only: bool) -> None:
        self.url = hide_password(url)
        self._place, self._driver = place_of(url), driver
        self._connection: Any = None
        with self._our_errors():
            self._connection = driver.connect(**arguments(url))
        self.run([*SESSION, *([READ_ONLY] if read_only else [])])

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        """Say the driver's errors in our words."""
        try:
            yield
        except self._driver.MySQLError as error:
            number = error.args[0] if error.args else 0
            said = str(error.args[1]) if len(error.args) > 1 else str(error)
            kind = ConnectionDroppedError if number in GONE or not said else SourceError
            raise kind(f"{self._place}: {said.partition(chr(10))[0] or 'lost'}") from None
        except (CutShortError, OSError):
            raise ConnectionDroppedError(f"{self._place}: the connection was lost") from None

    def quote(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def text(self, value: str) -> str:
        return str(self._connection.escape(value))

    def as_text(self, value: str) -> str:
        return f"CAST({value} AS CHAR)"

    def rows(self, sql: str) -> list[Row]:
        with self._our_errors(), self._connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def snapshot(self) -> Moment:
        """Begin the snapshot. The open transactions are asked for before it, so that none can
        end in between unseen; without the right to ask (PROCESS) none are known.
        """
        oldest = self._oldest_transaction_s()
        self.rows("SET time_zone = '+00:00'")
        self.rows("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        [(now,)] = self.rows("SELECT UTC_TIMESTAMP(6)")
        return Moment(now, oldest)

    def _oldest_transaction_s(self) -> int:
        self.rows("SET time_zone = 'SYSTEM'")  # in which the server writes trx_started
        try:
            [(age,)] = self.rows(
                "SELECT COALESCE(MAX(TIMESTAMPDIFF(SECOND, trx_started, NOW())), 0) "
                "FROM information_schema.innodb_trx"
            )
        except ConnectionDroppedError:
            raise
        except SourceError:
            return 0
        return max(int(age), 0) + 1

    def columns(self, relation: str) -> tuple[Found, ...]:
        with self._our_errors(), self._connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {relation} LIMIT 0")
            return tuple(_found(column[0], column[1]) for column in cursor.description)

    def mark(self, table: str) -> Mark | None:  # noqa: ARG002
        return None

    def since(self, mark: Mark, now: Mark) -> str:  # noqa: ARG002
        raise AssertionError("this server counts no changes")

    def export(
        self, columns: Sequence[tuple[Found, bool]], relation: str, where: str, out: Writer
    ) -> None:
        values = ", ".join(self._as_text(column, marked) for column, marked in columns)
        condition = f" WHERE {where}" if where else ""
        sql = f"SELECT CONCAT_WS(',', {values}) FROM {relation}{condition}"
        try:
            with self._our_errors():
                self._stream(sql, out)
        except NullRowError:
            raise SourceError(
                f"{self._place}: a row of {relation} is longer than the server's "
                "max_allowed_packet; raise that, or leave the long column out by a query"
            ) from None

    def _stream(self, sql: str, out: Writer) -> None:
        from pymysql.cursors import SSCursor

        cursor = self._connection.cursor(SSCursor)
        cursor.execute(sql)
        try:
            read = self._connection._rfile.read1  # noqa: SLF001 (see packets)
            for lines in read_fields(read):
                out.write(b"\n".join([*lines, b""]))
        except RefusedError as refused:
            self._driver.err.raise_mysql_exception(refused.args[0])
        finally:  # what the cursor has not read is not for it to wait for
            cursor._result.unbuffered_active = False  # noqa: SLF001
            cursor._result.connection = None  # noqa: SLF001
            self._connection._result = None  # noqa: SLF001

    def _as_text(self, column: Found, marked: bool) -> str:
        if column.value is not None:
            return self.text(column.value)
        name = self.quote(column.name)
        if column.type == "text":
            name = TEXT.format(name)
        elif column.zoned and marked:
            name = f"CONCAT({name}, 'Z')"
        return f"COALESCE({name}, '')"

    def type_of(self, sql: str) -> str:
        return {"VARCHAR": "LONGTEXT", "TIMESTAMP": "TIMESTAMP(6) NULL"}.get(sql, sql)

    def insert(self, table: str, batch: pa.Table) -> None:
        names = ", ".join(self.quote(name) for name in batch.column_names)
        marks = ", ".join(["%s"] * batch.num_columns)
        sql = f"INSERT INTO {self.relation(table)} ({names}) VALUES ({marks})"
        for part in batch.to_batches(max_chunksize=INSERT_ROWS):
            values = zip(*(column.to_pylist() for column in part.columns), strict=True)
            with self._our_errors(), self._connection.cursor() as cursor:
                cursor.executemany(sql, list(values))

    def tables(self) -> set[str]:
        found = self.rows(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        )
        return {name for (name,) in found}

    def upsert(self, table: str, key: str, columns: Sequence[str], rows: str) -> str:
        renewed = (f"{n} = VALUES({n})" for c in columns if (n := self.quote(c)) and c != key)
        names = ", ".join(map(self.quote, columns))
        return (
            f"INSERT INTO {self.relation(table)} ({names}) {rows} "
            f"ON DUPLICATE KEY UPDATE {', '.join(renewed)}"
        )

    def begin(self) -> None:
        self.rows("SET time_zone = '+00:00'")
        self.rows("START TRANSACTION")

    def end(self, *, keep: bool) -> None:
        if keep:
            self.rows("COMMIT")
        else:
            with suppress(SourceError):
                self.rows("ROLLBACK")

    def close(self) -> None:
        if self._connection is not None and self._connection.open:
            self._connection.close()


def _found(name: str, code: int) -> Found:
    if code in TIMES:
        return Found(name, "time", zoned=TIMES[code], measure="time")
    if code in WHOLE_NUMBERS:
        return Found(name, "plain", measure="number")
    return Found(name, "plain" if code in PLAIN else "text")
