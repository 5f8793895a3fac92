"""Arrow batches in the binary format of PostgreSQL's COPY, without a loop over rows.

A row is its number of fields, then each field as its length (-1 for NULL) and its bytes, all in
network order. Runs of columns whose fields have one length are laid out as records by NumPy; texts
and columns with some NULLs are joined in between by Arrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = -1

DAYS_TO_2000 = (date(2000, 1, 1) - date(1970, 1, 1)).days
MICROSECONDS_TO_2000 = int((datetime(2000, 1, 1) - datetime(1970, 1, 1)).total_seconds()) * 10**6

MONEY_SCALE, MONEY_BASE, WHOLE_GROUPS = 4, 10_000, 4
"""A decimal travels as groups of four digits: up to four before the point, one behind it."""


def encode(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """Yield what COPY ... FROM STDIN (FORMAT binary) reads; types: BIGINT, INTEGER, DECIMAL(18,4),
    TIMESTAMP, DATE and text.
    """
    yield HEADER
    for batch in batches:
        if batch.num_rows:
            yield _encode_rows(batch)
    yield TRAILER


@dataclass(slots=True)
class _Record:
    """Fields that have the same length in every row, side by side."""

    rows: int
    kinds: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, kind: str, values: Any) -> None:
        self.kinds.append(kind)
        self.values.append(values)

    def add_all(self, fields: list[tuple[str, Any]]) -> None:
        for kind, values in fields:
            self.add(kind, values)

    def to_arrow(self) -> pa.Array:
        """One binary value a row."""
        named = [(f"f{i}", kind) for i, kind in enumerate(self.kinds)]
        records = np.empty(self.rows, np.dtype(named))
        for (name, _), values in zip(named, self.values, strict=True):
            records[name] = values
        ends = np.arange(self.rows + 1, dtype=np.int64) * records.dtype.itemsize
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(records)]
        return pa.Array.from_buffers(pa.large_binary(), self.rows, buffers)


def _encode_rows(batch: pa.RecordBatch) -> bytes:
    rows = batch.num_rows
    pieces: list[Any] = []
    record = _Record(rows)
    record.add(">i2", batch.num_columns)
    for column in batch.columns:
        if column.null_count == rows:
            record.add(">i4", NULL)
        elif _is_text(column.type):
            record.add(">i4", pc.fill_null(pc.binary_length(column), NULL).to_numpy())
            texts = column.cast(pa.binary()).cast(pa.large_binary())
            pieces += [record.to_arrow(), pc.fill_null(texts, b"")]
            record = _Record(rows)
        elif column.null_count == 0:
            record.add_all(_fields(column))
        else:
            pieces += (
                [record.to_arrow(), _some_null(column)] if record.kinds else [_some_null(column)]
            )
            record = _Record(rows)
    if record.kinds:
        pieces.append(record.to_arrow())
    joined = pc.binary_join_element_wise(*pieces, pa.scalar(b"", pa.large_binary()))
    ends = np.frombuffer(joined.buffers()[1], np.int64, rows + 1, joined.offset * 8)
    return memoryview(joined.buffers()[2])[int(ends[0]) : int(ends[-1])]  # type: ignore[return-value]


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _some_null(column: pa.Array) -> pa.Array:
    """The fields of a column in which some are NULL."""
    record = _Record(len(column))
    record.add_all(_fields(column))
    null = pa.scalar(np.array(NULL, ">i4").tobytes(), pa.large_binary())
    return pc.if_else(column.is_valid(), record.to_arrow(), null)


def _fields(column: pa.Array) -> list[tuple[str, Any]]:
    """The length and the bytes of a column's values; those of a NULL mean nothing."""
    kind = column.type
    if pa.types.is_decimal(kind):
        return _decimal_fields(column)
    if pa.types.is_timestamp(kind):
        moments = pc.fill_null(column.cast(pa.timestamp("us")).cast(pa.int64()), 0).to_numpy()
        return [(">i4", 8), (">i8", moments - MICROSECONDS_TO_2000)]
    if pa.types.is_date32(kind):
        days = pc.fill_null(column.cast(pa.int32()), 0).to_numpy()
        return [(">i4", 4), (">i4", days - DAYS_TO_2000)]
    size = {pa.int64(): 8, pa.int32(): 4}[kind]
    return [(">i4", size), (f">i{size}", pc.fill_null(column, 0).to_numpy())]


def _decimal_fields(column: pa.Array) -> list[tuple[str, Any]]:
    """Groups, weight of the first, sign, scale, then the groups; the server drops leading zeros."""
    assert column.type.scale == MONEY_SCALE, column.type
    assert column.type.precision <= 18, column.type
    words = np.frombuffer(column.buffers()[1], np.int64)
    low = words[2 * column.offset : 2 * (column.offset + len(column)) : 2]
    left = np.abs(low)
    groups = []
    for _ in range(WHOLE_GROUPS + 1):
        groups.append((">i2", left % MONEY_BASE))
        left = left // MONEY_BASE
    return [
        (">i4", 8 + 2 * len(groups)),
        (">i2", len(groups)),
        (">i2", WHOLE_GROUPS - 1),
        (">u2", np.where(low < 0, 0x4000, 0)),
        (">i2", MONEY_SCALE),
        *reversed(groups),
    ]
