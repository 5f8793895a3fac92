"""DuckDB as the engine of transform: two lanes into one staging table.

The quick lane takes a row whose every value is written the way DuckDB itself would write it: cast,
written back and compared, a value needs no pattern. What the quick lane leaves is read once more by
its line and judged by the contract lane. No row can be in both or in none: the lines decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from data_pipeline.contract import (
    BLANKS,
    FIRST_INSTANT,
    FUTURE_TOLERANCE,
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
from data_pipeline.errors import BooksError
from data_pipeline.extract import OpenFile, RawFile, open_file, read_again, text_schema
from data_pipeline.sources.header import Format, Header
from data_pipeline.sources.outline import BlockOutline
from data_pipeline.transform import (
    PROVENANCE,
    column_list,
    column_types,
    judge_rows,
    quote,
    staging_name,
    text,
)

PLAIN_UNITS, PLAIN_PRICE = 999_999, 99_999_999
"""Up to these, the product of both fits the amount: the quick lane needs no wider one."""

OnRead = Callable[[RawFile, int], None]
"""Is told of a file and how many of its bytes have been read."""


@dataclass(slots=True)
class CleanedFile:
    """What became of one file: `rows` by the counter of records, the rest by the engine."""

    file: RawFile
    first_seen: datetime
    content_hash: str
    rows: int
    clean: int
    rejected: int
    unknown_columns: tuple[str, ...] = field(default=())
    outline: Sequence[BlockOutline] | None = None


class DuckDBEngine:
    """Cleans raw files into `incoming_<table>` and `incoming_rejected` of one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def prepare(self, table: Table) -> None:
        """Make the empty staging table."""
        self.connection.execute(
            f"CREATE OR REPLACE TABLE {staging_name(table)} ({column_types(table)}, {PROVENANCE})"
        )

    def prepare_rejected(self) -> None:
        """Make the empty staging table of rejected rows."""
        self.connection.execute(
            "CREATE OR REPLACE TABLE incoming_rejected (source_table VARCHAR, source_file VARCHAR, "
            "source_line BIGINT, reason VARCHAR, detail VARCHAR, raw VARCHAR, amount DECIMAL(18,4), "
            "record_key VARCHAR)"
        )

    def clean(
        self,
        table: Table,
        files: Sequence[tuple[RawFile, datetime]],
        format_: Format,
        on_read: OnRead | None = None,
    ) -> list[CleanedFile]:
        """Clean files, each with the moment it was first seen, into the staging tables. Raises
        BooksError when the records that were counted are not the rows that were judged.
        `on_read` is told how many bytes of a file have been read."""
        cleaned = [
            self._take_plain_rows(table, file, format_, seen, on_read) for file, seen in files
        ]
        doubtful = [c for c in cleaned if c.clean < c.rows]
        if doubtful:
            self._judge(table, doubtful, format_)
        for file in cleaned:
            if file.clean + file.rejected != file.rows:
                raise BooksError(
                    f"{file.file.name}: {file.rows} records were counted, but {file.clean} clean and "
                    f"{file.rejected} rejected rows were made of them; nothing was loaded"
                )
        return cleaned

    def _take_plain_rows(
        self,
        table: Table,
        file: RawFile,
        format_: Format,
        first_seen: datetime,
        on_read: OnRead | None,
    ) -> CleanedFile:
        opened = open_file(file, format_)
        batches = _watched(opened, on_read) if on_read else opened.batches()
        reader = pa.RecordBatchReader.from_batches(text_schema(opened.header), batches)
        taken = 0
        if _has_plain_forms(table, format_):
            sql = quick_lane(table, opened.header, staging_name(table))
            values = {"source_file": file.name, "latest": first_seen + FUTURE_TOLERANCE}
            taken = self._insert(sql, reader, values)
        else:
            for _ in reader:
                pass
        unknown = opened.header.unknown
        return CleanedFile(
            file, first_seen, opened.content_hash, opened.rows, taken, 0, unknown, opened.outline
        )

    def _insert(self, sql: str, reader: Any, values: dict[str, Any]) -> int:
        """Run an INSERT from the stream `reader`; errors of the stream itself come through."""
        stream = Stream(reader)
        used = {name: value for name, value in values.items() if f"${name}" in sql}
        self.connection.register("raw_rows", stream.reader)
        # A filter pushed below the casts would run each of them a second time.
        self.connection.execute("SET disabled_optimizers = 'filter_pushdown'")
        try:
            return int(self.connection.execute(sql, used).fetchall()[0][0])
        except duckdb.Error:
            stream.reraise()
            raise
        finally:
            self.connection.execute("RESET disabled_optimizers")
            self.connection.unregister("raw_rows")

    def _judge(self, table: Table, files: Sequence[CleanedFile], format_: Format) -> None:
        """Send what the quick lane left of the files through the contract lane."""
        left = [(file, self._lines_taken(table, file)) for file in files]
        batches = (b for file, taken in left for b in _left_over(table, file, taken, format_))
        reader = pa.RecordBatchReader.from_batches(doubtful_schema(table), batches)
        judged = judge_rows(table, format_, "raw_rows")
        self._insert(f"CREATE OR REPLACE TEMP TABLE judged AS {judged}", reader, {})
        self.connection.execute(
            f"INSERT INTO {staging_name(table)} SELECT {column_list(table)}, source_file, "
            "source_line, repairs FROM judged WHERE reason IS NULL"
        )
        self.connection.execute(
            f"INSERT INTO incoming_rejected SELECT {text(table.name)}, source_file, source_line, "
            "reason, detail, raw, amount, record_key FROM judged WHERE reason IS NOT NULL"
        )
        counts = self.connection.execute(
            "SELECT source_file, COUNT(*) - COUNT(reason), COUNT(reason) FROM judged GROUP BY 1"
        ).fetchall()
        by_name = {file.file.name: file for file in files}
        for name, clean, rejected in counts:
            by_name[name].clean += clean
            by_name[name].rejected += rejected
        self.connection.execute("DROP TABLE judged")

    def _lines_taken(self, table: Table, file: CleanedFile) -> LineSet:
        taken = LineSet()
        lines = self.connection.sql(
            f"SELECT source_line FROM {staging_name(table)} "
            f"WHERE source_file = {text(file.file.name)}"
        )
        for batch in arrow_batches(lines):
            taken.add(batch.column(0).to_numpy())
        return taken


