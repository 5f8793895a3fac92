"""Different customers and orders of a stretch of days, counted without looking up which were there.

For each sale that counts, the day of the last one before it that counts and is of the same
customer: in a stretch of whole days, those with a day before its first are the first of their
customer, one for each. The same is kept of the sales of each value of a dimension, in the order of
its index: those of some days are a piece of it. Of parts with many sales it is also kept how many
there are by day and day before, added up: any days are then counted by two cells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns import tables
from data_pipeline.metrics.columns.coding import put_in_order
from data_pipeline.metrics.columns.conditions import COLUMNS, find_condition
from data_pipeline.metrics.columns.groups import count_customers, find_edges, follow_customers
from data_pipeline.metrics.columns.parts import ALL_SALES, Part, parts_by
from data_pipeline.metrics.columns.selection import Selection
from data_pipeline.metrics.columns.tables import NONE, Tables, never

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from data_pipeline.metrics.columns.formulas import Formula
    from data_pipeline.metrics.columns.groups import Groups
    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.columns.selection import Whole
    from data_pipeline.metrics.columns.tables import Counted

Numbers = NDArray[Any]
BLOCK = 2**22


@dataclass
class Firsts:
    """The days before: by dimension (all sales without one), what is counted (a column), and when a
    sale counts. And tables of parts with many sales.
    """

    _before: dict[tuple[str, str, Formula], Numbers] = field(default_factory=dict)
    tables: Tables = field(default_factory=Tables)

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(one.nbytes for one in self._before.values()) + self.tables.size

    def prepare(
        self, everything: Selection, of: str, column: str, conditions: Sequence[Formula]
    ) -> None:
        """Have the numbers of a column counted under these conditions from now on; among all sales
        or, `of` a dimension, among those of each value, unless it has too many.
        """
        columns = everything.columns
        if not parts_by(columns, of):
            return
        days, rows = everything.take("day"), np.arange(len(everything), dtype=np.int32)
        bounds: Numbers = np.array([0, len(rows)])
        if of:
            rows, bounds = columns.indexes[of].rows, columns.indexes[of].bounds
        found = [np.empty(len(rows), days.dtype) for _ in conditions]
        for begin, end in pairwise(bounds.tolist()):
            each = find_days_before(everything, rows[begin:end], column, conditions)
            for before, part in zip(found, each, strict=True):
                before[begin:end] = part
        for condition, before in zip(conditions, found, strict=True):
            self._before[of, column, condition] = before

    def make_table(self, columns: Columns, part: Part, column: str, condition: Formula) -> None:
        """Have a part's numbers of a column counted by a table, unless it has few sales."""
        if part.size(columns) >= tables.SALES_A_CELL * len(columns.starts) ** 2:
            blocks = self._blocks(columns, part, column, condition)
            self.tables.make(columns, (key_of(part), column, condition), blocks)

    def make_tables_of_two(
        self, columns: Columns, part: Part, other: str, column: str, conditions: Sequence[Formula]
    ) -> None:
        """The same of those of a part with a value of another dimension that many of them have."""
        rows, coding = part.rows(columns), columns.codings[other]
        assert rows is not None
        place_of = coding.places[columns.of_sale[coding.column][rows]]
        least = tables.SALES_A_CELL_OF_TWO * len(columns.starts) ** 2
        for place in np.flatnonzero(np.bincount(place_of) >= max(least, 1)).tolist():
            there = np.flatnonzero(place_of == place)
            chosen = rows[there]
            found: Sequence[Numbers | None]
            if follows(columns, other, column):
                found = [self._of_part(columns, part, column, c, there) for c in conditions]
            else:
                among, each = Selection(columns, chosen), np.arange(len(chosen))
                found = find_days_before(among, each, column, conditions)
            day, parts = columns.of_sale["day"][chosen], key_of(part, Part(other, place))
            for condition, before in zip(conditions, found, strict=True):
                assert before is not None, "the one dimension is prepared"
                self.tables.make(columns, (parts, column, condition), [(day, before, chosen)])

    def make_table_by(self, columns: Columns, part: Part, name: str, condition: Formula) -> None:
        """Have a part's customers counted by what follows from each, unless it has few sales."""
        cells = np.prod(tables.shape_by(columns, name), dtype=np.int64)
        if part.size(columns) >= tables.SALES_A_CELL_BY * cells:
            blocks = self._blocks(columns, part, "customer", condition)
            self.tables.make_by(columns, (key_of(part), name, condition), blocks)

    def has_table(self, parts: frozenset[Part], formula: Formula) -> bool:
        """Whether a table counts what a formula counts."""
        _, condition, (_, name) = formula
        return self.tables.has((parts, COLUMNS.get(name) or name, condition))

    def find(self, selection: Selection, column: str, condition: Formula) -> Numbers | None:
        """Of each selected sale the day before; None when that is not known: other conditions, or
        filters that let only some sales of a customer pass.
        """
        stretch = selection.stretch
        before = self._before.get((stretch.of, column, condition)) if stretch else None
        if before is None or stretch is None:
            return None
        return before[stretch.at] if isinstance(stretch.at, slice) else before.take(stretch.at)

    def count(
        self, columns: Columns, counted: Counted, days: tuple[Numbers, Numbers]
    ) -> Numbers | None:
        """How many different numbers there are from each of some days on to the one before
        another; None when the days before are not known.
        """
        parts, column, condition = counted
        begins, ends = days
        found = self.tables.count(counted, begins, ends)
        if found is not None or len(parts) > 1:
            return found
        part = next(iter(parts), ALL_SALES)
        edges = (part.find_days(columns, each).tolist() for each in days)
        counts = []
        for first, low, high in zip(begins.tolist(), *edges, strict=True):
            before = self._of_part(columns, part, column, condition, slice(low, high))
            if before is None:
                return None
            counts.append(np.count_nonzero(before < first))
        return np.array(counts, np.int64)

    def _of_part(
        self,
        columns: Columns,
        part: Part,
        column: str,
        condition: Formula,
        some: slice | Numbers,
    ) -> Numbers | None:
        """The days before of some of a part's sales, by their places in it."""
        from_all = follows(columns, part.of, column)
        before = self._before.get(("" if from_all else part.of, column, condition))
        if before is None or not part.of:
            return None if before is None else before[some]
        rows = part.rows(columns)
        if from_all and rows is not None:
            return before.take(rows[some])
        return before[part.places(columns)][some]

    def _blocks(
        self, columns: Columns, part: Part, column: str, condition: Formula
    ) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
        """The days, the days before and the customers of a part's sales, some at a time."""
        size, rows = part.size(columns), part.rows(columns)
        for low in range(0, size, BLOCK):
            some = slice(low, min(low + BLOCK, size))
            before = self._of_part(columns, part, column, condition, some)
            assert before is not None, "what is made into a table is prepared"
            chosen = some if rows is None else rows[some]
            yield columns.of_sale["day"][chosen], before, columns.of_sale["customer"][chosen]


