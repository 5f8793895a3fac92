"""`sales simulate` and `sales grade`: a store to try everything on, and marks for the pipeline."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from data_pipeline.commands.options import settings_of, warehouse_options
from data_pipeline.commands.simulation_tables import ProgressBar, show_facts, show_marks

if TYPE_CHECKING:
    from data_pipeline.simulator.certify import Fact
    from data_pipeline.simulator.outcome import Made

SIMULATE_EXAMPLES = """
\b
Examples:
  sales simulate                                    200,000 sales with 2 % defects in data/raw
  sales simulate --preset grocery --certify         and show that it behaves like a shop
  sales simulate --sales 10000000 --format gzip
  sales simulate --next-days 7                      a week later: new files beside the old ones
  sales simulate --to postgresql://me@db/shop       a live shop database instead of files
"""


@click.command(epilog=SIMULATE_EXAMPLES)
@click.option(
    "--preset",
    default="default",
    show_default=True,
    help="The kind of shop: default, fashion, electronics, grocery.",
)
@click.option("--sales", type=click.IntRange(1), help="About how many sales.  [default: 200000]")
@click.option(
    "--customers",
    type=click.IntRange(1),
    help="How many customers.  [default: a tenth of the sales]",
)
@click.option(
    "--products",
    type=click.IntRange(1),
    help="How many products.  [default: a hundredth of the sales, 20 to 100,000]",
)
@click.option(
    "--days",
    type=click.IntRange(1),
    default=730,
    show_default=True,
    help="How many days, up to 2025-12-31.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Equal seeds and dials make equal bytes.",
)
@click.option(
    "--defects",
    type=click.FloatRange(0, 0.5),
    default=0.02,
    show_default=True,
    help="The share of records with a planted defect.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/raw"),
    show_default=True,
    help="The directory of raw files.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "gzip", "parquet"]),
    default="csv",
    show_default=True,
    help="How raw files are written.",
)
@click.option(
    "--next-days",
    type=click.IntRange(1),
    help="Go on with the store in --out for so many days; its own dials stand.",
)
@click.option(
    "--to",
    metavar="URL",
    help="Make or go on in a live shop database instead: postgresql://... or mysql://...",
)
@click.option("--threads", type=click.IntRange(1), help="How many threads.  [default: one a core]")
@click.option(
    "--certify",
    is_flag=True,
    help="Measure the store's facts against their bands; exit 1 if one fails.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def simulate(
    preset: str,
    sales: int | None,
    customers: int | None,
    products: int | None,
    days: int,
    seed: int,
    defects: float,
    out: Path,
    file_format: str,
    next_days: int | None,
    to: str | None,
    threads: int | None,
    certify: bool,
    as_json: bool,
) -> None:
    """Write a synthetic store's raw files, with an answer key for its defects.

    In --out stand then customers, products and sales for `sales run`, and beside them what it does
    not read: answer_key.parquet (each planted defect: file, line, kind and the right verdict),
    answer_totals.parquet (what was sold and has to be loaded, day by day), and store_state.*, from
    which --next-days goes on.
    """
    from data_pipeline.config import database_url
    from data_pipeline.simulator import parameters as dials
    from data_pipeline.simulator.continuation import continue_store
    from data_pipeline.simulator.live import continue_shop, open_shop
    from data_pipeline.simulator.store import simulate as make_store

    if certify and (to or next_days is not None):
        raise click.UsageError("--certify measures a new store of files, not --next-days or --to")
    if next_days is not None:
        with ProgressBar(silent=as_json) as progress:
            made = (
                continue_shop(database_url(to), next_days, progress=progress)
                if to
                else continue_store(out, next_days, progress=progress)
            )
        if made.last_day > datetime.now(UTC).date().isoformat():
            click.echo(
                f"note: the store has come to {made.last_day}, which is after today; a run before "
                "that day quarantines its sales as out_of_range_timestamp",
                err=True,
            )
        _say(made, (), as_json, to)
        return
    chosen = dials.preset(preset).resized(
        sales=sales, customers=customers, products=products, days=days, seed=seed, defects=defects
    )
    if to:
        with ProgressBar(silent=as_json) as progress:
            made = open_shop(database_url(to), chosen, threads=threads, progress=progress)
        _say(made, (), as_json, to)
        return
    with ProgressBar(silent=as_json) as progress:
        made = make_store(chosen, out, file_format=file_format, threads=threads, progress=progress)
    facts: tuple[Fact, ...] = ()
    if certify:
        from data_pipeline.simulator.certify import certify as measure
        from data_pipeline.simulator.certify import read_evidence

        facts = measure(read_evidence(out, chosen, made.files), chosen)
    _say(made, facts, as_json)
    if any(fact.holds is False for fact in facts):
        sys.exit(1)


GRADE_EXAMPLES = """
\b
Examples:
  sales simulate && sales run && sales grade
  sales grade --raw data/raw --warehouse duckdb:///data/warehouse.duckdb --json
"""


@click.command(epilog=GRADE_EXAMPLES)
@click.option(
    "--raw",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/raw"),
    show_default=True,
    help="The directory of the simulated store.",
)
@warehouse_options
def grade(raw: Path, warehouse: str | None, config: Path | None, as_json: bool) -> None:
    """Mark a warehouse against the simulator's answer key; exit 1 if a mark is lost."""
    from data_pipeline.grade import as_dict
    from data_pipeline.grade import grade as mark

    settings = settings_of(config, warehouse=warehouse)
    marks = mark(raw, settings.warehouse, settings.key())
    if as_json:
        import json

        click.echo(json.dumps(as_dict(marks)))
    else:
        show_marks(marks)
    if not marks.perfect:
        sys.exit(1)


def _say(made: Made, facts: tuple[Fact, ...], as_json: bool, database: str | None = None) -> None:
    import json

    from data_pipeline.urls import hide_password

    place = hide_password(database) if database else str(made.out)
    said: dict[str, Any] = {
        "out": place,
        "files": list(made.files),
        "customers": made.customers,
        "products": made.products,
        "sales": made.sales,
        "defects": made.defects,
        "first_day": made.first_day,
        "last_day": made.last_day,
    }
    if facts:
        said["facts"] = [
            {
                "number": fact.number,
                "name": fact.name,
                "holds": fact.holds,
                "source": fact.source,
                "measured": [
                    {
                        "name": part.name,
                        "value": None if part.holds is None else part.measured,
                        "band": part.band,
                        "holds": part.holds,
                    }
                    for part in fact.parts
                ],
            }
            for fact in facts
        ]
    if as_json:
        click.echo(json.dumps(said))
        return
    if facts:
        show_facts(facts)
    click.echo(
        f"{made.sales:,} sales, {made.customers:,} customers and {made.products:,} products "
        f"from {made.first_day} to {made.last_day} in {place}"
    )
    if database:
        click.echo(f"read it with: sales run --source {place}")
        return
    click.echo(
        f"{made.defects:,} records in the answer key; "
        f"mark a run against it with: sales grade --raw {made.out}"
    )


if __name__ == "__main__":
    simulate()
