"""Stores that want to do harm, that are empty or away, and data that change under the page."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from tests.dashboard_page import browser as looking
from tests.dashboard_page.hostile import FORMULA_SIGNS, NAMES
from tests.dashboard_page.test_saving import save

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.dashboard_page.browser import Visit
    from tests.shop import Shop

PAGES = ["/", "/products", "/customers", "/behaviour", "/quality"]


@pytest.mark.parametrize("path", PAGES)
def test_hostile_names_are_only_text(hostile_visit: Visit, path: str) -> None:
    page = hostile_visit.open(f"{path}?period=all")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main script, main iframe").count() == 0
    assert page.locator("[role=alert]").all_inner_texts() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_hostile_names_are_shown_as_they_are(hostile_visit: Visit) -> None:
    hostile_visit.open("/?period=all&table=by_category")
    shown = {row[0] for row in hostile_visit.table("by_category")}
    assert len(shown) == 10
    assert shown <= {name.strip() for name in NAMES}


def test_every_hostile_name_can_be_filtered_on(hostile_visit: Visit) -> None:
    page = hostile_visit.open("/?period=all")
    page.locator("#add-filter").click()
    page.locator(".panel:popover-open .choice", has_text="Category").click()
    choices = page.locator(".panel:popover-open [role=group] .choice")
    choices.first.wait_for()
    assert choices.count() == len(NAMES)
    for place in range(choices.count()):
        choices.nth(place).click()
        hostile_visit.settle()
        assert hostile_visit.figure("net_sales") not in {"", "0", "0.0000"}
        choices.nth(place).click()
        hostile_visit.settle()
    assert page.evaluate("window.hacked") is None


def test_hostile_names_in_tooltips_and_chips(hostile_visit: Visit) -> None:
    page = hostile_visit.open("/products?period=all&where=product:1&where=product:2")
    page.locator(".chip").first.wait_for()
    for dot in hostile_visit.dots("price_quantity"):
        page.mouse.move(*dot)
    page.locator(".tip").first.wait_for()
    assert page.locator(".tip script, .tip img, .tip svg").count() == 0
    assert page.evaluate("window.hacked") is None


def test_saved_files_hold_no_formula(hostile_visit: Visit, tmp_path: Path) -> None:
    hostile_visit.open("/?period=all")
    text = save(hostile_visit, "by_category", "CSV", tmp_path).read_text(encoding="utf-8")
    for row in csv.DictReader(io.StringIO(text, newline="")):
        assert not row["category"].startswith(FORMULA_SIGNS)
    picture = save(hostile_visit, "by_category", "SVG", tmp_path).read_text(encoding="utf-8")
    assert "<script" not in picture
    assert "<img" not in picture


def test_a_store_without_sales_says_what_to_do(browser: Browser, no_sales: Shop) -> None:
    with looking.Server(no_sales.url) as server:
        visit, context = looking.new_visit(browser, server.url)
        for path in PAGES:
            page = visit.open(path)
            said = page.locator("main").inner_text()
            assert "no sale" in said or "The books" in said, path
        context.close()
        assert visit.said == []


def test_a_missing_warehouse_says_what_to_do_and_comes_by_itself(
    browser: Browser, store: Shop
) -> None:
    with looking.Server(store.url) as server:
        visit, context = looking.new_visit(browser, server.url)
        page = visit.open()
        assert page.locator("h1").inner_text() == "There is no warehouse yet"
        assert f"sales run --warehouse {store.url}" in page.locator(".trouble").inner_text()
        store.run()
        visit.look_again(".tile")
        visit.settle()
        assert visit.figure("net_sales") == "11.5000"
        context.close()


def test_a_file_that_is_no_warehouse(browser: Browser, store: Shop) -> None:
    store.file.write_bytes(b"this is no database" * 100)
    with looking.Server(store.url) as server:
        visit, context = looking.new_visit(browser, server.url)
        page = visit.open()
        assert len(page.locator(".trouble").inner_text()) > 40
        context.close()


def test_new_data_are_offered_and_never_mixed(browser: Browser, store: Shop) -> None:
    store.run()
    with looking.Server(store.url) as server:
        visit, context = looking.new_visit(browser, server.url)
        page = visit.open("/?period=all")
        before = visit.figure("net_sales")
        store.put({"sales-2.csv": store_sale()})
        store.run()
        visit.look_again(".offer")
        page.locator("[data-card=by_place] .bars button").first.click()
        visit.settle()
        page.get_by_role("button", name="Clear filters").click()
        visit.settle()
        assert visit.figure("net_sales") == before, "the page stays with the data it shows"
        page.get_by_role("button", name="Show them").click()
        page.locator(".offer").wait_for(state="detached")
        visit.settle()
        assert visit.figure("net_sales") == "111.5000"
        context.close()


def store_sale() -> bytes:
    from tests.rawfiles import SALES

    return f"{SALES}9,1,1,1,100.00,2025-03-06 12:00:00\n".encode()
