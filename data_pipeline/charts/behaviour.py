"""How people buy: when, through what, what together, what comes back; and why sales changed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import seaborn as sns

from data_pipeline.charts import style
from data_pipeline.charts.chart import Chart, Scope, canvas
from data_pipeline.charts.marks import (
    bars_height,
    decimals,
    draw_bars,
    floats,
    money_axis,
    shorten,
)
from data_pipeline.metrics.wording import write_share, write_short

if TYPE_CHECKING:
    from data_pipeline.metrics.frame import Frame

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEKDAYS_IN_FULL = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
MOST_PAIRS = 10


def draw_week(frame: Frame, scope: Scope) -> Chart:
    """Orders by weekday and hour."""
    cells = {(int(str(day)), int(str(hour))): count for day, hour, count in frame.rows}
    (day, hour), most = max(cells.items(), key=lambda cell: int(str(cell[1])))
    orders = sum(decimals(cells.values()), Decimal(0))
    title = (
        f"The busiest hour of the week is {WEEKDAYS_IN_FULL[day - 1]}, {hour} to {hour + 1} o'clock"
    )
    subtitle = (
        f"Orders by weekday and hour ({scope.timezone}), {scope.span}; {orders:,} orders."
        f" The darkest cell has {most:,}, white has none"
    )
    table = [[float(decimals([cells.get((d, h))])[0]) for h in range(24)] for d in range(1, 8)]
    with canvas(title, subtitle, height_in=2.9) as (figure, axes):
        sns.heatmap(
            table,
            ax=axes,
            cmap=style.SEQUENCE,
            vmin=0,
            cbar=False,
            linewidths=0.8,
            linecolor=style.PAPER,
            yticklabels=list(WEEKDAYS),
        )
        axes.set_xticks([h + 0.5 for h in range(0, 24, 3)], [str(h) for h in range(0, 24, 3)])
        axes.tick_params(length=0, rotation=0)
        axes.set_xlabel("Hour of the day")
    alt = f"Heat map of orders by weekday and hour. {title}."
    return Chart("week_and_hour", title, subtitle, alt, frame, figure)


def draw_return_rates(frame: Frame, scope: Scope) -> Chart:
    """The share of sales that comes back, by category; `frame` has return_rate and returns."""
    shown = frame.sorted_by("return_rate", descending=True).head(12)
    rates = decimals(shown["return_rate"])
    labels = [str(value) for value in shown["category"]]
    title = f"Returns are highest in {shorten(labels[0])}: {write_share(rates[0])} of its sales"
    subtitle = f"Returns as a share of sales before returns, in money, by category, {scope.span}"
    texts = [
        f"{write_share(rate)} · {write_short(money, scope.currency)}"
        for rate, money in zip(rates, decimals(shown["returns"]), strict=True)
    ]
    with canvas(title, subtitle, height_in=bars_height(len(labels))) as (figure, axes):
        draw_bars(axes, labels, floats(rates), texts)
    return Chart("return_rates", title, subtitle, f"Bars of return rates. {title}.", shown, figure)


def draw_channels(frame: Frame, scope: Scope) -> Chart:
    """Net sales and order value by channel."""
    shown = frame.sorted_by("net_sales", descending=True).head(12)
    money = decimals(shown["net_sales"])
    total = sum(money, Decimal(0))
    labels = [str(value) for value in shown["channel"]]
    share = write_share(money[0] / total, 0) if total > 0 else "most"
    title = f"{share} of net sales came through {shorten(labels[0])}"
    subtitle = f"Net sales by channel, with the average order value, {scope.span}"
    texts = [
        f"{write_short(sales, scope.currency)} · {write_short(value, scope.currency)} an order"
        for sales, value in zip(money, decimals(shown["average_order_value"]), strict=True)
    ]
    with canvas(title, subtitle, height_in=bars_height(len(labels))) as (figure, axes):
        draw_bars(axes, labels, floats(money), texts)
    return Chart("channels", title, subtitle, f"Bars of net sales. {title}.", shown, figure)


def draw_pairs(frame: Frame, scope: Scope) -> Chart:
    """The products that are bought together much more often than by chance."""
    shown = frame.head(MOST_PAIRS)
    lifts = decimals(shown["lift"])
    labels = [
        f"{shorten(str(one), 20)} + {shorten(str(two), 20)}"
        for one, two in zip(shown["first"], shown["second"], strict=True)
    ]
    title = f"The closest pair is bought together {lifts[0]:.0f} times as often as by chance"
    subtitle = f"Lift of pairs of products, with the number of orders that hold both, {scope.span}"
    texts = [
        f"{lift:.1f}x · {int(str(orders)):,} orders"
        for lift, orders in zip(lifts, shown["orders"], strict=True)
    ]
    with canvas(title, subtitle, height_in=bars_height(len(labels))) as (figure, axes):
        draw_bars(axes, labels, floats(lifts), texts, width=44)
        axes.tick_params(axis="y", labelsize=8)
    alt = f"Bars of lift. {title}: {labels[0]}."
    return Chart("basket_pairs", title, subtitle, alt, shown, figure)


def draw_change(frame: Frame, now: str, before: str, scope: Scope) -> Chart:
    """A waterfall from the net sales of one period to those of the next."""
    money = decimals(frame["net_sales"])
    labels = [before, *(str(part) for part in frame["part"][1:-1]), now]
    parts = money[1:-1]
    largest = max(range(len(parts)), key=lambda i: abs(parts[i]))
    rise = money[-1] - money[0]
    change = write_share(abs(rise) / money[0], 0) if money[0] > 0 else write_short(abs(rise))
    verb = "rose" if rise >= 0 else "fell"
    cause = str(frame["part"][1 + largest]).lower()
    title = f"Net sales {verb} by {change} in {now}; the largest part: {cause}"
    subtitle = f"Net sales of {now} against {before} and what the change is made of"
    with canvas(title, subtitle, height_in=3.4) as (figure, axes):
        level, levels = Decimal(0), [0.0]
        for place, value in enumerate(money):
            whole = place in {0, len(money) - 1}
            start = Decimal(0) if whole else level
            colour = style.MUTED if whole else style.BLUE if value >= 0 else style.ORANGE
            axes.bar(place, float(value), bottom=float(start), color=colour, width=0.62)
            level = start + value
            levels.append(float(level))
            sign = "" if whole or value < 0 else "+"
            top = max(start, level)
            axes.annotate(
                sign + write_short(value, scope.currency),
                (place, float(top)),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                weight="bold" if whole else "normal",
                size=9,
            )
        axes.set_xticks(range(len(labels)), [_two_lines(label) for label in labels])
        axes.tick_params(axis="x", length=0)
        axes.set_ylim(min(0.0, *levels) * 1.12, max(1.0, *levels) * 1.12)
        money_axis(axes, scope.currency)
    alt = f"Waterfall of net sales. {title}."
    return Chart("why_sales_changed", title, subtitle, alt, frame, figure)


def _two_lines(label: str) -> str:
    words = label.split()
    half = (len(words) + 1) // 2
    return "\n".join(filter(None, (" ".join(words[:half]), " ".join(words[half:]))))
