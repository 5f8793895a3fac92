"""DuckDB as the engine of transform."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from typing import Any

import duckdb
import pyarrow as pa

from data_pipeline.contract import Column, Table
from data_pipeline.engines import RAW_ROWS
from data_pipeline.sql import PROVENANCE, column_type, quote, staging_name


class DuckDBEngine:
    """Transform's engine on one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL; return all rows, or none."""
        return self._connection.execute(sql).fetchall()

    def stage(self, table: Table, *, whole: bool) -> None:
        """A table that is not whole becomes the star's; only then is it written to the file."""
        optional = {c.name for c in table.raw_columns if not c.required}
        columns = _clean_columns(table, set() if whole else optional)
        kind = "TEMP TABLE" if whole else "TABLE"
        self.rows(f"CREATE OR REPLACE {kind} {staging_name(table)} ({columns})")

    def make_room(self, name: str, table: Table, columns: Iterable[str]) -> None:
        """Rewrites the table when a column is vacant: DuckDB cannot make it another kind of column
        in its place.
        """
        stored, wanted = self.stored(name), set(columns)
        if wanted <= {*stored}:
            return
        vacant = {c.name for c in table.columns} - {*stored} - wanted
        listed, roomy = ", ".join(map(quote, stored)), quote(f"{name}_roomy")
        self.rows(f"CREATE TABLE {roomy} ({_clean_columns(table, vacant)})")
        self.rows(f"INSERT INTO {roomy} ({listed}) SELECT {listed} FROM {quote(name)}")
        self.rows(f"DROP TABLE {quote(name)}")
        self.rows(f"ALTER TABLE {roomy} RENAME TO {quote(name)}")

    def stored(self, name: str) -> list[str]:
        """No column has a default, so what has an expression is vacant."""
        found = self._connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = $name "
            "AND column_default IS NULL AND database_name IN (CURRENT_DATABASE(), 'temp') "
            "AND schema_name = 'main' ORDER BY column_index",
            {"name": name},
        )
        return [column for (column,) in found.fetchall()]

    def stream(self, sql: str, reader: pa.RecordBatchReader, values: Mapping[str, Any]) -> int:
        """Run a statement over the stream `raw_rows`; errors of the stream itself come through."""
        stream = Stream(reader)
        used = {name: value for name, value in values.items() if f"${name}" in sql}
        self._connection.register(RAW_ROWS, stream.reader)
        # A filter pushed below the casts would run each of them a second time.
        self._connection.execute("SET disabled_optimizers = 'filter_pushdown'")
        # Each row brings its line: the order in which rows are written says nothing.
        self._connection.execute("SET preserve_insertion_order = false")
        try:
            return int(self._connection.execute(sql, used).fetchall()[0][0])
        except duckdb.Error:
            stream.reraise()
            raise
        finally:
            with suppress(duckdb.Error):  # nothing may hide the error that ended the stream
                self._connection.execute("RESET disabled_optimizers")
                self._connection.execute("SET preserve_insertion_order = true")
                self._connection.unregister(RAW_ROWS)


def _clean_columns(table: Table, vacant: Container[str]) -> str:
    """The columns of a table of clean rows, as DDL. A vacant one is generated as it is read: to
    store a column that is NULL throughout takes as long as any other.
    """
    columns = (
        _vacant(c) if c.name in vacant else column_type(c) + _storage(c) for c in table.columns
    )
    return ", ".join((*columns, PROVENANCE))


def _vacant(column: Column) -> str:
    type_ = column.type.sql
    return f"{quote(column.name)} {type_} GENERATED ALWAYS AS (CAST(NULL AS {type_})) VIRTUAL"


def _storage(column: Column) -> str:
    """Distinct texts are stored as they are: to make a dictionary of them took half the time that
    writing customers takes, and saved 30 bytes a row.
    """
    return " USING COMPRESSION uncompressed" if column.distinct else ""


class Stream:
    """Batches on their way into DuckDB; keeps the error that ended them."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._error: Exception | None = None
        self.reader = pa.RecordBatchReader.from_batches(reader.schema, self._batches())

    def _batches(self) -> Any:
        try:
            yield from self._reader
        except Exception as error:
            self._error = error
            raise

    def reraise(self) -> None:
        if self._error is not None:
            raise self._error from None


def arrow_batches(relation: duckdb.DuckDBPyRelation) -> Any:
    """Read a relation as Arrow batches, by the name that this DuckDB has for it."""
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    return read(122_880)
