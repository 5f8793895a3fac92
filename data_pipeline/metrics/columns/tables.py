"""How many sales there are by their day and by that of the sale before, added up.

With the day before of each sale (see firsts.py), the first ones of some days are those with a day
before the first of them: two cells of a table count them, however many sales there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from data_pipeline.metrics.columns.formulas import Formula
    from data_pipeline.metrics.columns.parts import Part
    from data_pipeline.metrics.columns.sales import Columns

Numbers = NDArray[Any]
Counted = tuple[frozenset["Part"], str, "Formula"]
"""The sales that are in all of these parts, what is counted by (a column, or what follows from a
customer), and when a sale counts.
"""
Blocks = Iterable[tuple[Numbers, Numbers, Numbers]]
"""Of some sales each: the day, the day before, and the number of the customer."""
NONE = -1
"""Stands for the day when there was no sale before."""
SALES_A_CELL, SALES_A_CELL_OF_TWO, SALES_A_CELL_BY = 8, 2, 4
"""With fewer sales for each cell of a table, they are looked at: of one part or all, of what is in
two parts (where less is kept beside the table), and by values.
"""


@dataclass
class Tables:
    """Tables with a row a day (and one more), for what lies before it, and a column a day: how many
    sales have the one before them before that. Those by values have a column a month instead and
    behind it one for each value.
    """

    _by_day: dict[Counted, Numbers] = field(default_factory=dict)
    _by_value: dict[Counted, Numbers] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(one.nbytes for kept in (self._by_day, self._by_value) for one in kept.values())

    def make(self, columns: Columns, key: Counted, blocks: Blocks) -> None:
        """Have these sales counted for any days."""
        width = len(columns.starts)
        counts = np.zeros(width * width, np.int64)
        for day, before, _ in blocks:
            cells = (day.astype(np.int64) + 1) * width + before + 1
            cells[before == never(day)] = 0  # which is in every sum, and so in no difference
            counts += np.bincount(cells, minlength=len(counts))
        self._by_day[key] = _added_up(counts.reshape(width, width))

    def make_by(self, columns: Columns, key: Counted, blocks: Blocks) -> None:
        """Have the customers of these sales counted by what follows from each, for any days that
        begin a month.
        """
        months, coding = columns.first_days("month"), columns.codings[key[1]]
        shape, of = shape_by(columns, key[1]), coding.places
        # The first month that begins behind the day before; behind the last one, for none.
        days = np.arange(NONE, len(columns.starts) - 1)
        month_of = np.searchsorted(months[:-1], days, side="right")
        counts = np.zeros(int(np.prod(shape)), np.int64)
        for day, before, customer in blocks:
            holds = np.flatnonzero(before != never(day))
            cells = (day[holds].astype(np.int64) + 1) * shape[1] + month_of[before[holds] + 1]
            cells = cells * shape[2] + of[customer[holds]]
            counts += np.bincount(cells, minlength=len(counts))
        self._by_value[key] = _added_up(counts.reshape(shape))

    def has(self, key: Counted) -> bool:
        """Whether there is such a table, for any days."""
        return key in self._by_day

    def count(self, key: Counted, begins: Numbers, ends: Numbers) -> Numbers | None:
        """How many are the first ones from each of some days on to the one before another; None
        without a table.
        """
        table = self._by_day.get(key)
        if table is None:
            return None
        return (table[ends, begins] - table[begins, begins]).astype(np.int64)

    def count_by(self, columns: Columns, key: Counted, first: int, end: int) -> Numbers | None:
        """How many first ones each value has; None without a table of such days."""
        months, table = columns.first_days("month")[:-1], self._by_value.get(key)
        month = int(np.searchsorted(months, first))
        if table is None or month == len(months) or months[month] != first:
            return None
        found: Numbers = table[end, month] - table[first, month]
        return found.astype(np.int64)


def shape_by(columns: Columns, name: str) -> tuple[int, int, int]:
    """Of a table by the values of a dimension."""
    return len(columns.starts), len(columns.first_days("month")), len(columns.codings[name].values)


def never(days: Numbers) -> int:
    """Stands for the day before of a sale that does not count: no stretch begins behind it."""
    return int(np.iinfo(days.dtype).max)


def _added_up(counts: Numbers) -> Numbers:
    return counts.cumsum(axis=0).cumsum(axis=1).astype(np.int32)
