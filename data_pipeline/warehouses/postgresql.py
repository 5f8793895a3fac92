"""PostgreSQL, the warehouse that is already there: `postgresql://user@host/database?schema=name`.

A run is one transaction. Readers are never locked out: tables keep their identity (and with it
rights and views of others); rows go out and in. Keys are declared, and enforced by the server.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b

import pyarrow as pa
import pyarrow.csv as pa_csv

from data_pipeline.contract import Column, Table
from data_pipeline.errors import ConfigError, WarehouseError
from data_pipeline.layout import Relation, star
from data_pipeline.postgres import Session, split_url
from data_pipeline.sql import quote
from data_pipeline.warehouses.base import Access, Warehouse
from data_pipeline.warehouses.pgcopy import encode
from data_pipeline.warehouses.remote_schema import SchemaWarehouse, columns_of

SCHEMA = "warehouse"
"""Where the tables are unless the URL says otherwise: not among those of a shop in `public`."""

RETRY_S = 0.1
TEXT = 'TEXT COLLATE "C"'
"""Texts are compared byte by byte, whatever the database's own order is."""

TUNING = ("SET work_mem = '128MB'", "SET maintenance_work_mem = '256MB'", "SET jit = off")
BLOCK_BYTES = 64 << 20
"""The longest record that may be read back."""

ARROW_TYPES = {
    "int8": pa.int64(),
    "int4": pa.int32(),
    "numeric": pa.decimal128(18, 4),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}


def connect(url: str, access: Access) -> Warehouse:
    """Open a schema of a database; a run makes the schema when it is not there."""
    return PostgreSQLWarehouse(url, access)


