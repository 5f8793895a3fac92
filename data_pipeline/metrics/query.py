"""From names of metrics and dimensions to one SQL statement, and to its exact answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from data_pipeline.errors import ConfigError
from data_pipeline.metrics.dimensions import Dimension, find_dimension
from data_pipeline.metrics.frame import Field, Frame, Kind, Row, Value
from data_pipeline.metrics.periods import find_shifts, find_zone, local_time_sql, to_utc
from data_pipeline.metrics.reading import Reader, read_sql
from data_pipeline.metrics.registry import Metric, find_metric

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Where = Mapping[str, Value | Sequence[Value]]

RATIO_PLACES = {
    Kind.MONEY: Decimal("0.0001"),
    Kind.NUMBER: Decimal("0.0001"),
    Kind.SHARE: Decimal("0.000001"),
}
"""To where a quotient is rounded, half to even. Sums are never rounded."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and the values for its question marks."""

    sql: str
    parameters: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: metrics, by what, from `since` to `until` (local days, both included)."""

    metrics: tuple[Metric, ...]
    by: tuple[Dimension, ...] = ()
    since: date | None = None
    until: date | None = None
    where: tuple[tuple[Dimension, tuple[Value, ...]], ...] = ()

    @property
    def measures(self) -> tuple[Metric, ...]:
        """The metrics that SQL has to compute, each once."""
        names = dict.fromkeys(part for metric in self.metrics for part in metric.parts)
        return tuple(find_metric(name) for name in names)

    @property
    def needs(self) -> frozenset[str]:
        dimensions = (*self.by, *(dimension for dimension, _ in self.where))
        needs = [need for one in self.measures for need in one.needs]
        return frozenset(needs + [need for one in dimensions for need in one.needs])

    @property
    def fields(self) -> tuple[Field, ...]:
        columns = [column for dimension in self.by for column in dimension.columns]
        return tuple(
            [Field(column.name, column.label, column.kind) for column in columns]
            + [Field(metric.name, metric.label, metric.kind) for metric in self.metrics]
        )


def query(
    reader: Reader,
    names: Sequence[str],
    *,
    by: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
    timezone: str = "UTC",
) -> Frame:
    """Compute the metrics `names`, one row for each combination of `by` that has rows.

    Days are those of `timezone`; `since` and `until` are included. `where` keeps the rows whose
    dimension has the value, or one of the values. Rows come in the order of `by`. Sums and counts
    are exact; a ratio is None when its denominator is 0. Raises ConfigError for unknown names.
    """
    question = ask(names, by=by, since=since, until=until, where=where)
    statement = compose(question, find_zone(timezone), span(reader))
    return finish(question, reader.fetch(statement.sql, statement.parameters))


def ask(
    names: Sequence[str],
    *,
    by: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
) -> Question:
    """Look the names up; ConfigError with the known ones when one is unknown."""
    if not names:
        raise ConfigError("no metric was named; 'sales metrics' lists them")
    if since and until and until < since:
        raise ConfigError(f"the last day {until} lies before the first day {since}")
    filters = tuple((find_dimension(n), _values(v)) for n, v in (where or {}).items())
    metrics = tuple(find_metric(name) for name in dict.fromkeys(names))
    dimensions = tuple(find_dimension(name) for name in dict.fromkeys(by))
    return Question(metrics, dimensions, since, until, filters)


def span(reader: Reader) -> tuple[datetime, datetime] | None:
    """The first and the last instant of any sale; None when there is no sale."""
    ((first, last),) = reader.fetch('SELECT MIN("timestamp"), MAX("timestamp") FROM "sales"')
    return (first, last) if isinstance(first, datetime) and isinstance(last, datetime) else None


def compose(
    question: Question, zone: ZoneInfo, seen: tuple[datetime, datetime] | None
) -> Statement:
    """The statement that answers: one scan of the sales, joined to what the question needs."""
    shifts = find_shifts(zone, *seen) if seen else ()
    sale_time = local_time_sql('s."timestamp"', shifts) if shifts else 's."timestamp"'
    parameters: list[Value] = []
    conditions = []
    if question.since:
        conditions.append('s."timestamp" >= ?')
        parameters.append(to_utc(question.since, zone))
    if question.until:
        conditions.append('s."timestamp" < ?')
        parameters.append(to_utc(question.until + timedelta(days=1), zone))
    columns = [c for dimension in question.by for c in dimension.columns]
    filters = []
    for dimension, values in question.where:
        filters.append(_is_one_of(dimension.columns[0].sql, values))
        parameters.extend(value for value in values if value is not None)
    selected = [f'{c.sql} AS "{c.name}"' for c in columns]
    selected += [f'{m.sql} AS "{m.name}"' for m in question.measures]
    sql = (
        f"WITH {_sale_cte(question.needs, sale_time, conditions)}\n"
        f"SELECT {', '.join(selected)}\nFROM sale{_where(filters)}"
    )
    if columns:
        keys = ", ".join(c.sql for c in columns)
        order = ", ".join(f'"{c.name}"' for c in columns)
        sql += f"\nGROUP BY {keys}\nORDER BY {order}"
    return Statement(sql, tuple(parameters))


def finish(question: Question, rows: Sequence[Row]) -> Frame:
    """The rows of the statement's answer with the ratios computed."""
    lead = sum(len(dimension.columns) for dimension in question.by)
    places = {measure.name: lead + i for i, measure in enumerate(question.measures)}

    def value(metric: Metric, row: Row) -> Value:
        top = row[places[metric.parts[0]]]
        return divide(top, row[places[metric.denominator]], metric.kind) if metric.is_ratio else top

    done = (row[:lead] + tuple(value(metric, row) for metric in question.metrics) for row in rows)
    return Frame(question.fields, tuple(done))


