"""What a visitor of the dashboard waits for, in a real browser: first paint, clicks, page weight.

python -m benchmarks.bench_dashboard_page WAREHOUSE [--users 5] [--clicks 40]

WAREHOUSE is a DuckDB file that a run has filled. One visitor clicks; the others ask for figures
all the time. Needs the extra dev, and chromium on the path.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

PORT = 8577
BASE = f"http://127.0.0.1:{PORT}"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
THINK_S = 0.3
"""How long one of the other visitors looks at a figure before the next question."""

CLICK = """async ([selector, place]) => {
    const settled = () => !document.querySelector('[aria-busy=true]');
    const begin = performance.now();
    const changed = new Promise(done => {
        const watch = new MutationObserver(() => { watch.disconnect(); done(); });
        watch.observe(document.querySelector('.tiles'), {childList: true});
    });
    document.querySelectorAll(selector)[place].click();
    await changed;
    await new Promise(requestAnimationFrame);
    const figure = performance.now() - begin;
    while (!settled()) await new Promise(requestAnimationFrame);
    return [figure, performance.now() - begin];
}"""
"""From the click to the headline figures drawn anew, and to everything drawn anew; milliseconds."""


@dataclass(frozen=True)
class Figures:
    """Milliseconds of many clicks, a list each for what was asked for the first time or again."""

    first: list[float]
    again: list[float]
    all_first: list[float]
    all_again: list[float]


@contextmanager
def dashboard(warehouse: Path) -> Iterator[None]:
    """The server, as users start it."""
    command = [sys.executable, "-m", "data_pipeline", "dashboard", "--no-open"]
    command += ["--port", str(PORT), "--warehouse", f"duckdb:///{warehouse}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                ask("state")
                break
            except URLError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def ask(path: str, **parameters: object) -> Any:
    with urllib.request.urlopen(f"{BASE}/api/{path}?{urlencode(parameters, doseq=True)}") as got:
        return json.load(got)


@contextmanager
def others(count: int) -> Iterator[None]:
    """So many other visitors, each of them asking for one figure after the other."""
    over = threading.Event()
    meta = ask("meta")
    categories = [row[0] for row in ask("values/category")["rows"]]
    days = {**meta["default_period"], "v": meta["version"]}

    def visit(turn: int) -> None:
        for category in itertools.islice(itertools.cycle(categories), turn, None):
            if over.is_set():
                return
            where = f"category:{category or ''}"
            ask("headlines", **days, where=where)
            ask("query", **days, where=where, metric="net_sales", by="week", compare="year")
            over.wait(THINK_S)

    threads = [threading.Thread(target=visit, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def settle(page: Page) -> None:
    page.wait_for_selector(".card-body[aria-busy=false]")
    page.wait_for_timeout(50)
    page.wait_for_selector("[aria-busy=true]", state="detached", timeout=120_000)


def first_look(browser: Browser) -> tuple[float, float, float]:
    """First paint and everything drawn, in milliseconds, and the kilobytes that came."""
    page = browser.new_page()
    page.goto(BASE)
    settle(page)
    paint, drawn, weight = page.evaluate(
        """() => {
            const all = performance.getEntriesByType('resource');
            const page = performance.getEntriesByType('navigation')[0];
            return [performance.getEntriesByName('first-contentful-paint')[0].startTime,
                Math.max(...all.map(one => one.responseEnd)),
                [page, ...all].reduce((sum, one) => sum + one.encodedBodySize, 0) / 1000];
        }"""
    )
    page.close()
    return paint, drawn, weight


def click_through(page: Page, clicks: int) -> Figures:
    """Filter by one category and one country after the other, then by the same ones again."""
    page.goto(f"{BASE}/")
    settle(page)
    cards = ("by_category", "by_place")
    targets = [
        (f"[data-card={card}] .bars button", place)
        for card in cards
        for place in range(page.locator(f"[data-card={card}] .bars button").count())
    ]
    first: list[tuple[float, float]] = []
    again: list[tuple[float, float]] = []
    for times in (first, again):
        for target in itertools.islice(itertools.cycle(targets), clicks // 2):
            times.append(tuple(page.evaluate(CLICK, target)))
            page.evaluate(CLICK, target)  # and back: known already
    return Figures(*([one[n] for one in times] for n in (0, 1) for times in (first, again)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--users", type=int, default=5)
    parser.add_argument("--clicks", type=int, default=40)
    told = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with dashboard(told.warehouse.resolve()), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        sales = ask("meta")["rows"]["sales"]
        cold = first_look(browser)
        looks = [first_look(browser) for _ in range(4)]
        with others(told.users - 1):
            figures = click_through(browser.new_page(), told.clicks)
        browser.close()
    show(sales, [cold, *looks], figures, told.users)


def show(sales: int, looks: list[tuple[float, float, float]], figures: Figures, users: int) -> None:
    """Print what was measured."""
    console = Console(width=100)
    table = Table(f"{sales:,} sales, {users} users", "median", "95 %")
    for name, times in (
        ("first paint, ms", [look[0] for look in looks]),
        ("last answer of the first look, ms", [look[1] for look in looks]),
        ("click to changed figures, never asked before, ms", figures.first),
        ("click to changed figures, asked before, ms", figures.again),
        ("click to everything changed, never asked before, ms", figures.all_first),
        ("click to everything changed, asked before, ms", figures.all_again),
    ):
        table.add_row(name, f"{median(times):,.0f}", f"{quantiles(times, n=20)[-1]:,.0f}")
    table.add_row("page and all its answers, compressed, KB", f"{looks[0][2]:,.0f}", "")
    console.print(table)


if __name__ == "__main__":
    main()
