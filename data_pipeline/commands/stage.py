"""`sales stage`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from data_pipeline.commands.options import config_option, settings_of

EXAMPLES = """
\b
Examples:
  sales stage --to postgresql://me@db/shop
  sales stage --raw exports --to mysql://me@db/shop --json
"""
SHOWN_FAULTS = 5


@click.command(epilog=EXAMPLES)
@click.option(
    "--raw", type=click.Path(path_type=Path), help="Directory of raw files.  [default: data/raw]"
)
@click.option(
    "--to", required=True, metavar="URL", help="The database: postgresql://... or mysql://..."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_option
def stage(config: Path | None, raw: Path | None, to: str, as_json: bool) -> None:
    """Copy raw files into staging tables of a database, as text with file and line.

    Nothing is judged and nothing is lost. A file that is staged already is left alone; one that
    changed replaces its rows. Records that a database cannot hold as they are, or that cannot be
    split into fields, are there with their fault and named here.
    """
    from data_pipeline.config import database_url
    from data_pipeline.staging import stage as copy_files

    settings = settings_of(config, raw=raw)
    staged = copy_files(settings.raw, database_url(to), settings.format_of_file)
    if as_json:
        click.echo(json.dumps([asdict(file) for file in staged]))
        return
    for file in staged:
        rows = "staged already" if file.rows is None else f"{file.rows:,} rows"
        click.echo(f"staging_{file.table}  {file.file}  {rows}")
        for line, fault in file.faults[:SHOWN_FAULTS]:
            click.echo(f"  line {line}: {fault}")
        if len(file.faults) > SHOWN_FAULTS:
            more = f"{len(file.faults) - SHOWN_FAULTS:,} more"
            click.echo(
                f"  and {more}: SELECT ... FROM staging_{file.table} WHERE fault IS NOT NULL"
            )
