"""Orders by weekday and hour, added up by days.

The same order may be in two hours, so no sums over days say how many different ones there are; but
nearly all lie in one hour of one day, and those can be counted by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.bands import number_orders
from data_pipeline.metrics.columns.conditions import find_condition
from data_pipeline.metrics.columns.counting import count_different
from data_pipeline.metrics.columns.parts import search
from data_pipeline.metrics.columns.selection import Selection

if TYPE_CHECKING:
    from data_pipeline.metrics.columns.formulas import Formula
    from data_pipeline.metrics.columns.parts import Part
    from data_pipeline.metrics.columns.sales import Columns

Numbers = NDArray[Any]
DIMENSIONS = ("weekday", "hour")
SALES_A_CELL = 4
"""With fewer sales for each cell of a table, it is as quick to look at them."""


@dataclass(frozen=True, slots=True)
class InOneHour:
    """A row a day and one more, a column an hour of a weekday: the orders of one hour that lie
    before the day. And the rows of the sales of all other orders that count.
    """

    before: Numbers
    others: Numbers

    @property
    def size(self) -> int:
        """Bytes of it."""
        return self.before.nbytes + self.others.nbytes


@dataclass
class Hours:
    """What is kept of the sales that are in all of some parts, by when a sale counts."""

    _kept: dict[tuple[frozenset[Part], Formula], InOneHour] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all of it."""
        return sum(one.size for one in tuple(self._kept.values()))

    def prepare(self, selection: Selection, condition: Formula) -> None:
        """Have the orders of these sales, of all days, counted; unless there are few sales."""
        columns, whole = selection.columns, selection.whole
        days, width = len(columns.starts) - 1, _width(columns)
        if whole is None or len(selection) < SALES_A_CELL * days * width:
            return
        at, size = number_orders(selection.take("order"))
        day, cell = selection.take("day"), _cells(selection)
        holds = find_condition(selection, condition)
        counts = np.arange(len(at)) if holds is None else np.flatnonzero(holds)
        moment = day[counts].astype(np.int64) * width + cell[counts]
        first, last = (np.full(size, -1, np.int64) for _ in range(2))
        last[at[counts]] = moment
        first[at[counts[::-1]]] = moment[::-1]
        in_one = first[(first == last) & (first >= 0)]
        table = np.bincount(in_one, minlength=days * width).reshape(days, width)
        before = np.pad(table, ((1, 0), (0, 0))).cumsum(axis=0).astype(np.int32)
        others = counts[(first != last)[at[counts]]]
        rows = selection.rows
        found = others + rows.start if isinstance(rows, slice) else rows[others]
        self._kept[whole.parts, condition] = InOneHour(before, found.astype(np.int32))

    def count(self, selection: Selection, condition: Formula) -> Numbers | None:
        """The orders of each hour of the week; None when that is not kept of such sales."""
        columns, whole = selection.columns, selection.whole
        kept = self._kept.get((whole.parts, condition)) if whole else None
        if kept is None or whole is None:
            return None
        low, high = search(kept.others, columns.starts[[whole.first, whole.end]]).tolist()
        others = Selection(columns, kept.others[low:high])
        more = count_different(
            others.take("order"), columns.order_count, _cells(others), _width(columns)
        )
        found: Numbers = kept.before[whole.end] - kept.before[whole.first]
        return found + more


def _width(columns: Columns) -> int:
    return int(np.prod([len(columns.codings[name].values) for name in DIMENSIONS]))


def _cells(selection: Selection) -> Numbers:
    """The hour of the week of each sale."""
    codings = selection.columns.codings
    day, hour = (codings[name] for name in DIMENSIONS)
    found: Numbers = day.places[selection.take(day.column)].astype(np.int64) * len(hour.values)
    return found + hour.places[selection.take(hour.column)]
