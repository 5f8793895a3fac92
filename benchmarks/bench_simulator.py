"""Rows a second of the simulator beside other generators, all in one run, each in its own process.

    python -m benchmarks.bench_simulator [--sales 10000000] [--repeats 3]

DuckDB writes as many rows of plain random columns of the same names and types: a floor, for they
mean nothing. For the simulator and jafgen the records of all their files count. Mimesis, Faker (one
value at a time, in a loop) and jafgen are timed on fewer rows, and only if they are installed
(pip install mimesis jafgen).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.measure import Cost, run

RESULTS = Path(__file__).with_name("results")

DUCKDB = """
import duckdb, sys
duckdb.execute('''COPY (SELECT
    i AS transaction_id, 1 + (random() * 400000)::BIGINT AS customer_id,
    1 + (random() * 40000)::BIGINT AS product_id,
    TIMESTAMP '2024-01-01' + to_seconds((random() * 63000000)::BIGINT) AS "timestamp",
    1 + (random() * 3)::INTEGER AS quantity, (random() * 500)::DECIMAL(18, 2) AS price,
    2401010000000 + i // 2 AS order_id, (random() * 5)::DECIMAL(18, 2) AS discount,
    ['web', 'app', 'store'][1 + (random() * 2)::INTEGER] AS channel, NULL AS updated_at
    FROM range(%d) t(i)) TO 'random.csv' (HEADER)''' % int(sys.argv[1]))
"""
MIMESIS = """
import csv, sys
from mimesis import Datetime, Finance, Numeric
numeric, moment, finance = Numeric(seed=1), Datetime(seed=1), Finance(seed=1)
with open('mimesis.csv', 'w', newline='') as file:
    writer = csv.writer(file)
    for i in range(int(sys.argv[1])):
        writer.writerow([i, numeric.integer_number(1, 400000), numeric.integer_number(1, 40000),
            moment.datetime(2024, 2025), numeric.integer_number(1, 4), finance.price(1, 500)])
"""
FAKER = """
import csv, sys
from faker import Faker
fake = Faker()
with open('faker.csv', 'w', newline='') as file:
    writer = csv.writer(file)
    for i in range(int(sys.argv[1])):
        writer.writerow([i, fake.random_int(1, 400000), fake.random_int(1, 40000),
            fake.date_time_between('-2y'), fake.random_int(1, 4),
            fake.pydecimal(left_digits=3, right_digits=2, positive=True)])
"""
JAFGEN = "import sys; from jafgen.cli import app; sys.argv = ['jafgen', *sys.argv[1:]]; app()"


@dataclass(frozen=True, slots=True)
class Contender:
    """A generator: how it is called for a size, and the sizes between which it is timed."""

    name: str
    arguments: tuple[str, ...]
    small: int
    large: int
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class Speed:
    """Rows a second, by the clock and by each second of a core."""

    wall: float
    cpu: float


def contenders(sales: int) -> list[Contender]:
    """Return everyone who is measured; jafgen's size is in years."""
    simulate = (
        "-m",
        "data_pipeline.commands.simulate",
        "--json",
        "--out",
        "store",
        "--sales",
        "{n}",
    )
    return [
        Contender("DuckDB, random columns", ("-c", DUCKDB, "{n}"), 0, sales),
        Contender("simulator", (*simulate, "--defects", "0"), 0, sales),
        Contender("simulator, 2 % defects", (*simulate, "--defects", "0.02"), 0, sales),
        Contender("Mimesis", ("-c", MIMESIS, "{n}"), 1, 100_000, "mimesis"),
        Contender("Faker in a loop", ("-c", FAKER, "{n}"), 1, 20_000, "faker"),
        Contender("jafgen", ("-c", JAFGEN, "{n}"), 0, 1, "jafgen"),
    ]


def measure(contender: Contender) -> tuple[Speed, Cost]:
    """Time one contender, in an empty directory that is gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="bench-simulator-"))
    try:
        costs = [
            run([a.replace("{n}", str(n)) for a in contender.arguments], place, place / "log")
            for n in (contender.small, contender.large)
            if n > 0
        ]
        rows = records_of(contender, place)
        start = costs[0] if len(costs) > 1 else Cost(0, 0, 0)
        last = costs[-1]
        speed = Speed(
            rows / max(last.wall_seconds - start.wall_seconds, 1e-9),
            rows / max(last.cpu_seconds - start.cpu_seconds, 1e-9),
        )
        return speed, last
    finally:
        shutil.rmtree(place)


def records_of(contender: Contender, place: Path) -> int:
    """Return how many records the contender wrote, in all its files."""
    if contender.name == "jafgen":
        return lines_in(place)
    if contender.name.startswith("simulator"):
        said = json.loads((place / "log").read_text(encoding="utf-8"))
        return int(said["sales"] + said["customers"] + said["products"])
    return contender.large


def lines_in(place: Path) -> int:
    """Return how many records the CSV files under a directory have."""
    return sum(f.read_bytes().count(b"\n") - 1 for f in place.rglob("*.csv"))


TARGETS = (
    ("simulator", "DuckDB, random columns", 1 / 3),
    ("simulator", "Mimesis", 8),
    ("simulator", "jafgen", 25),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sales", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    speeds: dict[str, list[Speed]] = {}
    peaks: dict[str, float] = {}
    for _ in range(asked.repeats):
        for contender in contenders(asked.sales):
            if contender.needs and find_spec(contender.needs) is None:
                print(f"{contender.name}: not installed, left out", file=sys.stderr)
                continue
            speed, cost = measure(contender)
            speeds.setdefault(contender.name, []).append(speed)
            peaks[contender.name] = max(cost.peak_mb, peaks.get(contender.name, 0))
    walls = {name: median(s.wall for s in found) for name, found in speeds.items()}
    cores = {name: median(s.cpu for s in found) for name, found in speeds.items()}
    for name in speeds:
        print(
            f"{name:<26}{walls[name]:>12,.0f} rows/s{cores[name]:>12,.0f} rows/CPU s"
            f"{peaks[name]:>8,.0f} MB"
        )
    for name, other, least in TARGETS:
        if other in walls:
            ratio, per_core = walls[name] / walls[other], cores[name] / cores[other]
            verdict = "PASS" if ratio >= least else "MISS"
            print(
                f"{name} over {other}: {ratio:.2f} by the clock, {per_core:.2f} by the core; "
                f"at least {least:.2f}: {verdict}"
            )
    RESULTS.mkdir(exist_ok=True)
    said = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "sales": asked.sales,
        "rows_a_second": walls,
        "rows_a_cpu_second": cores,
        "peak_mb": peaks,
    }
    (RESULTS / "simulator.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
