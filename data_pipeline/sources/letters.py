"""The bytes of a column of texts, to look at all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_pipeline.sources.arrays import of_mask, of_numbers, of_texts
from data_pipeline.sources.scan import Mask, Positions

Places = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True)
class Letters:
    """The bytes of a column of texts; text i is data[bounds[i] : bounds[i + 1]]."""

    data: NDArray[np.uint8]
    bounds: Places

    @classmethod
    def of(cls, texts: pa.StringArray) -> Letters:
        """Look at the bytes of an Arrow array without copying them."""
        _, offsets, data = texts.buffers()
        bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
        letters = np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]]
        return cls(letters, bounds - bounds[0] if bounds[0] else bounds)

    @property
    def starts(self) -> Places:
        return self.bounds[:-1]

    @property
    def ends(self) -> Places:
        return self.bounds[1:]

    @property
    def lengths(self) -> Places:
        return self.bounds[1:] - self.bounds[:-1]

    def owners(self, positions: Positions) -> Positions:
        """The texts in which the positions lie."""
        found: Positions = np.searchsorted(self.ends, positions, side="right")
        return found

    def at(self, positions: Positions) -> NDArray[np.uint8]:
        """The bytes at the positions; beyond the ends of the column, those at its ends."""
        if not len(self.data):
            return np.zeros(len(positions), np.uint8)
        return self.data[np.clip(positions, 0, len(self.data) - 1)]

    def texts(self, valid: Mask) -> pa.StringArray:
        """An Arrow array of the same bytes in which the texts that are not `valid` are NULL."""
        bits = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
        bounds = np.ascontiguousarray(self.bounds, np.int32)
        data = np.ascontiguousarray(self.data)
        return pa.StringArray.from_buffers(
            len(self.starts), pa.py_buffer(bounds), pa.py_buffer(data), bits
        )


def texts_between(data: bytes, starts: Positions, ends: Positions) -> pa.StringArray:
    r"""The texts from each start to its end, in order; bad bytes stand as \xNN in them."""
    bounds = np.empty(2 * len(starts), np.int32)
    bounds[0::2], bounds[1::2] = starts, ends
    count = max(len(bounds) - 1, 0)  # every second one is what lies between two texts
    pieces = pa.StringArray.from_buffers(count, pa.py_buffer(bounds), pa.py_buffer(data))
    texts = pieces.take(of_numbers(np.arange(0, count, 2), pa.int64()))
    letters = Letters.of(texts)
    foreign = np.unique(letters.owners(np.flatnonzero(letters.data >= 0x80)))
    if not len(foreign):
        return texts
    shown = [
        data[starts[i] : ends[i]].decode("utf-8", "backslashreplace") for i in foreign.tolist()
    ]
    chosen = np.zeros(len(texts), bool)
    chosen[foreign] = True
    return pc.replace_with_mask(texts, of_mask(chosen), of_texts(shown))
