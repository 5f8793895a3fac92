"""What a command costs: CPU seconds, wall seconds, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.make_data import CACHE


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


def run(arguments: Sequence[str], cwd: Path, log: Path) -> Cost:
    """Run Python with `arguments` as a child in `cwd` and measure it; what it says goes to `log`.

    The environment's SALES_ settings are taken away, so that they cannot change what is measured.
    """
    root = str(CACHE.parents[1])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SALES_")}
    environment["PYTHONPATH"] = root
    with log.open("wb") as out:
        begin = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise SystemExit(f"{' '.join(arguments)} ended with {child.returncode}:\n{said}")
    peak_kib = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Cost(usage.ru_utime + usage.ru_stime, wall, peak_kib * 1024 / 1e6)
