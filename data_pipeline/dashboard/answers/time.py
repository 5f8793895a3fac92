"""Analyses over time: why net sales changed, new and returning customers, the week by hour."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from data_pipeline.dashboard.answers.found import Found
from data_pipeline.dashboard.answers.query import fill_periods
from data_pipeline.dashboard.answers.scope import compare_with
from data_pipeline.dashboard.periods import GRAINS, common_part, describe
from data_pipeline.dashboard.refusal import wrong_question
from data_pipeline.metrics import METRICS, Field, Frame, Kind, find_metric, query
from data_pipeline.metrics.change import CHANGE_METRICS, decompose

if TYPE_CHECKING:
    from data_pipeline.dashboard.answers.analyses import Asks
    from data_pipeline.dashboard.answers.scope import Scope
    from data_pipeline.dashboard.asking import AnalysisQuestion
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Reader

HOURS, WEEKDAYS = range(24), range(1, 8)
COUNTS = ("new_customers", "returning_customers", "customers")


def asks_of_change(_: AnalysisQuestion) -> Asks:
    return [(CHANGE_METRICS, [])] * 2


def asks_of_new_and_returning(asked: AnalysisQuestion) -> Asks:
    grain = asked.grain or "month"
    return [(COUNTS, [grain]), (["net_sales"], [grain, "new_or_returning"])]


def asks_of_week(asked: AnalysisQuestion) -> Asks:
    return [([asked.metric or "orders"], ["weekday", "hour"])]


def explain_change(reader: Reader, store: Store, asked: AnalysisQuestion, scope: Scope) -> Found:
    """The parts of the change against the period to compare with; none when there is none."""
    other, note = compare_with(asked, scope, store)
    if other is None or scope.period is None:
        fields = (Field("part", "Part", Kind.TEXT), Field("net_sales", "Net sales", Kind.MONEY))
        return Found({"parts": Frame(fields, ())}, {"compared": None, "compared_note": note})
    frame = decompose(reader, scope.period, other, where=scope.where, timezone=store.timezone)
    facts = {
        "period": describe(scope.period, store.span),
        "compared": describe(other, store.span),
        "compared_note": note,
    }
    return Found({"parts": frame}, facts)


def new_and_returning(reader: Reader, store: Store, asked: AnalysisQuestion, scope: Scope) -> Found:
    """Per period: customers who are new or come again, and the net sales of each and of guests."""
    grain = asked.grain or "month"
    if grain not in GRAINS:
        raise wrong_question(f"unknown grain {grain!r}; known: {', '.join(GRAINS)}")
    limits = {"since": scope.since, "until": scope.until, "where": scope.where}
    counts = query(reader, COUNTS, by=[grain], timezone=store.timezone, **limits)  # type: ignore[arg-type]
    by = [grain, "new_or_returning"]
    sales = query(reader, ["net_sales"], by=by, timezone=store.timezone, **limits)  # type: ignore[arg-type]
    money = {(day, who): amount for day, who, amount in sales}
    covered = common_part(scope.period, store.span) if scope.period else None
    if covered:
        counts = fill_periods(counts, grain, covered)
    rows = tuple(
        (*row, *(money.get((row[0], who), Decimal(0)) for who in ("New", "Returning", "Guest")))
        for row in counts
    )
    fields = (
        *counts.fields,
        Field("new_sales", "Net sales to new customers", Kind.MONEY),
        Field("returning_sales", "Net sales to returning customers", Kind.MONEY),
        Field("guest_sales", "Net sales to guests", Kind.MONEY),
    )
    return Found({"new_returning": Frame(fields, rows)})


def week_by_hour(reader: Reader, store: Store, asked: AnalysisQuestion, scope: Scope) -> Found:
    """All hours of the week with the metric; 0 (a ratio: nothing) where nothing was sold."""
    metric = find_metric(asked.metric or "orders")
    frame = query(
        reader,
        [metric.name],
        by=["weekday", "hour"],
        since=scope.since,
        until=scope.until,
        where=scope.where,
        timezone=store.timezone,
    )
    known = {(int(day), int(hour)): value for day, hour, value in frame}
    empty = None if METRICS[metric.name].is_ratio else 0
    if empty is not None and metric.kind is not Kind.COUNT:
        empty = Decimal(0)  # type: ignore[assignment]
    rows = tuple((day, hour, known.get((day, hour), empty)) for day in WEEKDAYS for hour in HOURS)
    return Found({"week": Frame(frame.fields, rows)})
