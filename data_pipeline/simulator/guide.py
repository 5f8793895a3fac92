"""A search in running sums that takes the same time however long they are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from data_pipeline.simulator.randomness import Floats, Ints

MEMBERS_AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class Guide:
    """Running sums behind each other, each cut into as many equal cells as it has members.

    For each cell it knows the first member that can be meant, so a search takes a step or two. It
    finds what a binary search finds, to the last bit.
    """

    running: Floats
    edges: Ints
    """Where each sum begins, and where the last one ends."""
    cells: Floats
    """How many cells a unit of each sum has."""
    first: npt.NDArray[np.int32]

    @classmethod
    def over(cls, running: Floats, edges: Ints) -> Guide:
        """Prepare the search in sums that begin at `edges`.

        >>> Guide.over(np.array([1.0, 3.0, 6.0]), np.array([0, 3])).find(np.array([0.9, 1, 5]))
        array([0, 1, 2])
        """
        first = np.empty(len(running), np.int32)
        cells = np.zeros(len(edges) - 1)
        for number, (begin, end) in enumerate(pairwise(edges)):
            if end > begin:
                cells[number] = (end - begin) / max(float(running[end - 1]), 1e-300)
                first[begin:end] = begin + _below(running[begin:end], float(cells[number]))
        return cls(running, edges, cells, first)

    @classmethod
    def of(cls, weights: Floats) -> Guide:
        """Prepare to pick indexes that have these weights."""
        return cls.over(np.cumsum(weights), np.array([0, len(weights)]))

    def pick(self, uniform: Floats) -> Ints:
        """Return, for each uniform number, the index that it falls on: as `randomness.pick`."""
        return self.find(uniform * self.running[-1])

    def find(self, points: Floats, which: npt.NDArray[np.int8] | None = None) -> Ints:
        """Return, for each point, the first member whose sum is above it: in the sum `which`."""
        number = np.zeros(1, np.int8) if which is None else which
        begin, last = self.edges[:-1][number], self.edges[1:][number] - 1
        cell = begin + (points * self.cells[number]).astype(np.int64)
        at = self.first[np.minimum(cell, last)].astype(np.int64)
        last = np.broadcast_to(last, at.shape)
        short = np.flatnonzero(self.running[at] <= points)
        while len(short):
            short = short[at[short] < last[short]]
            at[short] += 1
            short = short[self.running[at[short]] <= points[short]]
        return at


def _below(running: Floats, cells: float) -> npt.NDArray[np.int32]:
    """Return for each cell how many sums end in the cells before it."""
    size = len(running)
    counts = np.zeros(size + 1, np.int32)
    for first in range(0, size, MEMBERS_AT_ONCE):
        cell = (running[first : first + MEMBERS_AT_ONCE] * cells).astype(np.int64)
        cell = np.minimum(cell, size)
        low, high = int(cell[0]), int(cell[-1])
        counts[low : high + 1] += np.bincount(cell - low).astype(np.int32)
    below = np.zeros(size, np.int32)
    np.cumsum(counts[: size - 1], out=below[1:])
    return below
