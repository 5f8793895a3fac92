"""100 million sales against 10 million, once each; by hand, for it takes a quarter of an hour
and 25 GB of disk.

    python -m benchmarks.bench_100m [--sales 100000000] [--against 10000000]
"""

from __future__ import annotations

import argparse
import shutil

from benchmarks.bench_run import Workbench
from benchmarks.make_data import SALES, Size, make
from benchmarks.measure import Cost

MAX_TIMES, MAX_PEAK_GB = 12, 4.5


def measure(sales: int) -> Cost:
    """A first full run over so many sales, without aggregates."""
    bench = Workbench(make(Size.of(sales), shuffled=False))
    bench.empty()
    bench.put("dirty", "dirty")
    cost = bench.sales_run("dirty")
    shutil.rmtree(bench.place)
    print(
        f"{sales:>13,} sales: {cost.cpu_seconds:8.1f} CPU s {cost.wall_seconds:8.1f} wall s"
        f" {cost.peak_mb / 1000:6.2f} GB at the peak",
        flush=True,
    )
    return cost


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sales", type=int, default=10 * SALES)
    parser.add_argument("--against", type=int, default=SALES)
    asked = parser.parse_args()
    small, big = measure(asked.against), measure(asked.sales)
    times, peak_gb = big.wall_seconds / small.wall_seconds, big.peak_mb / 1000
    print(f"times as long: {times:.1f}, at most {MAX_TIMES}: {verdict(kept=times <= MAX_TIMES)}")
    print(f"peak: {peak_gb:.2f} GB, at most {MAX_PEAK_GB}: {verdict(kept=peak_gb <= MAX_PEAK_GB)}")


def verdict(*, kept: bool) -> str:
    return "PASS" if kept else "MISS"


if __name__ == "__main__":
    main()
