"""Text is text: markup, formulas, SQL and paths in data, names and settings do nothing."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import quote as encoded

import pytest
from click.testing import CliRunner

from data_pipeline.cli import cli
from data_pipeline.config import load_settings
from data_pipeline.metrics import open_reader, query
from data_pipeline.pipeline import run
from tests.dashboard_page.hostile import FORMULA_SIGNS, HOSTILE_STORE, NAMES
from tests.databases.servers import ShopDatabase
from tests.postgres import Schema
from tests.rawfiles import STORE
from tests.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SQL = """x"; DROP TABLE sales; --'; DROP TABLE sales; --"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = Shop(tmp_path_factory.mktemp("hostile")).put(HOSTILE_STORE)
    shop.run(processed=shop.folder / "processed", safe_csv=True)
    return shop


def output(*told: str) -> str:
    done = CliRunner().invoke(cli, list(told), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


class Harm(HTMLParser):
    """Finds what a browser would run or fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "img", "foreignobject"}:
            self.found.append(tag)
        for name, value in attrs:
            leads_out = name.endswith("href") and not str(value).startswith("#")
            if name.startswith("on") or leads_out:
                self.found.append(f"{tag} {name}")


def test_the_report_has_no_element_that_data_brought(hostile: Shop) -> None:
    out = hostile.folder / "report.html"
    output("report", "--warehouse", hostile.url, "--out", str(out))
    page = out.read_text(encoding="utf-8")
    assert "&lt;script&gt;window.hacked" in page
    assert not Harm(page).found


def test_charts_have_no_element_that_data_brought(hostile: Shop) -> None:
    output("charts", "--warehouse", hostile.url, "--out", str(hostile.folder / "charts"))
    pictures = list((hostile.folder / "charts").glob("*.svg"))
    assert len(pictures) > 10
    texts = [picture.read_text(encoding="utf-8") for picture in pictures]
    assert not [harm for text in texts for harm in Harm(text).found]
    assert any("&lt;script&gt;" in text for text in texts)


def test_notebooks_show_text_as_text(hostile: Shop) -> None:
    with open_reader(hostile.url) as reader:
        shown = query(reader, ["net_sales"], by=["product"]).to_pandas().to_html()
    assert "&lt;script&gt;" in shown
    assert not Harm(shown).found


def test_a_look_for_harm_finds_it() -> None:
    assert all(Harm(name).found for name in NAMES[:3])
    for harm in ("<svg><script/></svg>", '<g onload="x"/>', '<a href="javascript:x">x</a>'):
        assert Harm(harm).found


@pytest.mark.parametrize("what", ["metrics", "quarantine", "processed"])
def test_no_cell_of_a_safe_csv_is_a_formula(hostile: Shop, what: str) -> None:
    where = ["--warehouse", hostile.url]
    out = hostile.folder / "bad.csv"
    told = ["metrics", "net_sales", "--by", "product", "--csv", *where]
    if what == "metrics":
        text, plain = output(*told, "--safe-csv"), output(*told)
    elif what == "quarantine":
        output("quarantine", *where, "--export", str(out), "--safe-csv")
        text = out.read_text(encoding="utf-8")
        output("quarantine", *where, "--export", str(out))
        plain = out.read_text(encoding="utf-8")
    else:
        text = (hostile.folder / "processed/transformed_products.csv").read_text(encoding="utf-8")
        plain = HOSTILE_STORE["products.csv"].decode()
    assert not formulas(text)
    assert what == "quarantine" or formulas(plain)


def formulas(text: str) -> list[str]:
    """The cells that a spreadsheet would run; numbers are none."""
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    return [c for c in cells if c.startswith(FORMULA_SIGNS) and not re.fullmatch(r"-?[\d.]+", c)]


def test_a_record_that_begins_like_a_formula(shop: Shop) -> None:
    shop.put(
        STORE | {"sales-2.csv": STORE["sales.csv"].split(b"\n")[0] + b"\n=1+1,1,1,1,1,x\n"}
    ).run()
    out = shop.folder / "bad.csv"
    for safe, count in ((["--safe-csv"], 0), ([], 1)):
        output("quarantine", "--warehouse", shop.url, "--export", str(out), *safe)
        assert len(formulas(out.read_text(encoding="utf-8"))) == count


def test_names_of_files_are_names(shop: Shop) -> None:
    names = [f"sales-{SQL}.csv", "sales-..%2f..%2fx.csv", "sales-$(touch x)`touch y`.csv"]
    names += ["sales-\x1b[31m<b>.csv", "sales-{0}{name}%s.csv"]
    header, *rows = STORE["sales.csv"].decode().splitlines()
    files = {n: f"{header}\n{i}{rows[0]}\n".encode() for i, n in enumerate(names, 5)}
    shop.put(STORE | files).run(processed=shop.folder / "processed")
    assert shop.rows("SELECT COUNT(*) FROM sales") == [(3 + len(names),)]
    assert set(shop.rows("SELECT path FROM files")) == {(n,) for n in (*STORE, *names)}
    shown = output("status", "--warehouse", shop.url)
    assert "\x1b[31m" not in shown
    assert "sales-{0}{name}%s.csv" in shown
    assert {p.name for p in shop.folder.iterdir()} == {"raw", "processed", "warehouse.duckdb"}


def test_names_of_columns_are_names(shop: Shop) -> None:
    header = STORE["sales.csv"].decode().replace("price", '"' + SQL.replace('"', '""') + '"', 1)
    shop.put(STORE | {"sales.csv": header.encode()})
    (shop.folder / "p.toml").write_text(f"[tables.sales.columns]\nprice = '''{SQL}'''\n")
    told = {"raw": shop.raw, "warehouse": shop.url, "processed": "none"}
    run(load_settings(told, {}, shop.folder / "p.toml"))
    assert shop.rows("SELECT SUM(price) FROM sales") == [(14,)]


def test_the_name_of_a_warehouse_is_a_name(store: Shop) -> None:
    file = store.folder / "it's; DROP TABLE sales; --.duckdb"
    store.run(warehouse=f"duckdb:///{file}")
    store.run(warehouse=f"duckdb:///{file}", full_refresh=True)
    assert file.exists()
    assert "balance" in output("status", "--warehouse", f"duckdb:///{file}")


def test_the_name_of_a_schema_is_a_name(store: Shop) -> None:
    schema = Schema()
    victim = schema.name
    schema.rows(f'CREATE SCHEMA "{victim}"')
    hostile = f'x"; DROP SCHEMA "{victim}"; --'
    url = schema.server.partition("?")[0] + f"?schema={encoded(hostile)}"
    there = "SELECT COUNT(*) FROM pg_catalog.pg_namespace WHERE nspname = $1"
    try:
        store.run(warehouse=url)
        store.run(warehouse=url, full_refresh=True)
        assert "balance" in output("status", "--warehouse", url)
        assert schema.rows(there, victim) == schema.rows(there, hostile) == [(1,)]
    finally:
        doubled = hostile.replace('"', '""')
        schema.rows(f'DROP SCHEMA IF EXISTS "{doubled}" CASCADE')
        schema.drop()


@pytest.fixture(params=["postgresql", "mysql"])
def database(request: pytest.FixtureRequest) -> Iterator[ShopDatabase]:
    made = ShopDatabase(request.param)
    yield made
    made.drop()


def test_names_in_a_database_are_names(tmp_path: Path, database: ShopDatabase) -> None:
    """Of tables and columns, as pipeline.toml declares them."""
    database.fill()
    name = "x'; DROP TABLE customers; --"
    with database.open() as opened:
        quoted = opened.quote(name)
        database.run(
            f"ALTER TABLE sales RENAME COLUMN price TO {quoted}",
            f"ALTER TABLE sales RENAME TO {quoted}",
        )
    settings = f'''source = "{database.url}"
[sources.customers]
[sources.products]
[sources.sales]
table = "{name}"
columns = {{ price = "{name}" }}
'''
    (tmp_path / "p.toml").write_text(settings)
    shop = Shop(tmp_path)
    told = {"raw": shop.raw, "warehouse": shop.url, "processed": "none"}
    run(load_settings(told, {}, tmp_path / "p.toml"))
    assert shop.rows("SELECT SUM(price) FROM sales") == [(5,)]
    with database.open() as opened:
        assert opened.rows("SELECT COUNT(*) FROM customers") == [(2,)]


@pytest.mark.parametrize("reason", ["../../etc/passwd", "x' OR '1'='1", "<b>"])
def test_a_reason_is_one_that_is_known(store: Shop, reason: str) -> None:
    store.run()
    done = CliRunner().invoke(cli, ["quarantine", "--warehouse", store.url, "--reason", reason])
    assert "unknown reason" in str(done.exception)
