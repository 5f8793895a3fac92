"""A browser, and stores to look at: a simulated one, a hostile one, an empty one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from data_pipeline.cli import main
from tests.dashboard_page import browser as looking
from tests.dashboard_page.hostile import HOSTILE_STORE
from tests.rawfiles import CUSTOMERS, PRODUCTS, SALES
from tests.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.dashboard_page.browser import Server, Visit


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not looking.CHROMIUM:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed")
        pytest.skip("needs chromium (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=looking.CHROMIUM, args=looking.FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Two years of a small shop, with a few defects."""
    shop = Shop(tmp_path_factory.mktemp("simulated"))
    sizes = ["--sales", "6000", "--customers", "800", "--products", "120"]
    with pytest.raises(SystemExit) as done:
        main(["simulate", *sizes, "--out", str(shop.raw)])
    assert done.value.code == 0
    for path in shop.raw.iterdir():
        if not path.name.startswith(("customers", "products", "sales")):
            path.unlink()
    shop.run()
    return shop


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = Shop(tmp_path_factory.mktemp("hostile")).put(HOSTILE_STORE)
    shop.run()
    return shop


@pytest.fixture(scope="session")
def server(browser: Browser, simulated: Shop) -> Iterator[Server]:
    with looking.Server(simulated.url) as started:
        yield started


@pytest.fixture(scope="session")
def hostile_server(browser: Browser, hostile: Shop) -> Iterator[Server]:
    with looking.Server(hostile.url) as started:
        yield started


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    yield from visited(browser, server)


@pytest.fixture
def hostile_visit(browser: Browser, hostile_server: Server) -> Iterator[Visit]:
    yield from visited(browser, hostile_server)


def visited(browser: Browser, server: Server) -> Iterator[Visit]:
    """A visit, in which nothing was asked of anybody else and nothing was said on the console."""
    one, context = looking.new_visit(browser, server.url)
    yield one
    context.close()
    own = (f"{server.url}/", "data:", f"blob:{server.url}/")
    assert [url for url in one.asked if not url.startswith(own)] == []
    assert one.said == []


@pytest.fixture
def no_sales(tmp_path: Path) -> Shop:
    """A shop whose files hold no record."""
    empty = {"customers.csv": CUSTOMERS, "products.csv": PRODUCTS, "sales.csv": SALES}
    shop = Shop(tmp_path).put({name: text.encode() for name, text in empty.items()})
    shop.run()
    return shop
