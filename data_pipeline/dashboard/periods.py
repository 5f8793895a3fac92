"""Periods of days, what they are compared with, and whether the data cover them."""

from __future__ import annotations

from datetime import date, timedelta

from data_pipeline.metrics.change import Period
from data_pipeline.metrics.wording import write_day

ONE_DAY = timedelta(days=1)
GRAINS = ("day", "week", "month", "quarter", "year")


def days_in(period: Period) -> int:
    return (period.last - period.first).days + 1


def period_before(period: Period) -> Period:
    """As many whole months right before, if the period is whole months; else as many days.

    >>> period_before(Period(date(2025, 3, 1), date(2025, 3, 31))).first
    datetime.date(2025, 2, 1)
    """
    last = period.first - ONE_DAY
    if _is_whole_months(period):
        return Period(_shift_months(period.first, -_months_in(period)), last)
    return Period(period.first - timedelta(days=days_in(period)), last)


def year_before(period: Period) -> Period:
    """The same days a year earlier; 29 February becomes the 28th, a month's last day stays one.

    >>> year_before(Period(date(2025, 2, 1), date(2025, 2, 28))).last
    datetime.date(2024, 2, 29)
    """
    if _is_whole_months(period):
        return Period(_year_less(period.first), _shift_months(period.last + ONE_DAY, -12) - ONE_DAY)
    return Period(_year_less(period.first), _year_less(period.last))


def default_period(span: Period) -> Period:
    """The last 12 whole months of the data, if the data also have the 12 before; else the last 3
    or the last one, in the same way; else all days.
    """
    end = (span.last + ONE_DAY).replace(day=1) - ONE_DAY
    for months in (12, 3, 1):
        period = Period(_shift_months(end.replace(day=1), 1 - months), end)
        if period_before(period).first >= span.first:
            return period
    return span


def begin_of(day: date, grain: str) -> date:
    """The first day of the period of `grain` in which `day` lies."""
    match grain:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1)


def end_of(day: date, grain: str) -> date:
    """The last day of the period of `grain` in which `day` lies."""
    first = begin_of(day, grain)
    months = {"month": 1, "quarter": 3, "year": 12}
    if grain in months:
        return _shift_months(first, months[grain]) - ONE_DAY
    return first + timedelta(days=6 if grain == "week" else 0)


def periods_of(period: Period, grain: str) -> list[date]:
    """The first days of all periods of `grain` that touch `period`."""
    found, day = [], begin_of(period.first, grain)
    while day <= period.last:
        found.append(day)
        day = end_of(day, grain) + ONE_DAY
    return found


def grain_for(period: Period) -> str:
    """The grain in which a small line has between a handful and some sixty points."""
    days = days_in(period)
    return "day" if days <= 62 else "week" if days <= 420 else "month"


def common_part(period: Period, span: Period | None) -> Period | None:
    """The days of the period that the data cover; None when there are none."""
    if span is None:
        return None
    first, last = max(period.first, span.first), min(period.last, span.last)
    return Period(first, last) if first <= last else None


def describe(period: Period, span: Period | None) -> dict[str, object]:
    """The period for an answer, with whether the data cover it, and in words what is missing."""
    days = days_in(period)
    covered = common_part(period, span)
    note = ""
    if covered is None:
        note = "There are no data of this period."
    elif covered != period and span is not None:
        ends = span.last < period.last
        edge = f"end on {write_day(span.last)}" if ends else f"begin on {write_day(span.first)}"
        note = f"The data {edge}: {days_in(covered):,} of {days:,} days."
    return {
        "since": period.first.isoformat(),
        "until": period.last.isoformat(),
        "days": days,
        "complete": covered == period,
        "note": note,
    }


def _is_whole_months(period: Period) -> bool:
    return period.first.day == 1 and (period.last + ONE_DAY).day == 1


def _months_in(period: Period) -> int:
    first, last = period.first, period.last
    return (last.year - first.year) * 12 + last.month - first.month + 1


def _shift_months(first_of_month: date, months: int) -> date:
    number = first_of_month.year * 12 + first_of_month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _year_less(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
