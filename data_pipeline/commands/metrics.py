"""`sales metrics`, `sales charts` and `sales report`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from data_pipeline.commands.options import (
    WAREHOUSE_HELP,
    config_option,
    open_to_read,
    safe_csv_option,
    settings_of,
    warehouse_options,
)

if TYPE_CHECKING:
    from data_pipeline.metrics import Frame

F = TypeVar("F", bound=Callable[..., Any])

BAR_WIDTH = 24

METRICS_EXAMPLES = """
\b
Examples:
  sales metrics                                          what there is, and what it means
  sales metrics net_sales --by month
  sales metrics net_sales orders --by category,channel --since 2025-01-01 --csv
  sales metrics orders --by day --where country=France --timezone Europe/Paris
"""


def reporting_options(command: F) -> F:
    """Add how amounts and days are written."""
    command = click.option(
        "--timezone",
        "reporting_timezone",
        metavar="ZONE",
        help="IANA time zone whose days are meant.  [default: UTC]",
    )(command)
    return click.option("--currency", help="Sign before amounts, such as € or $.")(command)


@click.command(epilog=METRICS_EXAMPLES)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--by", default="", help="Dimensions, such as month,category.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="The first day.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day; it is included.")
@click.option("--where", multiple=True, metavar="DIM=VALUE", help="Only these; can be repeated.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@safe_csv_option
@click.option("--markdown", is_flag=True, help="Print the definitions as docs/metrics.md has them.")
@warehouse_options
@reporting_options
def metrics(
    names: tuple[str, ...],
    by: str,
    since: date | None,
    until: date | None,
    where: tuple[str, ...],
    as_csv: bool,
    markdown: bool,
    warehouse: str | None,
    config: Path | None,
    as_json: bool,
    safe_csv: bool | None,
    **reporting: str | None,
) -> None:
    """Print metrics by time, category, place and more; without a name, what there is."""
    from data_pipeline.metrics import query
    from data_pipeline.metrics.documentation import definitions, write_markdown

    if markdown:
        click.echo(write_markdown(), nl=False)
        return
    settings = settings_of(config, warehouse=warehouse, safe_csv=safe_csv, **reporting)
    if not names:
        frame = definitions()
    else:
        with open_to_read(settings) as reader:
            frame = query(
                reader,
                names,
                by=[name.strip() for name in by.split(",") if name.strip()],
                since=_day(since),
                until=_day(until),
                where=_filters(where),
                timezone=settings.reporting_timezone,
            )
    if as_json:
        click.echo(frame.to_json())
    elif as_csv:
        click.echo(frame.to_csv(safe=settings.safe_csv), nl=False)
    else:
        _print_frame(frame, settings.currency, names[0] if names and by else None)


@click.command(epilog="\b\nExample:\n  sales charts --out charts --currency €")
@click.option("--warehouse", metavar="URL", help=WAREHOUSE_HELP)
@config_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out/charts"),
    show_default=True,
    help="Folder for the PNG and SVG files.",
)
@reporting_options
def charts(warehouse: str | None, config: Path | None, out: Path, **reporting: str | None) -> None:
    """Draw every chart of the warehouse as PNG and SVG."""
    from data_pipeline.charts import draw_all

    told = settings_of(config, warehouse=warehouse, **reporting)
    zone = told.reporting_timezone
    paths = draw_all(told.warehouse, out, currency=told.currency, timezone=zone)
    if paths:
        click.echo(f"{len(paths) // 2} charts, each as PNG and SVG, in {out}")
    else:
        click.echo("The warehouse has no sales; nothing was drawn.")


@click.command(epilog="\b\nExample:\n  sales report --out report.html --currency €")
@click.option("--warehouse", metavar="URL", help=WAREHOUSE_HELP)
@config_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("out/report.html"),
    show_default=True,
    help="The file to write.",
)
@reporting_options
def report(warehouse: str | None, config: Path | None, out: Path, **reporting: str | None) -> None:
    """Write one HTML page with figures, charts, tables and the books; it works offline."""
    from data_pipeline.report import write_report

    told = settings_of(config, warehouse=warehouse, **reporting)
    zone = told.reporting_timezone
    path = write_report(told.warehouse, out, currency=told.currency, timezone=zone)
    click.echo(f"The report is {path} ({path.stat().st_size / 1000:,.0f} KB)")


def _day(moment: Any) -> date | None:
    return moment.date() if moment else None


def _filters(pairs: tuple[str, ...]) -> dict[str, list[Any]]:
    """`category=Books` and `category=Toys` are one filter with two values."""
    from data_pipeline.errors import ConfigError
    from data_pipeline.metrics.question import read_value

    found: dict[str, list[Any]] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign:
            raise ConfigError(f"--where {pair!r} is not of the form dimension=value")
        try:
            found.setdefault(name, []).append(read_value(name, text))
        except ConfigError as error:
            raise ConfigError(f"--where {pair!r}: {error}") from None
    return found


def _print_frame(frame: Frame, currency: str, drawn: str | None) -> None:
    """A table for people; with a bar for the first metric where there is something to compare."""
    from rich import box
    from rich.bar import Bar
    from rich.table import Table
    from rich.text import Text

    from data_pipeline.commands.tables import print_table, show
    from data_pipeline.metrics import Kind
    from data_pipeline.metrics.wording import write_value

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for field in frame.fields:
        words = field.kind in {Kind.TEXT, Kind.DAY}
        table.add_column(field.label, justify="left" if words else "right", overflow="fold")
    sizes = [_size(value) for value in frame[drawn]] if drawn else []
    longest = max(sizes, default=0)
    if longest:
        table.add_column("", width=BAR_WIDTH)
    for place, row in enumerate(frame.rows):
        cells: list[Text | Bar] = [
            Text(show(write_value(value, field.kind, currency)))
            for value, field in zip(row, frame.fields, strict=True)
        ]
        if longest:
            cells.append(Bar(longest, 0, sizes[place], width=BAR_WIDTH, color="blue"))
        table.add_row(*cells)
    print_table(table)


def _size(value: Any) -> int:
    """The value for a bar, in millionths; nothing and negative ones have no bar."""
    return max(0, int(value * 1_000_000)) if value is not None else 0
