"""Filters by click, by keyboard and by URL; they show, they go, they are shared."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from data_pipeline.metrics import open_reader, query

if TYPE_CHECKING:
    from tests.dashboard_page.browser import Visit
    from tests.shop import Shop

# Nothing is drawn between `drawing.hold()` and `drawing.release()`.
HOLD_FRAMES = """{
    const ask = window.requestAnimationFrame.bind(window);
    let held = null;
    window.requestAnimationFrame = (draw) => (held ? held.push(draw) : ask(draw));
    window.drawing = {
        hold: () => { held = []; },
        release: () => { const all = held; held = null; all.forEach(ask); },
    };
}"""
YEAR = "since=2025-01-01&until=2025-12-31"


def net_sales(shop: Shop, since: date, until: date, **where: object) -> Decimal:
    with open_reader(shop.url) as reader:
        frame = query(reader, ["net_sales"], since=since, until=until, where=where)  # type: ignore[arg-type]
    return Decimal(str(frame["net_sales"][0]))


def wheres(visit: Visit) -> list[str]:
    return parse_qs(urlsplit(visit.page.url).query).get("where", [])


def test_a_click_on_a_bar_filters_everything_else(visit: Visit, simulated: Shop) -> None:
    page = visit.open(f"/?{YEAR}")
    all_categories = visit.bars("by_category")
    label = next(iter(all_categories))
    page.locator("[data-card=by_category] .bars button").first.click()
    visit.settle()
    assert wheres(visit) == [f"category:{label}"]
    year = (date(2025, 1, 1), date(2025, 12, 31))
    assert Decimal(visit.figure("net_sales")) == net_sales(simulated, *year, category=label)
    assert visit.bars("by_category").keys() == all_categories.keys(), "its own filter is left out"
    assert page.locator(".chip").inner_text().startswith(f"Category: {label}")
    page.get_by_role("button", name=f"Remove filter Category: {label}").click()
    visit.settle()
    assert wheres(visit) == []
    assert Decimal(visit.figure("net_sales")) == net_sales(simulated, *year)


def test_back_forward_reload_and_a_shared_url_restore_the_state(visit: Visit) -> None:
    page = visit.open(f"/?{YEAR}")
    start = visit.figure("net_sales")
    page.locator("[data-card=by_place] .bars button").first.click()
    visit.settle()
    filtered = visit.figure("net_sales")
    assert filtered != start
    page.get_by_role("link", name="Products").click()
    visit.settle()
    assert urlsplit(page.url).path == "/products"
    assert page.locator(".chip").count() == 1, "filters stay"
    page.go_back()
    visit.settle()
    assert visit.figure("net_sales") == filtered
    page.go_back()
    visit.settle()
    assert visit.figure("net_sales") == start
    page.go_forward()
    visit.settle()
    assert visit.figure("net_sales") == filtered
    page.reload()
    visit.settle()
    assert visit.figure("net_sales") == filtered
    assert page.locator(".chip").count() == 1


def test_period_by_preset_and_by_days(visit: Visit, simulated: Shop) -> None:
    page = visit.open()
    page.locator("#period").click()
    page.get_by_role("button", name="Last 30 days").click()
    visit.settle()
    ((last,),) = simulated.rows('SELECT max("timestamp")::DATE FROM sales')
    first = date.fromordinal(last.toordinal() - 29)
    assert Decimal(visit.figure("net_sales")) == net_sales(simulated, first, last)
    page.locator("#period").click()
    page.get_by_label("First day").fill("2025-02-03")
    page.get_by_label("Last day").fill("2025-03-04")
    page.get_by_role("button", name="Show", exact=True).click()
    visit.settle()
    days = (date(2025, 2, 3), date(2025, 3, 4))
    assert Decimal(visit.figure("net_sales")) == net_sales(simulated, *days)
    page.locator("#period").click()
    page.get_by_label("First day").fill("2025-05-03")
    page.get_by_role("button", name="Show", exact=True).click()
    assert "lies before" in page.locator(".panel:popover-open [role=alert]").inner_text()


def test_any_two_periods_can_be_compared(visit: Visit, simulated: Shop) -> None:
    page = visit.open("/?since=2025-10-01&until=2025-10-31")
    page.locator("#compare").click()
    page.get_by_label("First day").fill("2025-03-01")
    page.get_by_label("Last day").fill("2025-03-31")
    page.get_by_role("button", name="Show", exact=True).click()
    visit.settle()
    now = net_sales(simulated, date(2025, 10, 1), date(2025, 10, 31))
    then = net_sales(simulated, date(2025, 3, 1), date(2025, 3, 31))
    change = f"{(now - then) / then * 100:+.1f}%"
    assert change in page.locator(".tile").first.inner_text()
    legend = page.locator("[data-card=over_time] .legend").inner_text()
    assert f"{then:,.2f}" in legend


def test_the_comparison_is_chosen_and_stands_in_the_url(visit: Visit) -> None:
    page = visit.open("/?since=2025-10-01&until=2025-10-31")
    said = {}
    for choice in ("a year before", "nothing", "the period before"):
        page.locator("#compare").click()
        page.get_by_role("button", name=choice, exact=True).click()
        visit.settle()
        assert choice in page.locator("#compare").inner_text()
        said[choice] = page.locator("[data-card=over_time] .legend").inner_text()
    assert "Oct 2024" in said["a year before"]
    assert "2024" not in said["nothing"]
    assert "30 Sept 2025" in said["the period before"]
    assert "compare" not in page.url


def test_nothing_is_shown_that_is_no_text(visit: Visit) -> None:
    page = visit.open(f"/?{YEAR}&where=category:Books")
    for opener in ("#period", "#compare", "#add-filter", ".chip .control"):
        page.locator(opener).click()
        assert "[object" not in page.locator(".panel:popover-open").inner_text()
        page.keyboard.press("Escape")
    for path in ("/", "/products", "/customers", "/behaviour", "/quality"):
        said = visit.open(path).locator("body").inner_text()
        for wrong in ("[object", "undefined", "NaN", "null", "Infinity"):
            assert wrong not in said, path


def test_every_dimension_can_be_filtered_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit.open(f"/?{YEAR}")
    page.locator("#add-filter").focus()
    page.keyboard.press("Enter")
    offered = page.locator(".panel:popover-open .choice")
    labels = offered.all_inner_texts()
    assert {"Category", "Product", "Location", "Country", "Channel"} <= set(labels)
    assert offered.first.evaluate("one => one === document.activeElement")
    page.keyboard.press("Escape")
    assert page.locator("#add-filter").evaluate("one => one === document.activeElement")
    for number, label in enumerate(labels):
        page.locator("#add-filter").focus()
        page.keyboard.press("Enter")
        page.locator(".panel:popover-open .choice").first.wait_for()
        for _ in range(number):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        choices = page.locator(".panel:popover-open [role=group] .choice")
        choices.first.wait_for()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        visit.settle()
        assert len(wheres(visit)) == 1, label
        page.get_by_role("button", name="Clear filters").focus()
        page.keyboard.press("Enter")
        visit.settle()
        assert wheres(visit) == []


def test_a_product_is_found_by_a_part_of_its_name(visit: Visit, simulated: Shop) -> None:
    number, called = simulated.rows(
        "SELECT product_id, products.name FROM products JOIN sales USING (product_id)"
        " WHERE products.name <> 'Unknown' ORDER BY product_id DESC LIMIT 1"
    )[0]
    page = visit.open()
    page.locator("#add-filter").click()
    page.locator(".panel:popover-open .choice", has_text="Product").first.click()
    page.get_by_label("Search Product").fill(called[:-1].upper())
    page.locator(".panel:popover-open .choice", has_text=called).first.click()
    page.keyboard.press("Escape")
    visit.settle()
    assert wheres(visit) == [f"product:{number}"]
    page.reload()
    visit.settle()
    page.locator(".chip", has_text=called).wait_for()


def test_a_dragged_range_of_time_becomes_the_period(visit: Visit, simulated: Shop) -> None:
    page = visit.open(f"/?{YEAR}&grain=month")
    box = page.locator("[data-card=over_time] .chart").bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=4)
    page.mouse.up()
    visit.settle()
    asked = parse_qs(urlsplit(page.url).query)
    since, until = (date.fromisoformat(asked[name][0]) for name in ("since", "until"))
    assert date(2025, 4, 1) <= since < until <= date(2025, 9, 30)
    assert since.day == 1
    assert Decimal(visit.figure("net_sales")) == net_sales(simulated, since, until)


def test_a_stretch_of_time_is_chosen_by_keys(visit: Visit, simulated: Shop) -> None:
    page = visit.open("/?since=2025-01-01&until=2025-12-31&grain=month")
    chart = page.locator("[data-card=over_time] .chart")
    chart.focus()
    page.keyboard.press("Home")
    assert chart.get_attribute("aria-valuetext").startswith("January 2025: ")  # type: ignore[union-attr]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    said = chart.get_attribute("aria-valuetext") or ""
    assert said.startswith("From February 2025")
    assert " to April 2025" in said
    assert page.locator("[data-card=over_time] .brush").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("[data-card=over_time] .brush").is_hidden()
    for key in ("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    visit.settle()
    days = (date(2025, 2, 1), date(2025, 4, 30))
    assert Decimal(visit.figure("net_sales")) == net_sales(simulated, *days)
    assert "since=2025-02-01&until=2025-04-30" in page.url


def test_a_click_on_a_cell_filters_by_weekday_and_hour(visit: Visit) -> None:
    page = visit.open(f"/behaviour?{YEAR}")
    page.locator("[data-card=week] tbody tr").nth(2).locator("button").nth(12).click()
    visit.settle()
    assert wheres(visit) == ["weekday:3", "hour:12"]
    assert page.locator(".chip").count() == 2
    page.locator("[data-card=week] tbody [aria-pressed=true]").click()
    visit.settle()
    assert wheres(visit) == []


def test_a_click_on_a_cohort_and_on_the_legend_filters(visit: Visit) -> None:
    page = visit.open(f"/customers?{YEAR}")
    page.locator("[data-card=cohorts] tbody button").first.click()
    visit.settle()
    assert wheres(visit)[0].startswith("cohort:20")
    page.locator("[data-card=new_returning] .legend button", has_text="Returning").click()
    visit.settle()
    assert wheres(visit)[1] == "new_or_returning:Returning"


def test_a_mark_of_a_chart_filters(visit: Visit) -> None:
    page = visit.open(f"/products?{YEAR}")
    page.mouse.click(*visit.dots("price_quantity")[0])
    page.wait_for_url("**where=**")
    visit.settle()
    assert wheres(visit)[0].startswith("product:")


def test_a_mark_that_is_drawn_anew_while_it_is_pressed_filters(visit: Visit) -> None:
    visit.page.add_init_script(HOLD_FRAMES)
    page = visit.open(f"/products?{YEAR}")
    dots = visit.dots("price_quantity")
    page.evaluate("drawing.hold()")
    page.mouse.move(*dots[0])
    page.mouse.down()
    page.evaluate("drawing.release()")
    page.wait_for_timeout(100)
    assert visit.dots("price_quantity") != dots, "the dot was lit up: it stands last now"
    page.mouse.up()
    page.wait_for_url("**where=**")


@pytest.mark.parametrize("grain", ["day", "week", "quarter", "year"])
def test_the_grain_is_switched_and_stands_in_the_url(visit: Visit, grain: str) -> None:
    page = visit.open(f"/?{YEAR}")
    page.locator("[data-card=over_time] .segments button", has_text=grain.title()).click()
    visit.settle()
    asked = parse_qs(urlsplit(page.url).query)
    assert asked.get("grain", [grain]) == [grain]
    page.get_by_role("button", name="Table: Net sales over time").click()
    visit.settle()
    counts = {"day": 100, "week": 53, "quarter": 4, "year": 1}
    assert len(visit.table("over_time")) == counts[grain]


def test_what_a_url_cannot_mean_is_left_out(visit: Visit) -> None:
    page = visit.open("/?since=2025-13-45&until=x&compare=never&period=maybe&grain=fortnight")
    assert page.locator("[role=alert]").count() == 0
    assert page.locator(".chart svg").first.is_visible()
