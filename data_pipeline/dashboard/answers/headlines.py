"""The headline figures: now, in the period before and a year before, with a small line."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from data_pipeline.dashboard.answers.query import fill_periods
from data_pipeline.dashboard.answers.recording import Recorder
from data_pipeline.dashboard.answers.scope import Scope, compare_with, read_scope
from data_pipeline.dashboard.answers.shape import asked_json
from data_pipeline.dashboard.periods import common_part, describe, grain_for
from data_pipeline.dashboard.refusal import wrong_question
from data_pipeline.errors import ConfigError
from data_pipeline.metrics import METRICS, Kind, ask, query
from data_pipeline.metrics.change import relative_change
from data_pipeline.metrics.frame import plain_value

if TYPE_CHECKING:
    from data_pipeline.dashboard.answers.shape import Json
    from data_pipeline.dashboard.asking import HeadlinesQuestion
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Metric, Question, Reader, Value
    from data_pipeline.metrics.change import Period

HEADLINES = (
    "net_sales",
    "orders",
    "average_order_value",
    "customers",
    "new_customers",
    "repeat_rate",
    "return_rate",
    "margin_rate",
)
BETTER = dict.fromkeys(
    ("returns", "returned_units", "return_rate", "discounts", "discount_rate", "free_units"), "down"
) | dict.fromkeys(("guest_orders", "guest_share", "average_price", "costed_sales"))
"""Which way is good for a shop; up when nothing is said, None when neither."""

A_YEAR_AGO = {"compare": "year", "compare_since": None, "compare_until": None}


def better(name: str) -> str | None:
    """`up`, `down`, or None when neither is better."""
    return BETTER.get(name, "up")


def read_question(asked: HeadlinesQuestion, scope: Scope) -> Question:
    """The figures by day, week or month: the widest that is asked of the warehouse."""
    grain = [grain_for(scope.period)] if scope.period else []
    names = asked.metric or HEADLINES
    try:
        return ask(names, by=grain, since=scope.since, until=scope.until, where=scope.where)
    except ConfigError as error:
        raise wrong_question(str(error)) from None


def answer_headlines(reader: Reader, store: Store, asked: HeadlinesQuestion) -> Json:
    """Each metric in three periods, and by day, week or month in the first of them."""
    scope = read_scope(asked, store)
    question = read_question(asked, scope)
    names = [metric.name for metric in question.metrics]
    answer: Json = {
        "asked": asked_json(scope.since, scope.until, scope.where, metric=names),
        "filtered": True,
    }
    recorder = Recorder(reader)
    before, note = compare_with(asked, scope, store)
    year, year_note = compare_with(asked.model_copy(update=A_YEAR_AGO), scope, store)
    periods = {"period": scope.period, "before": before, "year_before": year}
    answer |= {"before_note": note, "year_before_note": year_note}
    for name, period in periods.items():
        answer[name] = describe(period, store.span) if period else None
    values = [_values(recorder, store, names, scope)] + [
        _values(recorder, store, names, scope.moved_to(period)) if period else None
        for period in (before, year)
    ]
    sparks: dict[str, Any] = {}
    if asked.spark == "1" and scope.period:
        sparks = _sparks(recorder, store, names, scope, scope.period)
    answer["source"] = recorder.sent.source()
    answer["headlines"] = [
        _headline(METRICS[name], [found[place] if found else None for found in values])
        | {"spark": sparks.get(name, [])}
        for place, name in enumerate(names)
    ]
    return answer


def _values(reader: Reader, store: Store, names: list[str], scope: Scope) -> tuple[Value, ...]:
    frame = query(
        reader,
        names,
        since=scope.since,
        until=scope.until,
        where=scope.where,
        timezone=store.timezone,
    )
    return frame.rows[0]


def _sparks(
    reader: Reader, store: Store, names: list[str], scope: Scope, period: Period
) -> dict[str, Any]:
    grain = grain_for(period)
    frame = query(
        reader,
        names,
        by=[grain],
        since=scope.since,
        until=scope.until,
        where=scope.where,
        timezone=store.timezone,
    )
    covered = common_part(period, store.span)
    if covered:
        frame = fill_periods(frame, grain, covered)
    lists = frame.to_lists()
    return {
        name: [[row[0], row[place]] for row in lists] for place, name in enumerate(names, start=1)
    }


def _headline(metric: Metric, values: list[Value]) -> Json:
    now, before, year = values
    return {
        "metric": metric.name,
        "label": metric.label,
        "kind": metric.kind.value,
        "better": better(metric.name),
        "now": plain_value(now),
        "before": plain_value(before),
        "year_before": plain_value(year),
        "change": plain_value(relative_change(now, before)),
        "year_change": plain_value(relative_change(now, year)),
        "change_points": plain_value(_points(metric, now, before)),
        "year_change_points": plain_value(_points(metric, now, year)),
    }


def _points(metric: Metric, now: Value, before: Value) -> Decimal | None:
    if metric.kind is not Kind.SHARE:
        return None
    return now - before if isinstance(now, Decimal) and isinstance(before, Decimal) else None
