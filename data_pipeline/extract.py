"""Extract: the new files of the raw directory as batches of text rows, each with its line.

Nothing is read into a type here, and no row is lost: a record that cannot be split into fields is
passed on as a fault with its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.contract import TABLES
from data_pipeline.sources.arrays import numbers, of_mask, of_numbers
from data_pipeline.sources.files import PARQUET_BEGINS, PARQUET_BYTES, RawFile, find_files
from data_pipeline.sources.header import Format, Header
from data_pipeline.sources.outline import BlockOutline, Choice, LineSet
from data_pipeline.sources.parquet import SHOWN_NUL, ParquetFile
from data_pipeline.sources.reading import Records, read_ahead
from data_pipeline.sources.text import TextFile

__all__ = [
    "OpenFile",
    "RawFile",
    "Records",
    "find_files",
    "open_file",
    "read_again",
    "read_ahead",
    "read_texts",
    "with_raw",
]


class OpenFile(Protocol):
    """A raw file whose header fits its table. `rows` counts the records that were passed on,
    `content_hash` is there after the last batch.
    """

    file: RawFile
    header: Header
    rows: int
    outline: list[BlockOutline]

    @property
    def content_hash(self) -> str: ...

    @property
    def bytes_read(self) -> int: ...

    def batches(self) -> Iterator[Records]: ...


def open_file(file: RawFile, format_: Format) -> OpenFile:
    """Open a raw file and match its header with the contract, or raise SourceError."""
    table = TABLES[file.table]
    if _is_parquet(file):
        return ParquetFile(file, table, format_)
    return TextFile(file, table, format_)


def _is_parquet(file: RawFile) -> bool:
    if file.name.casefold().endswith(".parquet"):
        return True
    try:
        with file.path.open("rb") as handle:
            return PARQUET_BEGINS.match(handle.read(PARQUET_BYTES)) is not None
    except OSError:
        return False


def read_again(
    file: RawFile, format_: Format, choose: Choice, outline: Sequence[BlockOutline]
) -> Iterator[pa.RecordBatch]:
    r"""Read a file a second time, only for the records that `choose` wants.

    The batches have one more column, `raw`: the record as text. Bytes that are not UTF-8 stand in
    it as \xNN, and so does NUL, which not every warehouse can hold; the record of a Parquet file is
    written as CSV. `outline` is what the first reading of the same file remembered. Raises
    SourceError when the file is no longer the same.
    """
    table = TABLES[file.table]
    if _is_parquet(file):
        yield from _parquet_again(ParquetFile(file, table, format_), choose)
        return
    opened = TextFile(file, table, format_, again=True)
    for batches, lines, texts in opened.read_again(outline, choose):
        for batch in batches:
            at = np.searchsorted(lines, numbers(batch.column("source_line")))
            yield _with_raw(batch, texts.take(of_numbers(at, pa.int64())))


def read_texts(file: RawFile, format_: Format, lines: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield the text of the sound records that begin on the given lines; no value is read.

    Raises SourceError when the file is no longer the same.
    """
    table = TABLES[file.table]
    if not _is_parquet(file):
        yield from TextFile(file, table, format_, again=True).texts(lines)
        return
    wanted = LineSet()
    wanted.add(np.array(lines, np.int64))
    for batch in _parquet_again(ParquetFile(file, table, format_), wanted.holds):
        found, texts = batch.column("source_line").to_pylist(), batch.column("raw").to_pylist()
        yield from zip(found, texts, strict=True)


def _parquet_again(opened: ParquetFile, choose: Choice) -> Iterator[pa.RecordBatch]:
    for records in opened.batches():
        chosen = choose(numbers(records.rows.column("source_line")))
        part = records.rows.filter(of_mask(chosen))
        if part.num_rows:
            yield with_raw(records, part)


def with_raw(records: Records, rows: pa.RecordBatch) -> pa.RecordBatch:
    """Add the column `raw`, the record as text, to some rows of the records."""
    return _with_raw(rows, records.texts_of(rows))


def _with_raw(batch: pa.RecordBatch, raws: pa.StringArray) -> pa.RecordBatch:
    return batch.append_column("raw", pc.replace_substring(raws, "\0", SHOWN_NUL))
