"""Transform: raw text rows become clean rows and rejected rows, in staging tables.

Two lanes lead there. The quick lane (`plain.py`) takes rows that are beyond doubt. What it leaves
is judged by the contract lane (`judge.py`). No row can be in both or in none: each batch is split
in two, and the records that were counted have to come out as rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import numpy as np
import pyarrow as pa

from data_pipeline import plain
from data_pipeline.contract import FUTURE_TOLERANCE, TABLES, Table
from data_pipeline.engines import RAW_ROWS, Engine
from data_pipeline.errors import BooksError
from data_pipeline.extract import (
    OpenFile,
    RawFile,
    Rest,
    open_file,
    read_again,
    read_ahead,
)
from data_pipeline.judge import judge_rows
from data_pipeline.masking import Mask, mask_value, personal_columns
from data_pipeline.sources.arrays import of_numbers, of_one_text
from data_pipeline.sources.header import Format
from data_pipeline.sources.outline import BlockOutline, LineSet
from data_pipeline.sql import quote, staging_name, text

Item = TypeVar("Item")

OnRead = Callable[[RawFile, int], None]
"""Is told of a file and how many of its bytes have been read."""

KEPT_BYTES = 64 << 20
"""So much of what the quick lane leaves of a file stays in memory."""


class Doubtful:
    """The rows of a file that the quick lane leaves to the contract lane: kept as long as they are
    few, else only their lines, and then they are read once more.
    """

    def __init__(self) -> None:
        self._lines = LineSet()
        self._kept: list[pa.RecordBatch] | None = []
        self._room = KEPT_BYTES

    def add(self, rest: Rest) -> None:
        """Add what is left of some records."""
        self._lines.add(rest.lines)
        if self._kept is not None and len(rest.lines):
            rows = rest.rows()
            self._kept += rows
            self._room -= sum(batch.nbytes for batch in rows)
            if self._room < 0:
                self._kept = None

    def batches(
        self, file: RawFile, format_: Format, outline: Sequence[BlockOutline]
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows with their texts; `outline` is what the reading of the file left."""
        if self._kept is None:
            yield from read_again(file, format_, self._lines.holds, outline)
        else:
            yield from self._kept


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
    doubtful: Doubtful = field(default_factory=Doubtful)


def prepare(engine: Engine, *, whole: bool) -> None:
    """Make the empty staging tables. Unless they are to be `whole`, columns that no file has are
    vacant in them: no row that comes from elsewhere may then be put there.
    """
    for table in TABLES.values():
        engine.stage(table, whole=whole)
    engine.rows(
        "CREATE OR REPLACE TEMP TABLE incoming_rejected (source_table VARCHAR, "
        "source_file VARCHAR, source_line BIGINT, reason VARCHAR, detail VARCHAR, raw VARCHAR, "
        "amount DECIMAL(18,4), record_key VARCHAR)"
    )


def clean(
    engine: Engine,
    table: Table,
    files: Sequence[tuple[RawFile, datetime]],
    format_: Format,
    on_read: OnRead | None = None,
    mask: Mask | None = None,
) -> list[CleanedFile]:
    """Clean files, each with the moment it was first seen, into the staging tables. Raises
    BooksError when the records that were counted are not the rows that were judged.
    `on_read` is told how many bytes of a file have been read. With a mask, what is personal in
    them is masked before it is written.
    """
    cleaned = [
        _take_plain_rows(engine, table, file, format_, seen, on_read, mask) for file, seen in files
    ]
    doubtful = [c for c in cleaned if c.clean < c.rows]
    if doubtful:
        _judge(engine, table, doubtful, format_, mask)
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
    mask: Mask | None,
) -> CleanedFile:
    opened = open_file(file, format_)
    doubtful, taken = Doubtful(), 0
    engine.make_room(staging_name(table), table, opened.header.positions)
    if plain.applies(table, format_):
        latest = first_seen + FUTURE_TOLERANCE
        lane = plain.QuickLane(table, opened.fields, opened.delimiter, latest)
        split = read_ahead(lane.take(records) for records in opened.batches())
        typed = _typed_batches(_watched(opened, split, on_read), doubtful)
        reader = pa.RecordBatchReader.from_batches(lane.schema, typed)
        insert = _insert_plain(table, lane.schema, masked=mask is not None)
        taken = engine.stream(insert, reader, {"file": file.name, **_values(mask)})
    else:
        whole = read_ahead(records.rest() for records in opened.batches())
        for rest in _watched(opened, whole, on_read):
            doubtful.add(rest)
    return CleanedFile(
        file,
        first_seen,
        opened.content_hash,
        opened.rows,
        taken,
        0,
        opened.header.unknown,
        opened.outline,
        doubtful,
    )


def _typed_batches(
    batches: Iterator[tuple[pa.RecordBatch, Rest]], doubtful: Doubtful
) -> Iterator[pa.RecordBatch]:
    """Pass on the typed rows, and put the rest aside."""
    for typed, rest in batches:
        doubtful.add(rest)
        yield typed


def _insert_plain(table: Table, schema: pa.Schema, *, masked: bool) -> str:
    """Make the INSERT of plain rows into the staging table."""
    masks = personal_columns(table) if masked else ()
    there = [c for c in table.columns if c.name in schema.names]
    names = (*(quote(c.name) for c in there), "source_file", "source_line")
    values = (mask_value(c, quote(c.name)) if c in masks else quote(c.name) for c in there)
    return (
        f"INSERT INTO {staging_name(table)} ({', '.join(names)}) "
        f"SELECT {', '.join(values)}, $file, source_line FROM {RAW_ROWS}"
    )


def _values(mask: Mask | None) -> dict[str, bytes]:
    return mask.values if mask else {}


def _judge(
    engine: Engine,
    table: Table,
    files: Sequence[CleanedFile],
    format_: Format,
    mask: Mask | None,
) -> None:
    """Send what the quick lane left of the files through the contract lane."""
    batches = (b for file in files for b in _left_over(table, file, format_))
    reader = pa.RecordBatchReader.from_batches(doubtful_schema(table), batches)
    judged = judge_rows(table, format_, RAW_ROWS, masked=mask is not None)
    make = f"CREATE OR REPLACE TEMP TABLE judged AS {judged}"
    engine.stream(make, reader, _values(mask))
    names = ", ".join(map(quote, engine.stored(staging_name(table))))
    engine.rows(
        f"INSERT INTO {staging_name(table)} ({names}) SELECT {names} FROM judged "
        "WHERE reason IS NULL"
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


def _watched(opened: OpenFile, items: Iterator[Item], on_read: OnRead | None) -> Iterator[Item]:
    """Say after each item how far the file has been read."""
    for item in items:
        if on_read:
            on_read(opened.file, opened.bytes_read)
        yield item
    if on_read:
        on_read(opened.file, opened.file.size)


def _left_over(table: Table, file: CleanedFile, format_: Format) -> Iterator[pa.RecordBatch]:
    """Read the records that the quick lane did not take."""
    for batch in file.doubtful.batches(file.file, format_, file.outline):
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
    latest = np.full(rows, plain.micros(file.first_seen + FUTURE_TOLERANCE))
    constant = {
        "source_file": of_one_text(file.file.name, rows),
        "latest": of_numbers(latest, pa.timestamp("us")),
    }
    columns = []
    for field_ in schema:
        if field_.name in constant:
            columns.append(constant[field_.name])
        elif field_.name in batch.schema.names:
            columns.append(batch.column(field_.name))
        else:
            columns.append(pa.nulls(rows, field_.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)
