"""Which of the selected sales a metric looks at, and the value of each: formulas by row."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from data_pipeline.metrics.columns.formulas import Formula
    from data_pipeline.metrics.columns.selection import Selection

Numbers = NDArray[Any]
TOTAL: Formula = ("column", "total_sales")
ZERO: Formula = ("number", 0)

COLUMNS = {"customer_id": "customer", "order_id": "order"}
"""Where a metric's column is kept under another name; numbers are places, 0 is the guest."""

_OPERATORS = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def find_condition(selection: Selection, formula: Formula) -> Numbers | None:
    """Where a condition holds; None when it always does."""
    if formula == ("always",):
        return None
    known = selection.conditions
    if formula not in known:
        known[formula] = _look(selection, formula)
    return known[formula]


def _look(selection: Selection, formula: Formula) -> Numbers:
    kind, *rest = formula
    if kind in {"and", "or"}:
        one, other = (find_condition(selection, part) for part in rest)
        assert one is not None
        assert other is not None
        return one & other if kind == "and" else one | other
    if kind == "not" and rest[0][0] == "missing":
        return ~_find_missing(selection, rest[0])
    if kind == "missing":
        return _find_missing(selection, formula)
    if kind not in _OPERATORS:
        raise ValueError(f"not known over columns: {formula}")
    if rest == [TOTAL, ZERO]:
        rest[0] = ("column", "sign")
    (one, has_one), (other, has_other) = (find_value(selection, part) for part in rest)
    holds: Numbers = _OPERATORS[kind](one, other)
    there = both(has_one, has_other)
    return holds if there is None else holds & there


def _find_missing(selection: Selection, formula: Formula) -> Numbers:
    kind, name = formula[1]
    if kind != "column":
        raise ValueError(f"not known over columns: {formula}")
    there = selection.has(name)
    return np.zeros(len(selection), bool) if there is None else ~there


def find_value(selection: Selection, formula: Formula) -> tuple[Any, Numbers | None]:
    """The value of each row, and where there is one; None when everywhere."""
    kind, *rest = formula
    if kind == "number":
        return rest[0], None
    if kind == "column":
        name = rest[0]
        return selection.take(COLUMNS.get(name) or str(name)), selection.has(name)
    if kind == "neg":
        values, there = find_value(selection, rest[0])
        return -values, there
    if kind == "or_zero":
        values, there = find_value(selection, rest[0])
        return values if there is None else values * there, None
    if kind in {"add", "sub"}:
        (one, has_one), (other, has_other) = (find_value(selection, part) for part in rest)
        return (one + other if kind == "add" else one - other), both(has_one, has_other)
    raise ValueError(f"not known over columns: {formula}")


def both(one: Numbers | None, other: Numbers | None) -> Numbers | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other
