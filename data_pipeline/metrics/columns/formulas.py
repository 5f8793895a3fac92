"""The SQL of a metric, read: what is to be computed over the columns.

Only what the registry's SQL is made of is known; anything else is a ValueError, and the metric is
then asked of the warehouse.
"""

from __future__ import annotations

from functools import cache
from typing import Any

Formula = tuple[Any, ...]
"""An operation and its operands: formulas, names of columns or whole numbers."""

_ORDER_ID: Formula = ("column", "order_id")
_TWO_SIDED = frozenset({"eq", "neq", "gt", "gte", "lt", "lte", "and", "or", "add", "sub"})


@cache
def read_formula(sql: str) -> Formula:
    """The formula of a metric's SQL.

    >>> read_formula("COUNT(CASE WHEN quantity > 0 THEN 1 END)")
    ('count', ('gt', ('column', 'quantity'), ('number', 0)))
    """
    import sqlglot

    return _aggregate(sqlglot.parse_one(sql, read="duckdb"))


def _aggregate(node: Any) -> Formula:
    name, one, other = node.key, node.this, node.args.get("expression")
    if name == "paren":
        return _aggregate(one)
    if name == "add":
        return _add(_aggregate(one), _aggregate(other))
    if name == "coalesce" and one.key == "sum" and [e.sql() for e in node.expressions] == ["0"]:
        return _sum(one.this)
    if name == "count" and one.key == "distinct":
        return ("distinct", *_case(one.expressions[0], "NULL"))
    if name == "count":
        condition, counted = _case(one, "NULL")
        if counted == ("number", 1):
            return ("count", condition)
    raise ValueError(f"not known over columns: {node.sql()}")


def _add(one: Formula, other: Formula) -> Formula:
    """The sum of two aggregates. Different order numbers and sales without one are the different
    numbers of one column, in which such a sale has its own.
    """
    if one[0] == "distinct" and one[2] == _ORDER_ID:
        without = ("count", ("and", one[1], ("missing", _ORDER_ID)))
        if other == without:
            return ("distinct", one[1], ("column", "order"))
    return ("add", one, other)


def _sum(node: Any) -> Formula:
    if node.key == "case":
        return ("sum", *_case(node, "0"))
    return ("sum", ("always",), _value(node))


def _case(node: Any, default: str) -> tuple[Formula, Formula]:
    """Condition and value of a CASE with one WHEN and the default."""
    whens = node.args.get("ifs") or []
    otherwise = node.args.get("default")
    said = otherwise.sql() if otherwise is not None else "NULL"
    if node.key != "case" or len(whens) != 1 or node.this is not None or said != default:
        raise ValueError(f"not known over columns: {node.sql()}")
    return _value(whens[0].this), _value(whens[0].args["true"])


def _value(node: Any) -> Formula:
    name, one = node.key, node.this
    found: Formula | None = None
    if name == "paren":
        found = _value(one)
    elif name == "column":
        found = ("column", node.name)
    elif name == "literal" and not node.is_string and one in {"0", "1"}:
        found = ("number", int(one))
    elif name in {"neg", "not"}:
        found = (name, _value(one))
    elif name == "is" and node.expression.key == "null":
        found = ("missing", _value(one))
    elif name == "coalesce" and [e.sql() for e in node.expressions] == ["0"]:
        found = ("or_zero", _value(one))
    elif name in _TWO_SIDED:
        found = (name, _value(one), _value(node.expression))
    if found is None:
        raise ValueError(f"not known over columns: {node.sql()}")
    return found


def is_known(sql: str) -> bool:
    """Whether a metric's SQL can be computed over columns."""
    try:
        read_formula(sql)
    except (ValueError, ImportError):
        return False
    return True