class PostgreSQLWarehouse(SchemaWarehouse):
    """A schema of a PostgreSQL database."""

    dialect = "postgres"
    extra = "postgresql"

    _session: Session

    def __init__(self, url: str, access: Access) -> None:
        super().__init__(url, access)
        address, own = split_url(url, "schema")
        self._schema = own.get("schema", SCHEMA)
        if not self._schema or "\0" in self._schema:
            raise ConfigError(f"{self.url} names no schema; leave ?schema= out, or give a name")
        self._made: set[str] = set()
        self._session = Session(address, WarehouseError)
        try:
            self._prepare_session()
        except BaseException:
            self.close()
            raise

    def _prepare_session(self) -> None:
        ((encoding,),) = self.execute("SHOW server_encoding")
        if encoding != "UTF8":
            raise WarehouseError(
                f"{self.url}: the database keeps text as {encoding}, which has not every sign; "
                "make one with: createdb --encoding UTF8 --template template0 NAME"
            )
        for setting in TUNING:
            self.execute(setting)
        self.execute("SELECT set_config('search_path', $1, false)", [quote(self._schema)])
        if self._access.read_only:
            self.execute("SET default_transaction_read_only = on")
        else:
            self._lock()

    def _lock(self) -> None:
        """Be the only run on this schema. The server lets go when the connection ends."""
        deadline = time.monotonic() + self._access.wait_s
        name = blake2b(self._schema.encode(), digest_size=8, person=b"sales run").digest()
        number = int.from_bytes(name, signed=True)
        while self.execute("SELECT pg_try_advisory_lock($1)", [number]) != [(True,)]:
            if time.monotonic() >= deadline:
                raise self.busy()
            time.sleep(RETRY_S)

    def begin(self) -> None:
        self._made.clear()
        self.execute("BEGIN")
        if not self.has_schema():
            self.execute(f"CREATE SCHEMA {quote(self._schema)}")
        self.execute("SET CONSTRAINTS ALL DEFERRED")

    def drop_staging(self) -> None:
        """Nothing is left by a run that was not committed: its tables were never there."""

    def make(self, relation: Relation) -> None:
        self._made.add(relation.name)
        self.execute(f"CREATE TABLE {quote(relation.name)} ({columns_of(relation, TEXT)})")
        if relation.key is None:
            self._declare(relation)

    def _declare(self, relation: Relation) -> None:
        """Say what the table is, what its keys are, and by what it is looked up."""
        name = quote(relation.name)
        if relation.key:
            self.execute(f"ALTER TABLE {name} ADD PRIMARY KEY ({quote(relation.key)})")
        for column in relation.sought:
            self.execute(f"CREATE INDEX ON {name} ({quote(column)})")
        for column, target in relation.references:
            self.execute(
                f"ALTER TABLE {name} ADD FOREIGN KEY ({quote(column)}) "
                f"REFERENCES {quote(target)} DEFERRABLE"
            )
        self.describe(relation)

    def fill(self, relation: Relation, batches: Iterable[pa.RecordBatch], *, lasting: bool) -> None:
        kind, end = ("TABLE", "") if lasting else ("TEMPORARY TABLE", " ON COMMIT DROP")
        self.execute(f"CREATE {kind} {quote(relation.name)} ({columns_of(relation, TEXT)}){end}")
        names = [field.name for field in relation.fields]
        self._session.copy_in(relation.name, names, encode(batches), freeze=lasting)
        self.note_filled(relation.name)

    def note_filled(self, name: str) -> None:
        """A temporary table has no statistics unless they are asked for, and plans go astray."""
        self.execute(f"ANALYZE {quote(name)}")

    def stage(self, *, fresh: bool) -> None:
        """Tables that are new are made of the staging tables themselves."""
        super().stage(fresh=fresh and not self.has_tables())

    def publish(self, table: Table, staging: str, *, replace: bool) -> None:  # noqa: ARG002
        """What was to be replaced is empty by now: only a new table is put in place as a whole."""
        name = quote(table.name)
        if table.name in self._made:
            self.execute(f"DROP TABLE {name}")
            self.execute(f"ALTER TABLE {staging} RENAME TO {name}")
            self._declare(star(table))
            self.note_filled(table.name)
            return
        if table.foreign_keys:
            # What they refer to is in place. Checks that wait until the commit cost a third more.
            self.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.execute(f"INSERT INTO {name} SELECT * FROM {staging}")
        self.execute(f"DROP TABLE {staging}")

    def lacks(self, column: Column, row: str) -> str:
        """An IN would be looked at row by row as soon as its list is long."""
        key = quote(column.name)
        target = quote(str(column.references))
        return f"NOT EXISTS (SELECT 1 FROM {target} AS x WHERE x.{key} = {row}.{key})"

    def broken_keys(self, table: Table) -> list[str]:
        """Let the server check what it was to check at the commit; a table whose keys somebody has
        taken away is looked at as a whole.
        """
        if not self._has_all_keys(star(table)):
            return super().broken_keys(table)
        self.execute("SAVEPOINT keys")
        try:
            self.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except WarehouseError as error:
            self.execute("ROLLBACK TO SAVEPOINT keys")
            return [str(error)]
        return []

    def _has_all_keys(self, relation: Relation) -> bool:
        ((count,),) = self.execute(
            "SELECT COUNT(*) FROM pg_catalog.pg_constraint AS k "
            "JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid "
            "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
            "WHERE n.nspname = $1 AND c.relname = $2 AND k.contype IN ('p', 'f') "
            "AND k.convalidated",
            [self._schema, relation.name],
        )
        return bool(count >= 1 + len(relation.references))

    @contextmanager
    def read(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        select = self.translate(sql).sql
        types = self._session.types(select)
        kinds = {name: ARROW_TYPES.get(kind, pa.string()) for name, kind in types}
        with self._session.copy_out(select, format="csv", header=True) as stream:
            yield pa_csv.open_csv(
                stream,
                pa_csv.ReadOptions(block_size=BLOCK_BYTES),
                pa_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
                pa_csv.ConvertOptions(
                    column_types=kinds,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
