"""Headlines, analyses, explanations, rows and books: each is what the registry or the books say."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from data_pipeline.dashboard.answers.analyses import ANALYSES
from data_pipeline.dashboard.answers.headlines import HEADLINES
from data_pipeline.dashboard.answers.shape import frame_json
from data_pipeline.metrics import DIMENSIONS, METRICS, open_reader
from data_pipeline.metrics.baskets import basket_pairs
from data_pipeline.metrics.behaviour import (
    age_groups,
    cohort_retention,
    concentration,
    repeat_intervals,
    rfm_segments,
    whole_months,
)
from data_pipeline.metrics.change import Period, decompose
from data_pipeline.metrics.metric import PRODUCT_METRICS
from tests.dashboard.client import Dashboard, column_of, rows_of
from tests.dashboard.raw import NAMES
from tests.metrics import oracle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.metrics.store import Store
    from tests.shop import Shop

APRIL = {"since": "2025-04-01", "until": "2025-04-30"}


@pytest.fixture(scope="module")
def lines(store: Store) -> list[oracle.Line]:
    return oracle.make_lines(store)


def of(lines: Sequence[oracle.Line], month: str) -> list[oracle.Line]:
    return [line for line in lines if line.day.isoformat().startswith(month)]


def as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def number(value: Any) -> Any:
    return Decimal(value) if isinstance(value, str) else value


def test_headlines_are_of_three_periods(dashboard: Dashboard, lines: list[oracle.Line]) -> None:
    answer = dashboard.ask("/api/headlines", since="2025-11-01", until="2025-11-30", spark=1)
    assert [one["metric"] for one in answer["headlines"]] == [*HEADLINES]
    assert answer["period"]["days"] == 30
    assert answer["before"] == {
        "since": "2025-10-01", "until": "2025-10-31", "days": 31, "complete": True, "note": "",
    }  # fmt: skip
    assert answer["year_before"]["since"] == "2024-11-01"
    for one in answer["headlines"]:
        compute = oracle.METRICS[one["metric"]]
        for name, month in (("now", "2025-11"), ("before", "2025-10"), ("year_before", "2024-11")):
            assert number(one[name]) == compute(of(lines, month)), (one["metric"], name)
        now, before = number(one["now"]), number(one["before"])
        change = (Decimal(now) / Decimal(before) - 1).quantize(Decimal("0.000001"))
        assert abs(number(one["change"]) - change) <= Decimal("0.000001")
        points = now - before if one["kind"] == "share" else None
        assert number(one["change_points"]) == points
        days = [day for day, _ in one["spark"]]
        assert days == [f"2025-11-{day:02}" for day in range(1, 31)]
    spark = {day: number(value) for day, value in answer["headlines"][0]["spark"]}
    assert sum(spark.values()) == oracle.net_sales(of(lines, "2025-11"))


def test_headlines_say_what_the_data_do_not_cover(dashboard: Dashboard) -> None:
    answer = dashboard.ask("/api/headlines", since="2024-10-01", until="2025-09-30")
    assert answer["before"] is answer["year_before"] is None
    assert answer["before_note"] == "The data begin on 1 October 2024."
    assert [one["change"] for one in answer["headlines"]] == [None] * len(HEADLINES)
    assert [one["spark"] for one in answer["headlines"]] == [[]] * len(HEADLINES)
    beyond = dashboard.ask("/api/headlines", since="2025-12-01", until="2026-01-31")
    assert beyond["period"]["complete"] is False
    assert "The data end on" in beyond["period"]["note"]


def test_any_period_can_be_compared(dashboard: Dashboard, lines: list[oracle.Line]) -> None:
    answer = dashboard.ask(
        "/api/headlines", metric="net_sales", **APRIL, compare="custom",
        compare_since="2025-01-01", compare_until="2025-01-31",
    )  # fmt: skip
    (one,) = answer["headlines"]
    assert number(one["before"]) == oracle.net_sales(of(lines, "2025-01"))
    assert one["year_before"] is None


EXPECTED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "cohorts": lambda r: {"cohorts": whole_months(cohort_retention(r), date(2025, 12, 31))},
    "repeat_intervals": lambda r: {"intervals": repeat_intervals(r)},
    "concentration": lambda r: dict(
        zip(("curve", "classes"), concentration(r, "product"), strict=True)
    ),
    "basket_pairs": lambda r: {"pairs": basket_pairs(r, min_orders=2, count=50)},
    "age_groups": lambda r: {"ages": age_groups(r, in_year=2025)},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_analysis_is_that_of_the_package(dashboard: Dashboard, shop: Shop, name: str) -> None:
    answer = dashboard.ask(f"/api/analyses/{name}", min_orders=2, limit=50)
    assert dashboard.ask("/api/meta")["span"]["last_day"] == "2025-12-31"
    with open_reader(shop.url) as reader:
        expected = {key: frame_json(frame) for key, frame in EXPECTED[name](reader).items()}
    assert answer["frames"] == expected
    assert tuple(answer["frames"]) == ANALYSES[name].frames
    assert answer["filtered"] is True


@pytest.mark.parametrize("name", sorted(set(ANALYSES) - {"change"}))
def test_an_analysis_says_whether_it_heeded_the_filters(dashboard: Dashboard, name: str) -> None:
    path, books = f"/api/analyses/{name}", {"where": "category:Books", "min_orders": 1}
    whole, some = dashboard.ask(path, min_orders=1), dashboard.ask(path, **books)
    april = dashboard.ask(path, **books, **APRIL)
    assert (whole["ignored"], some["ignored"]) == ([], [])
    assert some["frames"] != whole["frames"]
    assert april["filtered"] is ANALYSES[name].heeds_days
    assert april["ignored"] == ([] if april["filtered"] else ["since", "until"])
    assert (april["frames"] == some["frames"]) is not april["filtered"]
    assert set(april["frames"]) == set(ANALYSES[name].frames)


def test_segments_come_with_what_they_mean(dashboard: Dashboard, shop: Shop) -> None:
    answer = dashboard.ask("/api/analyses/rfm")
    with open_reader(shop.url) as reader:
        expected = frame_json(rfm_segments(reader))
    rows = answer["frames"]["segments"]["rows"]
    assert [[row[0], *row[2:]] for row in rows] == expected["rows"]
    assert all(row[1] for row in rows)


def test_the_change_adds_up_within_filters(
    dashboard: Dashboard, lines: list[oracle.Line], shop: Shop
) -> None:
    answer = dashboard.ask("/api/analyses/change", where="channel:web", **APRIL)
    parts = dict(rows_of(answer["frames"]["parts"]))
    web = [line for line in lines if line.sale.channel == "web"]
    now, before = oracle.net_sales(of(web, "2025-04")), oracle.net_sales(of(web, "2025-03"))
    assert (parts.pop("Now"), parts.pop("Before")) == (now, before)
    assert sum(parts.values()) == now - before
    with open_reader(shop.url) as reader:
        months = (
            Period(date(2025, 4, 1), date(2025, 4, 30)), Period(date(2025, 3, 1), date(2025, 3, 31))
        )  # fmt: skip
        direct = decompose(reader, *months, where={"channel": "web"})
    assert answer["frames"]["parts"] == frame_json(direct)


def test_a_change_from_before_the_data_has_no_parts(dashboard: Dashboard) -> None:
    answer = dashboard.ask("/api/analyses/change")
    assert answer["frames"]["parts"]["rows"] == []
    assert answer["facts"]["compared"] is None
    assert answer["facts"]["compared_note"]


def test_products_have_the_classes_of_the_concentration(
    dashboard: Dashboard, lines: list[oracle.Line]
) -> None:
    answer = dashboard.ask("/api/analyses/products", limit=500)
    frame = answer["frames"]["products"]
    by_product = {
        row[0]: row[2:] for row in oracle.answer(lines, ["net_sales", "units"], ["product"])
    }
    assert column_of(frame, "product_id") == sorted(
        by_product, key=lambda key: (-by_product[key][0], key)
    )
    assert dict(zip(column_of(frame, "product_id"), column_of(frame, "units"), strict=True)) == {
        key: units for key, (_, units) in by_product.items()
    }
    classes = dashboard.ask("/api/analyses/concentration")["frames"]["classes"]
    sold = [row for row in rows_of(frame) if row[7]]
    assert Counter(row[3] for row in sold) == dict(
        zip(column_of(classes, "class"), column_of(classes, "items"), strict=True)
    )
    assert column_of(frame, "cumulative_share")[-1] == 1


@pytest.mark.parametrize("metric", PRODUCT_METRICS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_products_in_any_order(dashboard: Dashboard, metric: str, sign: str) -> None:
    asked = {"where": "channel:web", "since": "2025-02-01", "limit": 500}
    answer = dashboard.ask("/api/analyses/products", sort=f"{sign}{metric}", **asked)
    frame = answer["frames"]["products"]
    values = column_of(frame, metric)
    there = [value for value in values if value is not None]
    assert there == sorted(there, reverse=sign == "-")
    assert values == there + [None] * (len(values) - len(there)), "what is missing comes last"
    query = dashboard.ask("/api/query", metric=metric, by="product", **asked)
    assert dict(zip(column_of(frame, "product_id"), values, strict=True)) == dict(
        zip(column_of(query, "product_id"), column_of(query, metric), strict=True)
    )


def test_products_can_be_searched_sorted_and_paged(dashboard: Dashboard) -> None:
    found = dashboard.ask("/api/analyses/products", search="SCRIPT", sort="-units")
    assert found["facts"]["row_count"] == 2
    assert set(column_of(found["frames"]["products"], "product")) == {NAMES[0]}
    by_units = dashboard.ask("/api/analyses/products", sort="-units", limit=500)
    units = column_of(by_units["frames"]["products"], "units")
    assert units == sorted(units, reverse=True)
    page = dashboard.ask("/api/analyses/products", sort="-units", limit=5, offset=5)
    assert column_of(page["frames"]["products"], "units") == units[5:10]


@pytest.mark.parametrize("sort", ["rise", "fall", "now"])
def test_movers(dashboard: Dashboard, lines: list[oracle.Line], sort: str) -> None:
    answer = dashboard.ask(
        "/api/analyses/movers", item="category", metric="orders", sort=sort, **APRIL
    )
    now, before = (
        dict(oracle.answer(of(lines, month), ["orders"], ["category"]))
        for month in ("2025-04", "2025-03")
    )
    rows = rows_of(answer["frames"]["movers"])
    assert {row[0]: row[1:4] for row in rows} == {
        name: (now.get(name, 0), before.get(name, 0), now.get(name, 0) - before.get(name, 0))
        for name in now | before
    }
    key = [row[1] if sort == "now" else row[3] for row in rows]
    assert key == sorted(key, reverse=sort != "fall")


def test_new_and_returning_by_week(dashboard: Dashboard, lines: list[oracle.Line]) -> None:
    answer = dashboard.ask("/api/analyses/new_returning", grain="month", where="category:Books")
    books = [line for line in lines if line.product.category == "Books"]
    for month, new, returning, everybody, *money in rows_of(answer["frames"]["new_returning"]):
        there = of(books, month[:7])
        assert (new, returning, everybody) == (
            oracle.new_customers(there), oracle.returning_customers(there), oracle.customers(there)
        )  # fmt: skip
        segments = ("New", "Returning", "Guest")
        assert money == [
            oracle.net_sales([x for x in there if oracle.segment(x) == name]) for name in segments
        ]


def test_the_week_has_all_its_hours(dashboard: Dashboard, lines: list[oracle.Line]) -> None:
    answer = dashboard.ask("/api/analyses/week", metric="units")
    rows = rows_of(answer["frames"]["week"])
    assert [row[:2] for row in rows] == [(day, hour) for day in range(1, 8) for hour in range(24)]
    assert {row for row in rows if row[2]} == {
        row for row in oracle.answer(lines, ["units"], ["weekday", "hour"]) if row[2]
    }


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/api/analyses/concentration", {"item": "sale"}),
        ("/api/analyses/movers", {"item": "day"}),
        ("/api/analyses/movers", {"metric": "return_rate"}),
        ("/api/analyses/movers", {"sort": "-now"}),
        ("/api/analyses/new_returning", {"grain": "hour"}),
        ("/api/analyses/week", {"metric": "nothing"}),
        ("/api/analyses/products", {"sort": "nothing"}),
        ("/api/analyses/rfm.csv", {"frame": "nothing"}),
        ("/api/explain", {}),
        ("/api/explain", {"metric": "nothing"}),
        ("/api/rows", {"metric": "nothing"}),
        ("/api/rows", {"after": "2025-13-01_1"}),
        ("/api/headlines", {"metric": "nothing"}),
    ],
)
def test_a_wrong_analysis_says_what_is_known(
    dashboard: Dashboard, path: str, parameters: dict
) -> None:
    assert dashboard.refusal(path, **parameters)[:2] == (400, "wrong_question")


@pytest.mark.parametrize(
    "path", ["/api/analyses/nothing", "/api/values/nothing", "/api/jobs/abc", "/api/nothing"]
)
def test_what_is_not_there_is_not_found(dashboard: Dashboard, path: str) -> None:
    assert dashboard.refusal(path)[:2] == (404, "not_found")


@pytest.mark.parametrize("metric", METRICS)
def test_every_number_explains_itself(
    dashboard: Dashboard, lines: list[oracle.Line], shop: Shop, metric: str
) -> None:
    answer = dashboard.ask("/api/explain", metric=metric, where="channel:app", by="category")
    app = [line for line in lines if line.sale.channel == "app"]
    assert number(answer["value"]) == oracle.METRICS[metric](app)
    assert answer["description"] == METRICS[metric].description
    assert all(check["ok"] for check in answer["checks"])
    assert len(answer["checks"]) == 3 + (answer["source"]["kind"] == "memory")
    with open_reader(shop.url) as reader:
        for sql in answer["sql"].split(";\n\n"):
            assert reader.rows(sql, {k: v for k, v in answer["values"].items() if f"${k}" in sql})
    rows = dashboard.ask(answer["rows_url"])
    assert rows["row_count"] >= len(rows["rows"]) > 0


@pytest.mark.parametrize("name", ANALYSES)
def test_every_analysis_explains_itself(dashboard: Dashboard, name: str) -> None:
    answer = dashboard.ask("/api/explain", analysis=name, since="2025-04-01", until="2025-05-31")
    assert answer["description"] == ANALYSES[name].description
    assert "SELECT" in answer["sql"]


def test_a_book_that_does_not_balance_fails_its_check(
    store: Store, shop: Shop, tmp_path: Any
) -> None:
    import shutil

    import duckdb

    from tests.dashboard.client import open_dashboard

    copy = tmp_path / "planted.duckdb"
    shutil.copy(shop.file, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("UPDATE ledger SET amount_loaded = amount_loaded + 1, rows_read = 0")
        connection.execute("UPDATE runs SET status = 'broken'")
    with open_dashboard(f"duckdb:///{copy}") as planted:
        checks = planted.ask("/api/explain", metric="net_sales")["checks"]
        assert [check["ok"] for check in checks] == [False, False, False]
        assert planted.ask("/api/quality")["balanced"] is False


def test_pages_of_rows_hold_all_that_counts(dashboard: Dashboard, lines: list[oracle.Line]) -> None:
    question: dict[str, Any] = {"metric": "returns", "where": "category:Books"}
    found, after = [], None
    while True:
        more: dict[str, Any] = {} if after is None else {"after": after}
        page = dashboard.ask("/api/rows", **question, limit=7, **more)
        found += rows_of(page)
        after = page["next"]
        if after is None:
            break
    returned = [line.sale for line in oracle.returned(lines) if line.product.category == "Books"]
    newest = sorted(returned, key=lambda s: (s.timestamp, s.transaction_id), reverse=True)
    assert [row[0] for row in found] == [sale.transaction_id for sale in newest]
    assert page["row_count"] == len(returned) > 7
    assert number(page["amount"]) == sum(sale.total_sales for sale in returned)
    assert {row[13] for row in found} == {"sales.csv"}
    text = dashboard.get("/api/rows.csv", **question).text
    assert [int(r["transaction_id"]) for r in csv.DictReader(io.StringIO(text))] == [
        sale.transaction_id for sale in newest
    ]


@pytest.mark.parametrize("name", DIMENSIONS)
def test_choices_of_a_filter(dashboard: Dashboard, lines: list[oracle.Line], name: str) -> None:
    answer = dashboard.ask(f"/api/values/{name}", limit=500)
    expected = oracle.answer(lines, ["net_sales"], [name])
    got = rows_of(answer)
    assert Counter(got) == Counter((as_text(row[0]), as_text(row[-2]), row[-1]) for row in expected)
    assert answer["row_count"] == len(expected)
    assert [row[2] for row in got] == sorted((row[2] for row in got), reverse=True)


def test_choices_can_be_searched(dashboard: Dashboard) -> None:
    answer = dashboard.ask("/api/values/product", search="DROP table", limit=1)
    assert column_of(answer, "label") == [NAMES[3]]
    assert (answer["row_count"], answer["more"]) == (2, True)


def test_the_books_are_those_of_the_oracle(dashboard: Dashboard, shop: Shop) -> None:
    star, answer = shop.star(), dashboard.ask("/api/quality")
    loaded = sum(len(rows) for rows in star.loaded.values())
    assert answer["balanced"] is True
    assert answer["sentence"] == {
        "rows_read": loaded + 3,
        "rows_loaded": loaded,
        "rows_duplicate": 0,
        "rows_quarantined": 3,
    }
    balance = {row[0]: row for row in rows_of(answer["balance"])}
    assert balance["sales"][6:] == (star.amount_loaded, Decimal("5.0000"))
    reasons = {row[1]: row[2] for row in rows_of(answer["quarantine"])}
    assert set(reasons) == {"invalid_price", "orphan_product", "out_of_range_quantity"}
    assert all(reasons.values()), "each reason is explained"
    (run,) = answer["runs"]["rows"]
    assert run[0] == 1
    assert run[1] <= run[2]
    assert run[7:] == [loaded + 3, loaded, 3]
    assert {row[1] for row in rows_of(answer["files"])} == {p.name for p in shop.raw.iterdir()}


def test_the_quarantine_shows_records_as_they_came(dashboard: Dashboard) -> None:
    answer = dashboard.ask("/api/quarantine", reason="invalid_price")
    assert answer["row_count"] == 1
    assert column_of(answer, "raw") == ["900001,1,1,1,<script>alert(2)</script>,2025-01-01"]
    second = dashboard.ask("/api/quarantine", limit=1, offset=1)
    assert (second["row_count"], len(second["rows"])) == (3, 1)
    rows = list(csv.DictReader(io.StringIO(dashboard.get("/api/quarantine.csv").text)))
    assert [row["source_line"] for row in rows] == ["2", "3", "4"]
    assert dashboard.ask("/api/quarantine", table="products")["rows"] == []


def test_meta_knows_the_shop(dashboard: Dashboard, store: Store, shop: Shop) -> None:
    meta = dashboard.ask("/api/meta")
    assert meta["currency"] == "€"
    assert meta["rows"] == {"sales": len(store.sales), "customers": 161, "products": 40}
    assert [one["name"] for one in meta["metrics"]] == [*METRICS]
    assert [one["name"] for one in meta["dimensions"]] == [*DIMENSIONS]
    assert [one["name"] for one in meta["analyses"]] == [*ANALYSES]
    assert all(meta["has"].values())
    assert meta["warehouse"] == shop.url
    assert meta["default_period"] == {"since": "2025-10-01", "until": "2025-12-31"}
