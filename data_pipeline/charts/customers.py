"""Who buys: new and returning customers, cohorts, segments, ages, and how much the best matter."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import isnan
from typing import TYPE_CHECKING

import seaborn as sns
from matplotlib.colors import to_hex
from matplotlib.ticker import PercentFormatter

from data_pipeline.charts import style
from data_pipeline.charts.chart import Chart, Scope, canvas
from data_pipeline.charts.marks import bars_height, decimals, draw_bars, floats, money_axis
from data_pipeline.metrics.behaviour import median_of
from data_pipeline.metrics.wording import write_share, write_short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from data_pipeline.metrics.frame import Frame

SEGMENT_COLOURS = {"Returning": style.BLUE, "New": style.AMBER, "Guest": style.FAINT}
MOST_COHORTS = 13
MOST_DAYS = 90
NOTHING = float("nan")


def draw_new_and_returning(frame: Frame, scope: Scope) -> Chart:
    """Net sales by month, stacked by new customers, returning customers and guests."""
    months = list(dict.fromkeys(day for day in frame["month"] if isinstance(day, date)))
    cells = {(row[0], row[1]): row[2] for row in frame.rows}
    total = sum(decimals(frame["net_sales"]), Decimal(0))
    parts = {
        name: decimals(cells.get((month, name)) for month in months) for name in SEGMENT_COLOURS
    }
    back = sum(parts["Returning"], Decimal(0))
    share = write_share(back / total, 0) if total > 0 else "none"
    title = f"Returning customers brought {share} of net sales"
    subtitle = f"Net sales by month, {scope.span}; new is the day of a customer's first purchase"
    with canvas(title, subtitle) as (figure, axes):
        base = [0.0] * len(months)
        places = range(len(months))
        for name, colour in SEGMENT_COLOURS.items():
            heights = floats(parts[name])
            axes.bar(places, heights, bottom=base, color=colour, width=0.78, label=name)
            base = [low + height for low, height in zip(base, heights, strict=True)]
        step = max(1, -(-len(months) // 8))
        axes.set_xticks(
            list(places)[::step],
            [
                f"{month:%b}\n{month:%Y}" if i == 0 or month.month <= step else f"{month:%b}"
                for i, month in enumerate(months[::step])
            ],
        )
        axes.set_ylim(top=max([*base, 1.0]) * 1.12)
        axes.legend(loc="upper left", ncols=3, handlelength=1, columnspacing=1.2, borderaxespad=0)
        money_axis(axes, scope.currency)
    alt = (
        f"Stacked bars of net sales by month, {scope.span}. In all: "
        + "; ".join(
            f"{name} {write_short(sum(values, Decimal(0)), scope.currency)}"
            for name, values in parts.items()
        )
        + "."
    )
    return Chart("new_and_returning", title, subtitle, alt, frame, figure)


def draw_cohorts(frame: Frame, scope: Scope) -> Chart:
    """The share of each month's new customers who bought again 1 to 12 months later."""
    cells = {(row[0], row[1]): row[3] for row in frame.rows if row[1] != 0}
    cohorts = sorted({day for day, _ in cells if isinstance(day, date)})[-MOST_COHORTS:]
    months = range(1, MOST_COHORTS)
    seen = [cells[cohort, 1] for cohort in cohorts if (cohort, 1) in cells]
    mean = sum(decimals(seen), Decimal(0)) / max(len(seen), 1)
    title = f"On average {write_share(mean, 0)} of new customers buy again in the next month"
    subtitle = (
        "Share of the customers who first bought in a month who bought again so many months"
        f" later, {scope.span}; guests left out, whole months only"
    )
    table = [
        [float(decimals([cells[c, m]])[0]) if (c, m) in cells else NOTHING for m in months]
        for c in cohorts
    ]
    with canvas(title, subtitle, height_in=1.1 + 0.24 * len(cohorts)) as (figure, axes):
        highest = max((v for row in table for v in row if not isnan(v)), default=1.0)
        sns.heatmap(
            table,
            ax=axes,
            cmap=style.SEQUENCE,
            vmin=0,
            vmax=highest * 1.15,
            annot=True,
            fmt=".0%",
            annot_kws={"size": 8.2},
            cbar=False,
            linewidths=0.8,
            linecolor=style.PAPER,
            xticklabels=[str(month) for month in months],
            yticklabels=[f"{cohort:%b %Y}" for cohort in cohorts],
        )
        _quiet_map(axes, "Months since the first purchase", "")
    alt = f"Heat map of retention for {len(cohorts)} monthly cohorts. {title}."
    return Chart("cohort_retention", title, subtitle, alt, frame, figure)


