"""Metrics computed over selected sales, by groups of them; whole numbers throughout."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.conditions import (
    COLUMNS,
    TOTAL,
    ZERO,
    both,
    find_condition,
    find_value,
)
from data_pipeline.metrics.columns.counting import count_different, flag, sum_by
from data_pipeline.metrics.columns.formulas import Formula, read_formula
from data_pipeline.metrics.columns.selection import Selection
from data_pipeline.metrics.frame import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.dimensions import Dimension
    from data_pipeline.metrics.frame import Row, Value
    from data_pipeline.metrics.metric import Metric
    from data_pipeline.metrics.question import Question

Numbers = NDArray[Any]
ROWS: Formula = ("count", ("always",))
SOLD: Formula = ("count", ("gt", TOTAL, ZERO))
MOST_CELLS = 2**21
"""With more possible groups than that, those that are there are numbered anew."""


@dataclass(frozen=True)
class Groups:
    """Which group each selected sale is in; `of` is None when all are in one.

    `place` has for each group its places in the values of the dimensions; or groups are the numbers
    of a `column`.
    """

    count: int
    find: Callable[[], Numbers] | None
    place: tuple[Numbers, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    column: str = ""

    @cached_property
    def of(self) -> Numbers | None:
        """Found when it is first asked for: what follows from the customer does without."""
        return self.find() if self.find else None


@dataclass(frozen=True, slots=True)
class Grouped:
    """The measures of each group that has a sale: whole numbers, money in ten-thousandths."""

    place: tuple[Numbers, ...]
    measured: dict[str, Numbers]


def places_of(selection: Selection, name: str) -> Numbers:
    """The place of each selected sale in the values of a dimension."""
    coding = selection.columns.codings[name]
    places: Numbers = coding.places[selection.take(coding.column)]
    return places


def group(columns: Columns, selection: Selection, by: Sequence[Dimension]) -> Groups:
    """Divide the selected sales by the dimensions."""
    if not by:
        return Groups(1, None)
    sizes = [len(columns.codings[d.name].values) for d in by]

    def find() -> Numbers:
        of = places_of(selection, by[0].name).astype(np.int64)
        for dimension, size in zip(by[1:], sizes[1:], strict=True):
            of = of * size + places_of(selection, dimension.name)
        return of

    count = int(np.prod(sizes, dtype=np.int64))
    if count <= MOST_CELLS:
        return Groups(count, find, tuple(np.unravel_index(np.arange(count), sizes)), tuple(by))
    cells, of = np.unique(find(), return_inverse=True)
    return Groups(len(cells), lambda: of, tuple(np.unravel_index(cells, sizes)), tuple(by))


def measure(
    columns: Columns, question: Question, measures: Sequence[Metric], *, by_column: str = ""
) -> Grouped:
    """The measures by the question's dimensions, of the sales that it looks at; or, instead, by the
    numbers of a column. Raises ValueError for SQL that is not known over columns.
    """
    formulas = {one.name: read_formula(one.sql) for one in measures}
    if [d.name for d in question.by] == ["product"]:
        by_column = "product"
    if by_column:
        sums = measure_column(columns, question, formulas | {"": ROWS}, by_column)
        there = np.flatnonzero(sums.pop(""))
        return Grouped((there,), {name: values[there] for name, values in sums.items()})
    selection = columns.select(question)
    groups = group(columns, selection, question.by)
    found = {name: _aggregate(selection, groups, formula) for name, formula in formulas.items()}
    if groups.find is None:
        return Grouped((), found)
    there = np.flatnonzero(_sizes(selection, groups))
    return Grouped(
        tuple(place[there] for place in groups.place),
        {name: values[there] for name, values in found.items()},
    )


def measure_column(
    columns: Columns, question: Question, formulas: Mapping[str, Formula], column: str
) -> dict[str, Numbers]:
    """What each formula gives for each number of a column, 0 where there is no sale.

    Of products, whole months are added up from their sums.
    """
    size = columns.size_of(column)

    def sum_up(selection: Selection, formula: Formula) -> Numbers:
        groups = Groups(size, lambda: selection.take(column).astype(np.int64), column=column)
        return _aggregate(selection, groups, formula)

    adds = all(formula[0] in {"sum", "count"} for formula in formulas.values())
    selection = columns.select(question)
    if not adds or column != "product" or question.where or not columns.months.is_small:
        return {name: sum_up(selection, formula) for name, formula in formulas.items()}
    assert isinstance(selection.rows, slice)
    low, high = selection.rows.start, selection.rows.stop
    parts: dict[tuple[int, int], Selection] = {}

    def between(formula: Formula) -> Numbers:
        def look(begin: int, end: int) -> Numbers:
            part = parts.setdefault((begin, end), Selection(columns, slice(begin, end)))
            return sum_up(part, formula)

        return columns.months.between(formula, low, high, look)

    return {name: between(formula) for name, formula in formulas.items()}


def rows_of(
    columns: Columns, question: Question, measures: Sequence[Metric]
) -> dict[Row, dict[str, Value]]:
    """The same as rows: the values of the dimensions, in their order, to each measure by name."""
    found = measure(columns, question, measures)
    names = [one.name for one in measures]
    named = [[as_value(one, n) for n in found.measured[one.name].tolist()] for one in measures]
    values = [columns.codings[d.name].values for d in question.by]
    parts = [[v[p] for p in place.tolist()] for v, place in zip(values, found.place, strict=True)]
    keys = [sum(row, ()) for row in zip(*parts, strict=True)] if parts else [()]
    rows = zip(*named, strict=True) if named else (() for _ in keys)
    return {key: dict(zip(names, row, strict=True)) for key, row in zip(keys, rows, strict=True)}


def as_value(measure: Metric, number: int) -> Value:
    """A whole number of the columns as the metric's kind has it."""
    return money(number) if measure.kind is Kind.MONEY else number


