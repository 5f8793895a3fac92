"""What can be taken away from the page, and what stands behind a number."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from data_pipeline.metrics import open_reader, query

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dashboard_page.browser import Visit
    from tests.shop import Shop

YEAR = "since=2025-01-01&until=2025-12-31"
PAGES = ["/", "/products", "/customers", "/behaviour", "/quality"]


def save(visit: Visit, card: str, kind: str, folder: Path) -> Path:
    """Download a card as `kind` by its menu."""
    page = visit.page
    place = page.locator(f"[data-card={card}]")
    place.locator("button[aria-label^=Save]").click()
    with page.expect_download() as loading:
        place.locator(".panel:popover-open button", has_text=kind).click()
    page.wait_for_timeout(100)  # chromium drops downloads when there are more than ten in a second
    path = folder / loading.value.suggested_filename
    loading.value.save_as(path)
    assert path.suffix == f".{kind.lower()}"
    return path


@pytest.mark.parametrize("path", PAGES)
def test_every_card_can_be_saved(visit: Visit, path: str, tmp_path: Path) -> None:
    page = visit.open(f"{path}?{YEAR}")
    for place in page.locator(".card:visible").all():
        card = str(place.get_attribute("data-card"))
        if place.locator(".empty").count():
            continue
        text = save(visit, card, "CSV", tmp_path).read_text(encoding="utf-8")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len(rows) > 1, card
        assert {len(row) for row in rows} == {len(rows[0])}
        if place.locator(".chart, .bars, .heat").count():
            text = save(visit, card, "SVG", tmp_path).read_text(encoding="utf-8")
            assert_is_picture(text, place.locator("h2").inner_text())
            picture = save(visit, card, "PNG", tmp_path).read_bytes()
            assert picture.startswith(b"\x89PNG"), card
            assert len(picture) > 3000, card


def assert_is_picture(text: str, title: str) -> None:
    root = ET.fromstring(text)
    said = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert said[0] == title
    assert len(said) > 3


def test_a_picture_says_what_it_shows(visit: Visit, tmp_path: Path) -> None:
    """With its filters and its legend, and without a filter that it did not heed."""
    page = visit.open(f"/customers?{YEAR}&where=category:Books")
    text = save(visit, "new_returning", "SVG", tmp_path).read_text(encoding="utf-8")
    for said in ("Category: Books", "1 Jan – 31 Dec 2025", ">Returning<", ">Guest<"):
        assert said in text
    notice = page.locator("[data-card=cohorts] .notice").inner_text()
    text = save(visit, "cohorts", "SVG", tmp_path).read_text(encoding="utf-8")
    assert ("category" in notice) == ("Category: Books" not in text)
    assert ("period" in notice) == ("31 Dec 2025" not in text)


def test_a_saved_csv_is_exact(visit: Visit, simulated: Shop, tmp_path: Path) -> None:
    visit.open(f"/?{YEAR}")
    text = save(visit, "by_category", "CSV", tmp_path).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    total = sum((Decimal(row["net_sales"]) for row in rows), Decimal(0))
    assert total == Decimal(visit.figure("net_sales"))


@pytest.mark.parametrize(("card", "by"), [("by_category", "category"), ("over_time", "month")])
def test_tables_and_files_hold_the_compared_period_too(
    visit: Visit, simulated: Shop, tmp_path: Path, card: str, by: str
) -> None:
    visit.open(f"/?{YEAR}&compare=year&grain=month&table={card}")
    with open_reader(simulated.url) as reader:
        then = query(
            reader, ["net_sales"], by=[by], since=date(2024, 1, 1), until=date(2024, 12, 31)
        )
    shown = [row[-1] for row in visit.table(card)]
    text = save(visit, card, "CSV", tmp_path).read_text(encoding="utf-8")
    saved = [row["net_sales_before"] for row in csv.DictReader(io.StringIO(text))]
    amounts = [Decimal(str(amount)) for amount in then["net_sales"]]
    assert sorted(Decimal(amount) for amount in saved if amount) == sorted(amounts)
    assert [Decimal(one.replace(",", "")) for one in shown if one != "–"] == [
        Decimal(amount) for amount in saved if amount
    ]


def test_a_number_explains_itself_and_shows_its_rows(visit: Visit, simulated: Shop) -> None:
    page = visit.open("/?since=2025-03-01&until=2025-03-31")
    page.get_by_role("button", name="Explain: Returns").or_(
        page.get_by_role("button", name="Explain: Net sales", exact=True)
    ).first.click()
    panel = page.locator("dialog[open]")
    panel.locator("tbody tr").first.wait_for()
    said = panel.inner_text()
    assert "What the shop took" in said
    assert "SUM(total_sales)" in said
    assert "The books balance" in said
    sql = "FROM sales WHERE \"timestamp\" >= '2025-03-01' AND \"timestamp\" < '2025-04-01'"
    ((count, amount),) = simulated.rows(f"SELECT count(*), sum(total_sales) {sql}")
    assert f"{count:,}" in panel.locator("section .sub").first.inner_text()
    assert panel.locator("tbody tr").count() == min(50, count)
    exact = panel.locator(".figure").inner_text().replace(",", "")
    assert Decimal(exact) == amount == Decimal(visit.figure("net_sales"))
    panel.get_by_role("button", name="Show more").click()
    panel.locator("tbody tr").nth(50).wait_for()
    with page.expect_download() as loading:
        panel.get_by_role("link", name="Download them as CSV").click()
    text = loading.value.path().read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == count
    assert sum((Decimal(row["total_sales"]) for row in rows), Decimal(0)) == amount


def test_an_explanation_closes_with_escape_and_gives_the_focus_back(visit: Visit) -> None:
    page = visit.open(f"/?{YEAR}")
    opener = page.get_by_role("button", name="Explain: Orders", exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    page.locator("dialog[open] .checks li").first.wait_for()
    assert "explain=orders" in page.url
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")
    page.wait_for_url(lambda url: "explain" not in url)
    assert opener.evaluate("one => one === document.activeElement")


def test_an_explanation_is_shared_by_its_url(visit: Visit) -> None:
    page = visit.open(f"/?{YEAR}&explain=repeat_rate")
    page.locator("dialog[open] .checks li").first.wait_for()
    assert page.locator("dialog h2").inner_text() == "Repeat rate"


@pytest.mark.parametrize("path", PAGES)
def test_every_explain_button_has_an_answer(visit: Visit, path: str) -> None:
    page = visit.open(f"{path}?{YEAR}")
    for opener in page.locator("button[aria-label^=Explain]:visible").all():
        opener.click()
        page.locator("dialog[open] .checks li").first.wait_for()
        assert page.locator("dialog [role=alert]").count() == 0
        page.keyboard.press("Escape")
        page.locator("dialog[open]").wait_for(state="detached")
