"""Parquet files: rows as text, exactly as a CSV of the same values would hold them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_pipeline.contract import Table
from data_pipeline.errors import BooksError, SourceError
from data_pipeline.sources.arrays import mask, numbers, of_mask, of_numbers, of_texts
from data_pipeline.sources.files import RawFile, content_hash
from data_pipeline.sources.header import Format, match_header
from data_pipeline.sources.kernel import Lines
from data_pipeline.sources.letters import letters_of
from data_pipeline.sources.outline import BlockOutline
from data_pipeline.sources.reading import NUL, SHOWN_NUL, with_raw
from data_pipeline.sources.scan import Mask, Positions

BATCH_ROWS = 65_536
DELIMITER = "\x1f"
"""Stands between the values of a row where it is written as a line: the unit separator."""


class ParquetFile:
    """One Parquet file, opened. `rows` is counted from the batches and held against the footer."""

    def __init__(self, file: RawFile, table: Table, format_: Format) -> None:
        self.file = file
        self.rows = 0
        self.content_hash = ""
        self.outline: list[BlockOutline] = []
        try:
            self._parquet = pq.ParquetFile(file.path)
        except (pa.ArrowInvalid, OSError) as error:
            raise SourceError(f"{file.name} is a cut or damaged Parquet file ({error})") from None
        names = self._parquet.schema_arrow.names
        self.header = match_header(file.name, table, format_, names)
        self.delimiter = DELIMITER
        self.fields: tuple[str | None, ...] = tuple(self.header.positions)
        for name, position in self.header.positions.items():
            kind = self._parquet.schema_arrow.field(position).type
            if pa.types.is_nested(kind) or pa.types.is_binary(kind):
                raise SourceError(f"{file.name}: column {name} is {kind}, which is no plain value")

    @property
    def bytes_read(self) -> int:
        """How far the file has been read, by its share of rows."""
        return self.file.size * self.rows // max(int(self._parquet.metadata.num_rows), 1)

    def batches(self) -> Iterator[ParquetRecords]:
        """Yield the rows as text columns; `source_line` is the row's number."""
        used = [self.header.names[p] for p in self.header.positions.values()]
        before = self.file.path.stat()
        self.content_hash = content_hash(self.file)
        try:
            for batch in self._parquet.iter_batches(BATCH_ROWS, columns=used):
                columns = {
                    name: _as_text(batch.column(self.header.names[position]))
                    for name, position in self.header.positions.items()
                }
                fault = _show_nuls(columns, batch.num_rows)
                lines = np.arange(self.rows + 1, self.rows + 1 + batch.num_rows, dtype=np.int64)
                columns |= {"source_line": of_numbers(lines, pa.int64()), "fault": fault}
                self.rows += batch.num_rows
                rows = pa.RecordBatch.from_arrays([*columns.values()], [*columns])
                yield ParquetRecords(self.file.name, int(lines[0]), rows)
        except (pa.ArrowInvalid, OSError) as error:
            raise SourceError(f"{self.file.name} is a damaged Parquet file ({error})") from None
        after = self.file.path.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise SourceError(
                f"{self.file.name} changed while it was read; run again when it rests"
            )
        if self.rows != self._parquet.metadata.num_rows:
            raise BooksError(
                f"{self.file.name}: its footer counts {self._parquet.metadata.num_rows} rows, "
                f"{self.rows} were read; nothing was loaded"
            )


@dataclass(frozen=True, slots=True)
class ParquetRest:
    """Rows of a Parquet file, already as text."""

    batch: pa.RecordBatch

    @property
    def lines(self) -> Positions:
        return numbers(self.batch.column("source_line"))

    def rows(self) -> list[pa.RecordBatch]:
        """`raw` is the row written as CSV."""
        values = (column.to_pylist() for _, column in _values(self.batch))
        raws = of_texts([_as_csv(row) for row in zip(*values, strict=True)])
        return [with_raw(self.batch, raws)]


@dataclass(frozen=True)
class ParquetRecords:
    """A batch of rows of a Parquet file, the first of which has the number `first`."""

    name: str
    first: int
    batch: pa.RecordBatch

    @property
    def begins(self) -> Positions:
        return numbers(self.batch.column("source_line"))

    @property
    def where(self) -> str:
        return f"{self.name}, from row {self.first}"

    @cached_property
    def _odd(self) -> Mask:
        """Which rows hold what has a meaning in a line: a quote, a line end, the delimiter."""
        odd = mask(self.batch.column("fault").is_valid())
        for _, texts in _values(self.batch):
            odd |= mask(pc.match_substring_regex(texts, f'["\r\n{DELIMITER}]'))
        return odd

    def lines(self) -> Lines:
        *others, last = (column for _, column in _values(self.batch))
        ended = pc.binary_join_element_wise(last, "", "\n")
        texts = pc.binary_join_element_wise(*others, ended, DELIMITER)
        letters, _ = letters_of(pc.if_else(of_mask(self._odd), "\n", texts))
        skipped = self._odd if self._odd.any() else None
        return Lines(letters.tobytes(), self.first, len(self._odd), skipped)

    def rest(self, left: Positions | None = None) -> ParquetRest:
        if left is None:
            return ParquetRest(self.batch)
        chosen = self._odd.copy()
        chosen[left - self.first] = True
        return self.some(chosen)

    def some(self, chosen: Mask) -> ParquetRest:
        """Some of the rows, as text."""
        return ParquetRest(self.batch.filter(of_mask(chosen)))


def _values(batch: pa.RecordBatch) -> list[tuple[str, pa.Array]]:
    """The columns that came from the file."""
    there = zip(batch.schema.names, batch.columns, strict=True)
    return [(name, column) for name, column in there if name not in ("source_line", "fault")]


def _as_csv(row: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row)
    return text.getvalue()


def _as_text(values: pa.Array) -> pa.Array:
    """Write values as text: numbers in plain digits, times in ISO 8601 (UTC where they have a
    zone), NULL as missing.
    """
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if pa.types.is_timestamp(kind):
        if kind.unit == "ns":
            values = values.cast(pa.timestamp("us", kind.tz))
        zone = "Z" if kind.tz else ""
        if zone:
            values = values.cast(pa.timestamp("us", "UTC"))
        values = pc.strftime(values, format=f"%Y-%m-%d %H:%M:%S{zone}")
    return pc.fill_null(values.cast(pa.string()), "")


def _show_nuls(columns: dict[str, pa.Array], rows: int) -> pa.Array:
    """Find the rows with a NUL in any text, and write it so that it can be shown."""
    found = pa.repeat(False, rows)
    for name, texts in columns.items():
        has_nul = pc.match_substring(texts, NUL)
        if has_nul.true_count:
            columns[name] = pc.replace_substring(texts, NUL, SHOWN_NUL)
            found = pc.or_(found, has_nul)
    return pc.if_else(found, pa.scalar("nul_byte"), pa.scalar(None, pa.string()))