def follows(columns: Columns, of: str, column: str) -> bool:
    """Whether all sales with the same number of a column have the same value of the dimension: the
    sale before is then the one before among all sales.
    """
    own = columns.codings[of].column if of else ""
    return bool(of) and (own == column or (column == "order" and own in columns.of_order))


def find_days_before(
    among: Selection, rows: Numbers, column: str, conditions: Sequence[Formula]
) -> list[Numbers]:
    """Of some of the selected sales, in their order, the day of the one before of the same number,
    under each condition.
    """
    days, values = among.take("day")[rows], among.take(column)[rows]
    order = put_in_order(values, among.columns.size_of(column))
    found = []
    for condition in conditions:
        holds = find_condition(among, condition)
        kept = order if holds is None else order[holds[rows][order]]
        before = np.full(len(rows), never(days), days.dtype)
        before[kept] = _days_before(values[kept], days[kept])
        found.append(before)
    return found


def key_of(*parts: Part) -> frozenset[Part]:
    """The sales that are in all of the parts."""
    return frozenset(part for part in parts if part != ALL_SALES)


def count_firsts(
    selection: Selection, groups: Groups, column: str, condition: Formula
) -> Numbers | None:
    """How many different numbers of a column each group has, by the days before; None when these
    are not known, or say nothing of such groups.
    """
    firsts, columns = selection.columns.firsts, selection.columns
    if (whole := selection.whole) is not None:
        counted = _count_whole(columns, whole, groups, column, condition)
        if counted is not None:
            return counted
    stretch, before = selection.stretch, firsts.find(selection, column, condition)
    if stretch is None or before is None:
        return None
    if groups.find is None:
        return np.array([np.count_nonzero(before < stretch.first)], np.int64)
    if groups.days is not None:
        edges = find_edges(selection, groups).tolist()
        days = np.maximum(groups.days, stretch.first).tolist()
        pieces = (before[low:high] for low, high in pairwise(edges))
        pairs = zip(pieces, days, strict=True)
        return np.array([np.count_nonzero(piece < day) for piece, day in pairs], np.int64)
    if not follow_customers(columns, groups):
        return None
    customers = _take_first(selection, before, stretch.first, "customer")
    return count_customers(columns, groups, customers)


