"""All sales, or those with one value of a dimension: of these, more is kept than of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from data_pipeline.metrics.columns.sales import Columns

Numbers = NDArray[Any]
MOST_PIECES = 200
"""Of so many values an index is followed; with more it is quicker to look at every row."""


@dataclass(frozen=True, slots=True)
class Part:
    """The sales with the value at this place of a dimension; all without one."""

    of: str = ""
    place: int = 0

    def places(self, columns: Columns) -> slice:
        """Where they are in the index of the dimension; or among all sales."""
        if not self.of:
            return slice(0, int(columns.starts[-1]))
        begin, end = columns.indexes[self.of].bounds[self.place : self.place + 2].tolist()
        return slice(begin, end)

    def rows(self, columns: Columns) -> Numbers | None:
        """Their rows, oldest first; None for all."""
        return columns.indexes[self.of].rows[self.places(columns)] if self.of else None

    def size(self, columns: Columns) -> int:
        """How many they are."""
        places = self.places(columns)
        return int(places.stop - places.start)

    def find_days(self, columns: Columns, days: Numbers) -> Numbers:
        """How many of them stand before each day."""
        starts: Numbers = columns.starts[days]
        rows = self.rows(columns)
        return starts if rows is None else search(rows, starts)


ALL_SALES = Part()


def parts_by(columns: Columns, of: str) -> list[Part]:
    """The sales of each value of a dimension that has an index, none of too many; without a
    dimension, all in one.
    """
    if not of:
        return [ALL_SALES]
    size = len(columns.indexes[of].bounds) - 1
    return [Part(of, place) for place in range(size)] if size <= MOST_PIECES else []


def search(rows: Numbers, wanted: Numbers) -> Numbers:
    """Where each wanted row would stand; of another type, NumPy would copy all rows first."""
    return np.searchsorted(rows, wanted.astype(rows.dtype))
