"""What the page does with answers that take long, fail, or belong to data that are gone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.dashboard_page.browser import new_visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Route

    from tests.dashboard_page.browser import Server, Visit

ESTIMATE = {"cost": "long", "estimate_s": 4.0, "message": "This needs a look at 9 sales."}


@pytest.fixture
def rough(browser: Browser, server: Server) -> Iterator[Visit]:
    """A visit in which the console may say that something failed."""
    visit, context = new_visit(browser, server.url)
    yield visit
    context.close()


def answering(*answers: tuple[int, dict[str, Any]]) -> Callable[[Route], None]:
    """Give these answers, one after the other; then let the server answer."""
    left = list(answers)

    def answer(route: Route) -> None:
        if not left:
            return route.continue_()
        status, body = left.pop(0)
        return route.fulfill(
            status=status, body=json.dumps(body), headers={"content-type": "application/json"}
        )

    return answer


def test_what_takes_long_is_computed_after_a_click(rough: Visit) -> None:
    page = rough.page
    offered = {"version": "x", "state": "offered", **ESTIMATE}
    running = {"version": "x", "state": "running", "job": "j1", "progress": 0.1}
    page.route("**/api/analyses/cohorts*", answering((202, offered), (202, running)))
    page.route(
        "**/api/jobs/j1",
        answering(
            (200, {"job": "j1", "state": "running", "progress": 0.5}),
            (200, {"job": "j1", "state": "running", "progress": 0.9}),
            (200, {"job": "j1", "state": "done", "progress": 1}),
        ),
    )
    rough.open("/customers")
    card = page.locator("[data-card=cohorts]")
    assert "9 sales" in card.inner_text()
    assert card.locator("table").count() == 0
    card.get_by_role("button", name="Compute it").click()
    page.wait_for_selector("[data-card=cohorts] progress")
    card.locator("table.heat").wait_for()
    assert card.locator("progress").count() == 0


def test_figures_that_take_long_are_offered_one_by_one(rough: Visit) -> None:
    page = rough.page
    offered = {"version": "x", "state": "offered", **ESTIMATE}
    running = {"version": "x", "state": "running", "job": "j3", "progress": 0.1}

    def answer(route: Route) -> None:
        asked = parse_qs(urlsplit(route.request.url).query)
        dear = len(asked["metric"]) > 1 or asked["metric"] == ["customers"]
        if not dear:
            return route.continue_()
        told = running if "compute" in asked else offered
        return route.fulfill(status=202, json=told)

    page.route("**/api/headlines*", answer)
    page.route("**/api/jobs/j3", answering((200, {"state": "running", "progress": 0.6})))
    rough.open("/")
    assert page.locator(".tile").count() == 8
    assert page.locator("[data-metric]").count() == 7
    assert rough.figure("net_sales") != ""
    page.get_by_role("button", name="Compute it: Customers").click()
    page.locator(".tile progress").wait_for()
    page.unroute("**/api/headlines*")
    page.route("**/api/jobs/j3", answering((200, {"state": "done", "progress": 1})))
    page.locator("[data-metric=customers]").wait_for()
    assert page.locator("[data-metric]").count() == 8


def test_an_explanation_that_takes_long_is_offered_too(rough: Visit) -> None:
    page = rough.page
    offered = {"version": "x", "state": "offered", **ESTIMATE}
    page.route("**/api/explain*", answering((202, offered)))
    page.route("**/api/rows?*", answering((202, offered)))
    rough.open("/")
    page.get_by_role("button", name="Explain: Net sales", exact=True).click()
    panel = page.locator("dialog[open]")
    panel.get_by_role("button", name="Compute it").click()
    panel.locator(".checks li").first.wait_for()
    panel.locator("section").get_by_role("button", name="Compute it").click()
    panel.locator("tbody tr").first.wait_for()


def test_a_computation_that_fails_says_so(rough: Visit) -> None:
    page = rough.page
    running = {"version": "x", "state": "running", "job": "j2", "progress": 0.1}
    error = {"code": "too_slow", "message": "This took too long.", "remedy": "Choose less."}
    page.route("**/api/analyses/rfm*", answering((202, running), (202, running)))
    page.route("**/api/jobs/j2", answering((200, {"state": "failed", "error": error})))
    rough.open("/customers")
    page.wait_for_selector("[data-card=rfm] [role=alert]")
    said = page.locator("[data-card=rfm]").inner_text()
    assert "This took too long." in said
    assert "Choose less." in said


def test_an_error_stays_in_its_card_and_can_be_tried_again(rough: Visit) -> None:
    page = rough.page
    error = {"error": {"code": "failed", "message": "<b>Out of memory</b>", "remedy": "Try less."}}
    page.route("**/api/query?*by=category*", answering((500, error)))
    rough.open("/")
    card = page.locator("[data-card=by_category]")
    assert "<b>Out of memory</b>" in card.inner_text()
    assert page.locator("[data-card=by_place] .bars li").count() > 1
    card.get_by_role("button", name="Try again").click()
    card.locator(".bars li").first.wait_for()


def test_data_that_are_gone_are_asked_for_anew(rough: Visit) -> None:
    page = rough.page
    gone = {"error": {"code": "version_gone", "message": "These data are gone.", "remedy": ""}}
    rough.open("/")
    before = rough.figure("net_sales")
    page.route("**/api/query?*by=country*", answering((410, gone)))
    page.locator("[data-card=by_category] .bars button").first.click()
    page.locator("[data-card=by_place] .bars li").first.wait_for()
    rough.settle()
    assert rough.figure("net_sales") != before
    assert page.locator("main [role=alert]").count() == 0


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("locked", "The warehouse is in use"),
        ("empty", "The warehouse is empty"),
        ("other_layout", "The warehouse is of another version"),
        ("unreachable", "The warehouse can't be reached"),
    ],
)
def test_a_warehouse_that_cannot_be_shown(rough: Visit, code: str, title: str) -> None:
    error = {"error": {"code": code, "message": "What happened.", "remedy": "What to do."}}
    rough.page.route("**/api/meta", answering((503, error)))
    rough.page.goto(f"{rough.base}/products")
    rough.page.wait_for_selector(".trouble")
    said = rough.page.locator(".trouble").inner_text()
    assert said.startswith(title)
    assert "What happened." in said
    assert "What to do." in said
    rough.look_again("[data-card=products] tbody tr")


def test_a_server_that_is_gone_says_so(rough: Visit) -> None:
    page = rough.open("/")
    page.route("**/api/**", lambda route: route.abort())
    page.locator("[data-card=by_category] .bars button").first.click()
    page.wait_for_selector("[role=alert]")
    assert "does not answer" in page.locator("[role=alert]").first.inner_text()
