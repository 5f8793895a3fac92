"""Extract: the new files of the raw directory, and where their records lie.

No value is read here, and no record is lost: one that cannot be split into fields is passed on as a
fault with its line. Who wants records as text gets them, with their lines and what they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from data_pipeline.contract import TABLES
from data_pipeline.sources.files import PARQUET_BEGINS, PARQUET_BYTES, RawFile, find_files
from data_pipeline.sources.header import Format, Header
from data_pipeline.sources.outline import BlockOutline, Choice, LineSet
from data_pipeline.sources.parquet import ParquetFile
from data_pipeline.sources.reading import Records, Rest, read_ahead
from data_pipeline.sources.text import TextFile

__all__ = [
    "OpenFile",
    "RawFile",
    "Records",
    "Rest",
    "find_files",
    "open_file",
    "read_again",
    "read_ahead",
    "read_texts",
]


class OpenFile(Protocol):
    """A raw file whose header fits its table. `fields` are the contract's names of a record's
    fields, in order (None: it has none for it). `rows` counts the records that were passed on,
    `content_hash` is there after the last batch.
    """

    file: RawFile
    header: Header
    delimiter: str
    fields: tuple[str | None, ...]
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

    In `raw`, the record as text, bytes that are not UTF-8 stand as \xNN, and so does NUL; that of a
    Parquet file is written as CSV. `outline` is what the first reading of the same file remembered.
    Raises SourceError when the file is no longer the same.
    """
    table = TABLES[file.table]
    if _is_parquet(file):
        yield from _parquet_again(ParquetFile(file, table, format_), choose)
        return
    for rest in TextFile(file, table, format_, again=True).read_again(outline, choose):
        yield from rest.rows()


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
        yield from records.some(choose(records.begins)).rows()
