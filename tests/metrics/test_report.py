"""The report: one safe file that asks nobody, with the same numbers as everywhere else."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from data_pipeline.metrics import METRICS, open_reader, query
from data_pipeline.metrics.wording import write_short, write_value
from data_pipeline.report import write_report
from data_pipeline.report.picture import free_of_styles
from tests.metrics.store import make_store, write_books, write_store

if TYPE_CHECKING:
    from pathlib import Path
from xml.etree import ElementTree as ET


@pytest.fixture(scope="module")
def page(books_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = write_report(books_url, tmp_path_factory.mktemp("report") / "r.html", currency="€")
    return path.read_text(encoding="utf-8")


class PageReader(HTMLParser):
    """Collects tags, attributes, ids and text; refuses what is closed in the wrong order."""

    VOID = frozenset({"meta", "path", "use", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag != "meta":
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def read(page: str) -> PageReader:
    reader = PageReader()
    reader.feed(page)
    return reader


def test_it_asks_nobody_and_runs_nothing(page: str, read: PageReader) -> None:
    assert not {"script", "link", "iframe", "object", "embed", "img", "form", "image"} & {
        *read.tags
    }
    links = [value for name, value in read.attributes if name in {"href", "xlink:href", "src"}]
    assert links
    assert all(value.startswith("#") for value in links)
    urls = set(re.findall(r"https?://[^\s\"'<]+", page))
    assert urls <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"url\((?!#)", page)


def test_the_policy_allows_the_one_style_sheet_and_nothing_else(
    page: str, read: PageReader
) -> None:
    css = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = next(v for n, v in read.attributes if n == "content" and "default-src" in v)
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert not [value for name, value in read.attributes if name == "style"]
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert page.count("<style>") == 1


def test_what_comes_from_data_is_escaped(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;alert(0)&lt;/script&gt;" in page
    assert "Kitchen &amp; Dining" in page


def test_every_id_is_there_once_and_every_link_arrives(read: PageReader) -> None:
    ids = [value for name, value in read.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = [v[1:] for n, v in read.attributes if n in {"href", "xlink:href"}]
    targets += [v[5:-1] for _, v in read.attributes if v.startswith("url(#")]
    targets += [v for n, v in read.attributes if n == "aria-labelledby"]
    assert set(targets) <= set(ids)


def test_the_numbers_are_those_of_the_registry(read: PageReader, books_url: str) -> None:
    said = " ".join(read.text)
    with open_reader(books_url) as reader:
        month = query(
            reader,
            ["net_sales", "orders", "customers"],
            since=date(2025, 12, 1),
            until=date(2025, 12, 31),
        )
        by_category = query(reader, ["net_sales"], by=["category"])
    ((net_sales, orders, customers),) = month.rows
    assert write_short(net_sales, "€") in said
    assert f"{orders:,}" in said
    assert f"{customers:,}" in said
    for field, values in zip(by_category.fields, zip(*by_category.rows, strict=True), strict=True):
        for value in values:
            assert write_value(value, field.kind, "€") in read.text


def test_the_books_are_in_it(read: PageReader) -> None:
    said = re.sub(r"\s+", " ", " ".join(read.text))
    assert "The books balance." in said
    assert "trimmed_price" in said
    assert "Data loaded 2026-01-01 08:00 UTC." in said


def test_every_metric_is_defined(read: PageReader) -> None:
    assert all(metric.description in read.text for metric in METRICS.values())


def test_it_is_small(page: str) -> None:
    assert len(page.encode()) < 1_000_000


def test_the_same_warehouse_gives_the_same_bytes(page: str, books_url: str, tmp_path: Path) -> None:
    again = write_report(books_url, tmp_path / "again.html", currency="€")
    assert again.read_text(encoding="utf-8") == page


@pytest.mark.parametrize("orders", [0, 3])
def test_hardly_any_sales(tmp_path: Path, orders: int) -> None:
    path = tmp_path / "small.duckdb"
    url = write_store(make_store(orders=orders), path)
    write_books(path)
    page = write_report(url, tmp_path / "r.html").read_text(encoding="utf-8")
    assert ("The warehouse has no sales yet" in page) == (orders == 0)


def test_books_that_do_not_balance_are_said_so(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "leak.duckdb"
    url = write_store(make_store(orders=0), path)
    write_books(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE ledger SET rows_read = rows_read + 1")
    page = write_report(url, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "The books do not balance." in page


def test_every_form_of_a_font_becomes_attributes() -> None:
    """Matplotlib has written it as one shorthand and as single properties."""
    text = ET.Element("text", {"style": "font: bold 11.5px 'DejaVu Sans'; text-anchor: end"})
    free_of_styles(text)
    assert text.attrib == {"font-size": "11.5", "font-weight": "bold", "text-anchor": "end"}
    text = ET.Element("text", {"style": "font-size: 9px; font-family: 'X'; fill: #0072b2"})
    free_of_styles(text)
    assert text.attrib == {"font-size": "9px", "class": "f-blue"}
