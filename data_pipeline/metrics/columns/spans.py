"""Sums of the numbers of a column by spans of time: over whole ones, one need not look at sales.

They are made when they are first asked for; then a span is a row that is added.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Numbers = NDArray[Any]
MOST_CELLS = 12_000_000
"""Spans times numbers; with more of them, and more than there are sales, longer spans are taken."""


@dataclass
class Spans:
    """For each sum that was asked for, a row a span and a column a number. `rows` are the sales
    that are added up, oldest first, all when None; `bounds` has the place among them at which each
    span begins, and behind the last one how many they are.
    """

    bounds: Numbers
    rows: Numbers | None = None
    _sums: dict[object, Numbers] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def size(self) -> int:
        """Bytes of all sums."""
        return sum(one.nbytes for one in tuple(self._sums.values()))

    def whole(self, low: int, high: int) -> tuple[int, int]:
        """The first span that lies whole between two places, and the one behind the last; of none,
        the second is not larger.
        """
        last = int(np.searchsorted(self.bounds, high, side="right")) - 1
        return int(np.searchsorted(self.bounds, low)), last

    def between(
        self, name: object, low: int, high: int, sum_up: Callable[[int, int], Numbers]
    ) -> Numbers:
        """The sums over the sales from place `low` to `high`; `sum_up` looks at such sales."""
        first, last = self.whole(low, high)
        if first >= last:
            return sum_up(low, high)
        found: Numbers = self._of(name, sum_up)[first:last].sum(axis=0, dtype=np.int64)
        for begin, end in ((low, int(self.bounds[first])), (int(self.bounds[last]), high)):
            if begin < end:
                found = found + sum_up(begin, end)
        return found

    def _of(self, name: object, sum_up: Callable[[int, int], Numbers]) -> Numbers:
        with self._lock:
            if name not in self._sums:
                pairs = zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True)
                self._sums[name] = _stack([sum_up(*pair) for pair in pairs])
            return self._sums[name]


def find_spans(
    bounds: Iterable[Numbers], size: int, most: int, rows: Numbers | None = None
) -> Spans | None:
    """Spans for numbers below `size`, by the first of the bounds, shorter spans first, with which
    there are no more than `most` of each sum; None when there is none.
    """
    fitting = (one for one in bounds if size * len(one) <= most)
    found = next(fitting, None)
    return None if found is None else Spans(found, rows)


def _stack(rows: list[Numbers]) -> Numbers:
    """The rows as a table, of as few bits as suffice."""
    most = max(max(abs(int(row.max())), abs(int(row.min()))) for row in rows)
    kinds = (np.int8, np.int16, np.int32, np.int64)
    kind = next(kind for kind in kinds if most <= np.iinfo(kind).max)
    return np.stack([row.astype(kind) for row in rows])
