"""Amazon Redshift: `redshift://user@host:5439/database?bucket=NAME&iam_role=ARN`.

Rows travel as Parquet through S3: COPY into temporary tables, from there by DELETE and INSERT (not
MERGE) into tables that keep their identity; all of a run is one transaction, which begins with a
lock on a small table of our own, so that no reader waits and no second run comes between.

Redshift enforces no key, but its planner believes those that are declared, and would answer from
them whether a key is unique. So checks look at `key + 0`, of which it has been told nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from data_pipeline.contract import Column, Table
from data_pipeline.errors import ConfigError, WarehouseError
from data_pipeline.layout import Relation
from data_pipeline.sql import column_list, quote, text
from data_pipeline.warehouses.base import Access, Row, Warehouse
from data_pipeline.warehouses.redshift_session import (
    Session,
    load_driver,
    read_address,
    was_cancelled,
)
from data_pipeline.warehouses.redshift_tables import ARROW_TYPES, TEXT, place_of, with_room
from data_pipeline.warehouses.remote_schema import SchemaWarehouse, columns_of
from data_pipeline.warehouses.s3 import Folder

LOCK = "run_lock"
LEAST_WAIT_MS = 1_000
CURSOR, FETCHED = "sales_rows", 1_000
"""A cluster of one node gives no more rows at once."""
PREFIX, ROLE = "sales-staging", "default"


def connect(url: str, access: Access) -> Warehouse:
    """Open a schema of a database; a run makes the schema when it is not there."""
    return RedshiftWarehouse(url, access)


class RedshiftWarehouse(SchemaWarehouse):
    """A schema of a Redshift database, provisioned or serverless."""

    dialect = "redshift"
    extra = "redshift"
    schema_option = "&schema="

    _session: Session

    @staticmethod
    def adapt(tree: Any) -> Any:
        """A bare text among the columns of an answer has no type of its own here."""
        from sqlglot import exp

        for select in tree.find_all(exp.Select):
            for column in select.expressions:
                bare = column.unalias()
                if bare.is_string:
                    bare.replace(exp.cast(bare.copy(), "text"))
        return tree

    def __init__(self, url: str, access: Access) -> None:
        super().__init__(url, access)
        load_driver()
        self._address = read_address(url)
        self._schema = self._address.schema
        self._folder = None if access.read_only else self._open_folder()
        self._is_locked = False
        self._session = Session(self._address)
        try:
            self.execute("SET statement_timeout TO 0")
            if access.read_only:
                self._enter()
            else:
                self._make_lock()
                self._lock()
        except BaseException:
            self.close()
            raise

    def _open_folder(self) -> Folder:
        options = self._address.options
        if not options.get("bucket"):
            raise ConfigError(
                f"{self.url} names no bucket; rows travel to Redshift through S3: give "
                "&bucket=NAME of a bucket in the database's region (docs/redshift.md)"
            )
        place = "/".join([options.get("prefix", PREFIX), self._address.database, self._schema])
        prefix = f"{place.strip('/')}/"
        return Folder(options["bucket"], prefix, options.get("region"), options.get("profile"))

    def _enter(self) -> bool:
        """Look up names in the schema from now on; False when there is no such schema."""
        if not self.has_schema():
            return False
        self.execute(f"SET search_path TO {quote(self._schema)}")
        return True

    def _make_lock(self) -> None:
        """Make the schema and the table that runs lock; committed, so that others can see it."""
        try:
            if not self._enter():
                self.execute(f"CREATE SCHEMA {quote(self._schema)}")
                self._enter()
            if not self.has_table(LOCK):
                self.execute(f"CREATE TABLE {LOCK} (nothing INTEGER)")
        except WarehouseError:
            if not (self._enter() and self.has_table(LOCK)):  # else another run has just made it
                raise

    def _lock(self) -> None:
        """Begin the run's transaction, and be the only run on this schema until it ends."""
        limit_ms = max(int(self._access.wait_s * 1000), LEAST_WAIT_MS)
        self.execute("BEGIN")
        self.execute(f"SET LOCAL statement_timeout TO {limit_ms}")
        try:
            self.execute(f"LOCK TABLE {LOCK}")
        except WarehouseError as error:
            if not was_cancelled(error):
                raise
            raise self.busy() from None
        self.execute("SET LOCAL statement_timeout TO 0")
        self._is_locked = True

    def begin(self) -> None:
        """The transaction begins when the warehouse is opened for a run; here only a second one."""
        if not self._is_locked:
            self._lock()

    def commit(self) -> None:
        self._is_locked = False
        super().commit()

    def rollback(self) -> None:
        self._is_locked = False
        super().rollback()

    def drop_staging(self) -> None:
        """Tables of a run that was not committed were never there; objects may have been left."""
        if self._is_locked and self._folder:
            self._folder.clear()

    def make(self, relation: Relation) -> None:
        name = quote(relation.name)
        keys = f", PRIMARY KEY ({quote(relation.key)})" if relation.key else ""
        keys += "".join(
            f", FOREIGN KEY ({quote(column)}) REFERENCES {quote(target)}"
            for column, target in relation.references
        )
        self.execute(
            f"CREATE TABLE {name} ({columns_of(relation, TEXT)}{keys}){place_of(relation)}"
        )
        self.describe(relation)

    def fill(self, relation: Relation, batches: Iterable[pa.RecordBatch], *, lasting: bool) -> None:  # noqa: ARG002
        """No staging table lasts: its rows are inserted where they belong."""
        assert self._folder is not None, "a reader fills nothing"
        name = quote(relation.name)
        self.execute(
            f"CREATE TEMPORARY TABLE {name} ({columns_of(relation, TEXT)}){place_of(relation)}"
        )
        role = self._address.options.get("iam_role", ROLE)
        role = role if role == ROLE else text(role)
        with self._folder.holding(map(with_room, batches)) as place:
            if place:
                self.execute(f"COPY {name} FROM {text(place)} IAM_ROLE {role} FORMAT AS PARQUET")

    def publish(self, table: Table, staging: str, *, replace: bool) -> None:  # noqa: ARG002
        """What was to be replaced is empty by now."""
        columns = f"{column_list(table)}, source_file, source_line, repairs"
        self.execute(f"INSERT INTO {quote(table.name)} ({columns}) SELECT {columns} FROM {staging}")
        self.execute(f"DROP TABLE {staging}")

    def is_unique(self, table: Table) -> bool:
        key, name = quote(table.key.name), quote(table.name)
        sql = f"SELECT COUNT(*), COUNT({key} + 0), COUNT(DISTINCT {key} + 0) FROM {name}"
        ((rows, keys, different),) = self.execute(sql)
        return bool(rows == keys == different)

    def count_dangling(self, table: str, column: str, target: Table) -> int:
        foreign, key = quote(column), quote(target.key.name)
        there = f"(SELECT {key} + 0 AS there FROM {quote(target.name)}) AS o"
        ((count,),) = self.execute(
            f"SELECT COUNT(DISTINCT m.{foreign}) FROM {table} AS m "
            f"LEFT JOIN {there} ON o.there = m.{foreign} + 0 WHERE o.there IS NULL"
        )
        return int(count)

    def looked_up(self, table: Table, row: str) -> str:
        return " ".join(
            f"LEFT JOIN {quote(str(c.references))} AS {_sought(c)} "
            f"ON {_sought(c)}.{quote(c.name)} = {row}.{quote(c.name)}"
            for c in table.foreign_keys
        )

    def lacks(self, column: Column, row: str) -> str:  # noqa: ARG002
        """IN and EXISTS are not known inside CASE and OR: what is sought is joined instead."""
        return f"{_sought(column)}.{quote(column.name)} IS NULL"

    @contextmanager
    def read(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        """A cursor needs a transaction; a reader's ends with it."""
        if not self._is_locked:
            self.execute("BEGIN")
        try:
            self.execute(f"DECLARE {CURSOR} CURSOR FOR {self.translate(sql).sql}")
            columns, rows = self._session.answer(f"FETCH FORWARD {FETCHED} FROM {CURSOR}")
            schema = pa.schema([(n, ARROW_TYPES.get(kind, pa.string())) for n, kind in columns])
            yield pa.RecordBatchReader.from_batches(schema, self._fetched(schema, rows))
            self.execute(f"CLOSE {CURSOR}")
        finally:
            if not self._is_locked:
                self.rollback()

    def _fetched(self, schema: pa.Schema, rows: list[Row]) -> Iterator[pa.RecordBatch]:
        while rows:
            values = zip(*rows, strict=True)
            arrays = [pa.array(v, kind) for v, kind in zip(values, schema.types, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)
            rows = self.execute(f"FETCH FORWARD {FETCHED} FROM {CURSOR}")


def _sought(column: Column) -> str:
    return f"sought_{column.references}"
