"""How long the dashboard's answers take, with several people looking at once.

python -m benchmarks.bench_dashboard [--sales 10000000] [--users 5] [--clicks 40] [--think 1]

Each user opens pages, chooses periods and sets filters at random; a click asks all that the page
would, one question after the other, and then the user looks at it for --think seconds. It begins
when the sales are in memory. The store is the simulator's, made once and kept in .cache. Where
there is a browser, bench_page then measures the clicks on the page itself.
"""

from __future__ import annotations

import argparse
import http.client
import importlib.util
import json
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from rich.console import Console
from rich.table import Table

from benchmarks import bench_metrics, bench_page

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench"
SALES, USERS, CLICKS = 10_000_000, 5, 40
LIMITS_MS = (50.0, 100.0)
"""Of answers, at 10 and at 100 million sales."""
CLICKS_MS = (200.0, 300.0)
POLL_S = 0.2
MOST_WAIT_S = 600.0

Question = tuple[str, dict[str, str | list[str]]]
BARS: dict[str, str | list[str]] = {"compare": "previous", "limit": "10", "totals": "1"}
HEADLINES = [
    *("net_sales", "orders", "average_order_value", "customers", "new_customers"),
    *("repeat_rate", "return_rate", "margin_rate"),
]
PAGES: dict[str, tuple[Question, ...]] = {
    "Overview": (
        ("headlines", {"metric": HEADLINES}),
        ("query", {"metric": "net_sales", "by": "week", "fill": "1", "compare": "previous"}),
        ("analyses/change", {"compare": "previous"}),
        ("query", BARS | {"metric": "net_sales", "by": "category", "sort": "-net_sales"}),
        ("query", BARS | {"metric": "net_sales", "by": "country", "sort": "-net_sales"}),
    ),
    "Products": (
        ("analyses/concentration", {"item": "product"}),
        ("analyses/products", {"sort": "-net_sales", "limit": "15"}),
        ("query", BARS | {"metric": "return_rate", "by": "category", "sort": "-return_rate"}),
        ("query", BARS | {"metric": "margin_rate", "by": "category", "sort": "-margin_rate"}),
        ("analyses/movers", {"item": "product", "sort": "rise", "limit": "10"}),
        ("analyses/movers", {"item": "product", "sort": "fall", "limit": "10"}),
    ),
    "Customers": (
        ("analyses/new_returning", {"grain": "month"}),
        ("analyses/cohorts", {}),
        ("analyses/rfm", {}),
        ("analyses/repeat_intervals", {}),
        ("analyses/age_groups", {}),
        ("analyses/concentration", {"item": "customer"}),
        ("query", BARS | {"metric": "customers", "by": "mail_domain", "sort": "-customers"}),
        ("query", BARS | {"metric": "customers", "by": "country", "sort": "-customers"}),
    ),
    "Behaviour": (
        ("analyses/week", {"metric": "orders"}),
        ("analyses/order_values", {}),
        ("query", BARS | {"metric": "net_sales", "by": "channel", "sort": "-net_sales"}),
        ("analyses/basket_pairs", {"limit": "20"}),
    ),
    "Quality": (("quality", {}), ("quarantine", {})),
}
PERIODS = (
    ("2025-10-01", "2025-12-31"),
    ("2025-01-01", "2025-12-31"),
    ("2025-11-01", "2025-11-30"),
    ("2025-03-05", "2025-04-17"),
)
FILTERS: tuple[tuple[str, ...], ...] = (
    *((), (), (), ()),
    *(("category",), ("country",), ("channel",), ("product",)),
    *(("category", "channel"), ("category", "country")),
)


@dataclass
class Timings:
    """What was measured, from all users."""

    answers: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    clicks: list[float] = field(default_factory=list)
    offered: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def make_warehouse(sales: int) -> Path:
    """A simulated store of that size, loaded; the one in the cache if it is there."""
    folder = CACHE / f"dashboard-{sales}"
    file = folder / "warehouse.duckdb"
    if file.exists():
        return file
    folder.mkdir(parents=True, exist_ok=True)
    raw = bench_metrics.simulated(sales)
    place = f"duckdb:///{file}"
    sales_cli("run", "--raw", str(raw), "--warehouse", place, "--processed", "none")
    return file


def sales_cli(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "data_pipeline", *arguments], check=True, cwd=ROOT)


def wait_for_memory(address: str) -> float:
    """Seconds until the dashboard has the sales in memory; gives up after a while."""
    start = time.perf_counter()
    while time.perf_counter() - start < MOST_WAIT_S:
        with urllib.request.urlopen(f"{address}api/state", timeout=60) as answer:
            if json.load(answer)["in_memory"]:
                break
        time.sleep(POLL_S)
    return time.perf_counter() - start


