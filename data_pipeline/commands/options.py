"""Options that several commands have, and how they become settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from data_pipeline.config import Settings
    from data_pipeline.warehouses import Warehouse

F = TypeVar("F", bound=Callable[..., Any])

WAREHOUSE_HELP = "URL of the warehouse.  [default: duckdb:///data/warehouse.duckdb]"


def warehouse_options(command: F) -> F:
    """Add what every command has that reads a warehouse."""
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
    command = config_option(command)
    return click.option("--warehouse", metavar="URL", help=WAREHOUSE_HELP)(command)


def config_option(command: F) -> F:
    """Add --config."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Settings file.  [default: pipeline.toml if it is there]",
    )(command)


def safe_csv_option(command: F) -> F:
    """Add --safe-csv."""
    return click.option(
        "--safe-csv",
        is_flag=True,
        default=None,
        help="Put ' before cells that a spreadsheet would run as a formula.",
    )(command)


def settings_of(config: Path | None, **flags: Any) -> Settings:
    """Put the settings together from flags, environment and file."""
    from data_pipeline.config import load_settings

    return load_settings({k: v for k, v in flags.items() if v is not None}, file=config)


def open_to_read(settings: Settings) -> Warehouse:
    """Open the warehouse of the settings for reading."""
    from data_pipeline.errors import WarehouseError
    from data_pipeline.warehouses import Access, open_warehouse

    access = Access(read_only=True, wait_s=settings.wait_s, memory_limit=settings.memory_limit)
    warehouse = open_warehouse(settings.warehouse, access)
    if not warehouse.has_tables():
        warehouse.close()
        raise WarehouseError(f"{warehouse.url} is empty; fill it with: sales run")
    return warehouse
