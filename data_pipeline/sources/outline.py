"""What is worth remembering of a text once its records were found: enough to find them again.

A file is read a second time for the few records that need a closer look, and for the text of those
that go to quarantine. With the outline of the first time, that takes little more than its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from data_pipeline.sources.records import Layout
from data_pipeline.sources.scan import CR, Mask, Positions, find_newlines

Choice = Callable[[Positions], Mask]
"""Says for each of some lines whether its record is wanted."""


@dataclass(frozen=True, slots=True)
class BlockOutline:
    """A block of whole records: its bytes, its first line, the line feeds inside quotes by number,
    and the faults of its records by line, counted from the block's first.
    """

    size: int
    first_line: int
    inside: Positions
    faults: dict[int, str]


def outline_of(layout: Layout, size: int, first_line: int) -> BlockOutline:
    """Remember a layout."""
    faults = {int(layout.lines[i]): reason for i, reason in layout.faults.items()}
    return BlockOutline(size, first_line, layout.inside, faults)


def cut_blocks(
    pending: bytes, texts: Iterable[bytes], outlines: Iterable[BlockOutline]
) -> Iterator[tuple[bytes, BlockOutline]]:
    """Cut a text into the blocks that it was cut into before."""
    stream = iter(texts)
    for outline in outlines:
        parts, missing = [pending], outline.size - len(pending)
        while missing > 0 and (text := next(stream, b"")):
            parts.append(text)
            missing -= len(text)
        joined = b"".join(parts)
        yield joined[: outline.size], outline
        pending = joined[outline.size :]
    for _ in stream:
        pass


def choose_records(block: bytes, outline: BlockOutline, choose: Choice) -> Layout:
    """Lay out the wanted records of a block."""
    data = np.frombuffer(block, np.uint8)
    stops = find_newlines(block)
    if not block.endswith(b"\n"):
        stops = np.append(stops, len(block))
    wanted = choose(outline.first_line + np.arange(len(stops), dtype=np.int64))
    wanted[outline.inside + 1] = False
    lines = np.flatnonzero(wanted)
    starts = np.where(lines > 0, stops[np.maximum(lines - 1, 0)] + 1, 0)
    ends = stops[lines]
    if len(outline.inside):
        ending = np.delete(np.arange(len(stops)), outline.inside)
        ends = stops[ending[np.searchsorted(ending, lines)]]
    returns = (ends < len(data)) & (ends > starts) & (data[np.maximum(ends - 1, 0)] == CR)
    ends = ends - returns
    filled = ends > starts
    starts, ends, lines = starts[filled], ends[filled], lines[filled]
    faults = {i: outline.faults[at] for i, at in enumerate(lines.tolist()) if at in outline.faults}
    return Layout(starts, ends, lines, faults, len(block), len(stops), outline.inside)


class LineSet:
    """A set of line numbers, a byte each."""

    def __init__(self) -> None:
        self._bits = np.zeros(1 << 16, bool)

    def add(self, lines: Positions) -> None:
        """Add lines."""
        if len(lines) and int(lines.max()) >= len(self._bits):
            grown = np.zeros(max(int(lines.max()) + 1, 2 * len(self._bits)), bool)
            grown[: len(self._bits)] = self._bits
            self._bits = grown
        self._bits[lines] = True

    def holds(self, lines: Positions) -> Mask:
        """Say for each line whether it is in the set."""
        known = lines < len(self._bits)
        return known & self._bits[np.where(known, lines, 0)]
