"""Metrics computed over selected sales, by groups of them; whole numbers throughout."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns import hours
from data_pipeline.metrics.columns.conditions import (
    COLUMNS,
    TOTAL,
    ZERO,
    both,
    find_condition,
    find_value,
)
from data_pipeline.metrics.columns.counting import (
    count_different,
    find_different,
    sum_by,
)
from data_pipeline.metrics.columns.firsts import count_firsts
from data_pipeline.metrics.columns.formulas import Formula, read_formula
from data_pipeline.metrics.columns.groups import (
    Groups,
    count_customers,
    find_groups,
    follow_customers,
    group,
)
from data_pipeline.metrics.columns.selection import Selection
from data_pipeline.metrics.columns.sums import find_sums
from data_pipeline.metrics.frame import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.frame import Row, Value
    from data_pipeline.metrics.metric import Metric
    from data_pipeline.metrics.question import Question

Numbers = NDArray[Any]
ROWS: Formula = ("count", ("always",))
SOLD: Formula = ("count", ("gt", TOTAL, ZERO))


@dataclass(frozen=True, slots=True)
class Grouped:
    """The measures of each group that has a sale: whole numbers, money in ten-thousandths."""

    place: tuple[Numbers, ...]
    measured: dict[str, Numbers]


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
    there = find_groups(selection, groups, [*found.values()])
    return Grouped(
        tuple(place[there] for place in groups.place),
        {name: values[there] for name, values in found.items()},
    )


def measure_column(
    columns: Columns, question: Question, formulas: Mapping[str, Formula], column: str
) -> dict[str, Numbers]:
    """What each formula gives for each number of a column, 0 where there is no sale.

    Of products and customers, whole months or more are added up from their sums, where that is
    less than the sales that pass the filters.
    """
    size = columns.size_of(column)

    def sum_up(selection: Selection, formula: Formula) -> Numbers:
        groups = Groups(size, lambda: selection.take(column).astype(np.int64), column=column)
        return _aggregate(selection, groups, formula)

    selection = columns.select(question)
    adds = all(formula[0] in {"sum", "count"} for formula in formulas.values())
    kept = find_sums(columns, column, question) if adds else None
    if kept is None or kept.reads(size) >= len(selection):
        return {name: sum_up(selection, formula) for name, formula in formulas.items()}
    parts: dict[tuple[int, int], Selection] = {}

    def between(formula: Formula) -> Numbers:
        def look(begin: int, end: int) -> Numbers:
            rows = kept.spans.rows
            chosen = slice(begin, end) if rows is None else rows[begin:end]
            part = parts.setdefault((begin, end), Selection(columns, chosen))
            return sum_up(part, formula)

        found = kept.spans.between(formula, kept.low, kept.high, look)
        return found if kept.passes is None else found * kept.passes

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
    columns, name = selection.columns, COLUMNS.get(formula[1]) or str(formula[1])
    counted = count_firsts(selection, groups, name, condition)
    if counted is not None:
        return counted
    names = tuple(dimension.name for dimension in groups.dimensions)
    if names == hours.DIMENSIONS and formula == ("column", "order"):
        counted = columns.hours.count(selection, condition)
        if counted is not None:
            return counted
    holds = both(find_condition(selection, condition), selection.has(formula[1]))
    values, size = selection.take(name), columns.size_of(name)
    if follow_customers(columns, groups):
        customers = columns.of_order.get("customer") if name == "order" else None
        if name == "customer" or customers is not None:
            there = find_different(values, size, holds)
            found = there if customers is None else customers[there]
            return count_customers(columns, groups, found)
    return count_different(values, size, groups.of, groups.count, holds)
