"""DuckDB, the embedded warehouse: one file, one writer at a time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from data_pipeline.contract import Column, Table
from data_pipeline.engines.duckdb import DuckDBEngine, Stream, arrow_batches
from data_pipeline.errors import ConfigError, WarehouseError
from data_pipeline.layout import Relation, star
from data_pipeline.sql import field_types, quote, text
from data_pipeline.warehouses.base import Access, Row, Warehouse

LARGEST_BITMAP = 1 << 29
"""Keys that span no more than this are looked at in a bitmap; others are grouped."""

RETRY_S = 0.1


def connect(url: str, access: Access) -> Warehouse:
    """Open `duckdb:///path`; the file is made when it is not there."""
    path = url.partition("://")[2].removeprefix("/").partition("?")[0]
    if not path:
        raise ConfigError(f"{url!r} names no file; write duckdb:///data/warehouse.duckdb")
    return DuckDBWarehouse(Path(path), access)


class DuckDBWarehouse(Warehouse):
    """A DuckDB file. Primary keys are declared only on request (see docs/decisions.md)."""

    def __init__(self, path: Path, access: Access) -> None:
        self.url = f"duckdb:///{path}"
        self._access = access
        self._path, self._is_new = path, not path.exists()
        self._connection = _open(path, access)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET preserve_insertion_order = true")
        with suppress(duckdb.Error):  # a notebook without widgets refuses even to turn it off
            self._connection.execute("SET enable_progress_bar = false")
        self.engine = DuckDBEngine(self._connection)

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        return self._connection.execute(sql, dict(values or {})).fetchall()

    def begin(self) -> None:
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        self._connection.execute("ROLLBACK")

    def close(self) -> None:
        unused = self._is_new and not self.has_tables()
        self._connection.close()
        if unused:
            self._path.unlink(missing_ok=True)

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
            raise WarehouseError(f"cannot clean {self._path}: {_first_line(error)}") from None

    def _tables(self, pattern: str) -> list[str]:
        found = self.rows(
            "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE $pattern ESCAPE '$' "
            "AND database_name = CURRENT_DATABASE() AND schema_name = 'main' AND NOT temporary",
            {"pattern": pattern},
        )
        return [name for (name,) in found]

    def stage(self, *, fresh: bool) -> None:
        """Nothing is to be done: the engine works on the same file."""

    def find_doubled_keys(self, table: Table, staging: str) -> None:
        key = quote(table.key.name)
        count, low, high = self.rows(f"SELECT COUNT(*), MIN({key}), MAX({key}) FROM {staging}")[0]
        if count and high - low < min(LARGEST_BITMAP, 64 * count + 1_000_000):
            keys = self._connection.sql(f"SELECT {key} FROM {staging}")
            doubled = _doubled(keys, table.key.name, low, high)
            self.bring("doubled", [doubled], doubled.schema)
        else:
            self._connection.execute(
                f"CREATE TEMP TABLE doubled AS SELECT {key} FROM {staging} "
                f"GROUP BY {key} HAVING COUNT(*) > 1"
            )

    def lacks(self, column: Column, row: str) -> str:
        key, target = quote(column.name), quote(str(column.references))
        low, high = self.rows(f"SELECT MIN({key}), MAX({key}) FROM {target}")[0]
        if low is None or high - low >= LARGEST_BITMAP:
            return super().lacks(column, row)
        there = f"(SELECT BITSTRING_AGG({key}, {low}, {high}) FROM {target})"
        bit = f"GET_BIT({there}, CAST({row}.{key} - {low} AS INTEGER))"
        known = f"{row}.{key} BETWEEN {low} AND {high}"
        return f"CASE WHEN {known} THEN {bit} = 0 ELSE TRUE END"

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
        self._connection.execute(f"INSERT INTO {name} SELECT * FROM {staging}")
        self._connection.execute(f"DROP TABLE {staging}")

    def is_unique(self, table: Table) -> bool:
        key, name = quote(table.key.name), quote(table.name)
        count, low, high = self.rows(f"SELECT COUNT({key}), MIN({key}), MAX({key}) FROM {name}")[0]
        if count == 0:
            return True
        if high - low < LARGEST_BITMAP:
            distinct = f"BIT_COUNT(BITSTRING_AGG({key}, {low}, {high}))"
        else:
            distinct = f"COUNT(DISTINCT {key})"
        return bool(self.rows(f"SELECT {distinct} FROM {name}")[0][0] == count)

    def count_dangling(self, table: str, column: str, target: Table) -> int:
        foreign, key = quote(column), quote(target.key.name)
        sides = [(table, foreign), (quote(target.name), key)]
        bounds = [self.rows(f"SELECT MIN({k}), MAX({k}) FROM {t}")[0] for t, k in sides]
        (low, high), (first, last) = bounds
        if low is None:
            return 0
        if first is not None and first <= low and high <= last and last - first < LARGEST_BITMAP:
            bits = [f"(SELECT BITSTRING_AGG({k}, {first}, {last}) FROM {t})" for t, k in sides]
            return int(self.rows(f"SELECT BIT_COUNT({bits[0]} & ~{bits[1]})")[0][0])
        return super().count_dangling(table, column, target)

    def export(self, sql: str, path: Path, kind: str) -> None:
        options = "FORMAT PARQUET" if kind == "parquet" else "FORMAT CSV, HEADER"
        self._connection.execute(f"COPY ({sql}) TO {text(str(path))} ({options})")


def _doubled(keys: duckdb.DuckDBPyRelation, name: str, low: int, high: int) -> pa.RecordBatch:
    """The keys that come more than once, found in a byte map in one pass."""
    seen = np.zeros(high - low + 1, bool)
    again: list[np.ndarray] = []
    for batch in arrow_batches(keys):
        at = batch.column(0).to_numpy() - low
        before = seen[at]
        if before.any():
            again.append(at[before])
        seen[at] = True
        if not (at[1:] > at[:-1]).all():
            ordered = np.sort(at)
            again.append(ordered[1:][ordered[1:] == ordered[:-1]])
    found = np.unique(np.concatenate(again)) if again else np.zeros(0, np.int64)
    return pa.RecordBatch.from_pydict({name: pa.array(found + low, pa.int64())})


def _open(path: Path, access: Access) -> duckdb.DuckDBPyConnection:
    """Open the file, waiting for another process to let it go for as long as `wait_s`."""
    if access.read_only and not path.exists():
        raise WarehouseError(f"there is no warehouse at {path}; make it with: sales run")
    config: dict[str, Any] = {"memory_limit": access.memory_limit}
    if access.threads:
        config["threads"] = access.threads
    deadline = time.monotonic() + access.wait_s
    while True:
        try:
            if not access.read_only:
                path.parent.mkdir(parents=True, exist_ok=True)
            return duckdb.connect(str(path), read_only=access.read_only, config=config)
        except duckdb.Error as error:
            locked = "lock" in str(error).casefold()
            if not locked:
                raise WarehouseError(f"cannot open {path}: {_first_line(error)}") from None
            if time.monotonic() >= deadline:
                raise WarehouseError(
                    f"{path} is in use by another run; wait for it to end, or let this one wait "
                    "with --wait SECONDS"
                ) from None
        except OSError as error:
            raise WarehouseError(f"cannot open {path}: {error.strerror}") from None
        time.sleep(RETRY_S)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
