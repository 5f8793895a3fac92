"""Parquet files: rows as text, exactly as a CSV of the same values would hold them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_pipeline.contract import Table
from data_pipeline.errors import BooksError, SourceError
from data_pipeline.sources.arrays import of_numbers, of_texts
from data_pipeline.sources.files import RawFile, content_hash
from data_pipeline.sources.header import Format, match_header
from data_pipeline.sources.outline import BlockOutline
from data_pipeline.sources.reading import Records

BATCH_ROWS = 65_536
NUL, SHOWN_NUL = "\0", "\\x00"


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
        for name, position in self.header.positions.items():
            kind = self._parquet.schema_arrow.field(position).type
            if pa.types.is_nested(kind) or pa.types.is_binary(kind):
                raise SourceError(f"{file.name}: column {name} is {kind}, which is no plain value")

    @property
    def bytes_read(self) -> int:
        """How far the file has been read, by its share of rows."""
        return self.file.size * self.rows // max(int(self._parquet.metadata.num_rows), 1)

    def batches(self) -> Iterator[Records]:
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
                yield Records(rows, self._texts_of)
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

    def _texts_of(self, batch: pa.RecordBatch) -> pa.StringArray:
        """The rows of a batch, written as CSV."""
        values = (batch.column(name).to_pylist() for name in self.header.positions)
        return of_texts([_as_csv(row) for row in zip(*values, strict=True)])


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
