"""What a raw file gives while it is read: its records in batches, each of which knows its texts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pyarrow as pa

from data_pipeline.sources.arrays import numbers
from data_pipeline.sources.letters import texts_between
from data_pipeline.sources.records import Block, find_records

Item = TypeVar("Item")

AHEAD = 4
"""So many items are made ahead: a block of text gives up to three, only one of which is large."""


@dataclass(frozen=True, slots=True)
class Records:
    """Records of a file: `rows` holds their fields as text under the contract's names, with
    `source_line`, and `fault`, the reason why a record could not be split (its fields are NULL
    then). `texts_of` gives the texts of some of these rows.
    """

    rows: pa.RecordBatch
    texts_of: Callable[[pa.RecordBatch], pa.StringArray]


class BlockTexts:
    """The texts of records of one block of a text file; where they lie is found when asked."""

    def __init__(self, block: Block, delimiter: str, fields: int) -> None:
        self._block, self._delimiter, self._fields = block, delimiter, fields

    def __call__(self, rows: pa.RecordBatch) -> pa.StringArray:
        data, layout = self._block.data, self._block.layout
        if layout is None:
            layout = find_records(data, self._delimiter, self._fields, final=True)
            self._block = replace(self._block, layout=layout)
        lines = numbers(rows.column("source_line")) - self._block.first_line
        at = np.searchsorted(layout.lines, lines)
        return texts_between(data, layout.starts[at], layout.ends[at])


def read_ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """Yield the items, the next of which a thread makes meanwhile. Errors come through, and
    whoever stops early waits for what is being made.
    """
    with ThreadPoolExecutor(1) as maker:
        coming = deque(maker.submit(next, items, None) for _ in range(AHEAD))
        try:
            while (item := coming.popleft().result()) is not None:
                coming.append(maker.submit(next, items, None))
                yield item
        finally:
            maker.shutdown(cancel_futures=True)