def _count_whole(
    columns: Columns, whole: Whole, groups: Groups, column: str, condition: Formula
) -> Numbers | None:
    """The same of all sales of some parts, by tables as far as there are any."""
    firsts, names = columns.firsts, [dimension.name for dimension in groups.dimensions]
    days = np.array([whole.first]), np.array([whole.end])
    if groups.find is None:
        return firsts.count(columns, (whole.parts, column, condition), days)
    if groups.days is not None:
        edges = np.append(groups.days, len(columns.starts) - 1).clip(whole.first, whole.end)
        days = edges[:-1], edges[1:]
        return firsts.count(columns, (whole.parts, column, condition), days)
    if len(names) != 1 or names[0] in {part.of for part in whole.parts}:
        return None
    by = parts_by(columns, names[0]) if names[0] in columns.indexes else []
    keys = [(whole.parts | {part}, column, condition) for part in by]
    counts = [firsts.count(columns, key, days) for key in keys]
    known = [one for one in counts if one is not None]
    if known and len(known) == len(counts):
        return np.concatenate(known)
    return count_firsts_by(columns, whole, names[0], condition) if column == "customer" else None


def count_firsts_by(
    columns: Columns, whole: Whole | None, name: str, condition: Formula
) -> Numbers | None:
    """How many customers there are of each place of something that follows from the customer; None
    when that is not kept.
    """
    if whole is None:
        return None
    key = (whole.parts, name, condition)
    return columns.firsts.tables.count_by(columns, key, whole.first, whole.end)


def find_firsts(selection: Selection, column: str, condition: Formula) -> Numbers | None:
    """The different numbers of a column, each once; None when the days before are not known."""
    stretch, before = selection.stretch, selection.columns.firsts.find(selection, column, condition)
    if stretch is None or before is None:
        return None
    return _take_first(selection, before, stretch.first, column)


def _take_first(selection: Selection, before: Numbers, first: int, column: str) -> Numbers:
    rows, places = selection.rows, np.flatnonzero(before < first)
    found = places + rows.start if isinstance(rows, slice) else rows.take(places)
    return selection.columns.of_sale[column].take(found)


def _days_before(values: Numbers, days: Numbers) -> Numbers:
    """Of each row the day of the one before it with the same value; equal values stand together."""
    before = np.empty_like(days)
    before[:1] = NONE
    before[1:] = np.where(values[1:] == values[:-1], days[:-1], NONE)
    return before
