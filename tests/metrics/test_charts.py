"""What every chart promises: words, exact data, files that do not change by themselves."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import matplotlib as mpl
import pytest
from PIL import Image

from data_pipeline.charts import draw_all
from data_pipeline.charts.behaviour import draw_pairs
from data_pipeline.charts.chart import Scope, draw_svg
from data_pipeline.charts.gallery import choose_grain, draw_gallery, last_whole_months, read_scope
from data_pipeline.charts.overview import draw_sales_by_category, draw_sales_over_time, fill_gaps
from data_pipeline.metrics import Field, Frame, Kind, Reader, open_reader, query
from data_pipeline.metrics.baskets import basket_pairs
from data_pipeline.metrics.change import Period
from tests.metrics.store import make_store, write_store

if TYPE_CHECKING:
    from pathlib import Path

from data_pipeline.charts.chart import Chart

SCOPE = Scope(date(2025, 1, 1), date(2025, 2, 12), "€")


@pytest.fixture(scope="module")
def charts(url: str) -> list[Chart]:
    with open_reader(url) as reader:
        scope = read_scope(reader, currency="$")
        assert scope
        return list(draw_gallery(reader, scope))


def test_there_are_many_and_each_has_its_own_name(charts: list[Chart]) -> None:
    assert len({chart.name for chart in charts}) == len(charts) >= 12


def test_each_says_what_it_shows(charts: list[Chart]) -> None:
    for chart in charts:
        assert len(chart.title) > 20
        assert len(chart.alt) > 30
        assert any(year in chart.subtitle + chart.title for year in ("2024", "2025"))
        drawn = {text.get_text().replace("\n", " ") for text in chart.figure.texts}
        assert {chart.title, chart.subtitle} <= drawn


def test_nothing_is_cut_off(charts: list[Chart]) -> None:
    for chart in charts:
        width, height = chart.figure.get_size_inches() * chart.figure.dpi
        boxes = [text.get_window_extent() for text in chart.figure.texts]
        boxes += [b for axes in chart.figure.axes if (b := axes.get_tightbbox()) is not None]
        for box in boxes:
            assert box.x0 >= -1, chart.name
            assert box.y0 >= -1, chart.name
            assert box.x1 <= width + 1, chart.name
            assert box.y1 <= height + 1, chart.name


def test_titles_do_not_touch_the_picture(charts: list[Chart]) -> None:
    for chart in charts:
        lowest = min(text.get_window_extent().y0 for text in chart.figure.texts)
        for axes in chart.figure.axes:
            box = axes.get_tightbbox()
            assert box is not None
            assert box.y1 <= lowest + 1, chart.name


def test_the_data_are_those_of_the_registry(charts: list[Chart], reader: Reader) -> None:
    drawn = {chart.name: chart.frame for chart in charts}["sales_by_category"]
    asked = query(reader, ["net_sales"], by=["category"])
    assert set(drawn.rows) == set(asked.rows)


def test_files_are_the_same_every_time(url: str, tmp_path: Path) -> None:
    mpl.rcParams["lines.linewidth"] = 9
    try:
        once = draw_all(url, tmp_path / "once", currency="€")
    finally:
        mpl.rcdefaults()
    twice = draw_all(url, tmp_path / "twice", currency="€")
    assert len(once) == len(twice) >= 20
    for one, two in zip(once, twice, strict=True):
        assert one.read_bytes() == two.read_bytes(), one.name
    with Image.open(tmp_path / "once" / "sales_over_time.png") as image:
        assert image.width == 1200, "twice the 600 of a screen"
        assert "net sales" in image.info["Description"]


def test_a_warehouse_without_sales_has_no_charts(tmp_path: Path) -> None:
    url = write_store(make_store(orders=0), tmp_path / "empty.duckdb")
    assert draw_all(url, tmp_path / "charts") == ()


def test_the_smallest_store_is_drawn(tmp_path: Path) -> None:
    url = write_store(make_store(orders=1), tmp_path / "small.duckdb")
    assert len(draw_all(url, tmp_path / "charts")) >= 8


def ranking(*rows: tuple[str, str]) -> Frame:
    fields = (
        Field("category", "Category", Kind.TEXT),
        Field("net_sales", "Net sales", Kind.MONEY),
    )
    return Frame(fields, tuple((name, Decimal(money)) for name, money in rows))


def test_hostile_names_are_only_text() -> None:
    name = "<script>x</script> $a_b$ \\frac{1}{2} \n & 'q'"
    svg = draw_svg(draw_sales_by_category(ranking((name, "10"), ("B", "5")), SCOPE)).decode()
    assert "<script" not in svg
    assert "&lt;script&gt;x&lt;/script&gt;" in svg


def test_net_sales_below_zero_are_drawn() -> None:
    chart = draw_sales_by_category(ranking(("A", "-10"), ("B", "-20.5")), SCOPE)
    assert "A brought the most: -€10" in chart.title


def test_pairs_are_drawn_with_their_lift_and_orders(reader: Reader) -> None:
    pairs = basket_pairs(reader, min_orders=3)
    chart = draw_pairs(pairs, SCOPE)
    said = {text.get_text() for axes in chart.figure.axes for text in axes.texts}
    assert f"{pairs['lift'][0]:.1f}x · {pairs['orders'][0]} orders" in said
    assert len(chart.frame) == 10


def test_many_places_are_cut_and_the_rest_is_said() -> None:
    frame = ranking(*((f"Place {i}", "10") for i in range(20)), ("Unknown", "500"))
    chart = draw_sales_by_category(frame, SCOPE)
    assert len(chart.frame) == 12
    assert "The 12 largest; the others bring €90" in chart.subtitle
    assert chart.title == "Place 0 brought 1% of net sales", "what has no name is no finding"


@pytest.mark.parametrize(
    ("days", "grain"), [(5, "day"), (92, "day"), (93, "week"), (1100, "week"), (1101, "month")]
)
def test_the_grain_fits_the_span(days: int, grain: str) -> None:
    first = date(2020, 1, 1)
    assert choose_grain(Scope(first, first + timedelta(days=days))) == grain


@pytest.mark.parametrize(("grain", "when"), [("day", "1 January 2025"), ("month", "January 2025")])
def test_the_peak_is_named_as_its_period_is(grain: str, when: str) -> None:
    fields = (Field(grain, grain, Kind.DAY), Field("net_sales", "Net sales", Kind.MONEY))
    rows = ((date(2025, 1, 1), Decimal(9)), (date(2025, 2, 1), Decimal(5)))
    assert when in draw_sales_over_time(Frame(fields, rows), SCOPE).title


def test_a_day_without_sales_is_drawn_as_zero() -> None:
    fields = (Field("day", "Day", Kind.DAY), Field("net_sales", "Net sales", Kind.MONEY))
    frame = Frame(fields, ((date(2025, 1, 1), Decimal(4)), (date(2025, 1, 4), Decimal(5))))
    assert fill_gaps(frame)["net_sales"] == (4, 0, 0, 5)
    assert len(draw_sales_over_time(frame, SCOPE).frame) == 4


def test_whole_months_only_are_compared() -> None:
    assert last_whole_months(SCOPE) is None
    scope = Scope(date(2025, 1, 1), date(2025, 2, 28))
    january = Period(date(2025, 1, 1), date(2025, 1, 31))
    assert last_whole_months(scope) == (Period(date(2025, 2, 1), date(2025, 2, 28)), january)