def _watched(opened: OpenFile, on_read: OnRead) -> Iterator[pa.RecordBatch]:
    for batch in opened.batches():
        on_read(opened.file, opened.bytes_read)
        yield batch
    on_read(opened.file, opened.file.size)


def _left_over(
    table: Table, file: CleanedFile, taken: LineSet, format_: Format
) -> Iterator[pa.RecordBatch]:
    """Read the records that the quick lane did not take."""
    for batch in read_again(file.file, format_, lambda lines: ~taken.holds(lines), file.outline):
        yield _complete(batch, table, file)


def doubtful_schema(table: Table) -> pa.Schema:
    """The rows of the contract lane: all raw columns as text, and where they come from."""
    names = [c.name for c in table.raw_columns] + ["fault", "raw", "source_file"]
    fields = [pa.field(name, pa.string()) for name in names]
    fields += [pa.field("source_line", pa.int64()), pa.field("latest", pa.timestamp("us"))]
    return pa.schema(fields)


def _complete(batch: pa.RecordBatch, table: Table, file: CleanedFile) -> pa.RecordBatch:
    """Add the columns that the file does not have, and those that are the same in all its rows."""
    rows, schema = batch.num_rows, doubtful_schema(table)
    constant = {"source_file": file.file.name, "latest": file.first_seen + FUTURE_TOLERANCE}
    columns = []
    for field_ in schema:
        if field_.name in constant:
            columns.append(pa.repeat(pa.scalar(constant[field_.name], field_.type), rows))
        elif field_.name in batch.schema.names:
            columns.append(batch.column(field_.name))
        else:
            columns.append(pa.nulls(rows, field_.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


class LineSet:
    """A set of line numbers, a byte each."""

    def __init__(self) -> None:
        self._bits = np.zeros(1 << 16, bool)

    def add(self, lines: np.ndarray) -> None:
        """Add lines."""
        if len(lines) and int(lines.max()) >= len(self._bits):
            grown = np.zeros(max(int(lines.max()) + 1, 2 * len(self._bits)), bool)
            grown[: len(self._bits)] = self._bits
            self._bits = grown
        self._bits[lines] = True

    def holds(self, lines: np.ndarray) -> np.ndarray:
        """Say for each line whether it is in the set."""
        known = lines < len(self._bits)
        return known & self._bits[np.where(known, lines, 0)]


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
                "CAST(CAST(q_quantity AS DECIMAL(6,0)) * CAST(q_price AS DECIMAL(12,4)) AS DECIMAL(18,4))"
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
    left, which costs more than it saves."""
    raw, cast, written = (quote(prefix + column.name) for prefix in ("", "q_", "s_"))
    marks = ", ".join(text(m) for m in column.missing_marks if m)
    marked = [f"{raw} NOT IN ({marks})"] if marks else []
    untrimmed = f"TRIM({raw}, {text(BLANKS)}) = {raw}"
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
            plain = [
                f"{cast} BETWEEN TIMESTAMP '{FIRST_INSTANT}' AND $latest",
                f"CASE WHEN {written} = {raw} THEN TRUE "
                f"ELSE STARTS_WITH({written}, REPLACE({raw}, 'T', ' ')) "
                f"AND (LENGTH({raw}) IN (10, 16, 19) OR LENGTH({raw}) > 20) END",
            ]
        case Email():
            matches = f"REGEXP_MATCHES({raw}, {text(column.type.pattern)})"
            plain = [untrimmed, f"LOWER({raw}) = {raw}", matches, *marked]
        case Text():
            plain = [untrimmed, f"{raw} <> ''", *marked]
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


