"""The bytes of a column of texts, to look at all of them at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_pipeline.sources.arrays import of_mask, of_numbers, of_texts
from data_pipeline.sources.scan import Bytes, Positions


def letters_of(texts: pa.StringArray) -> tuple[Bytes, NDArray[np.int32]]:
    """The bytes of an Arrow array, one text behind the other and not copied, and where each begins
    and the last one ends.
    """
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    letters = np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]]
    return letters, bounds - bounds[0] if bounds[0] else bounds


def texts_between(data: bytes, starts: Positions, ends: Positions) -> pa.StringArray:
    r"""The texts from each start to its end, in order; bad bytes stand as \xNN in them."""
    cuts = np.empty(2 * len(starts), np.int32)
    cuts[0::2], cuts[1::2] = starts, ends
    count = max(len(cuts) - 1, 0)  # every second one is what lies between two texts
    pieces = pa.StringArray.from_buffers(count, pa.py_buffer(cuts), pa.py_buffer(data))
    texts = pieces.take(of_numbers(np.arange(0, count, 2), pa.int64()))
    letters, bounds = letters_of(texts)
    foreign = np.unique(np.searchsorted(bounds, np.flatnonzero(letters >= 0x80), side="right") - 1)
    if not len(foreign):
        return texts
    shown = [
        data[starts[i] : ends[i]].decode("utf-8", "backslashreplace") for i in foreign.tolist()
    ]
    chosen = np.zeros(len(texts), bool)
    chosen[foreign] = True
    return pc.replace_with_mask(texts, of_mask(chosen), of_texts(shown))