@contextmanager
def serve(url: str, copy_memory: str) -> Iterator[str]:
    """The dashboard in a process of its own; its address."""
    command = [sys.executable, "-u", "-m", "data_pipeline", "dashboard", "--no-open"]
    with subprocess.Popen(
        [*command, "--port", "0", "--warehouse", url, "--copy-memory", copy_memory],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().split(" is at ")[1].strip()
        finally:
            process.terminate()


class User:
    """Somebody who clicks: a connection, a version of the data, and dice."""

    def __init__(self, address: str, seed: int, timings: Timings) -> None:
        self._place = urlsplit(address).netloc
        self._connection = http.client.HTTPConnection(self._place, timeout=120)
        self._dice, self._timings = random.Random(seed), timings
        meta = self._get("/api/meta")[1]
        self._version = meta["version"]
        self._choices = {
            name: [row[0] for row in self._get(f"/api/values/{name}?limit=20")[1].get("rows", [])]
            for name in ("category", "country", "channel", "product")
        }

    def look(self, clicks: int, think_s: float) -> None:
        """Click, look for a while, and click again."""
        for _ in range(clicks):
            self._click()
            time.sleep(self._dice.uniform(0.5, 1.5) * think_s)

    def _click(self) -> None:
        """Open a page with a period and filters of the user's choice."""
        page = self._dice.choice([*PAGES])
        scope = self._scope()
        start = time.perf_counter()
        for path, parameters in PAGES[page]:
            more = {} if path in {"quality", "quarantine"} else scope
            self._ask(f"{page}: {path}", path, parameters | more)
        self._timings.clicks.append((time.perf_counter() - start) * 1000)

    def _scope(self) -> dict[str, str | list[str]]:
        since, until = self._dice.choice(PERIODS)
        names = self._dice.choice(FILTERS)
        where = [f"{n}:{self._dice.choice(self._choices[n])}" for n in names if self._choices[n]]
        return {"since": since, "until": until, "where": where}

    def _ask(self, name: str, path: str, parameters: dict[str, str | list[str]]) -> None:
        if "by" in parameters:
            name += f" by {parameters['by']}"
        query = urlencode({**parameters, "v": self._version}, doseq=True)
        start = time.perf_counter()
        status, _ = self._get(f"/api/{path}?{query}")
        took_ms = (time.perf_counter() - start) * 1000
        self._timings.answers[name].append(took_ms)
        if status == http.client.ACCEPTED:
            self._timings.offered[name].append(self._compute(f"/api/{path}?{query}&compute=1"))

    def _compute(self, path: str) -> float:
        """Have a long answer computed, as after a click that says so; seconds."""
        start = time.perf_counter()
        while self._get(path)[0] == http.client.ACCEPTED:
            time.sleep(POLL_S)
        return time.perf_counter() - start

    def _get(self, path: str) -> tuple[int, dict[str, Any]]:
        self._connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.headers.get("Content-Encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        if answer.status >= http.client.BAD_REQUEST:
            raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
        return answer.status, json.loads(body)


def look(address: str, users: int, clicks: int, think_s: float) -> Timings:
    """Have all users look at the same time."""
    timings = Timings()
    threads = []
    for seed in range(users):
        user = User(address, seed, timings)
        threads.append(threading.Thread(target=user.look, args=(clicks, think_s)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return timings


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def show(timings: Timings, sales: int, users: int) -> None:
    limits = (f"under {limit:.0f}" for limit in LIMITS_MS)
    table = Table("answer", "asked", "p50 ms", "p95 ms", "p99 ms", *limits, "after a click")
    for name, values in sorted(timings.answers.items()):
        table.add_row(name, *figures(values), long(timings.offered.get(name, [])))
    every = [value for values in timings.answers.values() for value in values]
    offered = [value for values in timings.offered.values() for value in values]
    table.add_row("all answers", *figures(every), long(offered), style="bold")
    table.add_row("clicks (all of a page)", *figures(timings.clicks)[:4], "", "", "", style="bold")
    console = Console(width=110)
    console.print(f"{sales:,} sales, {users} users at once")
    console.print(table)
    kept = (f"{share_within(timings.clicks, limit)} within {limit:.0f} ms" for limit in CLICKS_MS)
    console.print(f"Clicks, one answer after the other: {', '.join(kept)}")


def share_within(values: list[float], limit: float) -> str:
    return f"{sum(value <= limit for value in values) / len(values):.1%}"


def figures(values: list[float]) -> list[str]:
    shares = [f"{percentile(values, share):,.0f}" for share in (0.5, 0.95, 0.99)]
    return [f"{len(values):,}", *shares, *(share_within(values, limit) for limit in LIMITS_MS)]


def long(seconds: list[float]) -> str:
    return f"{len(seconds)} x {percentile(seconds, 0.5):.1f} s" if seconds else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sales", type=int, default=SALES)
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--clicks", type=int, default=CLICKS, help="of each user")
    parser.add_argument("--copy-memory", default="2GB", help="as of sales dashboard; 0: none")
    parser.add_argument(
        "--rest", type=float, default=0.0, help="seconds to wait for the answers in advance"
    )
    parser.add_argument("--think", type=float, default=1.0, help="seconds between clicks")
    told, _ = parser.parse_known_args()  # `make bench` hands on what is bench_run's too
    if not importlib.util.find_spec("fastapi"):
        print("bench_dashboard: left out, the extra [dashboard] is not installed (make dashboard)")
        return
    url = f"duckdb:///{make_warehouse(told.sales)}"
    with serve(url, told.copy_memory) as address:
        if told.copy_memory != "0":
            print(f"In memory after {wait_for_memory(address):.1f} s", flush=True)
            time.sleep(told.rest)
        show(look(address, told.users, told.clicks, told.think), told.sales, told.users)
        if bench_page.is_possible():
            bench_page.show(bench_page.measure_page(address, users=told.users), told.users)
        else:
            print("In the browser: left out, it needs chromium and Playwright (make venv-dev)")


if __name__ == "__main__":
    main()
