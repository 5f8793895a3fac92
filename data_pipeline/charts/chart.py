"""A chart as a value: its words, its data and its figure; and how it is written to files."""

from __future__ import annotations

import io
import textwrap
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from data_pipeline.charts import style
from data_pipeline.metrics.wording import write_span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from matplotlib.axes import Axes

    from data_pipeline.metrics.frame import Frame

TITLE_WIDTH = 60
SUBTITLE_WIDTH = 84
HEAD = "head"
"""How the ids of title and subtitle begin in an SVG."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What every chart of one drawing shares: the span of its data and how money is written."""

    first_day: date
    last_day: date
    currency: str = ""
    timezone: str = "UTC"

    @property
    def span(self) -> str:
        return write_span(self.first_day, self.last_day)


@dataclass(frozen=True, slots=True)
class Chart:
    """A finished chart. `frame` is exactly what is drawn, `alt` says it in words."""

    name: str
    title: str
    subtitle: str
    alt: str
    frame: Frame
    figure: Figure

    def _repr_png_(self) -> bytes:
        """The picture, for a notebook's output."""
        return draw_png(self)


def head_height(title: str, subtitle: str) -> float:
    """How many inches of a figure its title and subtitle take."""
    head, below = _wrapped(title, subtitle)
    return 0.27 + 0.21 * len(head) + 0.17 * len(below)


def _wrapped(title: str, subtitle: str) -> tuple[list[str], list[str]]:
    return textwrap.wrap(title, TITLE_WIDTH), textwrap.wrap(subtitle, SUBTITLE_WIDTH)


@contextmanager
def canvas(
    title: str, subtitle: str, *, height_in: float = style.HEIGHT_IN
) -> Iterator[tuple[Figure, Axes]]:
    """A figure in the house style with its title and subtitle, and its axes below them."""
    with _style():
        head, below = _wrapped(title, subtitle)
        head_in = head_height(title, subtitle)
        height_in = max(height_in, 2.0) + head_in - 0.6
        figure = Figure(figsize=(style.WIDTH_IN, height_in), layout="constrained")
        top = 1 - head_in / height_in
        axes = figure.add_subplot()
        engine = figure.get_layout_engine()
        if engine is not None:
            engine.set(rect=(0.008, 0.01, 0.98, top - 0.01))  # type: ignore[call-arg]
        start = 1 - 0.1 / height_in
        figure.text(
            0.016,
            start,
            "\n".join(head),
            size=11.5,
            weight="bold",
            va="top",
            linespacing=1.25,
            gid=f"{HEAD}-title",
        )
        figure.text(
            0.016,
            start - (0.21 * len(head) + 0.04) / height_in,
            "\n".join(below),
            size=8.5,
            color=style.MUTED,
            va="top",
            linespacing=1.3,
            gid=f"{HEAD}-subtitle",
        )
        yield figure, axes
        figure.draw_without_rendering()


def draw_png(chart: Chart) -> bytes:
    """The chart as PNG at twice the screen's size, with its alt text as description."""
    out = io.BytesIO()
    with _style():
        metadata = {"Software": None, "Description": chart.alt}
        chart.figure.savefig(out, format="png", dpi=style.PNG_DPI, metadata=metadata)
    return out.getvalue()


def draw_svg(chart: Chart) -> bytes:
    """The chart as SVG with its text as text; the same chart gives the same bytes."""
    out = io.BytesIO()
    with _style():
        metadata = {"Date": None, "Title": chart.title, "Description": chart.alt}
        chart.figure.savefig(out, format="svg", metadata=metadata)
    return out.getvalue()


def save(chart: Chart, folder: Path) -> tuple[Path, Path]:
    """Write <name>.png and <name>.svg; returns both paths."""
    png, svg = folder / f"{chart.name}.png", folder / f"{chart.name}.svg"
    png.write_bytes(draw_png(chart))
    svg.write_bytes(draw_svg(chart))
    return png, svg


@contextmanager
def _style() -> Iterator[None]:
    """The house style, whatever was set before, and what was set before again afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(style.RC)
        yield
