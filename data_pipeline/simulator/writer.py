"""Records to bytes and bytes to files: CSV, gzip or Parquet, clean and dirty lines in one pass.

A file is written beside its name and takes it when it is whole, so a broken run leaves no half of
one. Lines end with LF; a value is quoted only if it has to be.
"""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_pipeline.errors import ConfigError
from data_pipeline.simulator.dirt.sheet import Dirty, Sheet
from data_pipeline.simulator.randomness import Ints

FORMATS = {"csv": ".csv", "gzip": ".csv.gz", "parquet": ".parquet"}
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""No name and no time, so that equal records make equal files."""
NEEDS_QUOTES = (",", '"', "\n", "\r")
ROW_GROUP = 131_072

Mask = npt.NDArray[np.bool_]


def suffix(file_format: str) -> str:
    """Return the ending of raw files of that format, or raise ConfigError."""
    if file_format not in FORMATS:
        raise ConfigError(f"unknown format {file_format!r}; known: {', '.join(FORMATS)}")
    return FORMATS[file_format]


def csv_lines(records: pa.Table) -> pa.LargeBinaryArray:
    """Return each record as a line of CSV, newline included."""
    columns = [
        _quoted(_text(column)) if pa.types.is_string(column.type) else _text(column)
        for column in records.columns
    ]
    return csv_lines_of(columns)


def csv_field(value: str) -> bytes:
    """Return one value as it stands in a line of CSV.

    >>> csv_field('the "old" shop')
    b'"the ""old"" shop"'
    """
    column = pa.array([value.encode()], pa.large_binary())
    return bytes(_quoted(column)[0].as_py())


def spliced(clean: pa.LargeBinaryArray, dirty: Dirty) -> pa.LargeBinaryArray:
    """Return clean lines with the planted ones in their places, in pieces behind each other.

    What is clean between two planted lines is copied in one piece.
    """
    until, behind = dirty.runs
    bounds = np.empty(2 * len(until) + 2, np.int64)
    bounds[0], bounds[-1] = 0, dirty.n
    bounds[1:-1:2], bounds[2:-1:2] = until, behind
    offsets, data = _offsets(clean)[bounds], clean.buffers()[2]
    pieces = pa.Array.from_buffers(
        pa.large_binary(), len(bounds) - 1, [None, pa.py_buffer(offsets), data]
    )
    runs = pieces.take(pa.array(np.arange(0, len(pieces), 2)))
    planted = _planted_lines(dirty.sheets)
    last = pa.array([b""], pa.large_binary())
    planted = pa.concat_arrays([planted.take(pa.array(dirty.planted)), last])
    return pc.binary_join_element_wise(runs, planted, pa.scalar(b"", pa.large_binary()))


def text_table(records: pa.Table) -> pa.Table:
    """Return records with every value as text, as raw Parquet files with defects have them."""
    return pa.table({name: _text(records[name]).cast(pa.string()) for name in records.column_names})


def dirty_table(records: pa.Table, dirty: Dirty) -> pa.Table:
    """Return records as a table of text with the changed and added ones in their places."""
    places = dirty.lines(as_text=False)
    order = np.empty(places.total, np.int64)
    order[places.of_rows] = np.arange(dirty.n)
    order[places.of_planted] = dirty.n + np.arange(len(dirty.planted))
    columns = {}
    for name, clean in zip(records.column_names, text_table(records).columns, strict=True):
        planted = [pa.array(s.text[name], pa.binary()).cast(pa.string()) for s in dirty.sheets]
        columns[name] = pa.chunked_array([*clean.chunks, *planted]).combine_chunks()
    return pa.table(columns).take(pa.array(order))


def data_of(lines: pa.LargeBinaryArray) -> pa.Buffer:
    """Return all lines behind each other."""
    bounds = _offsets(lines)
    return lines.buffers()[2].slice(int(bounds[0]), int(bounds[-1] - bounds[0]))


def _offsets(lines: pa.LargeBinaryArray) -> Ints:
    offsets = np.frombuffer(lines.buffers()[1], np.int64)
    return offsets[lines.offset : lines.offset + len(lines) + 1]


def _text(column: pa.ChunkedArray) -> pa.Array:
    text = column.cast(pa.string())
    if text.null_count:
        text = pc.fill_null(text, "")
    text = text.cast(pa.large_binary())
    return text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text


def _quoted(column: pa.Array, bare: Mask | None = None) -> pa.Array:
    """Return values, those with a sign that needs it in quotes; not those that are `bare`."""
    content = np.frombuffer(data_of(column), np.uint8) if len(column) else np.zeros(0, np.uint8)
    if not any((content == ord(sign)).any() for sign in NEEDS_QUOTES):
        return column
    if bare is None:
        # Few values stand in many records: each is looked at once.
        known = column.dictionary_encode()
        return _in_quotes(known.dictionary, None).take(known.indices)
    return _in_quotes(column, bare)


def _in_quotes(column: pa.Array, bare: Mask | None) -> pa.Array:
    needs = pc.match_substring(column, NEEDS_QUOTES[0])
    for sign in NEEDS_QUOTES[1:]:
        needs = pc.or_(needs, pc.match_substring(column, sign))
    if bare is not None:
        needs = pc.and_not(needs, pa.array(bare))
    quote = pa.scalar(b'"', pa.large_binary())
    doubled = pc.replace_substring(column, pattern=b'"', replacement=b'""')
    inside = pc.binary_join_element_wise(quote, doubled, quote, pa.scalar(b"", pa.large_binary()))
    return pc.if_else(needs, inside, column)


def _planted_lines(sheets: list[Sheet]) -> pa.LargeBinaryArray:
    """Return the records of all sheets as lines, some of them with a field too few or too many."""
    columns = []
    for name in sheets[0].names:
        text = np.concatenate([sheet.text[name] for sheet in sheets])
        bare = np.concatenate([sheet.bare[name] for sheet in sheets])
        columns.append(_quoted(pa.array(text, pa.large_binary()), bare))
    more = np.concatenate([sheet.fields_more for sheet in sheets])
    lines = csv_lines_of(columns)
    other = np.flatnonzero(more)
    if len(other) == 0:
        return lines
    columns = [column.take(pa.array(other)) for column in columns]
    empty = pa.array([b""] * len(other), pa.large_binary())
    shorter = pa.array(more[other] < 0)
    others = pc.if_else(shorter, csv_lines_of(columns[:-1]), csv_lines_of([*columns, empty]))
    return pc.replace_with_mask(lines, pa.array(more != 0), others)


def csv_lines_of(quoted: list[pa.Array]) -> pa.LargeBinaryArray:
    """Return one line for each row of columns that are quoted where they need it."""
    end = pa.array([b"\n"], pa.large_binary()).take(pa.array(np.zeros(len(quoted[0]), np.int64)))
    nothing = pa.scalar(b"", pa.large_binary())
    last = pc.binary_join_element_wise(quoted[-1], end, nothing)
    return pc.binary_join_element_wise(*quoted[:-1], last, pa.scalar(b",", pa.large_binary()))


class RawFile(Protocol):
    """A raw file that is being written."""

    name: str
    next_line: int

    def write(self, content: pa.Buffer | pa.Table, lines: int) -> int:
        """Append content of so many lines; return the line on which it begins."""
        ...

    def close(self) -> None:
        """Give the file its name."""
        ...

    def abandon(self) -> None:
        """Leave nothing behind."""
        ...


class TextFile:
    """A CSV file, compressed or not; lines count from 1, which is the header."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self.name, self.next_line = path.name, 2
        self._path, self._part = path, path.with_name(f".{path.name}.part")
        self._file: io.BufferedWriter = self._part.open("wb")
        self._zip: Any = None
        if path.suffix == ".gz":
            self._file.write(GZIP_HEADER)
            self._zip = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
            self._crc, self._size = 0, 0
        self._append((",".join(columns) + "\n").encode())

    def _append(self, content: bytes | pa.Buffer) -> None:
        if self._zip is None:
            self._file.write(content)
            return
        self._crc = zlib.crc32(content, self._crc)
        self._size += len(content) if isinstance(content, bytes) else content.size
        self._file.write(self._zip.compress(content))

    def write(self, content: pa.Buffer | pa.Table, lines: int) -> int:
        begins, self.next_line = self.next_line, self.next_line + lines
        self._append(content)
        return begins

    def close(self) -> None:
        if self._zip is not None:
            self._file.write(self._zip.flush())
            self._file.write(self._crc.to_bytes(4, "little"))
            self._file.write((self._size % 2**32).to_bytes(4, "little"))
        self._file.close()
        self._part.replace(self._path)

    def abandon(self) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)