def money(number: int) -> Decimal:
    """Ten-thousandths as Decimal, exactly."""
    return Decimal(number).scaleb(-4)


def _aggregate(selection: Selection, groups: Groups, formula: Formula) -> Numbers:
    kind, *rest = formula
    if kind == "add":
        one, other = (_aggregate(selection, groups, part) for part in rest)
        total: Numbers = one + other
        return total
    if kind == "distinct":
        return _count_different(selection, groups, *rest)
    holds = find_condition(selection, rest[0])
    if kind == "count":
        return count_where(groups, holds, len(selection))
    values, there = find_value(selection, rest[1])
    return add_up(groups, values, both(holds, there))


def add_up(groups: Groups, values: Numbers, where: Numbers | None) -> Numbers:
    """The sum of each group."""
    if groups.of is None:
        total = values.sum(dtype=np.int64, where=True if where is None else where)
        return np.array([total], np.int64)
    return sum_by(groups.of, values if where is None else values * where, groups.count)


def count_where(groups: Groups, where: Numbers | None, rows: int) -> Numbers:
    """How many rows of each group meet the condition."""
    if groups.of is None:
        return np.array([rows if where is None else np.count_nonzero(where)], np.int64)
    if where is None:
        return np.bincount(groups.of, minlength=groups.count)
    if not where.any():
        return np.zeros(groups.count, np.int64)
    return np.bincount(np.where(where, groups.of, groups.count), minlength=groups.count + 1)[:-1]


def _count_different(
    selection: Selection, groups: Groups, condition: Formula, formula: Formula
) -> Numbers:
    columns, name = selection.columns, COLUMNS[formula[1]]
    size = columns.size_of(name)
    if name == "customer" and (groups.find is None or _follow_customers(columns, groups)):
        first = columns.firsts.find(selection, condition)
        if first is not None and groups.find is None:
            return np.array([np.count_nonzero(first)], np.int64)
        if first is not None:
            return _of_customers(columns, groups, selection.take(name)[first])
    holds = both(find_condition(selection, condition), selection.has(formula[1]))
    values = selection.take(name)
    if _follow_customers(columns, groups):
        customers = columns.of_order.get("customer") if name == "order" else None
        if name == "customer" or customers is not None:
            there = np.flatnonzero(flag(values, size, holds))
            return _of_customers(columns, groups, there if customers is None else customers[there])
    return count_different(values, size, groups.of, groups.count, holds)


def _sizes(selection: Selection, groups: Groups) -> Numbers:
    """Of each group a number that is 0 when no sale is in it."""
    columns = selection.columns
    if not _follow_customers(columns, groups):
        return np.bincount(groups.of, minlength=groups.count)  # type: ignore[arg-type]
    there = flag(selection.take("customer"), columns.size_of("customer"), None)
    return _of_customers(columns, groups, np.flatnonzero(there))


def _follow_customers(columns: Columns, groups: Groups) -> bool:
    """Whether the groups follow from the customer."""
    if groups.column == "customer":
        return True
    followed = (columns.codings[d.name].column == "customer" for d in groups.dimensions)
    return bool(groups.dimensions) and all(followed)


def _of_customers(columns: Columns, groups: Groups, customers: Numbers) -> Numbers:
    """How many of the customers are in each group, where each is in one only."""
    if groups.column == "customer":
        return np.bincount(customers, minlength=groups.count)
    sizes = [len(columns.codings[d.name].values) for d in groups.dimensions]
    places = [columns.codings[d.name].places[customers] for d in groups.dimensions]
    cells = np.ravel_multi_index(places, sizes) if len(customers) else customers
    numbered = np.ravel_multi_index(groups.place, sizes)
    if len(numbered) < np.prod(sizes, dtype=np.int64):
        cells = np.searchsorted(numbered, cells)
    return np.bincount(cells, minlength=groups.count)
