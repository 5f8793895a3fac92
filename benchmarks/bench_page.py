"""What a visitor of the dashboard waits for, in a real browser: first paint, clicks, page weight.

python -m benchmarks.bench_page http://127.0.0.1:8501/ [--users 5] [--clicks 30]

One visitor clicks; the others ask for figures all the time. bench_dashboard does this too, on the
store that it made. Needs the extra dev, and chromium on the path.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import shutil
import threading
import urllib.request
from collections import defaultdict
from contextlib import contextmanager
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PAGES = ("", "products", "customers", "behaviour", "quality")
USERS, CLICKS = 5, 30
THINK_S = 0.3
"""How long one of the other visitors looks at a figure before the next question."""

CLICK = """async ([selector, place]) => {
    const begin = performance.now();
    document.querySelectorAll(selector)[place].click();
    const busy = () => document.querySelector('[aria-busy=true]');
    while (busy()) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return performance.now() - begin;
}"""
"""From the click until every card is drawn anew, and a frame more; milliseconds."""

LOOK = """() => {
    const all = performance.getEntriesByType('resource');
    const page = performance.getEntriesByType('navigation')[0];
    return [performance.getEntriesByName('first-contentful-paint')[0].startTime,
        [page, ...all].reduce((sum, one) => sum + one.encodedBodySize, 0) / 1000];
}"""
"""First paint in milliseconds, and the kilobytes that came, packed as they were sent."""

Times = dict[str, list[float]]


def is_possible() -> bool:
    """Whether there is a browser to measure with."""
    return bool(importlib.util.find_spec("playwright") and shutil.which("chromium"))


def measure_page(address: str, *, users: int = USERS, clicks: int = CLICKS) -> Times:
    """Milliseconds of everything that a visitor waits for, by what it is; and the kilobytes."""
    from playwright.sync_api import sync_playwright

    times: Times = defaultdict(list)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for path in PAGES * 3:
            paint, weight = first_look(browser, address + path)
            times["first paint"].append(paint)
            times["page and its answers, packed, KB"].append(weight)
        with others(address, users - 1):
            filter_by_bars(browser.new_page(), address, clicks, times)
            turn_pages(browser.new_page(), address, times)
            choose_periods(browser.new_page(), address, times)
        browser.close()
    return times


def show(times: Times, users: int) -> None:
    table = Table(f"in the browser, ms ({users} users at once)", "times", "p50", "p95", "most")
    for name, values in times.items():
        middle, high = median(values), quantiles(values, n=20, method="inclusive")[-1]
        figures = (f"{value:,.0f}" for value in (middle, high, max(values)))
        table.add_row(name, str(len(values)), *figures)
    Console(width=110).print(table)


def first_look(browser: Browser, url: str) -> tuple[float, float]:
    """A visitor who has never been there."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    settle(page)
    paint, weight = page.evaluate(LOOK)
    context.close()
    return paint, weight


def filter_by_bars(page: Page, address: str, clicks: int, times: Times) -> None:
    """Filter by one category and one place after the other, then by the same ones again."""
    page.goto(address)
    settle(page)
    bars = [f"[data-card={card}] .bars button" for card in ("by_category", "by_place")]
    targets = [(one, place) for one in bars for place in range(page.locator(one).count())]
    for name in ("filter, never asked before", "filter, asked before"):
        for target in targets[:clicks]:
            times[name].append(page.evaluate(CLICK, target))
            page.evaluate(CLICK, target)  # and back


def turn_pages(page: Page, address: str, times: Times) -> None:
    page.goto(address)
    settle(page)
    for turn in range(2):
        for place in (1, 2, 3, 4, 0):
            name = f"turn the page, {'asked before' if turn else 'never asked before'}"
            times[name].append(page.evaluate(CLICK, ("#pages a", place)))


def choose_periods(page: Page, address: str, times: Times) -> None:
    page.goto(address)
    settle(page)
    for place in range(8):
        page.locator("#period").click()
        choice = (".panel:popover-open .choice", place)
        times["choose a period, never asked before"].append(page.evaluate(CLICK, choice))


def settle(page: Page) -> None:
    page.wait_for_selector(".card-body[aria-busy=false]", timeout=120_000)
    page.wait_for_timeout(50)
    page.wait_for_selector("[aria-busy=true]", state="detached", timeout=120_000)


@contextmanager
def others(address: str, count: int) -> Iterator[None]:
    """So many other visitors, each of them asking for one figure after the other."""
    over = threading.Event()
    meta = ask(address, "meta")
    categories = [row[0] for row in ask(address, "values/category")["rows"]]
    days = {**meta["default_period"], "v": meta["version"]}

    def visit(turn: int) -> None:
        for category in itertools.islice(itertools.cycle(categories), turn, None):
            if over.is_set():
                return
            scope = {**days, "where": f"category:{category or ''}"}
            ask(address, "headlines", **scope)
            ask(address, "query", **scope, metric="net_sales", by="week", compare="year")
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


def ask(address: str, path: str, **parameters: object) -> Any:
    with urllib.request.urlopen(f"{address}api/{path}?{urlencode(parameters)}") as answer:
        return json.load(answer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="of a dashboard that runs, with / at its end")
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--clicks", type=int, default=CLICKS)
    told = parser.parse_args()
    show(measure_page(told.address, users=told.users, clicks=told.clicks), told.users)


if __name__ == "__main__":
    main()
