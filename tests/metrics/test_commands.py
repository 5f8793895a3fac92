"""`sales metrics`, `sales charts` and `sales report`, as they are typed."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from data_pipeline.commands.metrics import charts, metrics, report
from data_pipeline.errors import ConfigError
from data_pipeline.metrics import DIMENSIONS, METRICS
from data_pipeline.metrics.documentation import write_markdown
from tests.metrics import oracle

if TYPE_CHECKING:
    from tests.metrics.store import Store

ROOT = Path(__file__).resolve().parents[2]


def say(command, *arguments: str) -> str:
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_without_a_name_it_lists_all_metrics() -> None:
    said = say(metrics)
    assert all(name in said for name in METRICS)


def test_the_documented_metrics_are_those_of_the_registry() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert page == write_markdown(), "run: sales metrics --markdown > docs/metrics.md"
    assert say(metrics, "--markdown") == page
    assert all(f"`{name}`" in page for name in (*METRICS, *DIMENSIONS))


def test_currency_and_days_may_come_from_the_settings(
    books_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("net_sales", "--by", "day", "--warehouse", books_url)
    plain, abroad = say(metrics, *asked), say(metrics, *asked, "--timezone", "Asia/Tokyo")
    assert plain != abroad
    assert "€" not in plain
    monkeypatch.setenv("SALES_CURRENCY", "€")
    assert "€" in say(metrics, *asked)
    monkeypatch.setenv("SALES_CURRENCY", "")
    monkeypatch.setenv("SALES_REPORTING_TIMEZONE", "Asia/Tokyo")
    assert say(metrics, *asked) == abroad


def test_json_csv_and_table_show_the_same_exact_numbers(books_url: str, store: Store) -> None:
    asked = ("net_sales", "orders", "--by", "category", "--warehouse", books_url)
    lines = oracle.make_lines(store)
    expected = oracle.answer(lines, ["net_sales", "orders"], ["category"])
    from_json = json.loads(say(metrics, *asked, "--json"))
    from_csv = list(csv.DictReader(io.StringIO(say(metrics, *asked, "--csv"))))
    table = say(metrics, *asked, "--currency", "€")
    for category, net_sales, orders in expected:
        assert {
            "category": category,
            "net_sales": f"{net_sales:.4f}",
            "orders": orders,
        } in from_json
        assert {
            "category": category,
            "net_sales": f"{net_sales:.4f}",
            "orders": str(orders),
        } in from_csv
        assert f"€{net_sales:,.2f}" in table
    assert "█" in table


def test_filters_and_days(books_url: str, store: Store) -> None:
    said = say(
        metrics,
        "orders",
        *("--where", "category=Books", "--where", "category=Toys", "--where", "hour=12"),
        *("--since", "2025-01-01", "--until", "2025-03-31"),
        *("--json", "--warehouse", books_url),
    )
    lines = [
        x
        for x in oracle.make_lines(store)
        if x.product.category in {"Books", "Toys"}
        and x.hour == 12
        and "2025-01-01" <= x.day.isoformat() <= "2025-03-31"
    ]
    assert json.loads(said) == [{"orders": oracle.orders(lines)}]
    assert lines


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("category", "not of the form dimension=value"),
        ("month=2025-13", "is not a day such as 2025-01-31"),
        ("hour=noon", "is not a whole number"),
        ("town=Berlin", "unknown dimension 'town'"),
    ],
)
def test_a_wrong_filter_is_refused(books_url: str, where: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        say(metrics, "orders", "--where", where, "--warehouse", books_url)


def test_charts_and_report_say_where_they_are(books_url: str, tmp_path: Path) -> None:
    said = say(charts, "--warehouse", books_url, "--out", str(tmp_path / "charts"))
    count = len(list((tmp_path / "charts").glob("*.png")))
    assert said.startswith(f"{count} charts")
    assert count >= 10
    said = say(report, "--warehouse", books_url, "--out", str(tmp_path / "a" / "report.html"))
    assert (tmp_path / "a" / "report.html").exists()
    assert "report.html" in said
