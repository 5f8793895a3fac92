"""A real browser on a real server, and what must hold on every page that it visits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.error import URLError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(os.environ.get("AXE_CORE", ROOT / "frontend/node_modules/axe-core/axe.min.js"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_S = 90.0
WAIT_MS = 20_000


@dataclass
class Server:
    """`sales dashboard` in a process of its own."""

    warehouse: str
    process: subprocess.Popen[bytes] = field(init=False)
    url: str = field(init=False)

    def __enter__(self) -> Self:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "data_pipeline", "dashboard", "--port", str(port)]
        command += ["--no-open", "--warehouse", self.warehouse]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        until = time.monotonic() + START_S
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/api/state", timeout=2):
                    return self
            except (URLError, TimeoutError, ConnectionError):
                gone = self.process.poll() is not None
                if gone or time.monotonic() > until:
                    self.process.kill()
                    said = self.process.communicate()[0]
                    raise RuntimeError(f"no server: {said.decode()[-2000:]}") from None
                time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Visit:
    """One visitor: a page, all that it said on the console and all that it asked for."""

    page: Page
    base: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> Page:
        """Go to a page of the dashboard and wait until every card has its answer."""
        self.page.goto(self.base + path)
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until nothing is asked any more."""
        self.page.wait_for_selector(".card-body[aria-busy=false], .trouble", state="attached")
        self.page.wait_for_timeout(30)
        self.page.wait_for_selector("[aria-busy=true]", state="detached")

    def look_again(self, selector: str) -> None:
        """Let the page ask for the state of the warehouse, now and not in some seconds, until
        `selector` is there.
        """
        for _ in range(100):
            self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
            self.page.wait_for_timeout(200)
            if self.page.locator(selector).count():
                return
        raise AssertionError(f"{selector} did not come")

    def figure(self, metric: str) -> str:
        """The exact value behind a headline figure."""
        return str(self.page.locator(f"[data-metric={metric}]").get_attribute("data-exact"))

    def bars(self, card: str) -> dict[str, str]:
        """Label to amount of the bars of a card, as they are read."""
        rows = self.page.locator(f"[data-card={card}] .bars li")
        return {
            row.locator(".label").inner_text(): row.locator(".amount").inner_text()
            for row in rows.all()
        }

    def table(self, card: str) -> list[list[str]]:
        """The texts of a card's table, without its head."""
        script = """rows => rows.map(row => [...row.cells].map(cell => {
            const copy = cell.cloneNode(true);
            copy.querySelectorAll('.hidden').forEach(one => one.remove());
            return copy.textContent;
        }))"""
        found: list[list[str]] = self.page.locator(f"[data-card={card}] tbody tr").evaluate_all(
            script
        )
        return found

    def dots(self, card: str) -> list[tuple[float, float]]:
        """Where the dots of a scatter chart stand in the window, once they rest."""
        chart = self.page.locator(f"[data-card={card}] .chart")
        chart.scroll_into_view_if_needed()
        script = """host => [...host.querySelectorAll('path')]
            .map(one => one.getBoundingClientRect())
            .filter(box => box.width > 2 && box.width < 14 && Math.abs(box.width - box.height) < 2)
            .map(box => [box.x + box.width / 2, box.y + box.height / 2])"""
        before, found = None, chart.evaluate(script)
        while before != found:
            self.page.wait_for_timeout(100)
            before, found = found, chart.evaluate(script)
        return [(x, y) for x, y in found]


def new_visit(browser: Browser, base: str, **options: Any) -> tuple[Visit, BrowserContext]:
    """A fresh visitor: no cookies, British formats unless told otherwise."""
    told = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}} | options
    context = browser.new_context(**told)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    visit = Visit(page, base)
    page.on(
        "console",
        lambda one: visit.said.append(one.text) if one.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: visit.said.append(str(error)))
    context.on("request", lambda request: visit.asked.append(request.url))
    return visit, context
