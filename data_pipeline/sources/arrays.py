"""NumPy values as Arrow arrays and back, over the same memory.

Arrow's own `array`, `scalar` and `to_numpy` import pandas when they are first called, which costs a
run more than many a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_pipeline.sources.scan import Mask


def of_numbers(values: NDArray[Any], type_: pa.DataType) -> pa.Array:
    """An Arrow array of the type from numbers that lie in memory as Arrow has them."""
    return pa.Array.from_buffers(type_, len(values), [None, _buffer(values)])


def of_mask(mask: Mask) -> pa.BooleanArray:
    """An Arrow array of true and false."""
    return pa.Array.from_buffers(pa.bool_(), len(mask), [None, _bits(mask)])


def of_texts(texts: Sequence[str]) -> pa.StringArray:
    """An Arrow array of texts."""
    encoded = [text.encode() for text in texts]
    bounds = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(text) for text in encoded], out=bounds[1:])
    buffers = [None, _buffer(bounds), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def of_one_text(text: str, rows: int) -> pa.StringArray:
    """An Arrow array of the same text in so many rows."""
    encoded = text.encode()
    bounds = np.arange(rows + 1, dtype=np.int32) * np.int32(len(encoded))
    buffers = [None, _buffer(bounds), pa.py_buffer(encoded * rows)]
    return pa.Array.from_buffers(pa.string(), rows, buffers)


def valid_where(values: pa.Array, valid: Mask) -> pa.Array:
    """The same array with NULL where it is not `valid`."""
    bits = _bits(np.concatenate((np.zeros(values.offset, bool), valid)))
    buffers = [bits, *values.buffers()[1:]]
    return pa.Array.from_buffers(values.type, len(values), buffers, offset=values.offset)


def numbers(array: pa.Array) -> NDArray[Any]:
    """The numbers of an Arrow array; those that are NULL may be anything."""
    kind = np.dtype(f"{'u' * pa.types.is_unsigned_integer(array.type)}int{array.type.bit_width}")
    return np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]


def mask(array: pa.BooleanArray) -> Mask:
    """The truth values of an Arrow array without NULL, as a copy."""
    packed = np.frombuffer(array.buffers()[1], np.uint8)
    bits = np.unpackbits(packed, count=array.offset + len(array), bitorder="little")
    return bits[array.offset :].astype(bool)


def _buffer(values: NDArray[Any]) -> pa.Buffer:
    return pa.py_buffer(np.ascontiguousarray(values))


def _bits(mask: Mask) -> pa.Buffer:
    return pa.py_buffer(np.packbits(mask, bitorder="little"))
