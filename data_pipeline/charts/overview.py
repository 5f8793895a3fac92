"""Sales over time, by category and by place."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

from data_pipeline.charts import style
from data_pipeline.charts.chart import Chart, Scope, canvas
from data_pipeline.metrics.frame import Frame, Row
from data_pipeline.metrics.wording import (
    write_day,
    write_month,
    write_share,
    write_short,
    write_tick,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

PERIOD_NAMES = {"day": "day", "week": "week", "month": "month"}
MOST_BARS = 12


def draw_sales_over_time(frame: Frame, scope: Scope) -> Chart:
    """Net sales by day, week or month, one line; `frame` holds the period and `net_sales`.

    Periods that the data cover in part, at either end, are drawn grey and dashed.
    """
    grain = frame.names[0]
    days = [day for day in frame[grain] if isinstance(day, date)]
    money = _decimals(frame["net_sales"])
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
        y = [float(value) for value in money]
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
        locator = AutoDateLocator(minticks=4, maxticks=8)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        dates = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(dates)
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
    total = sum(_decimals(ranked["net_sales"]), Decimal(0))
    shown = fold_rest(ranked, MOST_BARS, plural)
    labels = [str(value) for value in shown[column]]
    money = _decimals(shown["net_sales"])
    share = money[0] / total if total > 0 else None
    title = f"{labels[0]} brought {_part(share)}the most: {write_short(money[0], scope.currency)}"
    if share is not None:
        title = f"{labels[0]} brought {write_share(share, 0)} of net sales"
    subtitle = (
        f"Net sales by {column}, {scope.span}; {len(ranked):,} {plural},"
        f" {write_short(total, scope.currency)} in all"
    )
    height = 0.9 + style.ROW_IN * len(labels)
    with canvas(title, subtitle, height_in=height) as (figure, axes):
        texts = [
            write_short(value, scope.currency)
            + (f"  {write_share(value / total)}" if total > 0 else "")
            for value in money
        ]
        draw_bars(
            axes,
            labels,
            [float(value) for value in money],
            texts,
            grey_last=len(ranked) > MOST_BARS,
        )
    best = ", ".join(
        f"{label} {write_short(value, scope.currency)}"
        for label, value in list(zip(labels, money, strict=True))[:3]
    )
    alt = f"Bars of net sales by {column}, {scope.span}. The first: {best}."
    return Chart(name, title, subtitle, alt, shown, figure)


def fold_rest(ranked: Frame, count: int, plural: str) -> Frame:
    """The first `count` rows, and one that sums the others when there are more."""
    if len(ranked) <= count:
        return ranked
    rest = ranked.rows[count:]
    summed = sum(_decimals([row[1] for row in rest]), Decimal(0))
    row: Row = (f"{len(rest):,} other {plural}", summed)
    return Frame(ranked.fields, (*ranked.rows[:count], row))


def draw_bars(
    axes: Axes,
    labels: Sequence[str],
    values: Sequence[float],
    texts: Sequence[str],
    *,
    grey_last: bool = False,
) -> None:
    """Horizontal bars from zero, the first on top, each with its text at its end."""
    places = range(len(labels))
    colours = [style.BLUE] * len(labels)
    if grey_last:
        colours[-1] = style.FAINT
    axes.barh(places, values, color=colours, height=0.7)
    axes.set_yticks(places, [_shorten(label) for label in labels], color=style.INK)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    widest = max((abs(value) for value in values), default=0) or 1
    for place, value, text in zip(places, values, texts, strict=True):
        axes.annotate(
            text,
            (max(value, 0), place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            size=8.5,
        )
    axes.set_xlim(min(0, *values, 0), widest * 1.28)
    if min(values, default=0) < 0:
        axes.axvline(0, color=style.FAINT, linewidth=0.8)


def money_axis(axes: Axes, currency: str) -> None:
    """Short money labels and hair lines on the value axis."""
    axes.yaxis.set_major_formatter(lambda value, _: write_tick(Decimal(str(value)), currency))
    axes.locator_params(axis="y", nbins=5)
    axes.grid(axis="y")


def _draw_line(axes: Axes, x: list[float], y: list[float], whole: list[bool]) -> None:
    first = whole.index(True) if any(whole) else 0
    last = len(whole) - 1 - whole[::-1].index(True) if any(whole) else len(whole) - 1
    axes.fill_between(x[first : last + 1], y[first : last + 1], color=style.BLUE, alpha=0.08, lw=0)
    axes.plot(x[first : last + 1], y[first : last + 1], color=style.BLUE)
    for part in (slice(0, first + 1), slice(last, len(x))):
        if len(x[part]) > 1:
            axes.plot(x[part], y[part], color=style.MUTED, linestyle=(0, (2, 2)), linewidth=1.2)


def _is_whole(day: date, grain: str, scope: Scope) -> bool:
    if grain == "day":
        return True
    if grain == "week":
        end = day + timedelta(days=6)
    else:
        end = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return day >= scope.first_day and end <= scope.last_day


def _when(day: date, grain: str) -> str:
    if grain == "month":
        return write_month(day)
    return f"the week of {write_day(day)}" if grain == "week" else write_day(day)


def _part(share: Decimal | None) -> str:
    return "" if share is None else f"{write_share(share, 0)} "


def _decimals(values: Sequence[object]) -> list[Decimal]:
    return [value if isinstance(value, Decimal) else Decimal(str(value or 0)) for value in values]


def _shorten(label: str, width: int = 34) -> str:
    return label if len(label) <= width else label[: width - 1] + "…"
