"""Orders by bands of what they are worth, added up by days.

An order is worth what its selected sales add up to, so no sums over days say how many there are of
a worth; but nearly all orders lie in one day, and those can be counted by it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.counting import sum_by, unique
from data_pipeline.metrics.columns.parts import search
from data_pipeline.metrics.columns.selection import Selection, find_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.question import Question

Numbers = NDArray[Any]
SCALE = 10_000
MOST_SPREAD = 4
"""With fewer than one in so many orders selected, these are numbered anew."""
LOOKED_UP = 2**13
"""Below, a table has the band of each whole amount; it is quicker than to search."""
WORTH_KEEPING = 16
"""Of so many sales a cell of a table, or more, it is quicker to ask that than the sales."""
MOST_KEPT = 256


@dataclass(frozen=True, slots=True)
class Banded:
    """By band, how many orders there are and what they are worth in ten-thousandths."""

    counts: Numbers
    sums: Numbers


@dataclass(frozen=True, slots=True)
class Daily:
    """The orders of one day each that lie before each day, by band, a row a day and one more; and
    the rows of the sales of all other orders.
    """

    before: Banded
    others: Numbers

    @property
    def size(self) -> int:
        """Bytes of it."""
        return sum(one.nbytes for one in (self.before.counts, self.before.sums, self.others))


@dataclass
class Bands:
    """What questions about all days have left behind, by their filters and bands."""

    _kept: OrderedDict[object, Daily] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def size(self) -> int:
        """Bytes of all that is kept."""
        with self._lock:
            return sum(one.size for one in self._kept.values())

    def find(self, key: object) -> Daily | None:
        """What is kept under the key."""
        with self._lock:
            if found := self._kept.get(key):
                self._kept.move_to_end(key)
            return found

    def keep(self, key: object, daily: Daily) -> None:
        """Keep it; what was not asked for longest goes."""
        with self._lock:
            self._kept[key] = daily
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)


def count_orders(columns: Columns, question: Question, bands: Sequence[int]) -> Banded:
    """The orders of the selected sales by bands, of which these are the lower bounds."""
    first, end = find_days(columns, question)
    days, key = len(columns.starts) - 1, (question.where, tuple(bands))
    daily = columns.bands.find(key)
    if daily is None:
        selection = columns.select(question)
        is_worth_it = days * len(bands) * WORTH_KEEPING <= len(selection)
        if (first, end) != (0, days) or not is_worth_it:
            return _count(selection, bands)
        daily = _count_daily(selection, bands, days)
        columns.bands.keep(key, daily)
    rows = daily.others
    low, high = search(rows, columns.starts[[first, end]])
    others = _count(Selection(columns, rows[low:high]), bands)
    counts, sums = (
        table[end] - table[first] + more
        for table, more in (
            (daily.before.counts, others.counts),
            (daily.before.sums, others.sums),
        )
    )
    return Banded(counts, sums)


def _count(selection: Selection, bands: Sequence[int]) -> Banded:
    at, size = number_orders(selection.take("order"))
    sums = sum_by(at, _paid(selection), size)
    return _add_up(_bands_of(sums, bands), sums, len(bands))


def _count_daily(selection: Selection, bands: Sequence[int], days: int) -> Daily:
    at, size = number_orders(selection.take("order"))
    paid, day = _paid(selection), selection.take("day")
    sums, sold = sum_by(at, paid, size), np.flatnonzero(paid)
    first, last = np.zeros(size, day.dtype), np.zeros(size, day.dtype)
    last[at[sold]] = day[sold]
    first[at[sold[::-1]]] = day[sold[::-1]]
    lies_in_one = first == last
    cells = first.astype(np.int64) * len(bands) + _bands_of(sums, bands)
    cells[~lies_in_one | (sums == 0)] = days * len(bands)
    counted = _add_up(cells, sums, days * len(bands))
    tables = (one.reshape(days, len(bands)) for one in (counted.counts, counted.sums))
    before = Banded(*(np.cumsum(np.pad(one, ((1, 0), (0, 0))), axis=0) for one in tables))
    others = sold[~lies_in_one[at[sold]]]
    if isinstance(selection.rows, slice):
        return Daily(before, others.astype(np.int32) + np.int32(selection.rows.start))
    return Daily(before, selection.rows[others])


def _paid(selection: Selection) -> Numbers:
    """What was paid in each row, 0 in a return."""
    paid: Numbers = np.maximum(selection.take("total_sales"), 0)
    return paid


def number_orders(order: Numbers) -> tuple[Numbers, int]:
    """Orders as numbers from 0 on that are not much larger than they are many, and how large."""
    if len(order) == 0:
        return order, 0
    low, size = int(order.min()), int(np.ptp(order)) + 1
    if size <= MOST_SPREAD * len(order):
        return order - low, size
    known = unique(order)
    return np.searchsorted(known, order), len(known)


def _add_up(cells: Numbers, sums: Numbers, size: int) -> Banded:
    """The orders of each cell below `size`; the others do not count."""
    counts = np.bincount(cells, minlength=size + 1)[:size]
    return Banded(counts, sum_by(cells, sums, size + 1)[:size])


def _bands_of(sums: Numbers, bands: Sequence[int]) -> Numbers:
    """The place of the last band that begins at or below each sum; behind the last one, of none."""
    amounts = sums // SCALE
    known = np.searchsorted(bands, np.arange(LOOKED_UP), side="right") - 1
    found: Numbers = known[np.minimum(amounts, LOOKED_UP - 1)]
    beyond = np.flatnonzero(amounts >= LOOKED_UP)
    found[beyond] = np.searchsorted(bands, amounts[beyond], side="right") - 1
    found[sums == 0] = len(bands)
    return found
