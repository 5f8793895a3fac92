"""Which charts there are, in which order, and the query behind each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from data_pipeline.charts.behaviour import (
    draw_change,
    draw_channels,
    draw_pairs,
    draw_return_rates,
    draw_week,
)
from data_pipeline.charts.chart import Chart, Scope
from data_pipeline.charts.customers import (
    draw_age_groups,
    draw_cohorts,
    draw_concentration,
    draw_new_and_returning,
    draw_repeat_intervals,
    draw_segments,
)
from data_pipeline.charts.forecast import draw_forecast, is_available
from data_pipeline.charts.overview import (
    draw_sales_by_category,
    draw_sales_by_country,
    draw_sales_by_location,
    draw_sales_over_time,
)
from data_pipeline.metrics import Frame, Reader, query
from data_pipeline.metrics.baskets import basket_pairs
from data_pipeline.metrics.behaviour import (
    age_groups,
    cohort_retention,
    concentration,
    repeat_intervals,
    rfm_segments,
    whole_months,
)
from data_pipeline.metrics.change import Period, decompose
from data_pipeline.metrics.wording import write_month

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_scope(reader: Reader, *, currency: str = "", timezone: str = "UTC") -> Scope | None:
    """The days that the sales cover; None when there is no sale."""
    days = query(reader, ["net_sales"], by=["day"], timezone=timezone)["day"]
    if not days:
        return None
    first, last = days[0], days[-1]
    assert isinstance(first, date)
    assert isinstance(last, date)
    return Scope(first, last, currency, timezone)


def draw_gallery(reader: Reader, scope: Scope) -> Iterator[Chart]:
    """Every chart that the data allow, one after the other."""
    yield from _draw_overview(reader, scope)
    yield from _draw_customers(reader, scope)
    yield from _draw_behaviour(reader, scope)


def _draw_overview(reader: Reader, scope: Scope) -> Iterator[Chart]:
    def ask(*metrics: str, by: list[str]) -> Frame:
        return query(reader, metrics, by=by, timezone=scope.timezone)

    yield draw_sales_over_time(ask("net_sales", by=[choose_grain(scope)]), scope)
    if months := last_whole_months(scope):
        now, before = months
        frame = decompose(reader, now, before, timezone=scope.timezone)
        if all(money > 0 for money in (frame["net_sales"][0], frame["net_sales"][-1])):
            yield draw_change(frame, write_month(now.first), write_month(before.first), scope)
    if is_available():
        chart = draw_forecast(ask("net_sales", by=["day"]), scope)
        yield from [chart] if chart else []
    yield draw_sales_by_category(ask("net_sales", by=["category"]), scope)
    by_country, by_location = (ask("net_sales", by=[n]) for n in ("country", "location"))
    if 1 < len(by_country) < len(by_location):
        yield draw_sales_by_country(by_country, scope)
    yield draw_sales_by_location(by_location, scope)


def _draw_customers(reader: Reader, scope: Scope) -> Iterator[Chart]:
    zone = scope.timezone
    frame = query(reader, ["net_sales"], by=["month", "new_or_returning"], timezone=zone)
    yield draw_new_and_returning(frame, scope)
    cohorts = whole_months(cohort_retention(reader, timezone=zone), scope.last_day)
    if any(row[1] == 1 for row in cohorts):
        yield draw_cohorts(cohorts, scope)
    segments = rfm_segments(reader, timezone=zone)
    if len(segments):
        yield draw_segments(segments, scope)
    intervals = repeat_intervals(reader, timezone=zone)
    if len(intervals):
        yield draw_repeat_intervals(intervals, scope)
    curve, classes = concentration(reader, "customer")
    if len(curve):
        yield draw_concentration(curve, classes, "customer", scope)
    ages = age_groups(reader, in_year=scope.last_day.year)
    if any(row[0] != "Unknown" for row in ages):
        yield draw_age_groups(ages, scope)


def _draw_behaviour(reader: Reader, scope: Scope) -> Iterator[Chart]:
    zone = scope.timezone
    week = query(reader, ["orders"], by=["weekday", "hour"], timezone=zone)
    if sum(int(str(count)) for count in week["orders"]):
        yield draw_week(week, scope)
    curve, classes = concentration(reader, "product")
    if len(curve):
        yield draw_concentration(curve, classes, "product", scope)
    pairs = basket_pairs(reader)
    if len(pairs):
        yield draw_pairs(pairs, scope)
    returns = query(reader, ["return_rate", "returns"], by=["category"], timezone=zone)
    if any(returns["return_rate"]):
        yield draw_return_rates(returns, scope)
    names = ["net_sales", "average_order_value"]
    channels = query(reader, names, by=["channel"], timezone=zone)
    if len(channels) > 1:
        yield draw_channels(channels, scope)


def last_whole_months(scope: Scope) -> tuple[Period, Period] | None:
    """The last month that the data cover whole, and the one before; None when there are not two."""
    tomorrow = scope.last_day + timedelta(days=1)
    end = tomorrow.replace(day=1) - timedelta(days=1)
    now = Period(end.replace(day=1), end)
    end = now.first - timedelta(days=1)
    before = Period(end.replace(day=1), end)
    return (now, before) if before.first >= scope.first_day else None


def choose_grain(scope: Scope) -> str:
    """Day, week or month, so that a line has some ten to some hundred and fifty points."""
    days = (scope.last_day - scope.first_day).days
    return "day" if days <= 92 else "week" if days <= 1100 else "month"
