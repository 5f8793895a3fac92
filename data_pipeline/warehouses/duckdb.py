"""DuckDB, the embedded warehouse: one file, one writer at a time, readers at any time.

A run works on a copy, which takes the place of the file at the commit; so nobody ever has open
what is being written. What runs and readers see of each other is `published.PublishedFile`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from copy import copy
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from data_pipeline.contract import Table
from data_pipeline.engines.duckdb import DuckDBEngine, Stream, arrow_batches
from data_pipeline.errors import ConfigError, MissingWarehouseError, WarehouseError
from data_pipeline.layout import Relation, star
from data_pipeline.published import RETRY_S, PublishedFile, in_use
from data_pipeline.sql import field_types, quote, text
from data_pipeline.warehouses.base import Access, Row, Warehouse
from data_pipeline.warehouses.duckdb_keys import DuckDBKeys

Opened = TypeVar("Opened")


def connect(url: str, access: Access) -> Warehouse:
    """Open `duckdb:///path`; the file is made by the first commit."""
    if not (path := url.partition("://")[2].removeprefix("/").partition("?")[0]):
        raise ConfigError(f"{url!r} names no file; write duckdb:///data/warehouse.duckdb")
    return DuckDBWarehouse(Path(path), access)


class DuckDBWarehouse(DuckDBKeys):
    """A DuckDB file. Primary keys are declared only on request (see docs/decisions.md)."""

    def __init__(self, path: Path, access: Access) -> None:
        self.url = f"duckdb:///{path}"
        self._access, self._file = access, PublishedFile(path)
        if access.read_only and not self._file.exists():
            raise MissingWarehouseError(f"there is no warehouse at {path}; make it with: sales run")
        try:
            if not access.read_only:
                self._file.lock(access.wait_s)
            self._open()
        except BaseException:
            self._file.let_go()
            raise

    def _open(self) -> None:
        """Look at the file that is there; when there is none, begin one."""
        self._is_writing, self._shown = False, self._file.version()
        if not self._file.exists():
            self._open_draft()
            return
        if not self._access.read_only:
            _fold_in_log(self._file.path, self._access)
        self._use(_open_to_read(self._file.path, self._access))

    def _open_draft(self) -> None:
        self._is_writing = True
        self._use(_open_to_write(self._file.draft, self._access))

    def _use(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = true")
        with suppress(duckdb.Error):  # a notebook without widgets refuses even to turn it off
            connection.execute("SET enable_progress_bar = false")
        self.engine = DuckDBEngine(connection)

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        return self._connection.execute(sql, dict(values or {})).fetchall()

    def prepare(self) -> None:
        if self._access.read_only:
            raise WarehouseError(f"{self.url} is open for reading only")
        if not self._is_writing:
            self._connection.close()
            self._file.copy()
            self._open_draft()

    def begin(self) -> None:
        self.prepare()
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        self._connection.execute("COMMIT")
        self._connection.execute("CHECKPOINT")
        self._connection.close()
        self._file.publish()
        self._open()

    def rollback(self) -> None:
        self._connection.execute("ROLLBACK")

    def close(self) -> None:
        try:
            self._connection.close()
        finally:
            self._file.let_go()

    def session(self) -> Warehouse:
        cursor = self._connection.cursor()
        cursor.execute("USE warehouse")
        other = copy(self)
        other._use(cursor)  # noqa: SLF001 (of its own kind)
        return other

    def interrupt(self) -> None:
        self._connection.interrupt()

    def version(self) -> str:
        return self._file.version()

    def outdated(self) -> bool:
        return self._shown != self._file.version()

    def has_table(self, name: str) -> bool:
        return bool(self._tables(name.replace("_", "$_")))

    def create(self, relation: Relation) -> None:
        self._connection.execute(f"CREATE TABLE {quote(relation.name)} ({field_types(relation)})")

    def empty(self, relation: Relation) -> None:
        columns = field_types(relation)
        self._connection.execute(f"CREATE OR REPLACE TABLE {quote(relation.name)} ({columns})")

    def drop_staging(self) -> None:
        try:
            for name in self._tables("incoming$_%"):
                self._connection.execute(f"DROP TABLE {quote(name)}")
        except duckdb.Error as error:
            raise WarehouseError(f"cannot clean {self._file.path}: {_first_line(error)}") from None

    def _tables(self, pattern: str) -> list[str]:
        found = self.rows(
            "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE $pattern ESCAPE '$' "
            "AND database_name = CURRENT_DATABASE() AND schema_name = 'main' AND NOT temporary",
            {"pattern": pattern},
        )
        return [name for (name,) in found]

    def stage(self, *, fresh: bool) -> None:
        """Nothing is to be done: the engine works on the same file."""

    def bring(self, name: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
        stream = Stream(pa.RecordBatchReader.from_batches(schema, iter(batches)))
        self._connection.register("brought", stream.reader)
        try:
            self._connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM brought")
        except duckdb.Error:
            stream.reraise()
            raise
        finally:
            with suppress(duckdb.Error):  # after an error, the transaction refuses even this
                self._connection.unregister("brought")

    def publish(self, table: Table, staging: str, *, replace: bool) -> None:
        name = quote(table.name)
        if replace and not self._access.declare_keys:
            self._connection.execute(f"DROP TABLE {name}")
            self._connection.execute(f"ALTER TABLE {staging} RENAME TO {name}")
            return
        if replace:
            columns = f"{field_types(star(table))}, PRIMARY KEY ({quote(table.key.name)})"
            self._connection.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        self._make_room(table, staging)
        columns = ", ".join(map(quote, self.engine.stored(table.name)))
        self._connection.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {staging}")
        self._connection.execute(f"DROP TABLE {staging}")

    def stored(self, relation: Relation) -> list[str]:
        return self.engine.stored(relation.name)

    def _make_room(self, table: Table, staging: str) -> None:
        """Let the table hold values in all columns in which the staging table has some."""
        full = {*self.engine.stored(table.name)}
        more = [name for name in self.engine.stored(staging) if name not in full]
        if more:
            counts = ", ".join(f"COUNT({quote(name)})" for name in more)
            (found,) = self.rows(f"SELECT {counts} FROM {staging}")
            some = (name for name, count in zip(more, found, strict=True) if count)
            self.engine.make_room(table.name, table, some)

    def read(self, sql: str) -> AbstractContextManager[pa.RecordBatchReader]:
        return nullcontext(arrow_batches(self._connection.sql(sql)))

    def as_duckdb(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return nullcontext(self._connection)

    def export(self, sql: str, path: Path, kind: str) -> None:
        options = "FORMAT PARQUET" if kind == "parquet" else "FORMAT CSV, HEADER"
        self._connection.execute(f"COPY ({sql}) TO {text(str(path))} ({options})")


def _open_to_read(path: Path, access: Access) -> duckdb.DuckDBPyConnection:
    """Open the file as it is now. By its path alone, a process that still has the old file open
    would be given that one again.
    """
    spill = path.with_name(f"{path.name}.{token_hex(4)}.tmp")
    connection = _connect(":memory:", access, temp_directory=str(spill))
    attach = f"ATTACH {text(str(path))} AS warehouse (READ_ONLY)"
    try:
        _wait_for(path, access.wait_s, lambda: connection.execute(attach))
        connection.execute("USE warehouse")
    except BaseException:
        connection.close()
        raise
    return connection


def _open_to_write(path: Path, access: Access) -> duckdb.DuckDBPyConnection:
    return _wait_for(path, access.wait_s, lambda: _connect(str(path), access))


def _fold_in_log(path: Path, access: Access) -> None:
    """Finish what another program, or an older version of this one, has left in a log."""
    if path.with_name(f"{path.name}.wal").exists():
        _open_to_write(path, access).close()


def _connect(place: str, access: Access, **config: Any) -> duckdb.DuckDBPyConnection:
    config["memory_limit"] = access.memory_limit
    if access.threads:
        config["threads"] = access.threads
    return duckdb.connect(place, config=config)


def _wait_for(path: Path, wait_s: float, open_: Callable[[], Opened]) -> Opened:
    """Open, waiting for another program to let the file go for as long as `wait_s`."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return open_()
        except duckdb.Error as error:
            if "lock" not in str(error).casefold():
                raise WarehouseError(f"cannot open {path}: {_first_line(error)}") from None
            if time.monotonic() >= deadline:
                raise in_use(path) from None
        time.sleep(RETRY_S)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
