"""What a command costs: CPU seconds, wall seconds, peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one command, or of several one after the other."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.cpu_seconds + other.cpu_seconds,
            self.wall_seconds + other.wall_seconds,
            max(self.peak_mb, other.peak_mb),
        )

    @classmethod
    def median_of(cls, costs: Iterable[Cost]) -> Cost:
        """The median of each figure by itself."""
        costs = list(costs)
        return cls(
            median(cost.cpu_seconds for cost in costs),
            median(cost.wall_seconds for cost in costs),
            median(cost.peak_mb for cost in costs),
        )


class CommandError(SystemExit):
    """A command that was to be measured failed; ends the benchmark when nobody catches it."""


def run(arguments: Sequence[str], cwd: Path, log: Path) -> Cost:
    """Run Python with `arguments` as a child in `cwd` and measure it; what it says goes to `log`.

    The environment's settings of Python and of sales are taken away, so that they cannot change
    what is measured: without compiled modules, say, each command takes half a second more.
    """
    environment = _bare_environment() | {"PYTHONPATH": str(ROOT)}
    return _measure([sys.executable, *arguments], cwd, log, environment)


def run_tree(command: Sequence[str], cwd: Path, log: Path) -> Cost:
    """Run a command of any environment and measure it with all processes that it starts."""
    return _measure(["--tree", *command], cwd, log, _bare_environment())


def _bare_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("SALES_", "PYTHON"))}


def _measure(command: list[str], cwd: Path, log: Path, environment: dict[str, str]) -> Cost:
    with log.open("wb") as out:
        launched = subprocess.run(
            [sys.executable, "-I", "-S", str(LAUNCH), *command],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    *said, figures = launched.stderr.splitlines()
    exit_code, cpu_seconds, wall_seconds, max_rss = json.loads(figures)
    if exit_code != 0:
        tail = [*log.read_text(encoding="utf-8", errors="replace").splitlines(), *said][-30:]
        raise CommandError("\n".join([f"{' '.join(command)} ended with {exit_code}:", *tail]))
    bytes_in_max_rss = 1 if sys.platform == "darwin" else 1024
    return Cost(cpu_seconds, wall_seconds, max_rss * bytes_in_max_rss / 1e6)
