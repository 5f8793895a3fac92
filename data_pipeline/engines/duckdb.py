"""DuckDB as the engine of transform.

Its quick lane takes a row whose every value is written the way DuckDB itself would write it: cast,
written back and compared, a value needs no pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import duckdb
import pyarrow as pa

from data_pipeline.contract import (
    FIRST_INSTANT,
    NO_BLANK_ENDS,
    QUARANTINE,
    Column,
    Default,
    Email,
    Instant,
    Money,
    Table,
    Text,
    Whole,
)
from data_pipeline.engines import RAW_ROWS
from data_pipeline.sources.header import Format, Header
from data_pipeline.sources.outline import LineSet
from data_pipeline.sql import quote, text

PLAIN_UNITS, PLAIN_PRICE = 999_999, 99_999_999
"""Up to these, the product of both fits the amount: the quick lane needs no wider one."""


class DuckDBEngine:
    """Transform's engine on one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL; return all rows, or none."""
        return self._connection.execute(sql).fetchall()

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

    def lines(self, sql: str) -> LineSet:
        """Run a SELECT of line numbers."""
        found = LineSet()
        for batch in arrow_batches(self._connection.sql(sql)):
            found.add(batch.column(0).to_numpy())
        return found

    def quick_lane(self, table: Table, format_: Format, header: Header, target: str) -> str | None:
        """Make the INSERT of rows that are beyond doubt; None when the source writes otherwise."""
        return quick_lane(table, header, target) if _has_plain_forms(table, format_) else None


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


def quick_lane(table: Table, header: Header, target: str) -> str:
    """Make the INSERT of the rows that are beyond doubt."""
    present = [c for c in table.raw_columns if c.name in header.positions]
    casted = [c for c in present if not isinstance(c.type, Text | Email)]
    casts = ", ".join(
        f"TRY_CAST({quote(c.name)} AS {c.type.sql}) AS {quote('q_' + c.name)}" for c in casted
    )
    written = ", ".join(
        f"CAST({quote('q_' + c.name)} AS VARCHAR) AS {quote('s_' + c.name)}" for c in casted
    )
    conditions = [condition for c in present for condition in _is_plain(c)]
    checks = ", ".join(f"{condition} AS c{i}" for i, condition in enumerate(conditions))
    plain = " AND ".join(f"c{i}" for i in range(len(conditions)))
    finals = []
    for column in table.columns:
        if column.derived:
            finals.append(
                "CAST(CAST(q_quantity AS DECIMAL(6,0)) * CAST(q_price AS DECIMAL(12,4)) "
                "AS DECIMAL(18,4))"
            )
        elif column not in present:
            finals.append(f"CAST(NULL AS {column.type.sql})")
        else:
            finals.append(_plain_value(column))
    return (
        f"INSERT INTO {target} SELECT {', '.join(finals)}, $source_file, source_line, NULL "
        f"FROM (SELECT *, fault IS NULL AND {plain} AS is_plain FROM (SELECT *, {checks} "
        f"FROM (SELECT *, {written} FROM (SELECT *, {casts} FROM raw_rows)))) WHERE is_plain"
    )


def _has_plain_forms(table: Table, format_: Format) -> bool:
    """Whether the source writes values as the contract does, so that the quick lane applies."""
    times = any(isinstance(c.type, Instant) for c in table.raw_columns)
    local = times and (format_.timestamp is not None or format_.timezone != "UTC")
    return format_.decimal == "." and not local


def _is_plain(column: Column) -> list[str]:
    """The conditions under which a value means the same however one looks at it. They stand side
    by side, each looked at for all rows: in one AND, each would get the rows that the last one
    left, which costs more than it saves.
    """
    raw, cast, written = (quote(prefix + column.name) for prefix in ("", "q_", "s_"))
    marks = ", ".join(text(m) for m in column.missing_marks if m)
    marked = [f"{raw} NOT IN ({marks})"] if marks else []
    untrimmed = f"REGEXP_MATCHES({raw}, {text(NO_BLANK_ENDS)})"
    match column.type:
        case Whole():
            limit = PLAIN_UNITS if column.type.sql == "INTEGER" else column.type.high
            low, high = max(column.type.low, -limit), min(column.type.high, limit)
            plain = [f"{cast} BETWEEN {low} AND {high}", f"{written} = {raw}"]
            plain += [f"{cast} <> 0"] if column.type.nonzero else []
        case Money():
            plain = [
                f"{cast} BETWEEN {column.type.low} AND {PLAIN_PRICE}",
                f"STARTS_WITH({written}, {raw})",
                f"LENGTH({written}) - LENGTH({raw}) <> {column.type.scale}",
            ]
        case Instant():
            cut_short = (
                f"STARTS_WITH({written}, REPLACE({raw}, 'T', ' ')) "
                f"AND (LENGTH({raw}) IN (10, 16, 19) OR LENGTH({raw}) > 20)"
            )
            plain = [
                f"{cast} BETWEEN TIMESTAMP '{FIRST_INSTANT}' AND $latest",
                f"CASE WHEN {written} = {raw} THEN TRUE ELSE {cut_short} END",
            ]
        case Email():
            matches = f"REGEXP_MATCHES({raw}, {text(column.type.pattern)})"
            plain = [untrimmed, f"LOWER({raw}) = {raw}", matches, *marked]
        case Text():
            plain = [untrimmed, *marked]
    uncounted = column.missing != QUARANTINE and not (
        isinstance(column.missing, Default) and column.missing.counted
    )
    return [f"({raw} = '' OR {condition})" for condition in plain] if uncounted else plain


def _plain_value(column: Column) -> str:
    raw, cast = quote(column.name), quote("q_" + column.name)
    if isinstance(column.type, Text | Email):
        return raw if isinstance(column.missing, Default) else f"NULLIF({raw}, '')"
    if isinstance(column.missing, Default):
        return f"COALESCE({cast}, {column.missing.value})"
    return cast
