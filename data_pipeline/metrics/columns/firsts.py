"""Different customers of a stretch of time, counted without looking up which were there.

For each sale that counts, the row of the last one before it that counts and is of the same
customer: in a stretch that begins at row `low`, those with a smaller one are the first of their
customer, one for each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.coding import make_index
from data_pipeline.metrics.columns.conditions import find_condition

if TYPE_CHECKING:
    from data_pipeline.metrics.columns.formulas import Formula
    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.columns.selection import Selection

Numbers = NDArray[Any]
NEVER = 2**31 - 1
"""Stands for a sale that does not count: no stretch begins behind it."""


@dataclass
class Firsts:
    """The rows before, by the condition under which a sale counts."""

    _before: dict[Formula, Numbers] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(one.nbytes for one in self._before.values())

    def prepare(self, columns: Columns, everything: Selection, condition: Formula) -> None:
        """Have the customers under a condition counted so from now on."""
        customers = everything.take("customer")
        holds = find_condition(everything, condition)
        kept = np.flatnonzero(holds) if holds is not None else np.arange(len(customers))
        index = make_index(customers[kept], columns.size_of("customer"))
        rows = kept[index.rows].astype(np.int32)
        last = np.concatenate(([-1], rows[:-1])).astype(np.int32)
        last[index.bounds[:-1][np.diff(index.bounds) > 0]] = -1
        before = np.full(len(customers), NEVER, np.int32)
        before[rows] = last
        self._before[condition] = before

    def find(self, selection: Selection, condition: Formula) -> Numbers | None:
        """Which of the selected sales are the first of their customer; None when that is not
        known: other conditions, or a filter that lets only some sales of a customer pass.
        """
        before = self._before.get(condition)
        if before is None or selection.low is None:
            return None
        found: Numbers = before[selection.rows] < selection.low
        return found
