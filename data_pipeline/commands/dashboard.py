"""`sales dashboard`."""

from __future__ import annotations

import os
import re
import sys
import webbrowser
from pathlib import Path
from threading import Timer

import click

from data_pipeline.commands.metrics import reporting_options
from data_pipeline.commands.options import WAREHOUSE_HELP, config_option, settings_of

EXAMPLES = """
\b
Examples:
  sales dashboard                              opens http://127.0.0.1:8501
  sales dashboard --warehouse duckdb:///shop.duckdb --currency €
  sales dashboard --host 0.0.0.0 --token       for the others in the office, who need the token
"""
OPEN_AFTER_S = 0.7


@click.command(epilog=EXAMPLES)
@click.option("--warehouse", metavar="URL", help=WAREHOUSE_HELP)
@config_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8501, show_default=True, help="0: any."
)
@click.option("--token", "with_token", is_flag=True, help="Let only those in who have a new token.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Let only those in who have the token in this file.",
)
@click.option("--name", "names", multiple=True, help="A further name of this machine in browsers.")
@click.option("--open/--no-open", "is_opened", default=True, help="Open it in the browser.")
@click.option(
    "--copy-memory",
    default="2GB",
    show_default=True,
    metavar="SIZE",
    help="Memory for a copy of the sales, which answers in a blink; 0: no copy.",
)
@reporting_options
def dashboard(
    warehouse: str | None,
    config: Path | None,
    host: str,
    port: int,
    with_token: bool,
    token_file: Path | None,
    names: tuple[str, ...],
    is_opened: bool,
    copy_memory: str,
    **reporting: str | None,
) -> None:
    """Open a local web page on the warehouse: figures, filters, and where each number is from.

    Reads only, asks nothing of the internet, and shows new data when a run has loaded them.
    """
    settings = settings_of(config, warehouse=warehouse, **reporting)
    _require_the_extra()
    from data_pipeline.dashboard.server import Place, Shop, listen, make_dashboard, serve
    from data_pipeline.heap import keep_freed_memory
    from data_pipeline.urls import hide_password
    from data_pipeline.warehouses import Access, check_url

    check_url(settings.warehouse)
    place = Place(host, port, read_token(with_token, token_file), names)
    access = Access(read_only=True, memory_limit=settings.memory_limit, threads=settings.threads)
    shop = Shop(
        settings.warehouse,
        access,
        settings.currency,
        settings.reporting_timezone,
        read_size(copy_memory),
    )
    keep_freed_memory(of_all_sizes=True)
    app = make_dashboard(shop, place)
    with listen(place) as listener:
        place = Place(host, listener.getsockname()[1], place.token, names)
        click.echo(f"The dashboard of {hide_password(settings.warehouse)} is at {place.address}")
        click.echo("Ctrl-C ends it.")
        if is_opened:
            Timer(OPEN_AFTER_S, webbrowser.open, [place.address]).start()
        serve(app, listener)
    end_at_once()


def end_at_once() -> None:
    """End the process when a step over very many sales is still under way: it would go on below an
    interpreter that is no longer there, and abort.
    """
    from data_pipeline.dashboard.recall import is_at_work

    if is_at_work():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def read_size(text: str) -> int:
    """Bytes of a size such as 2GB or 500 MB; ConfigError for what is none."""
    from data_pipeline.errors import ConfigError

    found = re.fullmatch(r"\s*([0-9]{1,6})\s*(?:([KMGT])i?B?)?\s*", text, re.IGNORECASE)
    if not found:
        raise ConfigError(f"{text!r} is no size; write it as 2GB or 500MB, or 0 for none")
    number, unit = found.groups()
    power = "KMGT".index(unit.upper()) + 1 if unit else 0
    return int(number) * int(1024**power)


def read_token(with_token: bool, file: Path | None) -> str | None:
    """The token in the file, a new one, or none; none is ever taken from the command line, which
    others see.
    """
    from secrets import token_urlsafe

    from data_pipeline.errors import ConfigError

    if file is None:
        return token_urlsafe(24) if with_token else None
    token = file.read_text(encoding="utf-8").strip()
    if len(token) < 16 or not all(c.isascii() and (c.isalnum() or c in "-._~") for c in token):
        raise ConfigError(
            f"{file} holds no token: 16 or more letters, digits or - . _ ~ and nothing else"
        )
    return token


def _require_the_extra() -> None:
    from importlib.util import find_spec

    from data_pipeline.errors import ConfigError

    if not (find_spec("fastapi") and find_spec("uvicorn")):
        raise ConfigError(
            "the dashboard needs FastAPI; install the extra: pip install"
            " 'ecommerce-sales-pipeline[dashboard]' (in a checkout: make dashboard)"
        )
