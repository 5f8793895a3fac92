"""Items against each other: the best sellers with their classes, and what rose and fell.

The warehouse ranks and cuts; only the rows that are shown leave it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from data_pipeline.errors import ConfigError
from data_pipeline.metrics.change import Period, relative_change
from data_pipeline.metrics.composing import Statement, compose
from data_pipeline.metrics.frame import Field, Frame, Kind, Row, Value
from data_pipeline.metrics.metric import PRODUCT_METRICS
from data_pipeline.metrics.periods import find_zone
from data_pipeline.metrics.planning import choose, kept_first_days, plan, read_terms, span
from data_pipeline.metrics.query import divide, value_of
from data_pipeline.metrics.question import Question, ask
from data_pipeline.metrics.reading import columns_of
from data_pipeline.metrics.registry import find_metric

if TYPE_CHECKING:
    from datetime import date

    from data_pipeline.metrics.metric import Metric
    from data_pipeline.metrics.question import Where
    from data_pipeline.metrics.reading import Reader

RANKED_BY = (*PRODUCT_METRICS, "product", "category")
"""What products can be ordered by."""
MOVED_BY = ("change", "now", "before")
A_UP_TO, B_UP_TO = Decimal("0.8"), Decimal("0.95")


@dataclass(frozen=True, slots=True)
class Cut:
    """Which rows are shown: `limit` of them behind the first `offset`, in the order of a column."""

    column: str
    limit: int
    offset: int = 0
    descending: bool = True
    search: str = ""

    def order(self, by: str, *then: str) -> str:
        """The ORDER BY and what follows it; what is missing comes last."""
        direction = "DESC" if self.descending else "ASC"
        keys = ", ".join([f"{by} {direction} NULLS LAST", *then])
        return f"ORDER BY {keys} LIMIT {int(self.limit)} OFFSET {int(self.offset)}"


def rank_products(
    reader: Reader,
    cut: Cut,
    *,
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
    timezone: str = "UTC",
) -> tuple[Frame, int]:
    """A row a product with its ABC class and its share of net sales, and how many there are.

    The class is that of `behaviour.concentration`: A while the products before bring less than
    80 % of net sales, B while less than 95 %, C the rest and whatever brings nothing. `search` is
    part of the name, without case. Raises ConfigError for a column that is not in RANKED_BY.
    """
    _check(cut, RANKED_BY)
    question = ask(
        PRODUCT_METRICS, by=["product", "category"], since=since, until=until, where=where
    )
    if not is_summed(reader, question, timezone) and (columns := columns_of(reader, timezone)):
        rows = columns.rank_products(question, cut)
        return _ranking(question, rows)
    inner = _grouped(reader, question, timezone)
    found = (
        f'SELECT *, SUM("net_sales") OVER (ORDER BY "net_sales" DESC, "product_id"'
        ' ROWS UNBOUNDED PRECEDING) AS so_far, SUM("net_sales") OVER () AS everything'
        f" FROM (\n{inner.sql}\n) AS grouped"
    )
    sql = (
        f"SELECT *, COUNT(*) OVER () AS row_count FROM (\n{found}\n) AS ranked"
        " WHERE $search = '' OR STRPOS(LOWER(\"product\"), $search) > 0\n"
        + cut.order(_column(cut.column), '"net_sales" DESC', '"product_id"')
    )
    return _ranking(question, reader.rows(sql, {**inner.values, "search": cut.search.lower()}))


def _ranking(question: Question, rows: list[Row]) -> tuple[Frame, int]:
    done = [_ranked(question, row) for row in rows]
    shown = question.fields
    fields = (
        *shown[:3],
        Field("class", "Class", Kind.TEXT),
        shown[3],
        Field("share", "Share of net sales", Kind.SHARE),
        Field("cumulative_share", "With all before", Kind.SHARE),
        *shown[4:],
    )
    return Frame(fields, tuple(done)), int(rows[0][-1]) if rows else 0


def _ranked(question: Question, row: Row) -> Row:
    so_far, total = row[-3], row[-2]
    names = [measure.name for measure in question.measures]
    measured = dict(zip(names, row[3:-3], strict=True))
    net_sales, *rest = (value_of(metric, measured) for metric in question.metrics)
    assert isinstance(net_sales, Decimal)
    shares = (divide(net_sales, total, Kind.SHARE), divide(so_far, total, Kind.SHARE))
    return (*row[:3], _class_of(net_sales, so_far - net_sales, total), net_sales, *shares, *rest)


def _class_of(net_sales: Decimal, before: Decimal, total: Decimal) -> str:
    if net_sales > 0 and before < total * A_UP_TO:
        return "A"
    return "B" if net_sales > 0 and before < total * B_UP_TO else "C"


def find_movers(
    reader: Reader,
    name: str,
    by: str,
    periods: tuple[Period, Period | None],
    cut: Cut,
    *,
    where: Where | None = None,
    timezone: str = "UTC",
) -> tuple[Frame, int]:
    """A row an item with the metric now and before and its change, and how many items there are.

    `periods` are now and before. Where an item has nothing in a period, that is 0. Raises
    ConfigError for a ratio, which does not move so, and for a column that is not in MOVED_BY.
    """
    metric = find_metric(name)
    if metric.is_ratio:
        raise ConfigError(f"{name} is a ratio; what rises and falls is a sum or a count")
    _check(cut, MOVED_BY)
    now, before = periods
    questions = [
        ask([name], by=[by], since=period.first, until=period.last, where=where)
        for period in (now, before or now)
    ]
    is_stored = all(is_summed(reader, question, timezone) for question in questions)
    if not is_stored and (columns := columns_of(reader, timezone)):
        return _moving(
            metric,
            questions[0],
            columns.find_movers(questions[0], questions[1] if before else None, cut),
        )
    question = questions[0]
    statements = [_grouped(reader, one, timezone) for one in questions]
    first, second = statements[0], _renamed(statements[1])
    if before is None:
        second = Statement(f"SELECT * FROM (\n{second.sql}\n) AS never WHERE 1 = 0", second.values)
    keys = [column.name for column in question.by[0].columns]
    both = ", ".join(f'COALESCE(n."{key}", b."{key}") AS "{key}"' for key in keys)
    is_, was = (_summed(metric, side) for side in ("n.", "b."))
    sql = (
        f'SELECT *, "now" - "before" AS "change", COUNT(*) OVER () AS row_count FROM (\n'
        f'SELECT {both}, {is_} AS "now", {was} AS "before" FROM (\n{first.sql}\n) AS n\n'
        f'FULL JOIN (\n{second.sql}\n) AS b ON b."{keys[0]}" = n."{keys[0]}"\n) AS moved\n'
        + cut.order(f'"{cut.column}"', f'"{keys[0]}"')
    )
    return _moving(metric, question, reader.rows(sql, first.values | second.values))


def _moving(metric: Metric, question: Question, rows: list[Row]) -> tuple[Frame, int]:
    keys = question.by[0].columns
    done = tuple((*row[:-1], relative_change(row[-4], row[-3])) for row in rows)
    fields = (
        *question.fields[: len(keys)],
        Field("now", f"{metric.label} now", metric.kind),
        Field("before", f"{metric.label} before", metric.kind),
        Field("change", "Change", metric.kind),
        Field("change_share", "Change, share", Kind.SHARE),
    )
    return Frame(fields, done), int(rows[0][-1]) if rows else 0


def _column(name: str) -> str:
    """What to order by: a quotient is computed only for the order, never shown."""
    if name not in PRODUCT_METRICS:
        return f'"{name}"'
    metric = find_metric(name)
    if metric.is_ratio:
        top, bottom = (_summed(find_metric(n)) for n in (metric.numerator, metric.denominator))
        return f"({top}) / NULLIF({bottom}, 0)"
    return _summed(metric)


def _summed(metric: Metric, side: str = "") -> str:
    """A metric that is no ratio as SQL over its measures; 0 where the side has no row."""
    if metric.adds:
        return " + ".join(_summed(find_metric(name), side) for name in metric.adds)
    return f'COALESCE({side}"{metric.name}", 0)'


def _grouped(reader: Reader, question: Question, timezone: str) -> Statement:
    """One statement with the question's dimensions and measures: over sums where one table has all
    of them, else over the sales.
    """
    parts = plan(reader, question, timezone=timezone).parts
    if len(parts) == 1:
        return parts[0].statement
    return compose(
        question,
        find_zone(timezone),
        span(reader),
        kept_first_days(read_terms(reader), timezone),
    )


def is_summed(reader: Reader, question: Question, timezone: str) -> bool:
    """Whether a table of sums that loads keep holds the answer."""
    terms = read_terms(reader)
    return bool(terms and terms.timezone == timezone and not choose(question, terms)[1])


def _renamed(statement: Statement) -> Statement:
    """The statement with parameters of other names, so that it can stand beside its twin."""
    values: dict[str, Value] = {f"then_{k}": v for k, v in statement.values.items()}
    return Statement(re.sub(r"\$(?=[a-z])", "$then_", statement.sql), values)


def _check(cut: Cut, known: tuple[str, ...]) -> None:
    if cut.column not in known:
        raise ConfigError(f"cannot sort by {cut.column!r}; known: {', '.join(known)}")
