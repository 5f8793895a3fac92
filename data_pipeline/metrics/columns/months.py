"""Sums of products by month: over whole months, one need not look at each sale.

They are made when they are first asked for; then a month is a row that is added.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Numbers = NDArray[Any]
MOST_CELLS = 8_000_000
"""Months times products; with more of them, sales are looked at."""


@dataclass
class Months:
    """For each sum that was asked for, a row a month and a column a product. `bounds` has the first
    row of the sales of each month, and behind the last one the number of rows.
    """

    bounds: Numbers
    products: int
    _sums: dict[object, Numbers] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def is_small(self) -> bool:
        """Whether the sums are few enough to be kept."""
        return self.products * len(self.bounds) <= MOST_CELLS

    def between(
        self, name: object, low: int, high: int, sum_up: Callable[[int, int], Numbers]
    ) -> Numbers:
        """The sums over the sales from row `low` to `high`; `sum_up` looks at such sales."""
        first = int(np.searchsorted(self.bounds, low))
        last = int(np.searchsorted(self.bounds, high, side="right")) - 1
        if first >= last:
            return sum_up(low, high)
        found: Numbers = self._of(name, sum_up)[first:last].sum(axis=0)
        for begin, end in ((low, int(self.bounds[first])), (int(self.bounds[last]), high)):
            if begin < end:
                found = found + sum_up(begin, end)
        return found

    def _of(self, name: object, sum_up: Callable[[int, int], Numbers]) -> Numbers:
        with self._lock:
            if name not in self._sums:
                pairs = zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True)
                self._sums[name] = np.stack([sum_up(*pair) for pair in pairs])
            return self._sums[name]