def draw_segments(frame: Frame, scope: Scope) -> Chart:
    """Net sales of the ten RFM segments."""
    total = sum(decimals(frame["net_sales"]), Decimal(0))
    everybody = sum(decimals(frame["customers"]), Decimal(0))
    labels = [
        f"{name} ({int(str(count)):,})"
        for name, count in zip(frame["segment"], frame["customers"], strict=True)
    ]
    money = decimals(frame["net_sales"])
    best = write_share(money[0] / total, 0) if total > 0 else "most"
    people = write_share(decimals(frame["customers"])[0] / everybody, 0)
    title = f"{frame['segment'][0]}, {people} of the customers, brought {best} of their net sales"
    subtitle = (
        f"Net sales by RFM segment (customers in brackets), {scope.span};"
        f" {int(everybody):,} customers scored by last purchase and number of orders"
    )
    with canvas(title, subtitle, height_in=bars_height(len(labels))) as (figure, axes):
        draw_bars(axes, labels, floats(money), [write_short(v, scope.currency) for v in money])
    return Chart(
        "rfm_segments", title, subtitle, f"Bars of net sales by segment. {title}.", frame, figure
    )


def draw_repeat_intervals(frame: Frame, scope: Scope) -> Chart:
    """How many days pass until a customer buys again."""
    median = median_of(frame) or 0
    days = [int(str(value)) for value in frame["days"]]
    counts = floats(frame["purchases"])
    near = [(d, c) for d, c in zip(days, counts, strict=True) if d <= MOST_DAYS]
    beyond = sum(c for d, c in zip(days, counts, strict=True) if d > MOST_DAYS)
    title = f"Half of all repeat purchases come within {median} days of the one before"
    subtitle = (
        f"Repeat purchases by days since the same customer's last one, {scope.span};"
        f" {sum(counts):,.0f} in all, {beyond / max(sum(counts), 1):.0%} of them after more than"
        f" {MOST_DAYS} days (not drawn)"
    )
    with canvas(title, subtitle) as (figure, axes):
        axes.bar([d for d, _ in near], [c for _, c in near], color=style.SKY, width=0.9)
        axes.axvline(median, color=style.ORANGE, linewidth=1.4)
        axes.annotate(
            f"median {median} days",
            (median, max(counts, default=1.0)),
            xytext=(6, -4),
            textcoords="offset points",
            color=style.ORANGE,
            weight="bold",
            va="top",
        )
        axes.set_xlabel("Days since the last purchase")
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.grid(axis="y")
    alt = f"Histogram of days between purchases; the median is {median} days."
    return Chart("repeat_intervals", title, subtitle, alt, frame, figure)


def draw_concentration(curve: Frame, classes: Frame, item: str, scope: Scope) -> Chart:
    """The Pareto curve of products or customers, with the share of the best fifth."""
    best, share = floats(curve["best"]), floats(curve["share"])
    fifth = min(range(len(best)), key=lambda i: abs(best[i] - 0.2))
    title = f"The best {best[fifth]:.0%} of {item}s brought {share[fifth]:.0%} of net sales"
    count = sum(int(str(n)) for n in classes["items"])
    subtitle = (
        f"Share of net sales by share of {item}s, best first, {scope.span};"
        f" {count:,} {item}s. Dashed: all {item}s alike"
    )
    with canvas(title, subtitle) as (figure, axes):
        axes.fill_between([0, *best], [0, *share], color=style.BLUE, alpha=0.08, lw=0)
        axes.plot([0, 1], [0, 1], color=style.FAINT, linewidth=1, linestyle=(0, (4, 3)))
        axes.plot([0, *best], [0, *share], color=style.BLUE)
        axes.plot(best[fifth], share[fifth], "o", color=style.BLUE, markersize=5)
        axes.annotate(
            f"{best[fifth]:.0%} of {item}s,\n{share[fifth]:.0%} of sales",
            (best[fifth], share[fifth]),
            xytext=(9, -6),
            textcoords="offset points",
            weight="bold",
            va="top",
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_xlim(0, 1)
        axes.set_ylim(0, max(1.03, *share))
        axes.set_xlabel(f"{item.capitalize()}s, best first")
        axes.grid(axis="y")
    return Chart(
        f"{item}_concentration", title, subtitle, f"Pareto curve. {title}.", classes, figure
    )


def draw_age_groups(frame: Frame, scope: Scope) -> Chart:
    """Net sales of customers by age."""
    money = decimals(frame["net_sales"])
    total = sum(money, Decimal(0))
    first = max(range(len(money)), key=lambda i: (frame["age_group"][i] != "Unknown", money[i]))
    share = write_share(money[first] / total, 0) if total > 0 else "the most"
    title = f"Customers aged {frame['age_group'][first]} brought {share} of net sales"
    buyers = sum(decimals(frame["customers"]), Decimal(0))
    subtitle = (
        f"Net sales to customers by age in {scope.last_day.year}, {scope.span};"
        f" {buyers:,} customers"
    )
    labels = [str(group) for group in frame["age_group"]]
    texts = [
        f"{write_short(value, scope.currency)} · {int(str(people)):,} customers"
        for value, people in zip(money, frame["customers"], strict=True)
    ]
    with canvas(title, subtitle, height_in=bars_height(len(labels))) as (figure, axes):
        draw_bars(axes, labels, floats(money), texts)
    return Chart(
        "age_groups", title, subtitle, f"Bars of net sales by age. {title}.", frame, figure
    )


def _quiet_map(axes: Axes, x_label: str, y_label: str) -> None:
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.tick_params(length=0, rotation=0)
    for text in axes.texts:
        light = to_hex(text.get_color()) == "#ffffff"
        text.set_color(style.CELL_PAPER if light else style.CELL_INK)
