"""From the report's content to its HTML: Jinja2 with everything escaped."""

from __future__ import annotations

import base64
import hashlib
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from data_pipeline.metrics import Frame, Kind, Value
from data_pipeline.metrics.wording import NOTHING, write_change, write_short, write_value
from data_pipeline.report.picture import draw_picture

if TYPE_CHECKING:
    from data_pipeline.report.content import Content

MOST_ROWS = 40
"""Of a table below a chart; longer ones say how to get the rest."""

NUMERIC = frozenset({Kind.MONEY, Kind.COUNT, Kind.SHARE, Kind.NUMBER, Kind.WHOLE})


def render_page(content: Content) -> str:
    """The whole page. The only text that is not escaped is our own: style sheet and drawings."""
    css = (resources.files(__package__) / "templates" / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    currency = content.currency
    page = _environment().get_template("report.html.j2")
    return page.render(
        content=content,
        css=Markup(css),  # noqa: S704 - a file of the package
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none';"
        " form-action 'none'",
        picture=lambda chart: Markup(draw_picture(chart)),  # noqa: S704 - ElementTree escapes
        most_rows=MOST_ROWS,
        numeric=NUMERIC,
        write=lambda value, kind: write_value(value, kind, currency),
        short=lambda value, kind: _short(value, kind, currency),
        change=_change,
        is_long=lambda frame: len(frame) > MOST_ROWS,
        total=_total,
    )


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("data_pipeline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _short(value: Value, kind: Kind, currency: str) -> str:
    if kind is Kind.MONEY and isinstance(value, Decimal):
        return (
            write_short(value, currency)
            if abs(value) >= 10_000
            else write_value(value.quantize(Decimal("0.01")), kind, currency)
        )
    return write_value(value, kind, currency)


def _change(now: Value, before: Value, kind: Kind) -> str:
    """The change in percent, of shares in percentage points."""
    if not isinstance(now, int | Decimal) or not isinstance(before, int | Decimal):
        return NOTHING
    if kind is Kind.SHARE:
        return f"{(Decimal(now) - Decimal(before)) * 100:+.1f} points"
    return write_change(now, before)


def _total(frame: Frame, name: str) -> int:
    """The sum of a column of counts."""
    return sum(int(str(value)) for value in frame[name])
