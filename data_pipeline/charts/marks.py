"""What charts are drawn with: bars, axes, and values made ready for them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import MaxNLocator

from data_pipeline.charts import style
from data_pipeline.metrics.wording import write_tick

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes

NOBODY = frozenset({"Unknown", "Uncategorised", "Guest"})
"""Names that stand for a missing one; their bars are grey."""


def draw_bars(
    axes: Axes,
    labels: Sequence[str],
    values: Sequence[float],
    texts: Sequence[str],
    *,
    width: int = 30,
) -> None:
    """Horizontal bars from zero, the first on top, each with its text at its end."""
    places = range(len(labels))
    colours = [style.FAINT if label in NOBODY else style.BLUE for label in labels]
    axes.barh(places, values, color=colours, height=0.7)
    axes.set_yticks(places, [shorten(label, width) for label in labels], color=style.INK)
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
            size=9.3,
        )
    axes.set_xlim(min(0, *values, 0), widest * 1.32)
    if min(values, default=0) < 0:
        axes.axvline(0, color=style.FAINT, linewidth=0.8)


def money_axis(axes: Axes, currency: str) -> None:
    """Short money labels and hair lines on the value axis."""
    axes.yaxis.set_major_formatter(lambda value, _: write_tick(Decimal(str(value)), currency))
    axes.yaxis.set_major_locator(MaxNLocator(5, min_n_ticks=4))
    axes.grid(axis="y")


def date_axis(axes: Axes) -> None:
    """A few dates on the time axis, each as short as it can be."""
    locator = AutoDateLocator(minticks=4, maxticks=8)  # type: ignore[no-untyped-call]
    dates = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates)


def bars_height(count: int) -> float:
    """The height in inches of a chart with so many horizontal bars."""
    return 0.9 + style.ROW_IN * count


def decimals(values: Iterable[object]) -> list[Decimal]:
    """The numbers of a column as Decimal, a missing one as 0."""
    return [value if isinstance(value, Decimal) else Decimal(str(value or 0)) for value in values]


def floats(values: Iterable[object]) -> list[float]:
    """The last step before drawing: a column as floats."""
    return [float(value) for value in decimals(values)]


def shorten(label: str, width: int = 30) -> str:
    """The label on one line, cut where it would be too long."""
    line = " ".join(label.split())
    return line if len(line) <= width else line[: width - 1] + "…"
