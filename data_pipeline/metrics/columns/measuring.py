"""Metrics computed over selected sales, by groups of them; whole numbers throughout."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.counting import count_different
from data_pipeline.metrics.columns.formulas import Formula, read_formula
from data_pipeline.metrics.columns.selection import Selection
from data_pipeline.metrics.frame import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.dimensions import Dimension
    from data_pipeline.metrics.frame import Row, Value
    from data_pipeline.metrics.metric import Metric
    from data_pipeline.metrics.question import Question

Numbers = NDArray[Any]
ROWS: Formula = ("count", ("always",))
SOLD: Formula = ("count", ("gt", ("column", "total_sales"), ("number", 0)))
MOST_CELLS = 2**21
"""With more possible groups than that, those that are there are numbered anew."""

_COLUMNS = {"customer_id": "customer", "order_id": "order"}
"""Where a metric's column is kept under another name; numbers are places, 0 is the guest."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Which group each selected sale is in. `of` is None when all are in one.

    `place` has for each group its places in the values of the dimensions.
    """

    count: int
    of: Numbers | None
    place: tuple[Numbers, ...]
    dimensions: tuple[Dimension, ...]


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
        return Groups(1, None, (), ())
    sizes = [len(columns.codings[d.name].values) for d in by]
    of = places_of(selection, by[0].name).astype(np.int64)
    for dimension, size in zip(by[1:], sizes[1:], strict=True):
        of = of * size + places_of(selection, dimension.name)
    count = int(np.prod(sizes, dtype=np.int64))
    cells = np.arange(count) if count <= MOST_CELLS else None
    if cells is None:
        cells, of = np.unique(of, return_inverse=True)
    place = np.unravel_index(cells, sizes)
    return Groups(len(cells), of, tuple(place), tuple(by))


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
    if groups.of is None:
        return Grouped((), found)
    there = np.flatnonzero(np.bincount(groups.of, minlength=groups.count))
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
        groups = Groups(size, selection.take(column).astype(np.int64), (), ())
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
    holds = _condition(selection, rest[0])
    if kind == "count":
        return count_where(groups, holds, len(selection))
    if kind == "sum":
        values, there = _value(selection, rest[1])
        return add_up(groups, values, _both(holds, there))
    return _count_different(selection, groups, rest[1], holds)


def add_up(groups: Groups, values: Numbers, where: Numbers | None) -> Numbers:
    """The sum of each group."""
    if groups.of is None:
        total = values.sum(dtype=np.int64, where=True if where is None else where)
        return np.array([total], np.int64)
    sums = np.zeros(groups.count, np.int64)
    counted = values.astype(np.int64, copy=False)
    np.add.at(sums, groups.of, counted if where is None else counted * where)
    return sums


def count_where(groups: Groups, where: Numbers | None, rows: int) -> Numbers:
    """How many rows of each group meet the condition."""
    if groups.of is None:
        return np.array([rows if where is None else np.count_nonzero(where)], np.int64)
    of = groups.of if where is None else groups.of[where]
    return np.bincount(of, minlength=groups.count)


def _count_different(
    selection: Selection, groups: Groups, formula: Formula, holds: Numbers | None
) -> Numbers:
    name = _COLUMNS[formula[1]]
    values, holds = selection.take(name), _both(holds, selection.has(formula[1]))
    of = groups.of
    if holds is not None:
        values, of = values[holds], None if of is None else of[holds]
    columns = selection.columns
    if of is not None and name == "customer" and _follow_customers(columns, groups):
        flags = np.zeros(columns.size_of(name), bool)
        flags[values] = True
        return _of_customers(columns, groups, np.flatnonzero(flags))
    return count_different(values, columns.size_of(name), of, groups.count)


def _follow_customers(columns: Columns, groups: Groups) -> bool:
    followed = (columns.codings[d.name].column == "customer" for d in groups.dimensions)
    return bool(groups.dimensions) and all(followed)


def _of_customers(columns: Columns, groups: Groups, customers: Numbers) -> Numbers:
    """How many of the customers are in each group, where each is in one only."""
    sizes = [len(columns.codings[d.name].values) for d in groups.dimensions]
    places = [columns.codings[d.name].places[customers] for d in groups.dimensions]
    cells = np.ravel_multi_index(places, sizes) if len(customers) else customers
    numbered = np.ravel_multi_index(groups.place, sizes)
    if len(numbered) < np.prod(sizes, dtype=np.int64):
        cells = np.searchsorted(numbered, cells)
    return np.bincount(cells, minlength=groups.count)


_OPERATORS = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def _condition(selection: Selection, formula: Formula) -> Numbers | None:
    """Where a condition holds; None when it always does."""
    if formula == ("always",):
        return None
    known = selection.conditions
    if formula not in known:
        known[formula] = _find_condition(selection, formula)
    return known[formula]


def _find_condition(selection: Selection, formula: Formula) -> Numbers:
    kind, *rest = formula
    if kind in {"and", "or"}:
        one, other = (_condition(selection, part) for part in rest)
        assert one is not None
        assert other is not None
        return one & other if kind == "and" else one | other
    if kind == "not" and rest[0][0] == "missing":
        return ~_find_missing(selection, rest[0])
    if kind == "missing":
        return _find_missing(selection, formula)
    if kind not in _OPERATORS:
        raise ValueError(f"not known over columns: {formula}")
    (one, has_one), (other, has_other) = (_value(selection, part) for part in rest)
    holds: Numbers = _OPERATORS[kind](one, other)
    there = _both(has_one, has_other)
    return holds if there is None else holds & there


def _find_missing(selection: Selection, formula: Formula) -> Numbers:
    _, there = _value(selection, formula[1])
    return np.zeros(len(selection), bool) if there is None else ~there


def _value(selection: Selection, formula: Formula) -> tuple[Any, Numbers | None]:
    """The value of each row, and where there is one; None when everywhere."""
    kind, *rest = formula
    if kind == "number":
        return rest[0], None
    if kind == "column":
        name = rest[0]
        return selection.take(_COLUMNS.get(name) or str(name)), selection.has(name)
    if kind == "neg":
        values, there = _value(selection, rest[0])
        return -values, there
    if kind == "or_zero":
        values, there = _value(selection, rest[0])
        return values if there is None else values * there, None
    if kind in {"add", "sub"}:
        (one, has_one), (other, has_other) = (_value(selection, part) for part in rest)
        return (one + other if kind == "add" else one - other), _both(has_one, has_other)
    raise ValueError(f"not known over columns: {formula}")


def _both(one: Numbers | None, other: Numbers | None) -> Numbers | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other
