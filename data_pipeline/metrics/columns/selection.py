"""Some of the sales: which rows they are, and their values, taken out of the columns once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_pipeline.metrics.columns.coding import Index
    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.dimensions import Dimension
    from data_pipeline.metrics.frame import Value
    from data_pipeline.metrics.question import Question

Numbers = NDArray[Any]
GUEST, NEW, RETURNING = range(3)
MOST_PIECES = 200
"""Of so many values an index is followed; with more it is quicker to look at every row."""


class Selection:
    """Rows of the sales, oldest first: a stretch of all, or their numbers."""

    def __init__(self, columns: Columns, rows: slice | Numbers, low: int | None = None) -> None:
        self.columns, self.rows = columns, rows
        self.low = low
        """The first row of the stretch of time, when all sales in it of a customer are selected or
        none of them."""
        self._taken: dict[str, Numbers] = {}
        self.conditions: dict[object, Numbers] = {}
        """What was true of each row, by condition."""

    def __len__(self) -> int:
        if isinstance(self.rows, slice):
            return int(self.rows.stop - self.rows.start)
        return len(self.rows)

    @property
    def size(self) -> int:
        """Bytes that it holds beside the columns."""
        held = [*self._taken.values(), *self.conditions.values()]
        own = sum(one.nbytes for one in held if one.base is None or one.dtype == bool)
        return own + (0 if isinstance(self.rows, slice) else self.rows.nbytes)

    def take(self, name: str) -> Numbers:
        """The values of a column: one of the sales, or what follows from product and customer."""
        if name not in self._taken:
            self._taken[name] = self._find(name)
        return self._taken[name]

    def has(self, name: str) -> Numbers | None:
        """Where the column has a value; None when it has one everywhere."""
        columns = self.columns
        if name == "order_id":
            all_have = columns.order_numbers == columns.order_count
            return None if all_have else self.take("order") < columns.order_numbers
        if name == "first_day":
            return self.take("first_day") >= 0
        if name == "cost_of_sale":
            known: Numbers = columns.of_product["has_cost"][self.take("product")]
            return known
        return None

    def find_rows(self, rows: Numbers) -> Numbers:
        """For each row of all sales, how many of the selected ones stand before it."""
        if isinstance(self.rows, slice):
            found: Numbers = np.clip(rows, self.rows.start, self.rows.stop) - self.rows.start
        else:
            found = np.searchsorted(self.rows, rows)
        return found

    def _find(self, name: str) -> Numbers:
        columns = self.columns
        if name in columns.of_sale:
            column = columns.of_sale[name]
            return column[self.rows] if isinstance(self.rows, slice) else column.take(self.rows)
        if name == "first_day":
            return columns.of_customer["first_day"].take(self.take("customer"))
        if name == "who":
            is_new = self.take("first_day") == self.take("day")
            who = np.where(is_new, NEW, RETURNING).astype(np.int8)
            who[self.take("customer") == 0] = GUEST
            return who
        return columns.of_product["cost"].take(self.take("product")) * self.take("quantity")


def select(columns: Columns, question: Question) -> Selection:
    """The sales of the question's days that pass its filters."""
    low, high = _bounds(columns, question)
    wanted = [(d, _wanted(columns, d, values)) for d, values in question.where]
    if not wanted:
        return Selection(columns, slice(low, high), low)
    found = {
        d: pieces
        for d, places in wanted
        if d.name in columns.indexes
        and (pieces := _pieces(columns.indexes[d.name], places, low, high)) is not None
    }
    followed = min(found, key=lambda d: sum(map(len, found[d])), default=None)
    if followed is None:
        rows: Numbers = np.arange(low, high, dtype=np.int32)
    else:
        pieces = found[followed]
        rows = pieces[0] if len(pieces) == 1 else np.sort(np.concatenate([_NONE, *pieces]))
    for dimension, places in wanted:
        if dimension is followed:
            continue
        coding = columns.codings[dimension.name]
        keeps = places[coding.places]
        rows = rows[keeps[Selection(columns, rows).take(coding.column)]]
    of_customers = all(columns.codings[d.name].column == "customer" for d, _ in wanted)
    return Selection(columns, rows, low if of_customers else None)


_NONE: Numbers = np.zeros(0, np.int32)


def _bounds(columns: Columns, question: Question) -> tuple[int, int]:
    last = len(columns.starts) - 1
    first = (question.since - columns.first_day).days if question.since else 0
    end = (question.until - columns.first_day).days + 1 if question.until else last
    low, high = (int(columns.starts[min(max(day, 0), last)]) for day in (first, end))
    return low, max(low, high)


def _wanted(columns: Columns, dimension: Dimension, values: Sequence[Value]) -> Numbers:
    """For each place of the dimension, whether its value is one of those."""
    known = columns.codings[dimension.name].values
    asked = set(values)
    return np.fromiter((row[0] in asked for row in known), bool, len(known))


def _pieces(index: Index, places: Numbers, low: int, high: int) -> list[Numbers] | None:
    """The rows of each wanted place between two rows; None when there are too many places."""
    found = np.flatnonzero(places)
    if len(found) > MOST_PIECES:
        return None
    pieces = []
    for place in found.tolist():
        rows = index.rows[index.bounds[place] : index.bounds[place + 1]]
        begin, end = np.searchsorted(rows, (low, high))
        pieces.append(rows[begin:end])
    return pieces
