"""What is counted ahead is what the warehouse counts: any filters, any days, any orders."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_pipeline.metrics import DIMENSIONS, ask, query
from data_pipeline.metrics.behaviour import age_groups
from data_pipeline.metrics.columns import (
    bands,
    hours,
    items,
    preparing,
    spans,
    sums,
    tables,
    traits,
)
from data_pipeline.metrics.columns.coding import code_values
from data_pipeline.metrics.columns.firsts import Firsts, count_firsts, count_firsts_by, find_firsts
from data_pipeline.metrics.columns.formulas import read_formula
from data_pipeline.metrics.columns.groups import group
from data_pipeline.metrics.columns.hours import Hours
from data_pipeline.metrics.columns.spans import find_spans
from data_pipeline.metrics.columns.traits import Traits
from data_pipeline.metrics.order_values import BANDS, order_values
from data_pipeline.metrics.registry import find_metric
from data_pipeline.warehouses import Access, open_warehouse
from tests.metrics.store import CATEGORIES, CHANNELS, make_store, write_store
from tests.metrics.test_columns import Remembering, remember
from tests.metrics.test_scoped import ANALYSES, ZONE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.warehouses import Warehouse
    from tests.metrics.store import Store

COUNTS = ["customers", "new_customers", "returning_customers", "orders", "guest_orders"]
ASKED = {
    "counts": lambda reader, **limits: query(reader, COUNTS, **limits),
    "order values": order_values,
    **ANALYSES,
}
FIRST, LAST = date(2024, 9, 20), date(2026, 1, 20)
"""Some days more than there are data of."""


def one_of(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2)


FILTERS = {
    "category": one_of([*CATEGORIES, "nothing"]),
    "channel": one_of(["web", "app", "shop", "Unknown", "nothing"]),
    "country": one_of(["Germany", "France", "Norway", "Unknown", "nothing"]),
    "mail_domain": one_of(["example.com", "b.example", "Unknown"]),
    "cohort": one_of([None, date(2024, 11, 1), date(2025, 3, 1)]),
    "product": one_of([1, 2, 7, 999]),
    "new_or_returning": one_of(["New", "Guest"]),
}
filters = st.lists(st.sampled_from([*FILTERS]), max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FILTERS[name] for name in names})
)
periods = st.tuples(st.dates(FIRST, LAST), st.sampled_from([0, 1, 6, 40, 200, 365])).map(
    lambda found: {"since": found[0], "until": found[0] + timedelta(days=found[1])}
)


def twist(store: Store, *, customers: bool, numbers: bool) -> Store:
    """The store with orders that go on for days, or months; and that change customers, or of which
    none is without a number.
    """
    dice = random.Random(3)
    (owner,) = {sale.customer_id for sale in store.sales if sale.order_id == "A-1"}
    sales = []
    for number, sale in enumerate(store.sales):
        later = dice.choice((0, 0, 0, 1, 3, 45))
        other = dice.randrange(160) if customers and dice.random() < 0.2 else sale.customer_id
        order_id = f"B-{number}" if numbers and sale.order_id is None else sale.order_id
        if order_id and dice.random() < 0.03:
            order_id = "A-1"
            other = other if customers else owner
        moment = sale.timestamp + timedelta(days=later)
        sales.append(replace(sale, timestamp=moment, customer_id=other, order_id=order_id))
    return replace(store, sales=tuple(sales))


STORES = {
    "an order has one customer": {"customers": False, "numbers": False, "tables": True},
    "every sale has an order": {"customers": False, "numbers": True, "tables": True},
    "an order has several customers": {"customers": True, "numbers": False, "tables": True},
    "too few sales for tables": {"customers": False, "numbers": False, "tables": False},
}


def keep_tables(patch: pytest.MonkeyPatch) -> None:
    """As if there were very many sales: every table is made, and every sum kept and taken."""
    patch.setattr(preparing, "MOST_BYTES", 10**6)
    for name in ("SALES_A_CELL", "SALES_A_CELL_OF_TWO", "SALES_A_CELL_BY"):
        patch.setattr(tables, name, 0)
    patch.setattr(traits, "SALES_A_CELL", 0)
    patch.setattr(hours, "SALES_A_CELL", 0)
    patch.setattr(sums, "MOST_BYTES", 10**6)
    patch.setattr(sums, "SUMS_A_SALE", 10**6)


def prepare(columns: Columns) -> None:
    columns.prepare()
    for step in columns.prepare_parts():
        step()


@pytest.fixture(scope="module", params=[*STORES.values()], ids=[*STORES])
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Warehouse, Columns]]:
    asked = dict(request.param)
    has_tables = asked.pop("tables")
    store = twist(make_store(orders=500, seed=11), **asked)
    url = write_store(store, tmp_path_factory.mktemp("counted") / "store.duckdb")
    with (
        pytest.MonkeyPatch.context() as patch,
        open_warehouse(url, Access(read_only=True)) as warehouse,
    ):
        patch.setattr(bands, "WORTH_KEEPING", 0)
        if has_tables:
            keep_tables(patch)
        columns = remember(warehouse)
        assert columns
        assert ("customer" in columns.of_order) != request.param["customers"]
        prepare(columns)
        assert bool(columns.traits.size) == has_tables
        yield warehouse, columns


@settings(max_examples=110, deadline=None)
@given(where=filters, limits=st.just({}) | periods, name=st.sampled_from([*ASKED]))
def test_any_filters_and_days(opened, where, limits, name) -> None:
    warehouse, columns = opened
    memory = Remembering(warehouse, columns)
    asked = {"where": where, "timezone": ZONE}
    if limits:
        ASKED[name](memory, **asked)  # of all days something may be kept
    found = ASKED[name](memory, **asked, **limits)
    assert memory.asked_of_sales == 0
    assert found == ASKED[name](warehouse, **asked, **limits)


@settings(max_examples=40, deadline=None)
@given(where=filters, limits=periods)
def test_any_filters_and_days_by_the_hours_of_the_week(opened, where, limits) -> None:
    warehouse, columns = opened
    asked = {"where": where, "timezone": ZONE, "by": ["weekday", "hour"]}
    columns.prepare_hours(ask(["orders"], where=where))
    memory = Remembering(warehouse, columns)
    assert query(memory, COUNTS, **asked, **limits) == query(warehouse, COUNTS, **asked, **limits)


@settings(max_examples=110, deadline=None)
@given(where=filters, limits=st.just({}) | periods, by=st.sampled_from([*DIMENSIONS]))
def test_any_filters_and_days_by_a_dimension(opened, where, limits, by) -> None:
    warehouse, columns = opened
    asked = {"where": where, "timezone": ZONE, "by": [by], **limits}
    memory = Remembering(warehouse, columns)
    assert query(memory, COUNTS, **asked) == query(warehouse, COUNTS, **asked)


CUSTOMERS, ORDERS = (
    (read_formula(find_metric(name).sql)[1], column)
    for name, column in (("customers", "customer"), ("orders", "order"))
)


@pytest.mark.parametrize(
    ("where", "of", "counts_orders"),
    [
        ({}, "", False),
        ({"country": "Norway", "mail_domain": ["example.com"]}, "", False),
        ({"channel": ["web"]}, "channel", False),
        ({"category": ["Toys"]}, "category", True),
        ({"category": ["Toys", "nothing"], "mail_domain": ["b.example"]}, "category", True),
        ({"category": ["Toys", "Books"]}, None, False),
        ({"category": ["Toys"], "channel": ["web"]}, None, False),
        ({"new_or_returning": ["New"]}, None, False),
    ],
)
def test_what_is_counted_ahead(opened, where, of, counts_orders) -> None:
    _, columns = opened
    selection = columns.select(ask(["orders"], where=where, since=date(2025, 2, 1)))
    assert len(selection)
    assert (selection.stretch and selection.stretch.of) == of
    one, other = (
        find_firsts(selection, column, condition) for condition, column in (CUSTOMERS, ORDERS)
    )
    assert (one is None) == (of is None)
    assert (other is not None) == (counts_orders and "customer" in columns.of_order)
    if one is not None:
        buyers = selection.take("buyer")
        assert sorted(one.tolist()) == sorted({*buyers.tolist()} - {0})


def test_channels_are_counted_each_by_its_own(opened) -> None:
    _, columns = opened
    selection = columns.select(ask(["customers"], by=["channel"], since=date(2025, 2, 1)))
    groups = group(columns, selection, (DIMENSIONS["channel"],))
    assert count_firsts(selection, groups, "customer", CUSTOMERS[0]) is not None
    assert groups.days is None
    assert len(columns.codings["channel"].values) == len(CHANNELS)


@pytest.mark.parametrize(
    ("where", "counted"),
    [
        ({}, ("customers", "new_customers", "returning_customers")),
        ({"channel": "web"}, ("customers",)),
        ({"country": "Norway"}, ("customers", "new_customers")),
        ({"category": "Toys"}, ("customers", "orders", "customer_orders")),
        ({"category": "Toys", "channel": "web"}, ("customers", "orders")),
        ({"category": "Toys", "country": "Norway"}, ("customers", "orders")),
        ({"country": "Norway", "channel": "web"}, ("customers",)),
    ],
)
def test_tables_alone_count_any_days(opened, where, counted) -> None:
    warehouse, columns = opened
    of_orders = {"orders", "customer_orders"} if "customer" not in columns.of_order else set()
    names = [name for name in counted if name not in of_orders]
    bare = replace(columns, firsts=Firsts(tables=columns.firsts.tables))
    for since, until in ((None, None), (date(2025, 2, 3), date(2025, 6, 9))):
        question = ask(names, where=where, since=since, until=until)
        assert bare.are_counted(question, question.measures) == bool(columns.traits.size)
        if not columns.traits.size:
            continue
        selection = bare.select(question)
        by_month = group(bare, selection, (DIMENSIONS["month"],))
        frame = query(warehouse, names, where=where, since=since, until=until, timezone=ZONE)
        for place, measure in enumerate(question.measures):
            _, condition, (_, name) = read_formula(measure.sql)
            column = {"customer_id": "customer"}.get(name, name)
            found = count_firsts(selection, group(bare, selection, ()), column, condition)
            months = count_firsts(selection, by_month, column, condition)
            assert found is not None
            assert months is not None
            assert found.tolist() == [frame.rows[0][place]]
            assert months.sum() >= found[0] > 0


def test_tables_end_where_memory_does(opened, monkeypatch) -> None:
    _, columns = opened
    fresh = replace(columns, firsts=Firsts(), traits=Traits(), sums={})
    fresh.prepare()
    held, made = fresh.size, 0
    monkeypatch.setattr(preparing, "MOST_BYTES", held / int(columns.starts[-1]))
    for step in fresh.prepare_parts():
        step()
        made += 1
    everything = sum(1 for _ in preparing._steps(fresh))
    assert made == everything if fresh.size == held else made < everything


def test_what_no_table_counts_is_not_said_to_be_counted(opened) -> None:
    _, columns = opened
    for asked in (
        {"names": ["net_sales", "customers"]},
        {"names": ["customers"], "by": ["hour"]},
        {"names": ["customers"], "where": {"channel": ["web", "app"]}},
        {"names": ["customers"], "where": {"product": 1, "channel": "web"}},
        {"names": ["guest_orders"], "where": {"category": "Toys"}},
    ):
        question = ask(**asked)
        assert not columns.are_counted(question, question.measures)


def test_customers_are_counted_by_traits_from_the_first_of_a_month_on(opened) -> None:
    _, columns = opened
    has_tables = bool(columns.traits.size)
    first = (date(2025, 2, 1) - columns.first_day).days
    for day, is_kept in ((first, has_tables), (first + 1, False)):
        for of in ({}, {"channel": "web"}):
            since = columns.first_day + timedelta(days=day)
            whole = columns.select(ask(["customers"], where=of, since=since)).whole
            for name in ("birth_year", "mail_domain", "country"):
                counted = count_firsts_by(columns, whole, name, CUSTOMERS[0])
                assert (counted is not None) == is_kept
                assert (columns.traits.find(whole, name) is not None) == has_tables


@pytest.mark.parametrize("by", ["country", "mail_domain"])
def test_a_group_in_which_only_guests_bought_has_a_row(opened, by) -> None:
    warehouse, columns = opened
    memory, only_guests = Remembering(warehouse, columns), 0
    for month in range(1, 13):
        days = {"since": date(2025, month, 1), "until": date(2025, month, 2)}
        asked: dict[str, Any] = {"by": [by], "timezone": ZONE, "where": {"channel": "web"}, **days}
        found = query(memory, ["customers"], **asked)
        assert found == query(warehouse, ["customers"], **asked)
        only_guests += ("Unknown", 0) in found.rows
    assert only_guests


def test_a_class_ends_where_what_lies_before_reaches_its_share() -> None:
    before = np.array([0, 80, 81, 95, 96])
    ends = [items._end_of_class(before, total, 80) for total in (99, 100, 101, 102, 1, 0, -5)]
    assert ends == [1, 1, 2, 3, 1, 0, 0]


@pytest.mark.parametrize(
    ("column", "where", "has_own", "is_masked"),
    [
        ("product", {}, False, False),
        ("product", {"category": "Toys"}, False, True),
        ("product", {"category": "Toys", "channel": "web"}, True, True),
        ("product", {"country": "Norway"}, True, False),
        ("customer", {"country": "Norway"}, False, True),
        ("customer", {"channel": "web", "mail_domain": "example.com"}, True, True),
    ],
)
def test_sums_are_kept_of_parts_with_many_sales(opened, column, where, has_own, is_masked) -> None:
    _, columns = opened
    kept = sums.find_sums(columns, column, ask(["net_sales"], where=where))
    if has_own and not columns.traits.size:
        assert kept is None
        return
    assert kept
    assert (kept.spans.rows is not None) == has_own
    assert (kept.passes is not None) == is_masked
    assert (
        sums.find_sums(columns, column, ask(["net_sales"], where={"channel": ["web", "app"]}))
        is None
    )


def test_orders_of_one_hour_are_kept_of_parts_with_many_sales(opened) -> None:
    _, columns = opened
    fresh = replace(columns, hours=Hours())
    for where in ({"channel": ["web", "app"]}, {"product": 1}):
        fresh.prepare_hours(ask(["orders"], where=where))
    size = fresh.hours.size
    fresh.prepare_hours(ask(["orders"], where={"channel": "web"}))
    assert (fresh.hours.size > size) == bool(columns.traits.size)
    assert fresh.size >= fresh.hours.size
    selection = fresh.select(ask(["orders"], where={"channel": "web"}, since=date(2025, 3, 1)))
    found = fresh.hours.count(selection, ORDERS[0])
    if found is not None:
        holds = selection.take("sign") > 0
        cells = hours._cells(selection)[holds]
        pairs = {*zip(selection.take("order")[holds].tolist(), cells.tolist(), strict=True)}
        assert found.sum() == len(pairs)
    assert (found is not None) == bool(columns.traits.size)


def test_a_dimension_with_too_many_values_is_not_counted_ahead(opened, monkeypatch) -> None:
    _, columns = opened
    monkeypatch.setattr("data_pipeline.metrics.columns.parts.MOST_PIECES", 3)
    fresh = replace(columns, firsts=Firsts())
    prepare(fresh)
    assert 0 < fresh.firsts.size < columns.firsts.size


def test_all_that_is_kept_is_counted_in_its_size(opened) -> None:
    _, columns = opened
    bare = replace(columns, firsts=Firsts(), bands=bands.Bands(), traits=Traits())
    before = bare.size
    prepare(bare)
    rows = int(columns.starts[-1])
    counted = 3 * 3 + 2 * ("customer" in columns.of_order)
    of_sales = rows * counted * columns.of_sale["day"].itemsize
    if bare.traits.size:
        assert bare.firsts.size > of_sales
    else:
        assert bare.firsts.size == of_sales
    assert bare.size > before + bare.firsts.size + bare.traits.size


def test_what_is_kept_of_orders_is_used_and_limited(opened, monkeypatch) -> None:
    warehouse, columns = opened
    fresh = replace(columns, bands=bands.Bands())
    memory = Remembering(warehouse, fresh)
    days: dict[str, Any] = {"since": date(2025, 2, 1), "until": date(2025, 8, 31), "timezone": ZONE}
    order_values(memory, **days)
    assert fresh.bands.size == 0, "some days leave nothing behind"
    order_values(memory, timezone=ZONE)
    daily = fresh.bands.find(((), BANDS))
    assert daily
    assert len(daily.others)
    nothing = np.zeros_like(daily.before.counts)
    wrong = replace(daily, before=bands.Banded(nothing, nothing))
    fresh.bands.keep(((), BANDS), wrong)
    assert order_values(memory, **days) != order_values(warehouse, **days)
    monkeypatch.setattr(bands, "MOST_KEPT", 2)
    for channel in ("web", "app"):
        order_values(memory, timezone=ZONE, where={"channel": channel})
    assert fresh.bands.find(((), BANDS)) is None


@pytest.mark.parametrize("most", [10**6, 161 * 8, 161 * 7, 50])
def test_sums_by_longer_spans_are_the_same(opened, monkeypatch, most) -> None:
    warehouse, columns = opened
    monkeypatch.setattr(sums, "MOST_CELLS", most)
    memory = Remembering(warehouse, replace(columns, firsts=Firsts()))
    some: dict[str, Any] = {"since": date(2024, 12, 20), "until": date(2025, 11, 3)}
    for limits in ({}, some):
        for name in ("products", "customers", "ages", "pairs"):
            expected = ANALYSES[name](warehouse, timezone=ZONE, **limits)
            assert ANALYSES[name](memory, timezone=ZONE, **limits) == expected


def test_the_shortest_spans_that_fit_are_taken() -> None:
    months, years = np.arange(0, 25), np.arange(0, 25, 12)
    found = [find_spans([months, years], size, 100) for size in (4, 5, 33, 34)]
    assert [one and len(one.bounds) for one in found] == [25, 3, 3, None]


def test_sums_beyond_32_bits_are_kept_whole() -> None:
    kept = spans.Spans(np.array([0, 2, 4]))
    for most in (2**31 - 1, 2**31, 2**40):

        def sum_up(begin: int, end: int, most: int = most) -> Any:
            return np.array([most, -most, end - begin], np.int64)

        assert kept.between(most, 0, 4, sum_up).tolist() == [2 * most, -2 * most, 4]


def test_values_are_found_in_their_order() -> None:
    for values in ([3, 1, None, 7], [3, 1, 7], [None], []):
        coding = code_values("customer", values)
        for value in (*values, None, 0, 2, 9, "1", date(2025, 1, 1)):
            expected = coding.values.index((value,)) if (value,) in coding.values else None
            assert coding.find(value) == expected


def test_who_was_only_given_something_is_of_an_age_too(tmp_path: Path) -> None:
    store = make_store(orders=60, seed=4)
    old = replace(store.customers[-1], customer_id=900, birth_year=1920)
    gift = replace(
        store.sales[0],
        transaction_id=9000,
        customer_id=900,
        price=Decimal(0),
        total_sales=Decimal(0),
    )
    store = replace(store, customers=(*store.customers, old), sales=(*store.sales, gift))
    url = write_store(store, tmp_path / "gift.duckdb")
    with open_warehouse(url, Access(read_only=True)) as warehouse:
        columns = remember(warehouse)
        assert columns
        memory = Remembering(warehouse, columns)
        found = age_groups(memory, in_year=2025, timezone=ZONE)
        assert found == age_groups(warehouse, in_year=2025, timezone=ZONE)
        assert ("70 and over", 0, Decimal(0)) in [row[:3] for row in found.rows]


def test_only_sales_without_a_number_are_counted_with_their_orders() -> None:
    numbered = "COUNT(DISTINCT CASE WHEN total_sales > 0 THEN order_id END)"
    alone = "COUNT(CASE WHEN {} AND order_id IS NULL THEN 1 END)"
    same = read_formula(f"{numbered} + {alone.format('total_sales > 0')}")
    assert same == ("distinct", same[1], ("column", "order"))
    assert read_formula(f"{numbered} + {alone.format('total_sales < 0')}")[0] == "add"
