"""`sales run`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from data_pipeline.commands.options import (
    WAREHOUSE_HELP,
    config_option,
    safe_csv_option,
    settings_of,
)
from data_pipeline.errors import printable

if TYPE_CHECKING:
    from data_pipeline.config import Settings
    from data_pipeline.pipeline import Result
    from data_pipeline.transform import OnRead

EXAMPLES = """
\b
Examples:
  sales run                                             new files of data/raw into the warehouse
  sales run --raw exports --warehouse duckdb:///shop.duckdb
  sales run --full-refresh                              rebuild from the files that are there
  sales run --source postgresql://reader@db/shop        its new rows land in data/raw first
  sales run --processed none --json
  SALES_PII_KEY=$(cat key) sales run --mask-pii         names and e-mails as keyed hashes
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "--raw", type=click.Path(path_type=Path), help="Directory of raw files.  [default: data/raw]"
)
@click.option(
    "--source",
    metavar="URL",
    help="Database to read new rows from first: postgresql://... or mysql://...",
)
@click.option("--warehouse", metavar="URL", help=WAREHOUSE_HELP)
@click.option(
    "--processed",
    metavar="DIR|none",
    help="Directory of the transformed_* files, or none.  [default: data/processed]",
)
@click.option(
    "--processed-kind",
    type=click.Choice(["csv", "parquet"]),
    help="Kind of the transformed_* files.  [default: csv]",
)
@safe_csv_option
@click.option(
    "--mask-pii",
    is_flag=True,
    default=None,
    help="Keep names and e-mail addresses out of all that is written: keyed hashes stand for "
    "them. The key is in SALES_PII_KEY, or in a file that pii_key_file names.",
)
@click.option(
    "--full-refresh",
    is_flag=True,
    default=None,
    help="Read all files again and rebuild the warehouse from them.",
)
@click.option(
    "--max-quarantine",
    type=float,
    metavar="SHARE",
    help="Stop when more than this share of a file's rows is bad.  [default: 0.5]",
)
@click.option(
    "--wait", "wait_s", type=float, metavar="SECONDS", help="Wait for another run to end."
)
@click.option("--memory-limit", metavar="SIZE", help="Bound DuckDB's memory.  [default: 2GB]")
@click.option(
    "--source-timezone", metavar="ZONE", help="Of raw times without offset.  [default: UTC]"
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Say what would be done, and what it would cost where work is paid for; do nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@config_option
def run(config: Path | None, dry_run: bool, as_json: bool, **flags: Any) -> None:
    """Bring the warehouse up to the raw files.

    Loads the files that are new, rebuilds when one has changed, and proves the books: every row
    and every cent that was read is loaded, a duplicate, or in quarantine with its reason. When
    they do not balance, nothing is loaded and the exit code is 1.
    """
    settings = settings_of(config, **flags)
    if dry_run:
        from data_pipeline.commands.previewing import show_preview

        show_preview(settings, as_json=as_json)
        return
    from data_pipeline.heap import keep_freed_memory
    from data_pipeline.pipeline import run as run_pipeline

    keep_freed_memory()
    with _progress(quiet=as_json) as on_read:
        result = run_pipeline(settings, on_read, _note)
    if as_json:
        click.echo(json.dumps(_as_json(result), indent=2, default=str))
    else:
        _show(result, settings)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[OnRead | None]:
    """A progress bar over the bytes of the raw files, on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def on_read(file: Any, count: int) -> None:
            if file.name not in tasks:
                tasks[file.name] = bar.add_task(file.name, total=file.size)
            bar.update(tasks[file.name], completed=count)

        yield on_read


def _note(said: str) -> None:
    click.echo(f"{click.style('note:', fg='yellow')} {printable(said)}", err=True)


def _as_json(result: Result) -> dict[str, Any]:
    return {
        "run_id": result.run_id,
        "kind": result.kind,
        "warehouse": result.warehouse,
        "balanced": True,
        "files": [
            {"table": table, "file": name, **_movement(movement)}
            for table, tally in result.tallies.items()
            for name, movement in sorted(tally.files.items())
        ],
        "warnings": list(result.warnings),
        "landed": list(result.landed),
        "processed": [str(path) for path in result.processed],
    }


def _movement(movement: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        name if name.startswith("amount") else f"rows_{name}": str(value)
        if name.startswith("amount")
        else value
        for name, value in asdict(movement).items()
    }


def _show(result: Result, settings: Settings) -> None:
    from data_pipeline.commands.tables import balance_sheet, print_table

    for warning in result.warnings:
        _note(warning)
    for name in result.landed:
        click.echo(f"landed     {settings.raw / name}")
    if result.run_id is None:
        click.echo(f"nothing new in {settings.raw}; {result.warehouse} is up to date")
        return
    rows = [
        (
            table,
            name,
            m.read,
            m.loaded,
            m.duplicate,
            m.quarantined,
            m.repaired,
            m.amount_loaded,
            m.amount_quarantined,
        )
        for table, tally in result.tallies.items()
        for name, m in sorted(tally.files.items())
    ]
    print_table(
        balance_sheet(rows, title=f"Run {result.run_id} ({result.kind}): the books balance")
    )
    click.echo(f"warehouse  {result.warehouse}")
    for path in result.processed:
        click.echo(f"processed  {path}")
