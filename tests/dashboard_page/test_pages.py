"""Each page as a visitor sees it: no card is empty, every number is the registry's."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from data_pipeline.metrics import open_reader, query
from tests.dashboard_page.browser import new_visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.dashboard_page.browser import Server, Visit
    from tests.shop import Shop

PAGES = ["/", "/products", "/customers", "/behaviour", "/quality"]
YEAR = "?since=2025-01-01&until=2025-12-31"
FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)


@pytest.mark.parametrize("path", PAGES)
def test_every_card_shows_something(visit: Visit, path: str) -> None:
    page = visit.open(path)
    cards = page.locator(".card:visible")
    assert cards.count() >= 4
    assert page.locator("[role=alert]").all_inner_texts() == []
    for card in cards.all():
        shown = card.locator(".card-body")
        drawn = shown.locator(".chart svg, .bars li, tbody tr, .empty").count()
        assert drawn, card.get_attribute("data-card")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_nothing_is_wider_than_the_screen(visit: Visit, path: str, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 900})
    page = visit.open(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


LINES = """figures => figures.map(one => {
    const text = document.createRange();
    text.selectNodeContents(one);
    return [one.textContent, new Set([...text.getClientRects()].map(box => box.top)).size];
})"""
"""Of each figure its text, and over how many lines it goes."""


@pytest.mark.parametrize("width", [390, 800, 1280, 1520, 1920])
def test_no_headline_figure_is_broken_over_lines(visit: Visit, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 900})
    page = visit.open(f"/{YEAR}")
    figures = page.locator(".tile .pick, .tile dd span")
    assert [text for text, lines in figures.evaluate_all(LINES) if lines > 1] == []
    assert figures.count() >= 8 * 3


def test_headline_figures_are_those_of_the_registry(visit: Visit, simulated: Shop) -> None:
    visit.open(f"/{YEAR}")
    shown = {
        str(one.get_attribute("data-metric")): one.get_attribute("data-exact")
        for one in visit.page.locator("[data-metric]").all()
    }
    assert len(shown) == 8
    with open_reader(simulated.url) as reader:
        frame = query(reader, list(shown), since=FIRST, until=LAST)
    assert shown == {name: f"{frame[name][0]}" for name in shown}


def test_net_sales_are_those_of_the_raw_files(visit: Visit, simulated: Shop) -> None:
    visit.open(f"/{YEAR}")
    by_category = defaultdict[str, Decimal](Decimal)
    star = simulated.star()
    categories = {row["product_id"]: str(row["category"]) for row in star.loaded["products"]}
    for sale in star.loaded["sales"]:
        moment, amount = sale["timestamp"], sale["total_sales"]
        assert isinstance(moment, datetime)
        assert isinstance(amount, Decimal)
        if FIRST <= moment.date() <= LAST:
            by_category[categories[sale["product_id"]]] += amount
    total = sum(by_category.values(), Decimal(0))
    assert Decimal(visit.figure("net_sales")) == total
    visit.page.get_by_role("button", name="Table: Net sales by category").click()
    visit.settle()
    shown = {row[0]: row[1] for row in visit.table("by_category")}
    assert shown == {name: money(amount) for name, amount in by_category.items()}


def money(amount: Decimal) -> str:
    """As an en-GB browser writes an amount without currency: at least the cents."""
    text = f"{amount:,.4f}".rstrip("0")
    return text + "0" * max(0, 2 - len(text.partition(".")[2]))


def test_the_balance_sheet_in_one_line(visit: Visit, simulated: Shop) -> None:
    visit.open()
    ((read, loaded, quarantined),) = simulated.rows(
        "SELECT sum(rows_read), sum(rows_loaded), sum(rows_quarantined) FROM ledger"
        " WHERE source_table = 'sales'"
    )
    visit.page.locator(".books a").wait_for()
    said = visit.page.locator(".books").inner_text()
    assert f"Sales: {read:,} rows read, {loaded:,} loaded" in said
    assert f"{quarantined:,} quarantined" in said
    assert "The books balance." in said


def test_numbers_and_days_are_written_as_the_browser_wants(
    browser: Browser, server: Server
) -> None:
    visit, context = new_visit(browser, server.url, locale="de-DE")
    visit.open(f"/{YEAR}")
    shown = visit.page.locator("[data-metric=net_sales]").inner_text()
    cents = Decimal(visit.figure("net_sales")).quantize(Decimal("0.01"))
    english = f"{cents:,.2f}"
    assert shown == english.replace(",", "_").replace(".", ",").replace("_", ".")
    assert "31. Dez. 2025" in visit.page.locator("#period").inner_text()
    context.close()


def test_an_exact_amount_loses_no_digit(visit: Visit) -> None:
    """Sixteen digits and four decimals: a float would round them."""
    visit.open()
    script = """async () => {
        const module = document.querySelector('script[type=module]').src;
        const { full } = await import(module.replace('app.js', 'format.js'));
        return full('9876543210987654.3219', 'money');
    }"""
    assert visit.page.evaluate(script) == "9,876,543,210,987,654.3219"


def test_quality_shows_the_ledger_and_examples(visit: Visit, simulated: Shop) -> None:
    page = visit.open("/quality")
    books = {row[0]: row[1:5] for row in visit.table("balance")}
    for table, read, loaded, doubled, held in simulated.rows(
        "SELECT source_table, sum(rows_read), sum(rows_loaded), sum(rows_duplicate),"
        " sum(rows_quarantined) FROM ledger GROUP BY source_table"
    ):
        assert books[table] == [f"{n:,}" for n in (read, loaded, doubled, held)]
    reason, count = simulated.rows(
        "SELECT reason, count(*) FROM quarantine WHERE source_table = 'sales'"
        " GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 1"
    )[0]
    page.locator("[data-card=quarantine] tr", has_text="sales").locator(
        "button", has_text=reason
    ).first.click()
    page.locator(".examples tbody tr").first.wait_for()
    assert f"of {count:,}, as they came" in page.locator(".examples .sub").inner_text()
    raw = simulated.rows(
        f"SELECT raw FROM quarantine WHERE source_table = 'sales' AND reason = '{reason}'"
        " ORDER BY source_file, source_line LIMIT 1"
    )[0][0]
    assert raw.strip() in page.locator(".examples td.raw").first.inner_text()


def test_charts_say_in_words_what_they_show(visit: Visit) -> None:
    for path in PAGES:
        page = visit.open(path)
        for chart in page.locator(".chart").all():
            role = chart.get_attribute("role")
            assert role in {"img", "slider"}
            assert bool(chart.get_attribute("aria-valuetext")) is (role == "slider")
            assert len(str(chart.get_attribute("aria-label"))) > 20


def test_a_chart_of_json_numbers_is_what_the_api_said(visit: Visit) -> None:
    """The table of the line holds the very decimals of the answer."""
    page = visit.open(f"/{YEAR}&grain=month&table=over_time")
    answer = page.evaluate(
        "async () => (await fetch('/api/query?metric=net_sales&by=month&fill=1"
        "&since=2025-01-01&until=2025-12-31')).text()"
    )
    amounts = [money(Decimal(row[1])) for row in json.loads(answer)["rows"]]
    assert [row[1] for row in visit.table("over_time")] == amounts
