"""Some of the sales: which rows they are, and their values, taken out of the columns once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.parts import MOST_PIECES, Part, search

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from data_pipeline.metrics.columns.coding import Coding, Index
    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.dimensions import Dimension
    from data_pipeline.metrics.frame import Value
    from data_pipeline.metrics.question import Question

Numbers = NDArray[Any]
GUEST, NEW, RETURNING = range(3)


@dataclass(frozen=True, slots=True)
class Stretch:
    """All sales from the day `first` on to some other day, of all customers or of some of them;
    or those `of` one value of a dimension. `at` are their places among all sales by time, or in the
    dimension's index.
    """

    of: str
    at: slice | Numbers
    first: int


@dataclass(frozen=True, slots=True)
class Whole:
    """All sales that are in each of these parts, from the day `first` to the one before `end`."""

    parts: frozenset[Part]
    first: int
    end: int


class Selection:
    """Rows of the sales, oldest first: a stretch of all, or their numbers."""

    def __init__(
        self, columns: Columns, rows: slice | Numbers, stretch: Stretch | None = None
    ) -> None:
        self.columns, self.rows = columns, rows
        self.stretch = stretch
        """What they are, when all sales in it of a customer are selected or none of them."""
        self.whole: Whole | None = None
        """What they are, when that is no more than values of dimensions and days."""
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
        places = [self.rows, *([self.stretch.at] if self.stretch else [])]
        return own + sum(one.nbytes for one in places if not isinstance(one, slice))

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
            found = search(self.rows, rows)
        return found

    def that(self, passes: Numbers) -> Selection:
        """Those of them at these places."""
        assert not isinstance(self.rows, slice)
        found = Selection(self.columns, self.rows[passes])
        found._taken = {name: values[passes] for name, values in self._taken.items()}
        return found

    def _find(self, name: str) -> Numbers:
        columns = self.columns
        if not isinstance(self.rows, slice) and name in _COMPUTED:
            return self._compute(name)
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

    def _compute(self, name: str) -> Numbers:
        """A column of sales that follows from others and from the rows: quicker than to fetch it
        from all over the memory.
        """
        if name == "day":
            days = np.arange(len(self.columns.starts) - 1, dtype=self.columns.of_sale["day"].dtype)
            return np.repeat(days, np.diff(self.find_rows(self.columns.starts)))
        if name == "sign":
            return np.sign(self.take("total_sales")).astype(np.int8)
        return np.where(self.take("total_sales") > 0, self.take("customer"), GUEST)


_COMPUTED = ("day", "sign", "buyer")


def select(columns: Columns, question: Question) -> Selection:
    """The sales of the question's days that pass its filters."""
    first, end = find_days(columns, question)
    wanted = {d: find_wanted(columns.codings[d.name], values) for d, values in question.where}
    selection = _select(columns, wanted, first, end)
    selection.whole = find_whole(columns, question)
    return selection


def find_whole(columns: Columns, question: Question) -> Whole | None:
    """The parts that a question is about; None when filters do not pass one value each of
    dimensions with an index.
    """
    parts = []
    for dimension, values in question.where:
        places = np.flatnonzero(find_wanted(columns.codings[dimension.name], values))
        if dimension.name not in columns.indexes or len(places) != 1:
            return None
        parts.append(Part(dimension.name, int(places[0])))
    return Whole(frozenset(parts), *find_days(columns, question))


def _select(
    columns: Columns, wanted: Mapping[Dimension, Numbers], first: int, end: int
) -> Selection:
    low, high = columns.starts[[first, end]].tolist()
    if not wanted:
        return Selection(columns, slice(low, high), Stretch("", slice(low, high), first))
    found = {
        d: pieces
        for d, places in wanted.items()
        if d.name in columns.indexes
        and (pieces := find_pieces(columns.indexes[d.name], places, low, high)) is not None
    }
    followed = min(found, key=lambda d: sum(p.stop - p.start for p in found[d]), default=None)
    pieces = found[followed] if followed else [slice(low, high)]
    selection, kept = Selection(columns, _rows_of(columns, followed, pieces)), None
    for dimension, places in wanted.items():
        if dimension is not followed:
            coding = columns.codings[dimension.name]
            passes = np.flatnonzero(places[coding.places][selection.take(coding.column)])
            selection = selection.that(passes)
            kept = passes if kept is None else kept[passes]
    others = [d for d in wanted if columns.codings[d.name].column != "customer"]
    if not others:
        selection.stretch = Stretch("", selection.rows, first)
    elif followed and others == [followed] and len(pieces) == 1:
        at = pieces[0] if kept is None else kept + pieces[0].start
        selection.stretch = Stretch(followed.name, at, first)
    return selection


def _rows_of(columns: Columns, followed: Dimension | None, pieces: Sequence[slice]) -> Numbers:
    """The rows of pieces of a dimension's index, in order; or, without one, of all sales."""
    if followed is None:
        return np.concatenate([np.arange(p.start, p.stop, dtype=np.int32) for p in pieces])
    rows = [columns.indexes[followed.name].rows[piece] for piece in pieces]
    return rows[0] if len(rows) == 1 else np.sort(np.concatenate([_NONE, *rows]))


_NONE: Numbers = np.zeros(0, np.int32)


def find_days(columns: Columns, question: Question) -> tuple[int, int]:
    """The first of the question's days that has data, and the one behind the last."""
    last = len(columns.starts) - 1
    first = (question.since - columns.first_day).days if question.since else 0
    end = (question.until - columns.first_day).days + 1 if question.until else last
    return min(max(first, 0), last), min(max(end, 0), last)


def find_wanted(coding: Coding, values: Sequence[Value]) -> Numbers:
    """For each place of a dimension, whether its value is one of those."""
    found = np.zeros(len(coding.values), bool)
    found[[place for value in values if (place := coding.find(value)) is not None]] = True
    return found


def find_pieces(index: Index, places: Numbers, low: int, high: int) -> list[slice] | None:
    """Where in the index the rows of each wanted place between two rows are; None when there are
    too many places.
    """
    found = np.flatnonzero(places)
    if len(found) > MOST_PIECES:
        return None
    pieces = []
    for place in found.tolist():
        start = int(index.bounds[place])
        rows = index.rows[start : index.bounds[place + 1]]
        begin, end = search(rows, np.array((low, high))).tolist()
        pieces.append(slice(start + begin, start + end))
    return pieces
