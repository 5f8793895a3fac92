"""Which charts there are, in which order, and the query behind each."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from data_pipeline.charts.chart import Chart, Scope
from data_pipeline.charts.overview import (
    draw_sales_by_category,
    draw_sales_by_location,
    draw_sales_over_time,
)
from data_pipeline.metrics import Reader, query

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


def draw_gallery(reader: Reader, *, currency: str = "", timezone: str = "UTC") -> Iterator[Chart]:
    """Every chart that the data allow, one after the other."""
    scope = read_scope(reader, currency=currency, timezone=timezone)
    if scope is None:
        return
    grain = choose_grain(scope)
    yield draw_sales_over_time(query(reader, ["net_sales"], by=[grain], timezone=timezone), scope)
    by_category = query(reader, ["net_sales"], by=["category"], timezone=timezone)
    yield draw_sales_by_category(by_category, scope)
    by_location = query(reader, ["net_sales"], by=["location"], timezone=timezone)
    yield draw_sales_by_location(by_location, scope)


def choose_grain(scope: Scope) -> str:
    """Day, week or month, so that a line has some ten to some hundred and fifty points."""
    days = (scope.last_day - scope.first_day).days
    return "day" if days <= 92 else "week" if days <= 1100 else "month"
