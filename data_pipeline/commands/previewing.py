"""What `sales run --dry-run` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from data_pipeline.config import Settings
    from data_pipeline.preview import Preview


def show_preview(settings: Settings, *, as_json: bool) -> None:
    """Say what a run would do."""
    from data_pipeline.preview import preview

    found = preview(settings)
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2))
        return
    count = len(found.plan.files)
    click.echo(f"{found.plan.kind}: {count} files to read, {found.size:,} bytes")
    for file, _ in found.plan.files:
        click.echo(f"{file.table:10} {file.name}  {file.size:,}")
    if found.plan.gone:
        click.echo(f"gone       {', '.join(found.plan.gone)}")
    click.echo(f"warehouse  {found.warehouse}")
    if found.cost:
        click.echo(f"cost       at most {found.cost.bytes:,} bytes billed, ${found.cost.dollars}")
    if settings.sources:
        click.echo("the databases that raw files land from were not asked")
    click.echo("dry run: nothing was changed")


def _as_json(found: Preview) -> dict[str, object]:
    cost = found.cost and {"bytes": found.cost.bytes, "dollars": str(found.cost.dollars)}
    return {
        "kind": found.plan.kind,
        "warehouse": found.warehouse,
        "files": [
            {"table": file.table, "file": file.name, "bytes": file.size}
            for file, _ in found.plan.files
        ],
        "changed": list(found.plan.changed),
        "gone": list(found.plan.gone),
        "cost": cost,
    }
