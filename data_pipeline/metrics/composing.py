"""From a question to one SQL statement, over the sales or over a table of sums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from data_pipeline.metrics.dimensions import COUNTRY_SQL, MAIL_DOMAIN_SQL
from data_pipeline.metrics.periods import sale_time_sql, to_utc
from data_pipeline.metrics.reading import read_sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from data_pipeline.metrics.frame import Value
    from data_pipeline.metrics.metric import Metric
    from data_pipeline.metrics.question import Question
    from data_pipeline.metrics.rollups import Rollup


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and the values of its parameters."""

    sql: str
    values: dict[str, Value]


def compose(
    question: Question,
    zone: ZoneInfo,
    seen: tuple[datetime, datetime] | None,
    first_days: str = "",
) -> Statement:
    """The statement that answers: one scan of the sales, joined to what the question needs.

    `seen` are the first and the last instant of any sale (UTC). `first_days` is a SELECT of each
    customer's first day in that zone, where that is kept; without, all sales are read for it.
    """
    head, values = compose_sales(question, zone, seen, first_days)
    measures = [(measure.sql, measure.name) for measure in question.measures]
    return _group(f"{head}SELECT", "sale", question, measures, ((), values), {})


def compose_sales(
    question: Question,
    zone: ZoneInfo,
    seen: tuple[datetime, datetime] | None,
    first_days: str = "",
) -> tuple[str, dict[str, Value]]:
    """The WITH clause that makes `sale` of the question's days, and its parameters."""
    sale_time = sale_time_sql('s."timestamp"', zone, seen)
    values: dict[str, Value] = {}
    conditions = []
    if question.since:
        conditions.append('s."timestamp" >= $since')
        values["since"] = to_utc(question.since, zone)
    if question.until:
        conditions.append('s."timestamp" < $until')
        values["until"] = to_utc(question.until + timedelta(days=1), zone)
    cte = _sale_cte(question.needs, sale_time, conditions, first_days)
    return f"WITH {cte}\n", values


def compose_rollup(
    question: Question, rollup: Rollup, measures: Sequence[Metric], period: str | None = None
) -> Statement:
    """The statement that gives some of the question's measures from a table of sums.

    `period` is the kind of period to read from a rollup that has a row a period.
    """
    known = {field.name: field.name for field in rollup.relation.fields}
    values: dict[str, Value] = {}
    day, conditions = "day", []
    if period:
        day, known[period], values["period"] = "period_start", "period_start", period
        conditions.append("period = $period")
    if question.since:
        conditions.append(f"{day} >= $since")
        values["since"] = question.since
    if question.until:
        conditions.append(f"{day} <= $until")
        values["until"] = question.until
    source = (rollup.source or rollup.name).replace("{located}", located_sql())
    summed = [(rollup.measures[measure.name], measure.name) for measure in measures]
    return _group("SELECT", source, question, summed, (conditions, values), known)


def _group(
    head: str,
    relation: str,
    question: Question,
    measures: Sequence[tuple[str, str]],
    limits: tuple[Sequence[str], dict[str, Value]],
    known: Mapping[str, str],
) -> Statement:
    """SELECT the question's columns and measures FROM `relation`, grouped and in order.

    `known` holds the columns of dimensions that the relation has already.
    """
    conditions, values = list(limits[0]), dict(limits[1])
    conditions += filter_conditions(question, values, known)
    columns = [column for dimension in question.by for column in dimension.columns]
    keys = [known.get(column.name, column.sql) for column in columns]
    selected = [f'{key} AS "{column.name}"' for key, column in zip(keys, columns, strict=True)]
    selected += [f'{sql} AS "{name}"' for sql, name in measures]
    sql = f"{head} {', '.join(selected)}\nFROM {relation}{_where(conditions)}"
    if columns:
        order = ", ".join(f'"{column.name}"' for column in columns)
        sql += f"\nGROUP BY {', '.join(keys)}\nORDER BY {order}"
    return Statement(sql, values)


def filter_conditions(
    question: Question, values: dict[str, Value], known: Mapping[str, str] | None = None
) -> list[str]:
    """The conditions of the question's filters; puts their parameters into `values`."""
    conditions = []
    for dimension, wanted in question.where:
        there = [value for value in wanted if value is not None]
        names = {f"value_{len(values) + i}": value for i, value in enumerate(there)}
        column = dimension.columns[0]
        sql = (known or {}).get(column.name, column.sql)
        conditions.append(_is_one_of(sql, [*names], none=None in wanted))
        values |= names
    return conditions


_JOINS = {
    "products": (
        'LEFT JOIN "products" AS p ON p."product_id" = s."product_id"',
        (
            'p."name" AS product_name',
            'p."category" AS category',
            's."quantity" * p."cost" AS cost_of_sale',
        ),
    ),
    "customers": (
        'LEFT JOIN located AS c ON c.customer_id = s."customer_id"',
        (
            'c."location" AS location',
            "c.country AS country",
            "c.mail_domain AS mail_domain",
        ),
    ),
    "first_days": (
        'LEFT JOIN first_days AS f ON f."customer_id" = s."customer_id"',
        ("f.first_day AS first_day",),
    ),
}

_LEADING_CTES = {"customers": "located", "first_days": "first_days"}

_SALE_COLUMNS = (
    "transaction_id",
    "customer_id",
    "product_id",
    "total_sales",
    "quantity",
    "discount",
    "order_id",
    "channel",
)


def _sale_cte(
    needs: frozenset[str], sale_time: str, conditions: Sequence[str], first_days: str
) -> str:
    """The CTE `sale`: one row a transaction, with what the dimensions and metrics speak of."""
    columns = [f's."{name}" AS {name}' for name in _SALE_COLUMNS]
    columns += [f"{sale_time} AS sale_time", f"CAST({sale_time} AS DATE) AS day"]
    joins = []
    for need, (join, brought) in _JOINS.items():
        if need in needs:
            joins.append(join)
            columns += brought
    body = ",\n    ".join(columns)
    source = "\n  ".join(['"sales" AS s', *joins])
    sale = f"sale AS (\n  SELECT\n    {body}\n  FROM {source}{_where(conditions)}\n)"
    texts = {"located": located_sql(), "first_days": first_days or read_sql("first_days")}
    leading = [
        f"{name} AS (\n{texts[name].format(sale_time=sale_time)})"
        for need, name in _LEADING_CTES.items()
        if need in needs
    ]
    return ",\n".join([*leading, sale])


def located_sql() -> str:
    """The SELECT of each customer with country and mail domain."""
    return read_sql("located").format(country=COUNTRY_SQL, mail_domain=MAIL_DOMAIN_SQL)


def _where(conditions: Sequence[str]) -> str:
    return "\n  WHERE " + " AND ".join(conditions) if conditions else ""


def _is_one_of(sql: str, names: Sequence[str], *, none: bool) -> str:
    choices = [f"{sql} IN ({', '.join(f'${name}' for name in names)})"] if names else []
    if none:
        choices.append(f"{sql} IS NULL")
    return f"({' OR '.join(choices)})" if choices else "(1 = 0)"
