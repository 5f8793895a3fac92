"""What the report asks of a warehouse, and what the daily sums save.

python -m benchmarks.bench_metrics WAREHOUSE [--repeats 3]

WAREHOUSE is a DuckDB file that a run has filled (bench_run leaves one). It is copied first: the
daily sums are made in the copy, and timed.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from data_pipeline import aggregates
from data_pipeline.charts.gallery import choose_grain, last_whole_months, read_scope
from data_pipeline.metrics import METRICS, Reader, open_reader, query
from data_pipeline.metrics import behaviour as b
from data_pipeline.metrics.baskets import basket_pairs
from data_pipeline.metrics.change import decompose
from data_pipeline.metrics.metric import EVERYTHING
from data_pipeline.report.content import HEADLINES
from data_pipeline.warehouses import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable

ADDITIVE = [metric.name for metric in METRICS.values() if metric.additive_over == EVERYTHING]


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


def _drop_sums(url: str) -> None:
    with open_warehouse(url) as warehouse, warehouse.transaction():
        for name in aggregates.TABLES:
            warehouse.rows(f"DROP TABLE IF EXISTS {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"duckdb:///{shutil.copy(told.warehouse, folder)}"
        _drop_sums(url)
        with open_reader(url) as reader:
            fact = {n: measure(q, told.repeats) for n, q in questions(reader).items()}
        with open_warehouse(url) as warehouse, warehouse.transaction():
            built = measure(lambda: aggregates.refresh(warehouse), told.repeats)
        with open_reader(url) as reader:
            quick = {n: measure(q, told.repeats) for n, q in questions(reader).items()}
    timings = [[side[n][:2] for n in fact] for side in (fact, quick)]
    table = Table("question", "fact: CPU s", "wall s", "with daily sums: CPU s", "wall s")
    for name, (cpu, wall, answer) in fact.items():
        assert quick[name][2] == answer, name
        figures = (cpu, wall, *quick[name][:2])
        table.add_row(name, *(f"{seconds:.3f}" for seconds in figures))
    sums = [sum(column) for side in timings for column in zip(*side, strict=True)]
    table.add_row("all of them", *(f"{seconds:.3f}" for seconds in sums), style="bold")
    Console(width=100).print(table)
    print(f"making the daily sums: {built[0]:.2f} CPU seconds, {built[1]:.2f} wall seconds")


if __name__ == "__main__":
    main()