class ParquetFile:
    """A Parquet file in row groups of one size, whatever the chunks; its lines are rows from 1."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.name, self.next_line = path.name, 1
        self._path, self._part = path, path.with_name(f".{path.name}.part")
        self._schema = schema
        self._file = pq.ParquetWriter(self._part, schema, compression="zstd")
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def write(self, content: pa.Buffer | pa.Table, lines: int) -> int:
        begins, self.next_line = self.next_line, self.next_line + lines
        self._waiting.append(content)
        self._rows += content.num_rows
        if self._rows >= ROW_GROUP:
            self._flush(whole=False)
        return begins

    def _flush(self, whole: bool) -> None:
        table = pa.concat_tables(self._waiting) if self._waiting else self._schema.empty_table()
        ready = table.num_rows if whole else table.num_rows // ROW_GROUP * ROW_GROUP
        for first in range(0, ready, ROW_GROUP):
            group = table.slice(first, min(ROW_GROUP, ready - first)).combine_chunks()
            self._file.write_table(group, row_group_size=ROW_GROUP)
        self._waiting, self._rows = [table.slice(ready)], table.num_rows - ready

    def close(self) -> None:
        self._flush(whole=True)
        self._file.close()
        self._part.replace(self._path)

    def abandon(self) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)


class Writing:
    """Files that appear together when all is well, and not at all when it is not."""

    def __init__(self) -> None:
        self._files: list[RawFile] = []

    def open(self, path: Path, schema: pa.Schema) -> RawFile:
        """Open a raw file in the format of its name."""
        file: RawFile
        if path.suffix == ".parquet":
            file = ParquetFile(path, schema)
        else:
            file = TextFile(path, tuple(schema.names))
        self._files.append(file)
        return file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files:
            if kind is None:
                file.close()
            else:
                file.abandon()
