"""For everybody: axe finds nothing serious on any page, light or dark, wide or narrow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.dashboard_page import browser as looking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.dashboard_page.browser import Server, Visit

PAGES = ["/", "/products", "/customers", "/behaviour", "/quality"]
RUN = "() => axe.run(document, {resultTypes: ['violations']})"
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def axe() -> str:
    if not looking.AXE.is_file():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{looking.AXE} is missing: npm ci --prefix frontend")
        pytest.skip("needs axe-core (npm ci --prefix frontend, or AXE_CORE=path)")
    return looking.AXE.read_text(encoding="utf-8")


def findings(page: Page, axe: str) -> list[Any]:
    """What axe says; the script comes in by the debugger, which no policy binds."""
    page.evaluate(axe)
    found = page.evaluate(RUN)["violations"]
    return [
        (one["id"], one["nodes"][0]["html"][:300], one["nodes"][0].get("failureSummary", "")[:300])
        for one in found
        if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(
    browser: Browser, server: Server, axe: str, path: str, scheme: Literal["light", "dark"]
) -> None:
    visit, context = looking.new_visit(browser, server.url, color_scheme=scheme)
    page = visit.open(path)
    assert findings(page, axe) == []
    page.set_viewport_size({"width": 390, "height": 844})
    for turn in page.locator("button.turn").all():
        turn.click()
        visit.settle()
    assert findings(page, axe) == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_open_panels_and_chosen_values(
    browser: Browser, server: Server, axe: str, scheme: Literal["light", "dark"]
) -> None:
    visit, context = looking.new_visit(browser, server.url, color_scheme=scheme)
    page = visit.open()
    page.locator("[data-card=by_category] .bars button").first.click()
    visit.settle()
    for opener in ("#period", "#compare", "#add-filter", ".chip .control"):
        page.locator(opener).click()
        page.locator(".panel:popover-open").wait_for()
        assert findings(page, axe) == [], opener
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Explain: Net sales", exact=True).click()
    page.locator("dialog[open] tbody tr").first.wait_for()
    assert findings(page, axe) == []
    context.close()


def test_a_planted_fault_is_found(visit: Visit, axe: str) -> None:
    page = visit.open()
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert "button-name" in {one[0] for one in findings(page, axe)}


def test_the_focus_is_always_seen(visit: Visit) -> None:
    page = visit.open()
    seen = 0
    for _ in range(30):
        page.keyboard.press("Tab")
        outline: str = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        seen += 1
    assert seen == 30


@pytest.fixture
def still(browser: Browser, server: Server) -> Iterator[Visit]:
    visit, context = looking.new_visit(browser, server.url, reduced_motion="reduce")
    yield visit
    context.close()


def test_nothing_moves_for_those_who_want_it_so(still: Visit) -> None:
    page = still.open()
    script = "document.getAnimations().length"
    page.locator("[data-card=by_category] .bars button").first.click()
    assert page.evaluate(script) == 0
    still.settle()
    assert page.evaluate(script) == 0
