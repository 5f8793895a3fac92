"""`sales status`, `sales quarantine` and `sales trace`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from data_pipeline.commands.options import (
    open_to_read,
    safe_csv_option,
    settings_of,
    warehouse_options,
)

if TYPE_CHECKING:
    from data_pipeline.inspection import Status, Trace

SHEET = (
    "source_table", "source_file", "rows_read", "rows_loaded", "rows_duplicate",
    "rows_quarantined", "rows_repaired", "amount_loaded", "amount_quarantined",
)  # fmt: skip


@click.command(epilog="\b\nExamples:\n  sales status\n  sales status --runs 3 --json")
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True, help="How many runs.")
@warehouse_options
def status(warehouse: str | None, config: Path | None, as_json: bool, runs: int) -> None:
    """Show the balance sheet by file, the last runs, the repairs and how fresh the data are."""
    from data_pipeline.inspection import read_status

    with open_to_read(settings_of(config, warehouse=warehouse)) as opened:
        found = read_status(opened, runs)
    if as_json:
        _print_json(_status_json(found))
        return
    _show_status(found)


def _show_status(found: Status) -> None:
    from data_pipeline.commands.tables import balance_sheet, print_table, text_table

    print_table(
        balance_sheet(found.files, title="Balance sheet: read = loaded + duplicates + quarantined")
    )
    if found.repairs:
        print_table(
            text_table("Repairs in loaded rows", ("table", "repair", "rows"), found.repairs)
        )
    if found.masked:
        print_table(
            text_table("Masked values in loaded rows", ("table", "column", "rows"), found.masked)
        )
    shown = [(r[0], r[1], f"{(r[2] - r[1]).total_seconds():.1f} s", *r[3:]) for r in found.runs]
    names = ("run", "started (UTC)", "took", "kind", "status", "files", "rows read")
    print_table(text_table("Last runs", names, shown))
    click.echo(f"sales from {found.first_sale or '–'} to {found.last_sale or '–'} (UTC)")


def _status_json(found: Status) -> dict[str, Any]:
    names = ("run_id", "started_at", "finished_at", "kind", "status", "files", "rows_read")
    return {
        "warehouse": found.warehouse,
        "files": [dict(zip(SHEET, row, strict=True)) for row in found.files],
        "repairs": [dict(zip(("table", "repair", "rows"), r, strict=True)) for r in found.repairs],
        "masked": [dict(zip(("table", "column", "rows"), m, strict=True)) for m in found.masked],
        "runs": [dict(zip(names, row, strict=True)) for row in found.runs],
        "first_sale": found.first_sale,
        "last_sale": found.last_sale,
    }


@click.command(
    epilog="\b\nExamples:\n  sales quarantine\n  sales quarantine --reason orphan_product\n"
    "  sales quarantine --export bad_rows.csv"
)
@click.option("--reason", help="Only this reason.")
@click.option(
    "--examples", type=click.IntRange(0), default=2, show_default=True, help="Records a reason."
)
@click.option(
    "--export",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write all records to a CSV file.",
)
@safe_csv_option
@warehouse_options
def quarantine(
    warehouse: str | None,
    config: Path | None,
    as_json: bool,
    reason: str | None,
    examples: int,
    export: Path | None,
    safe_csv: bool | None,
) -> None:
    """Show what is not in the star: by reason, with what it is worth and examples."""
    from data_pipeline.errors import ConfigError
    from data_pipeline.inspection import export_quarantine, known_reasons, read_quarantine

    if reason is not None and reason not in known_reasons():
        raise ConfigError(f"unknown reason {reason!r}; known: {', '.join(known_reasons())}")
    settings = settings_of(config, warehouse=warehouse, safe_csv=safe_csv)
    with open_to_read(settings) as opened:
        groups = read_quarantine(opened, reason, examples)
        if export is not None:
            export_quarantine(opened, reason, export, safe=settings.safe_csv)
    if as_json:
        keys = ("source_file", "source_line", "detail", "raw")
        _print_json(
            [
                {
                    "source_table": table,
                    "reason": why,
                    "rows": count,
                    "amount": amount,
                    "examples": [dict(zip(keys, e, strict=True)) for e in found],
                }
                for table, why, count, amount, found in groups
            ]
        )
    else:
        _show_quarantine(groups)
    if export is not None:
        click.echo(f"{sum(g[2] for g in groups):,} records in {export}", err=as_json)


def _show_quarantine(groups: list[Any]) -> None:
    from data_pipeline.commands.tables import print_table, text_table

    if not groups:
        click.echo("The quarantine is empty.")
        return
    names = ("table", "reason", "rows", "amount")
    print_table(text_table("Quarantine", names, [group[:4] for group in groups]))
    examples = [(g[1], f"{e[0]}:{e[1]}", e[2], e[3][:120]) for g in groups for e in g[4]]
    if examples:
        print_table(text_table("Examples", ("reason", "file:line", "why", "record"), examples))


@click.command(epilog="\b\nExamples:\n  sales trace 4711\n  sales trace 4711 --raw exports --json")
@click.argument("transaction_id", type=click.IntRange(1))
@click.option(
    "--raw", type=click.Path(path_type=Path), help="Directory of raw files.  [default: data/raw]"
)
@warehouse_options
def trace(
    transaction_id: int,
    raw: Path | None,
    warehouse: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Follow one sale: its file and line, its text, each repair, and the row in the warehouse, or
    the reason why there is none. Exit 1 when it is nowhere.
    """
    from data_pipeline.errors import WarehouseError
    from data_pipeline.inspection import trace_sale

    settings = settings_of(config, warehouse=warehouse, raw=raw)
    with open_to_read(settings) as opened:
        found = trace_sale(opened, transaction_id, settings)
    if not found.steps:
        raise WarehouseError(f"no record of transaction {transaction_id} was ever read")
    if as_json:
        _print_json(_trace_json(found))
    else:
        _show_trace(found)


def _trace_json(found: Trace) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(found) | {
        "row": dict(found.row) or None,
        "customer": dict(found.customer) or None,
        "product": dict(found.product) or None,
    }


def _show_trace(found: Trace) -> None:
    from data_pipeline.commands.tables import print_table, show, text_table

    click.echo(f"transaction {found.transaction_id}")
    for step in found.steps:
        click.echo(f"\n{step.file}, line {step.line}: {step.verdict} (run {step.run_id})")
        if step.raw is not None:
            click.echo(f"  record   {show(step.raw)}")
        if step.detail:
            click.echo(f"  because  {show(step.detail)}")
        for repair in step.repairs:
            click.echo(f"  repaired {repair}")
    for title, row in (
        ("sales", found.row),
        ("customer", found.customer),
        ("product", found.product),
    ):
        if row:
            print_table(text_table(f"\n{title}", ("column", "value"), row))


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, default=str))
