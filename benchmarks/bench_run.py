"""What a run costs, against the floor; all measured in turns, so that a slow minute hits all.

python -m benchmarks.bench_run [--sales 10000000] [--repeats 5]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.make_data import SALES, Size, make
from benchmarks.measure import Cost, run

RESULTS = Path(__file__).with_name("results")
FLOOR, FULL, SHUFFLED = "floor", "full run", "shuffled run"
DELTA, NOTHING, HELP, PYTHON = "1 % new and corrected", "nothing new", "sales --help", "python"


@dataclass(frozen=True, slots=True)
class Target:
    """What the project promises: a figure of the medians, and its limit."""

    what: str
    limit: float
    figure: Callable[[dict[str, Cost]], float]
    form: str = "{:.2f}"


TARGETS = (
    Target(
        "full run, CPU seconds: times the floor",
        2.0,
        lambda cost: cost[FULL].cpu_seconds / cost[FLOOR].cpu_seconds,
    ),
    Target("full run, peak memory: GB", 1.5, lambda cost: cost[FULL].peak_mb / 1000),
    Target(
        "shuffled run, wall seconds: times the full run",
        1.25,
        lambda cost: cost[SHUFFLED].wall_seconds / cost[FULL].wall_seconds,
    ),
    Target(
        "1 % new and corrected, CPU seconds: share of the full run",
        0.10,
        lambda cost: cost[DELTA].cpu_seconds / cost[FULL].cpu_seconds,
        "{:.1%}",
    ),
    Target("nothing new, wall seconds", 1.0, lambda cost: cost[NOTHING].wall_seconds),
    Target("sales --help, wall seconds", 0.4, lambda cost: cost[HELP].wall_seconds),
)


class Workbench:
    """A folder in which the commands run, emptied before every turn."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.place = data / "work"
        self.log = data / "last.log"

    def empty(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()

    def put(self, part: str, raw: str) -> None:
        """Link the files of data/`part` into the folder `raw`."""
        (self.place / raw).mkdir(exist_ok=True)
        for path in (self.data / part).glob("*.csv"):
            os.link(path, self.place / raw / path.name)

    def python(self, *arguments: str) -> Cost:
        return run(arguments, self.place, self.log)

    def sales_run(self, raw: str) -> Cost:
        warehouse = f"duckdb:///{raw}.duckdb"
        return self.python(
            *("-m", "data_pipeline", "run", "--processed", "none"),
            *("--raw", raw, "--warehouse", warehouse),
        )

    def full_run(self, part: str) -> Cost:
        """The first run over all files. The floor's aggregates are among the sums that it makes:
        by day and category in one table, by customer, and so by location, in another.
        """
        self.put(part, part)
        return self.sales_run(part)

    def turn(self) -> dict[str, Cost]:
        """Everything once."""
        self.empty()
        costs = {
            PYTHON: self.python("-c", "pass"),
            HELP: self.python("-m", "data_pipeline", "--help"),
            FLOOR: self.python("-m", "benchmarks.floor", str(self.data / "clean"), "floor.duckdb"),
            FULL: self.full_run("dirty"),
            NOTHING: self.sales_run("dirty"),
        }
        self.put("delta", "dirty")
        costs[DELTA] = self.sales_run("dirty")
        # Last: it links files of the first run again, which changes their times.
        return costs | {SHUFFLED: self.full_run("shuffled")}


def show(medians: dict[str, Cost], size: Size, console: Console) -> None:
    """Print what was measured, then what was promised."""
    measured = Table("measured (median)", title_justify="left")
    for heading in ("CPU s", "wall s", "peak MB", "CPU / floor"):
        measured.add_column(heading, justify="right")
    for name, cost in medians.items():
        ratio = cost.cpu_seconds / medians[FLOOR].cpu_seconds
        figures = (cost.cpu_seconds, cost.wall_seconds, cost.peak_mb, ratio)
        measured.add_row(name, *(f"{x:,.{n}f}" for x, n in zip(figures, (2, 2, 0, 2), strict=True)))
    console.print(measured)

    promised = Table("promised")
    for heading in ("at most", "measured", ""):
        promised.add_column(heading, justify="right")
    for target in TARGETS:
        figure = target.figure(medians)
        verdict = "[green]PASS" if figure <= target.limit else "[red]MISS"
        promised.add_row(
            target.what, target.form.format(target.limit), target.form.format(figure), verdict
        )
    console.print(promised)
    if size.sales != SALES:
        console.print(f"The promises are for {SALES:,} sales: of fewer the start is a larger part.")


def write(medians: dict[str, Cost], turns: list[dict[str, Cost]], size: Size) -> Path:
    """Keep all figures, and on what they were measured, as JSON."""
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"run-{size.sales}-{now:%Y%m%dT%H%M%S}.json"
    content = {
        "measured_at": now.isoformat(timespec="seconds"),
        "size": asdict(size),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("duckdb", "pyarrow", "numpy")},
        "machine": {"system": platform.platform(), "processors": os.cpu_count()},
        "targets": {
            target.what: {"limit": target.limit, "measured": target.figure(medians)}
            for target in TARGETS
        },
        "medians": {name: asdict(cost) for name, cost in medians.items()},
        "turns": [{name: asdict(cost) for name, cost in turn.items()} for turn in turns],
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sales", type=int, default=SALES, help="how many (%(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="turns (%(default)s)")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a promise is missed")
    asked = parser.parse_args()
    console = Console()
    size = Size.of(asked.sales)
    console.print(f"{size.sales:,} sales, {size.customers:,} customers, {size.products:,} products")
    bench = Workbench(make(size))
    turns = [bench.turn() for _ in track(range(asked.repeats), "measuring", console=console)]
    medians = {name: Cost.median_of(turn[name] for turn in turns) for name in turns[0]}
    show(medians, size, console)
    console.print(f"written to {write(medians, turns, size)}", soft_wrap=True)
    bench.empty()
    missed = any(target.figure(medians) > target.limit for target in TARGETS)
    return int(asked.strict and missed)


if __name__ == "__main__":
    sys.exit(main())
