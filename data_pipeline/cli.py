"""The command `sales`: where everything is put together.

Commands live in `commands/` and are imported when they are called, so that `sales --help` starts at
once. Exit 0: done and balanced; 1: failed and nothing changed; 2: wrong usage or settings.
"""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn, TypeGuard

import click

from data_pipeline.errors import PipelineError, printable
from data_pipeline.signals import interruptible

COMMANDS = {
    "simulate": ("simulate", "Write a synthetic store's raw files."),
    "run": ("run", "Bring the warehouse up to the raw files."),
    "stage": ("stage", "Copy raw files into staging tables of a database, as text."),
    "status": ("inspect", "Show the last runs, the balance sheet and how fresh the data are."),
    "trace": ("inspect", "Follow one sale from its file and line to the warehouse."),
    "quarantine": ("inspect", "Show what is not in the star, and why."),
    "grade": ("simulate", "Hold the warehouse against the simulator's answer key."),
    "metrics": ("metrics", "Print metrics by time, category, place and more."),
    "charts": ("metrics", "Draw the charts as PNG and SVG."),
    "report": ("metrics", "Write one HTML page that can be mailed."),
    "dashboard": ("dashboard", "Open a local web page on the warehouse."),
}
"""Command: the module in `commands/` that has it, and its line in the help."""

EXAMPLES = """
\b
Examples:
  sales simulate                       make a store in data/raw
  sales run                            load it, with balanced books
  sales status                         what went where
  sales metrics net_sales --by month
\b
Shell completion:
  eval "$(_SALES_COMPLETE=bash_source sales)"     (or zsh_source, fish_source)
"""


class LateCommands(click.Group):
    """Imports a command's module only when the command is called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"data_pipeline.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in COMMANDS.items()])


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
NOT_SAID = "what was done stays done, and can be seen with: sales status"


def _version() -> str:
    try:
        return version("ecommerce-sales-pipeline")
    except PackageNotFoundError:
        return "unknown"


@click.group(cls=LateCommands, epilog=EXAMPLES, context_settings={"max_content_width": 100})
@click.version_option(_version(), prog_name="sales")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """The e-commerce sales pipeline that can prove its numbers."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; errors become one message and an exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    told = [a for a in arguments if a != "--debug"]
    with interruptible() as signals:
        try:
            result: Any = cli.main(told, prog_name="sales", standalone_mode=False)
            sys.exit(result if isinstance(result, int) else 0)
        except (click.Abort, KeyboardInterrupt):
            _interrupted()
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(1)
        except Exception as error:  # noqa: BLE001 (the last resort: no traceback for a user)
            if signals:
                _interrupted()
            if not debug and _is_full(error):
                _fail(f"cannot write the output: {error.strerror}; {NOT_SAID}", 1)
            _explain(error, debug)


def _is_full(error: Exception) -> TypeGuard[OSError]:
    """Whether it is the terminal's or the log's fault: errors of files say which file."""
    return isinstance(error, OSError) and error.errno in NO_ROOM and error.filename is None


def _explain(error: Exception, debug: bool) -> NoReturn:
    if debug:
        raise error
    if isinstance(error, click.ClickException):
        error.show()
        sys.exit(2)
    if isinstance(error, PipelineError):
        _fail(str(error), error.exit_code)
    _fail(f"unexpected {type(error).__name__}: {_first_line(error)} (--debug shows more)", 1)


def _interrupted() -> NoReturn:
    click.echo("\ninterrupted; a run that was not done has changed nothing", err=True)
    sys.exit(130)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"{click.style('error:', fg='red', bold=True)} {printable(message)}", err=True)
    sys.exit(code)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
