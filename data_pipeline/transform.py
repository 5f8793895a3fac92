"""Transform: raw text rows become clean rows and rejected rows, in staging tables.

Two lanes lead there. The engine's quick lane takes rows that are beyond doubt. What it leaves is
read once more by its line and judged by the contract lane (`judge.py`). No row can be in both or in
none: the lines decide, and the records that were counted have to come out as rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from data_pipeline.contract import FUTURE_TOLERANCE, TABLES, Table
from data_pipeline.engines import RAW_ROWS, Engine
from data_pipeline.errors import BooksError
from data_pipeline.extract import OpenFile, RawFile, open_file, read_again, text_schema
from data_pipeline.judge import judge_rows
from data_pipeline.sources.header import Format
from data_pipeline.sources.outline import BlockOutline, LineSet
from data_pipeline.sql import PROVENANCE, column_list, column_types, staging_name, text

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
    outline: Sequence[BlockOutline] = ()


def prepare(engine: Engine) -> None:
    """Make the empty staging tables."""
    for table in TABLES.values():
        engine.rows(
            f"CREATE OR REPLACE TABLE {staging_name(table)} ({column_types(table)}, {PROVENANCE})"
        )
    engine.rows(
        "CREATE OR REPLACE TABLE incoming_rejected (source_table VARCHAR, source_file VARCHAR, "
        "source_line BIGINT, reason VARCHAR, detail VARCHAR, raw VARCHAR, amount DECIMAL(18,4), "
        "record_key VARCHAR)"
    )


def clean(
    engine: Engine,
    table: Table,
    files: Sequence[tuple[RawFile, datetime]],
    format_: Format,
    on_read: OnRead | None = None,
) -> list[CleanedFile]:
    """Clean files, each with the moment it was first seen, into the staging tables. Raises
    BooksError when the records that were counted are not the rows that were judged.
    `on_read` is told how many bytes of a file have been read.
    """
    cleaned = [
        _take_plain_rows(engine, table, file, format_, seen, on_read) for file, seen in files
    ]
    doubtful = [c for c in cleaned if c.clean < c.rows]
    if doubtful:
        _judge(engine, table, doubtful, format_)
    for file in cleaned:
        if file.clean + file.rejected != file.rows:
            raise BooksError(
                f"{file.file.name}: {file.rows} records were counted, but {file.clean} clean and "
                f"{file.rejected} rejected rows were made of them; nothing was loaded"
            )
    return cleaned


def _take_plain_rows(
    engine: Engine,
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
    if sql := engine.quick_lane(table, format_, opened.header, staging_name(table)):
        values = {"source_file": file.name, "latest": first_seen + FUTURE_TOLERANCE}
        taken = engine.stream(sql, reader, values)
    else:
        for _ in reader:
            pass
    unknown = opened.header.unknown
    return CleanedFile(
        file, first_seen, opened.content_hash, opened.rows, taken, 0, unknown, opened.outline
    )


def _judge(engine: Engine, table: Table, files: Sequence[CleanedFile], format_: Format) -> None:
    """Send what the quick lane left of the files through the contract lane."""
    left = [(file, _lines_taken(engine, table, file)) for file in files]
    batches = (b for file, taken in left for b in _left_over(table, file, taken, format_))
    reader = pa.RecordBatchReader.from_batches(doubtful_schema(table), batches)
    judged = judge_rows(table, format_, RAW_ROWS)
    engine.stream(f"CREATE OR REPLACE TEMP TABLE judged AS {judged}", reader, {})
    engine.rows(
        f"INSERT INTO {staging_name(table)} SELECT {column_list(table)}, source_file, "
        "source_line, repairs FROM judged WHERE reason IS NULL"
    )
    engine.rows(
        f"INSERT INTO incoming_rejected SELECT {text(table.name)}, source_file, source_line, "
        "reason, detail, raw, amount, record_key FROM judged WHERE reason IS NOT NULL"
    )
    counts = engine.rows(
        "SELECT source_file, COUNT(*) - COUNT(reason), COUNT(reason) FROM judged GROUP BY 1"
    )
    by_name = {file.file.name: file for file in files}
    for name, clean, rejected in counts:
        by_name[name].clean += clean
        by_name[name].rejected += rejected
    engine.rows("DROP TABLE judged")


def _lines_taken(engine: Engine, table: Table, file: CleanedFile) -> LineSet:
    return engine.lines(
        f"SELECT source_line FROM {staging_name(table)} WHERE source_file = {text(file.file.name)}"
    )


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