def divide(top: Value, bottom: Value, kind: Kind) -> Decimal | None:
    """`top` / `bottom` as Decimal, rounded half to even as RATIO_PLACES says; None over 0.

    >>> divide(10, 4, Kind.NUMBER)
    Decimal('2.5000')
    """
    if not bottom or top is None:
        return None
    quotient = Decimal(str(top)) / Decimal(str(bottom))
    return quotient.quantize(RATIO_PLACES[kind], ROUND_HALF_EVEN)


_JOINS = {
    "products": (
        'LEFT JOIN "products" AS p ON p."product_id" = s."product_id"',
        ('p."name" AS product_name', 'p."category" AS category', 'p."cost" AS cost'),
    ),
    "customers": (
        'LEFT JOIN "customers" AS c ON c."customer_id" = s."customer_id"',
        ('c."location" AS location',),
    ),
    "first_days": (
        'LEFT JOIN first_days AS f ON f."customer_id" = s."customer_id"',
        ("f.first_day AS first_day",),
    ),
}

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


def _sale_cte(needs: frozenset[str], sale_time: str, conditions: Sequence[str]) -> str:
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
    if "first_days" not in needs:
        return sale
    first_days = read_sql("first_days").format(sale_time=sale_time)
    return f"first_days AS (\n{first_days}),\n{sale}"


def _where(conditions: Sequence[str]) -> str:
    return "\n  WHERE " + " AND ".join(conditions) if conditions else ""


def _is_one_of(sql: str, values: Sequence[Value]) -> str:
    marks = ", ".join("?" for value in values if value is not None)
    choices = [f"{sql} IN ({marks})"] if marks else []
    if None in values:
        choices.append(f"{sql} IS NULL")
    return f"({' OR '.join(choices)})" if choices else "(1 = 0)"


def _values(given: Value | Sequence[Value]) -> tuple[Value, ...]:
    if isinstance(given, Sequence) and not isinstance(given, str):
        return tuple(given)
    return (given,)
