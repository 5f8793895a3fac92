"""`sales metrics`, `sales charts` and `sales report`."""

from __future__ import annotations

from pathlib import Path

import click

WAREHOUSE = "duckdb:///data/warehouse.duckdb"

_warehouse = click.option(
    "--warehouse",
    envvar="SALES_WAREHOUSE",
    default=WAREHOUSE,
    show_default=True,
    help="URL of the warehouse.",
)
_currency = click.option(
    "--currency", envvar="SALES_CURRENCY", default="", help="Sign before amounts, such as € or $."
)
_timezone = click.option(
    "--timezone",
    envvar="SALES_REPORTING_TIMEZONE",
    default="UTC",
    show_default=True,
    help="IANA time zone whose days are reported.",
)


@click.command()
@_warehouse
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out/charts"),
    show_default=True,
    help="Folder for the PNG and SVG files.",
)
@_currency
@_timezone
def charts(warehouse: str, out: Path, currency: str, timezone: str) -> None:
    r"""Draw every chart of the warehouse as PNG and SVG.

    \b
    Example:
      sales charts --out charts --currency €
    """
    from data_pipeline.charts import draw_all

    paths = draw_all(warehouse, out, currency=currency, timezone=timezone)
    if paths:
        click.echo(f"{len(paths) // 2} charts, each as PNG and SVG, in {out}")
    else:
        click.echo("The warehouse has no sales; nothing was drawn.")
