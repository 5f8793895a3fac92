"""Questions answered: the SQL is run, then sums of metrics and ratios are computed exactly."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from data_pipeline.metrics.frame import Frame, Kind, Value
from data_pipeline.metrics.planning import plan, read_measures
from data_pipeline.metrics.question import Where, ask
from data_pipeline.metrics.registry import find_metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from data_pipeline.metrics.metric import Metric
    from data_pipeline.metrics.planning import Plan
    from data_pipeline.metrics.reading import Reader

RATIO_PLACES = {
    Kind.MONEY: Decimal("0.0001"),
    Kind.NUMBER: Decimal("0.0001"),
    Kind.SHARE: Decimal("0.000001"),
}
"""To where a quotient is rounded, half to even. Sums are never rounded."""


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
    return answer(reader, plan(reader, question, timezone=timezone))


def answer(reader: Reader, chosen: Plan) -> Frame:
    """Read what a plan says, and compute sums of metrics and ratios."""
    question = chosen.question
    first, *others = chosen.parts
    if not (others or first.columns) and question.metrics == first.measures:
        statement = first.statement  # nothing is left to put together
        return Frame(question.fields, tuple(reader.rows(statement.sql, statement.values)))
    done = [
        key + tuple(value_of(one, measured) for one in question.metrics)
        for key, measured in read_measures(reader, chosen)
    ]
    return Frame(question.fields, tuple(done))


def value_of(metric: Metric, measured: Mapping[str, Value]) -> Value:
    """A metric from what SQL has measured: as it is, added up, or divided."""
    if metric.adds:
        return _sum(value_of(find_metric(name), measured) for name in metric.adds)
    if metric.is_ratio:
        top, bottom = (find_metric(n) for n in (metric.numerator, metric.denominator))
        return divide(value_of(top, measured), value_of(bottom, measured), metric.kind)
    return measured[metric.name]


def _sum(values: Iterable[Value]) -> Decimal:
    total = Decimal(0)
    for value in values:
        assert isinstance(value, int | Decimal)
        total += value
    return total


def divide(top: Value, bottom: Value, kind: Kind) -> Decimal | None:
    """`top` / `bottom` as Decimal, rounded half to even as RATIO_PLACES says; None over 0.

    >>> divide(10, 4, Kind.NUMBER)
    Decimal('2.5000')
    """
    if not bottom or top is None:
        return None
    quotient = Decimal(str(top)) / Decimal(str(bottom))
    return quotient.quantize(RATIO_PLACES[kind], ROUND_HALF_EVEN)
