"""What every chart promises: words, exact data, files that do not change by themselves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import matplotlib as mpl
import pytest
from PIL import Image

from data_pipeline.charts import draw_all
from data_pipeline.charts.chart import Scope, draw_svg
from data_pipeline.charts.gallery import draw_gallery, last_whole_months, read_scope
from data_pipeline.charts.overview import draw_sales_by_category, draw_sales_over_time, fill_gaps
from data_pipeline.metrics import Field, Frame, Kind, Reader, open_reader, query
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


def test_png_is_twice_the_size_and_described(url: str, tmp_path: Path) -> None:
    paths = draw_all(url, tmp_path)
    with Image.open(next(p for p in paths if p.name == "sales_over_time.png")) as image:
        assert image.width == 1200
        assert "net sales" in image.info["Description"]


def test_a_warehouse_without_sales_has_no_charts(tmp_path: Path) -> None:
    url = write_store(make_store(orders=0), tmp_path / "empty.duckdb")
    assert draw_all(url, tmp_path / "charts") == ()


@pytest.mark.parametrize("orders", [1, 5])
def test_the_smallest_stores_are_drawn(tmp_path: Path, orders: int) -> None:
    url = write_store(make_store(orders=orders), tmp_path / "small.duckdb")
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
