"""Sales over time, by category and by place."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from matplotlib.dates import date2num

from data_pipeline.charts import style
from data_pipeline.charts.chart import Chart, Scope, canvas
from data_pipeline.charts.marks import (
    NOBODY,
    bars_height,
    date_axis,
    decimals,
    draw_bars,
    floats,
    money_axis,
    shorten,
)
from data_pipeline.metrics.frame import Frame, Row
from data_pipeline.metrics.wording import (
    write_day,
    write_month,
    write_share,
    write_short,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_BARS = 12


def draw_sales_over_time(frame: Frame, scope: Scope) -> Chart:
    """Net sales by day, week or month, one line; `frame` holds the period and `net_sales`.

    Periods that the data cover in part, at either end, are drawn grey and dashed.
    """
    grain, frame = frame.names[0], fill_gaps(frame)
    days = [day for day in frame[grain] if isinstance(day, date)]
    money = decimals(frame["net_sales"])
    whole = [_is_whole(day, grain, scope) for day in days]
    peak = max(
        (i for i, complete in enumerate(whole) if complete or not any(whole)),
        key=lambda i: money[i],
    )
    shown = write_short(money[peak], scope.currency)
    title = f"Net sales were highest in {_when(days[peak], grain)}, at {shown}"
    if grain == "day":
        title = f"Net sales were highest on {_when(days[peak], grain)}, at {shown}"
    total = write_short(sum(money, Decimal(0)), scope.currency)
    subtitle = f"Net sales by {grain}, {scope.span} ({scope.timezone}); {total} in all"
    if not all(whole):
        subtitle += f". Grey: {grain}s that the data cover in part"
    with canvas(title, subtitle) as (figure, axes):
        x = [float(date2num(day)) for day in days]  # type: ignore[no-untyped-call]
        y = floats(money)
        _draw_line(axes, x, y, whole)
        axes.plot(x[peak], y[peak], "o", color=style.BLUE, markersize=5)
        side = "right" if x[peak] > (x[0] + x[-1]) / 2 else "left"
        axes.annotate(
            shown,
            (x[peak], y[peak]),
            xytext=(-8 if side == "right" else 8, 2),
            textcoords="offset points",
            ha=side,
            va="center",
            weight="bold",
        )
        axes.set_ylim(min(0, *y) * 1.05, max(*y, 1) * 1.08)
        date_axis(axes)
        money_axis(axes, scope.currency)
    low = min(range(len(y)), key=lambda i: (not whole[i], y[i]))
    alt = (
        f"Line of net sales by {grain}, {scope.span}. Highest {shown} in"
        f" {_when(days[peak], grain)}, lowest {write_short(money[low], scope.currency)} in"
        f" {_when(days[low], grain)}."
    )
    return Chart("sales_over_time", title, subtitle, alt, frame, figure)


def draw_sales_by_category(frame: Frame, scope: Scope) -> Chart:
    """Net sales by category, longest bar first."""
    return _draw_ranking("sales_by_category", "category", "categories", frame, scope)


def draw_sales_by_location(frame: Frame, scope: Scope) -> Chart:
    """Net sales by the customers' location, longest bar first."""
    return _draw_ranking("sales_by_location", "location", "locations", frame, scope)


def draw_sales_by_country(frame: Frame, scope: Scope) -> Chart:
    """Net sales by the customers' country, longest bar first."""
    return _draw_ranking("sales_by_country", "country", "countries", frame, scope)


def _draw_ranking(name: str, column: str, plural: str, frame: Frame, scope: Scope) -> Chart:
    ranked = frame.sorted_by("net_sales", descending=True)
    total = sum(decimals(ranked["net_sales"]), Decimal(0))
    shown = ranked.head(MOST_BARS)
    labels = [str(value) for value in shown[column]]
    money = decimals(shown["net_sales"])
    named = next((i for i, label in enumerate(labels) if label not in NOBODY), 0)
    texts = [write_short(value, scope.currency) for value in money]
    title = f"{shorten(labels[named])} brought the most: {texts[named]}"
    if total > 0:
        shares = [write_share(value / total) for value in money]
        title = (
            f"{shorten(labels[named])} brought {write_share(money[named] / total, 0)} of net sales"
        )
        texts = [f"{text} · {share}" for text, share in zip(texts, shares, strict=True)]
    subtitle = (
        f"Net sales by {column}, {scope.span}; {len(ranked):,} {plural},"
        f" {write_short(total, scope.currency)} in all"
    )
    if len(ranked) > len(shown):
        rest = write_short(total - sum(money, Decimal(0)), scope.currency)
        subtitle += f". The {len(shown)} largest; the others bring {rest}"
    with canvas(title, subtitle, height_in=bars_height(len(labels))) as (figure, axes):
        draw_bars(axes, labels, floats(money), texts)
    best = "; ".join(f"{label} {text}" for label, text in list(zip(labels, texts, strict=True))[:3])
    alt = f"Bars of net sales by {column}, {scope.span}. The first: {best}."
    return Chart(name, title, subtitle, alt, shown, figure)


def fill_gaps(frame: Frame) -> Frame:
    """The same periods with a row of 0 for each day, week or month between them without sales."""
    grain = frame.names[0]
    known = {row[0]: row for row in frame.rows}
    days = [day for day in frame[grain] if isinstance(day, date)]
    filled: list[Row] = []
    day = days[0]
    while day <= days[-1]:
        filled.append(known.get(day, (day, Decimal(0))))
        day = end_of(day, grain) + timedelta(days=1)
    return Frame(frame.fields, tuple(filled))


def end_of(day: date, grain: str) -> date:
    """The last day of the day, week or month that begins on `day`."""
    if grain == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return day + timedelta(days=6 if grain == "week" else 0)


def _draw_line(axes: Axes, x: list[float], y: list[float], whole: list[bool]) -> None:
    first = whole.index(True) if any(whole) else 0
    last = len(whole) - 1 - whole[::-1].index(True) if any(whole) else len(whole) - 1
    axes.fill_between(x[first : last + 1], y[first : last + 1], color=style.BLUE, alpha=0.08, lw=0)
    axes.plot(x[first : last + 1], y[first : last + 1], color=style.BLUE)
    for part in (slice(0, first + 1), slice(last, len(x))):
        if len(x[part]) > 1:
            axes.plot(x[part], y[part], color=style.MUTED, linestyle=(0, (2, 2)), linewidth=1.2)


def _is_whole(day: date, grain: str, scope: Scope) -> bool:
    return day >= scope.first_day and end_of(day, grain) <= scope.last_day


def _when(day: date, grain: str) -> str:
    if grain == "month":
        return write_month(day)
    return f"the week of {write_day(day)}" if grain == "week" else write_day(day)
