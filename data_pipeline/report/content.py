"""What the report says: headline figures, charts, the books. Values only; page.py makes HTML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from data_pipeline.charts.gallery import draw_gallery, last_whole_months, read_scope
from data_pipeline.metrics import METRICS, find_metric, query
from data_pipeline.metrics.change import Period
from data_pipeline.metrics.quality import balance, is_balanced, loaded_at, quarantined, repaired
from data_pipeline.metrics.wording import write_month

if TYPE_CHECKING:
    from data_pipeline.charts.chart import Chart, Scope
    from data_pipeline.metrics import Frame, Metric, Reader, Value

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


@dataclass(frozen=True, slots=True)
class Headline:
    """A metric of one period, and of the period before and the same a year before."""

    metric: Metric
    now: Value
    before: Value
    year_before: Value


@dataclass(frozen=True, slots=True)
class Quality:
    """The books of the warehouse."""

    balance: Frame
    is_balanced: bool
    quarantined: Frame
    repaired: Frame
    loaded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Content:
    """All that the report shows."""

    scope: Scope | None
    period: str
    before: str
    year_before: str
    headlines: tuple[Headline, ...]
    charts: tuple[Chart, ...]
    quality: Quality
    metrics: tuple[Metric, ...]
    currency: str


def read_content(reader: Reader, *, currency: str = "", timezone: str = "UTC") -> Content:
    """Ask the warehouse for everything that the report shows."""
    scope = read_scope(reader, currency=currency, timezone=timezone)
    months = last_whole_months(scope) if scope else None
    names: tuple[str, str, str] = ("", "", "")
    headlines: tuple[Headline, ...] = ()
    if scope and months:
        now, before = months
        first = now.first.replace(year=now.first.year - 1)
        next_month = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
        year_before = Period(first, next_month - timedelta(days=1))
        periods = (now, before, year_before)
        names = (write_month(now.first), f"{before.first:%b %Y}", f"{first:%b %Y}")
        headlines = _headlines(reader, periods, scope)
        if first < scope.first_day:
            names = (names[0], names[1], "")
    books = balance(reader)
    quality = Quality(
        books, is_balanced(books), quarantined(reader), repaired(reader), loaded_at(reader)
    )
    charts = tuple(draw_gallery(reader, scope)) if scope else ()
    return Content(scope, *names, headlines, charts, quality, tuple(METRICS.values()), currency)


def _headlines(reader: Reader, periods: tuple[Period, ...], scope: Scope) -> tuple[Headline, ...]:
    answers = [
        query(reader, HEADLINES, since=p.first, until=p.last, timezone=scope.timezone).rows[0]
        for p in periods
    ]
    return tuple(
        Headline(find_metric(name), *values)
        for name, *values in zip(HEADLINES, *answers, strict=True)
        if values[0] is not None
    )
