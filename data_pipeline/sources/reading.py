"""What a raw file gives while it is read: its records in pieces, found and counted, and read only
when they are asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.sources.kernel import Lines
from data_pipeline.sources.scan import Positions

Item = TypeVar("Item")

AHEAD = 2
"""So many items are made ahead; each holds a block of text, or what was read of it."""

NUL, SHOWN_NUL = "\0", "\\x00"
"""Not every warehouse can hold a NUL."""


class Rest(Protocol):
    """Records that are to be read as text: the line on which each begins, in order, and their rows
    in batches: fields under the contract's names, `source_line`, `fault` (why a record could not be
    split; its fields are NULL then) and `raw`, the record as text.
    """

    @property
    def lines(self) -> Positions: ...

    def rows(self) -> list[pa.RecordBatch]: ...


class Records(Protocol):
    """A piece of a file: the lines on which its records begin, by the counter and in order, and
    where that is in words.
    """

    @property
    def begins(self) -> Positions: ...

    @property
    def where(self) -> str: ...

    def lines(self) -> Lines:
        """The lines for the quick lane, without those that are certainly not plain."""

    def rest(self, left: Positions | None = None) -> Rest:
        """The records on the lines that the quick lane left, and those that it did not see; or
        all.
        """


def with_raw(batch: pa.RecordBatch, raws: pa.StringArray) -> pa.RecordBatch:
    """Add the column `raw`, a text that can be shown."""
    return batch.append_column("raw", pc.replace_substring(raws, NUL, SHOWN_NUL))


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
