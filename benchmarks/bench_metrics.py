"""What the report asks of a warehouse, from the sales alone and with the sums beside them.

python -m benchmarks.bench_metrics [--sales 10000000] [--repeats 3] [--warehouse FILE]

Measured on the benchmark's raw files and on a simulated store (orders, channels, discounts,
costs), or on a DuckDB file that a run has filled. The answers are compared. What the sums cost to
make is measured in a transaction that is taken back.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks import make_data
from benchmarks.make_data import SALES, Size, make
from data_pipeline import aggregates
from data_pipeline.charts.gallery import choose_grain, last_whole_months, read_scope
from data_pipeline.config import Settings
from data_pipeline.metrics import Reader, open_reader, query
from data_pipeline.metrics import behaviour as b
from data_pipeline.metrics.baskets import basket_pairs
from data_pipeline.metrics.change import decompose
from data_pipeline.metrics.rollups import SUMS
from data_pipeline.pipeline import run
from data_pipeline.report.content import HEADLINES
from data_pipeline.simulator import preset
from data_pipeline.simulator.store import simulate
from data_pipeline.warehouses import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S = 2.0
ADDITIVE = [metric.name for metric in SUMS]


def questions(reader: Reader) -> dict[str, Callable[[], object]]:
    """Everything that the charts and the report ask, by what it is for."""
    scope = read_scope(reader)
    assert scope
    months = last_whole_months(scope)
    assert months
    now, before = months
    year = scope.last_day.year
    return {
        "sales over time": lambda: query(reader, ["net_sales"], by=[choose_grain(scope)]),
        "all sums by day and category": lambda: query(reader, ADDITIVE, by=["day", "category"]),
        "headlines of a month": lambda: query(reader, HEADLINES, since=now.first, until=now.last),
        "why sales changed": lambda: decompose(reader, now, before),
        "by category": lambda: query(reader, ["net_sales"], by=["category"]),
        "by country": lambda: query(reader, ["net_sales"], by=["country"]),
        "by location": lambda: query(reader, ["net_sales"], by=["location"]),
        "new and returning": lambda: query(reader, ["net_sales"], by=["month", "new_or_returning"]),
        "cohorts": lambda: b.cohort_retention(reader),
        "RFM": lambda: b.rfm_segments(reader),
        "repeat intervals": lambda: b.repeat_intervals(reader),
        "customers, Pareto": lambda: b.concentration(reader, "customer"),
        "products, Pareto": lambda: b.concentration(reader, "product"),
        "ages": lambda: b.age_groups(reader, in_year=year),
        "weekday and hour": lambda: query(reader, ["orders"], by=["weekday", "hour"]),
        "baskets": lambda: basket_pairs(reader),
        "return rates": lambda: query(reader, ["return_rate", "returns"], by=["category"]),
        "channels": lambda: query(reader, ["net_sales", "average_order_value"], by=["channel"]),
    }


def measure(work: Callable[[], object], repeats: int) -> tuple[float, float, object]:
    """The median CPU and wall seconds, and the answer."""
    cpu, wall, answer = [], [], None
    for _ in range(repeats):
        used, start = _cpu_seconds(), time.perf_counter()
        answer = work()
        cpu.append(_cpu_seconds() - used)
        wall.append(time.perf_counter() - start)
    return median(cpu), median(wall), answer


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class FactAlone:
    """A reader that finds no sums, and so answers everything from the sales."""

    def __init__(self, reader: Reader) -> None:
        self.rows = reader.rows
        self._reader = reader

    def has_table(self, name: str) -> bool:
        return name not in aggregates.TABLES and self._reader.has_table(name)


class TakenBack(Exception):  # noqa: N818 (nothing is wrong)
    """Ends a transaction of which nothing is to stay."""


def load(raw: Path, folder: Path) -> str:
    """Run the pipeline over raw files; the warehouse's URL."""
    url = f"duckdb:///{folder}/{raw.parent.name}_{raw.name}.duckdb"
    run(Settings(raw=raw, warehouse=url, processed=None, max_quarantine=1.0))
    return url


def simulated(sales: int) -> Path:
    """The raw files of a simulated store, made when they are not there yet."""
    raw = make_data.CACHE / f"store_{sales}" / "raw"
    if not (raw.parent / "complete").exists():
        simulate(preset("default").resized(sales=sales), raw)
        (raw.parent / "complete").touch()
    return raw


def compare(title: str, url: str, repeats: int, console: Console) -> float:
    """Ask everything both ways, print a table; the wall seconds of all answers with sums."""
    with open_reader(url) as reader:
        fact = {n: measure(q, repeats) for n, q in questions(FactAlone(reader)).items()}
    with open_reader(url) as reader:
        quick = {n: measure(q, repeats) for n, q in questions(reader).items()}
    with open_warehouse(url) as warehouse, suppress(TakenBack), warehouse.transaction():
        built = measure(lambda: aggregates.refresh(warehouse), 1)
        raise TakenBack
    table = Table(
        "question", "sales alone: CPU s", "wall s", "with sums: CPU s", "wall s", title=title
    )
    timings = [{n: one[:2] for n, one in side.items()} for side in (fact, quick)]
    for name, (cpu, wall, answer) in fact.items():
        assert quick[name][2] == answer, name
        table.add_row(name, *(f"{seconds:.3f}" for seconds in (cpu, wall, *quick[name][:2])))
    sums = [sum(one[i] for one in took.values()) for took in timings for i in (0, 1)]
    table.add_row("all of them", *(f"{seconds:.3f}" for seconds in sums), style="bold")
    console.print(table)
    console.print(f"making all sums anew: {built[0]:.2f} CPU seconds, {built[1]:.2f} wall seconds")
    return sums[3]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sales", type=int, default=SALES, help="how many (%(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="turns (%(default)s)")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a promise is missed")
    parser.add_argument("--warehouse", type=Path, help="a file to ask instead")
    told = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        if told.warehouse:
            urls = {str(told.warehouse): f"duckdb:///{told.warehouse}"}
        else:
            raws = {
                "the benchmark's files": make(Size.of(told.sales)) / "dirty",
                "a simulated store": simulated(told.sales),
            }
            urls = {title: load(raw, Path(folder)) for title, raw in raws.items()}
        took = [compare(title, url, told.repeats, console) for title, url in urls.items()]
    console.print(f"promised: all answers within {LIMIT_S:.0f} wall seconds at 10 million sales")
    return int(told.strict and max(took) > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
