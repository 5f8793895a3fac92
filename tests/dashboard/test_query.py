"""Numbers of the dashboard are those of plain Python with Decimal over the same rows."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_pipeline.metrics import DIMENSIONS, METRICS
from tests.dashboard.client import READ, Dashboard, column_of, rows_of
from tests.metrics import oracle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.metrics.store import Store

FIRST, LAST = date(2024, 10, 1), date(2025, 12, 31)


@pytest.fixture(scope="module")
def lines(store: Store) -> list[oracle.Line]:
    return oracle.make_lines(store)


@pytest.fixture(scope="module")
def read_lines(lines: list[oracle.Line]) -> Callable[[], list[oracle.Line]]:
    """The lines, in a dress in which Hypothesis can print them."""
    return lambda: lines


def within(lines: Sequence[oracle.Line], since: date, until: date) -> list[oracle.Line]:
    return [line for line in lines if since <= line.day <= until]


def as_text(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(value.isoformat() if isinstance(value, date) else value for value in row)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_metric_by_every_dimension(
    dashboard: Dashboard, lines: list[oracle.Line], dimension: str
) -> None:
    names = [*METRICS]
    expected = {as_text(row) for row in oracle.answer(lines, names, [dimension])}
    found = []
    for part in (names[:12], names[12:24], names[24:]):
        answer = dashboard.ask("/api/query", metric=part, by=dimension, limit=5000)
        found.append(rows_of(answer))
    width = len(DIMENSIONS[dimension].columns)
    glued = {a + b[width:] + c[width:] for a, b, c in zip(*found, strict=True)}
    assert glued == expected
    assert len(names) > 24


VALUES: dict[str, list[Any]] = {
    "category": ["Books", "'; DROP TABLE sales; --", "nothing"],
    "channel": ["web", "Unknown"],
    "country": ["Germany", "=Germany"],
    "weekday": [1, 7],
    "product": [1, 2, 3],
    "new_or_returning": ["New", "Guest"],
    "cohort": [None, date(2024, 11, 1)],
}


@settings(max_examples=40, deadline=None)
@given(
    metrics=st.lists(st.sampled_from([*METRICS]), min_size=1, max_size=3, unique=True),
    by=st.lists(st.sampled_from([*DIMENSIONS]), max_size=2, unique=True),
    since=st.dates(FIRST, LAST),
    days=st.integers(0, 300),
    where=st.dictionaries(st.sampled_from([*VALUES]), st.integers(1, 7), max_size=2),
)
def test_any_question(dashboard: Dashboard, read_lines, metrics, by, since, days, where) -> None:
    until = since + timedelta(days=days)
    wanted = {
        name: [value for place, value in enumerate(VALUES[name]) if bits >> place & 1]
        for name, bits in where.items()
    }
    wanted = {name: values for name, values in wanted.items() if values}
    lines = [
        line
        for line in within(read_lines(), since, until)
        if all(oracle.DIMENSIONS[name](line)[0] in values for name, values in wanted.items())
    ]
    pairs = [
        f"{name}:{'' if value is None else value}"
        for name, values in wanted.items()
        for value in values
    ]
    answer = dashboard.ask(
        "/api/query",
        metric=metrics,
        by=by,
        since=str(since),
        until=str(until),
        where=pairs,
        limit=5000,
        totals=1,
    )
    totals = tuple(oracle.METRICS[name](lines) for name in metrics)
    assert answer["filtered"] is True
    kinds = [READ[METRICS[name].kind.value] for name in metrics]
    found = zip(kinds, answer["totals"], strict=True)
    assert tuple(None if value is None else kind(value) for kind, value in found) == totals
    if by:
        expected = {as_text(row) for row in oracle.answer(lines, metrics, by)}
        assert set(rows_of(answer)) == expected
        assert answer["row_count"] == len(expected)
    else:
        assert rows_of(answer) == [totals]


def test_top_rows_and_the_others_make_the_whole(
    dashboard: Dashboard, lines: list[oracle.Line]
) -> None:
    answer = dashboard.ask(
        "/api/query", metric=["net_sales", "customers", "units"], by="product",
        sort="-net_sales", limit=5, totals=1,
    )  # fmt: skip
    by_product = {row[0]: row[2] for row in oracle.answer(lines, ["net_sales"], ["product"])}
    best = sorted(by_product.values(), reverse=True)
    assert column_of(answer, "net_sales") == best[:5]
    assert answer["row_count"] == len(best)
    money, customers, units = answer["others"]
    assert Decimal(money) == sum(best[5:])
    assert customers is None, "different customers of products do not add up"
    assert units + sum(column_of(answer, "units")) == answer["totals"][2] == oracle.units(lines)
    second = dashboard.ask(
        "/api/query", metric="net_sales", by="product", sort="-net_sales", limit=5, offset=5
    )
    assert column_of(second, "net_sales") == best[5:10]


def test_gaps_are_filled_and_cut_periods_marked(dashboard: Dashboard) -> None:
    answer = dashboard.ask(
        "/api/query", metric=["net_sales", "orders", "return_rate"], by="week", fill=1,
        since="2025-03-05", until="2025-03-20", where="product:1",
    )  # fmt: skip
    assert column_of(answer, "week") == ["2025-03-03", "2025-03-10", "2025-03-17"]
    assert answer["partial"] == [0, 2]
    nothing = dashboard.ask(
        "/api/query", metric=["net_sales", "orders", "return_rate"], by="day", fill=1,
        since="2025-03-05", until="2025-03-06", where="category:nothing",
    )  # fmt: skip
    assert rows_of(nothing) == [("2025-03-05", 0, 0, None), ("2025-03-06", 0, 0, None)]


def test_data_that_begin_or_end_inside_a_month_mark_it(dashboard: Dashboard, store: Store) -> None:
    days = [line.day for line in oracle.make_lines(store)]
    answer = dashboard.ask("/api/query", metric="net_sales", by="month", since="2024-01-01")
    cut = [0] if min(days).day > 1 else []
    ends = (max(days) + timedelta(days=1)).day > 1
    assert answer["partial"] == [*cut, *([len(answer["rows"]) - 1] if ends else [])]
    assert answer["period"]["complete"] is False
    assert answer["period"]["note"].startswith(f"The data begin on {min(days).day} ")


@pytest.mark.parametrize(
    ("compare", "named", "since", "until"),
    [
        ("previous", {}, "2025-03-01", "2025-03-31"),
        ("year", {}, "2024-04-01", "2024-04-30"),
        ("custom", {"compare_since": "2025-01-05", "compare_until": "2025-01-25"}, "", ""),
    ],
)
def test_a_period_is_compared_with_another(
    dashboard: Dashboard,
    lines: list[oracle.Line],
    compare: str,
    named: dict,
    since: str,
    until: str,
) -> None:
    since, until = named.get("compare_since", since), named.get("compare_until", until)
    answer = dashboard.ask(
        "/api/query", metric=["net_sales", "orders"], by="category", compare=compare, totals=1,
        since="2025-04-01", until="2025-04-30", **named,
    )  # fmt: skip
    before = within(lines, date.fromisoformat(since), date.fromisoformat(until))
    if not before:
        assert answer["compared"] is None
        assert answer["compared_note"] == "The data begin on 1 October 2024."
        return
    compared = answer["compared"]
    assert (compared["period"]["since"], compared["period"]["until"]) == (since, until)
    assert set(rows_of(compared)) == oracle.answer(before, ["net_sales", "orders"], ["category"])
    assert compared["totals"] == [f"{oracle.net_sales(before):.4f}", oracle.orders(before)]


def test_the_file_has_all_rows_and_runs_nowhere(
    dashboard: Dashboard, lines: list[oracle.Line]
) -> None:
    answer = dashboard.get(
        "/api/query.csv", metric="net_sales", by="product", sort="-net_sales", limit=2
    )
    assert answer.headers["content-disposition"] == 'attachment; filename="net_sales_product.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    expected = oracle.answer(lines, ["net_sales"], ["product"])
    assert {(int(r["product_id"]), Decimal(r["net_sales"])) for r in rows} == {
        (row[0], row[2]) for row in expected
    }
    names = {r["product"] for r in rows}
    assert "'=HYPERLINK(0)" in names
    assert not [name for name in names if name.startswith(("=", "+", "-", "@"))]
    negative = [r["net_sales"] for r in rows if r["net_sales"].startswith("-")]
    assert all(Decimal(value) < 0 for value in negative), "numbers stay numbers"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"metric": "netsales"}, "unknown metric 'netsales'; known:"),
        ({"metric": "orders", "by": "town"}, "unknown dimension 'town'"),
        ({"metric": "orders", "where": "town:x"}, "unknown dimension 'town'"),
        ({"metric": "orders", "where": "weekday:monday"}, "'monday' is not a whole number"),
        ({"metric": "orders", "where": f"product:{10**30}"}, "is not a whole number"),
        ({"metric": "orders", "where": "cohort:May"}, "'May' is not a day such as"),
        ({"metric": "orders", "since": "2025-02-30"}, "'2025-02-30' is no day"),
        ({"metric": "orders", "since": "9999-01-01"}, "9999-01-01 is too far away"),
        ({"metric": "orders", "since": "2025-02-02", "until": "2025-02-01"}, "lies before"),
        ({"metric": "orders", "by": "day", "sort": "-units"}, "cannot sort by 'units'"),
        ({"metric": "orders", "compare": "custom"}, "a period to compare with has two days"),
    ],
)
def test_a_wrong_question_says_what_is_wrong(
    dashboard: Dashboard, parameters: dict, message: str
) -> None:
    status, code, said = dashboard.refusal("/api/query", **parameters)
    assert (status, code) == (400, "wrong_question")
    assert message in said


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"metric": "Net Sales"},
        {"metric": "orders", "by": ["day", "week", "month", "year"]},
        {"metric": "orders", "limit": 0},
        {"metric": "orders", "limit": 5001},
        {"metric": "orders", "since": "yesterday"},
        {"metric": "orders", "where": "category"},
        {"metric": "orders", "where": "category:a\x00b"},
        {"metric": "orders", "where": ["category:x"] * 51},
        {"metric": "orders", "group_by": "day"},
        {"metric": "orders", "v": "../../etc"},
    ],
)
def test_parameters_outside_of_their_types_are_refused(
    dashboard: Dashboard, parameters: dict
) -> None:
    assert dashboard.refusal("/api/query", **parameters)[:2] == (422, "wrong_parameter")
