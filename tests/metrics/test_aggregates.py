"""The sums beside the sales are the sales, whatever was loaded in between."""

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

from data_pipeline import aggregates
from data_pipeline.aggregates import buying, changes, visits
from data_pipeline.aggregates.buying import Days, Packing
from data_pipeline.aggregates.numbering import Keys
from data_pipeline.metrics import DIMENSIONS, METRICS, Frame, behaviour, open_reader, query
from data_pipeline.metrics.baskets import basket_pairs
from data_pipeline.metrics.planning import Terms, fits, plan
from data_pipeline.metrics.question import ask
from data_pipeline.metrics.rollups import AGG_TERMS, ROLLUPS, SUMS
from data_pipeline.warehouses import Warehouse, open_warehouse
from tests.metrics.store import Store, make_store, write_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from data_pipeline.metrics.rollups import Rollup

ZONES = ["UTC", "Australia/Lord_Howe"]


def dump(warehouse: Warehouse) -> dict[str, list[tuple]]:
    return {
        name: warehouse.rows(f"SELECT * FROM {name} ORDER BY ALL") for name in aggregates.TABLES
    }


@pytest.fixture(scope="module", params=ZONES)
def summed(
    request: pytest.FixtureRequest, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str, str]:
    """The time zone, the same store without sums, and one with sums and without sales."""
    folder = tmp_path_factory.mktemp("summed")
    plain = write_store(store, folder / "plain.duckdb")
    stored = write_store(store, folder / "stored.duckdb")
    with open_warehouse(stored) as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse, timezone=request.param)
        warehouse.rows("DELETE FROM sales")
    return request.param, plain, stored


@pytest.mark.parametrize(
    "rollup", [r for r in ROLLUPS.values() if r.measures], ids=lambda r: r.name
)
def test_every_metric_by_every_dimension_is_the_same_from_the_sums(
    summed: tuple[str, str, str], rollup: Rollup
) -> None:
    timezone, plain, stored = summed
    names, terms = [*rollup.measures], Terms(timezone, has_countries=True)
    asked = [[], *([name] for name in DIMENSIONS)]
    asked += [["month", name] for name in sorted(rollup.dimensions - {"month"})]
    fitting = [by for by in asked if fits(ask(names, by=by), rollup, terms)]
    assert {name for by in fitting for name in by} == rollup.dimensions
    with open_reader(plain) as facts, open_reader(stored) as sums:
        for by in fitting:
            chosen = plan(sums, ask(names, by=by), timezone=timezone)
            assert chosen.is_stored, by
            slow = query(facts, names, by=by, timezone=timezone)
            assert query(sums, names, by=by, timezone=timezone) == slow
            assert len(slow)


def test_filters_and_days_hold_in_the_sums_too(summed: tuple[str, str, str]) -> None:
    timezone, plain, stored = summed
    some = ["orders", "net_sales", "guest_orders", "gross_margin"]
    sums = [metric.name for metric in SUMS]
    bought = ["customers", "new_customers", "returning_customers", "repeat_rate", "net_sales"]
    march = {"since": date(2025, 3, 1), "until": date(2025, 3, 31)}
    odd = {"since": date(2025, 1, 15), "until": date(2025, 3, 2)}
    asked: list[tuple[list[str], dict[str, Any]]] = [
        (sums, {"by": ["month"], "where": {"category": ["Books", "Toys"]}, **odd}),
        (sums, {"by": ["country"], "where": {"new_or_returning": "Guest"}, **odd}),
        (some[:3], {"by": ["weekday"], "where": {"channel": ["web", "Unknown"]}, **odd}),
        (some, {"by": ["country"], **march}),
        (bought, march),
        (bought, {"by": ["country"], **march}),
        (bought, {"by": ["month"], "since": date(2025, 2, 1)}),
        (bought, {"by": ["week"], "since": date(2025, 3, 3), "where": {"country": ["France"]}}),
        (bought, {"since": date(2025, 1, 1), "until": date(2025, 12, 31)}),
        (["orders"], {"by": ["weekday", "hour"], **odd}),
        (["net_sales"], {"by": ["location"]}),
        (["net_sales", "units"], {"by": ["product"]}),
    ]
    with open_reader(plain) as facts, open_reader(stored) as reader:
        for names, how in asked:
            period = {k: v for k, v in how.items() if k in {"by", "since", "until", "where"}}
            assert plan(reader, ask(names, **period), timezone=timezone).is_stored, how
            assert query(reader, names, timezone=timezone, **how) == query(
                facts, names, timezone=timezone, **how
            )


@pytest.mark.parametrize(
    ("names", "how"),
    [
        (["orders"], {"by": ["category"]}),
        (["customers"], {"by": ["channel"]}),
        (["customers"], {"by": ["month"], "since": date(2025, 1, 15)}),
        (["customers"], {"since": date(2025, 1, 15)}),
        (["customers"], {"by": ["day", "month"]}),
        (["net_sales"], {"by": ["location"], "since": date(2025, 1, 1)}),
        (["net_sales"], {"by": ["hour", "category"]}),
    ],
)
def test_what_no_sum_holds_is_read_from_the_sales(
    store: Store, tmp_path: Path, names: list[str], how: dict
) -> None:
    url = write_store(store, tmp_path / "store.duckdb")
    with open_reader(url) as reader:
        slow = query(reader, names, **how)
    with open_warehouse(url) as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse)
    with open_reader(url) as reader:
        chosen = plan(reader, ask(names, **how))
        assert not chosen.is_stored
        assert query(reader, names, **how) == slow


def test_analyses_are_the_same_from_the_sums(summed: tuple[str, str, str]) -> None:
    timezone, plain, stored = summed

    def ask_all(url: str) -> list[object]:
        with open_reader(url) as reader:
            return [
                behaviour.cohort_retention(reader, timezone=timezone),
                behaviour.rfm_segments(reader, timezone=timezone),
                behaviour.repeat_intervals(reader, timezone=timezone),
                behaviour.concentration(reader, "product"),
                behaviour.concentration(reader, "customer"),
                behaviour.age_groups(reader, in_year=2025),
            ]

    assert ask_all(stored) == ask_all(plain)


def test_baskets_are_the_same_from_the_sums(store: Store, tmp_path: Path) -> None:
    url = write_store(store, tmp_path / "store.duckdb")
    with open_reader(url) as reader:
        slow = basket_pairs(reader, min_orders=2, most=25)
    with open_warehouse(url) as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse)
    with open_reader(url) as reader:
        assert basket_pairs(reader, min_orders=2, most=25) == slow
    assert len(slow)


def load_anew(warehouse: Warehouse, now: Store, then: Store) -> None:
    """What load.py leaves behind after a run that makes the star of `then` that of `now`."""
    sides = {"then": then, "now": now}
    keys = {"customers": "customer_id", "products": "product_id", "sales": "transaction_id"}
    for table, key in keys.items():
        rows = {side: set(getattr(star, table)) for side, star in sides.items()}
        gone = ", ".join(str(getattr(row, key)) for row in rows["then"] - rows["now"]) or "-1"
        came = ", ".join(str(getattr(row, key)) for row in rows["now"] - rows["then"]) or "-1"
        old = {"sales": "sales_gone"}.get(table, f"changed_{table}")
        warehouse.rows(f"CREATE TEMP TABLE {old} AS SELECT * FROM {table} WHERE {key} IN ({gone})")
        warehouse.rows(f"DELETE FROM {table} WHERE {key} IN ({gone})")
        new = f"SELECT * FROM now.main.{table} WHERE {key} IN ({came})"
        if table == "sales":
            warehouse.rows(f"CREATE TEMP TABLE sales_came AS {new}")
        warehouse.rows(f"INSERT INTO {table} {new}")


def change(store: Store, dice: random.Random) -> tuple[Store, Store]:
    """A store as it was, and as it is when much has been added, taken away and corrected. The first
    sale is always one that came, so that even a small store has changed.
    """
    first, *others = store.sales
    was = [sale for sale in others if dice.random() < 0.85]
    now = [first]
    for sale in others:
        fate = dice.random()
        if fate < 0.05:
            continue
        if fate < 0.1:
            changed = replace(
                sale, timestamp=sale.timestamp + timedelta(days=dice.choice((-60, 9)))
            )
        elif fate < 0.13:
            changed = replace(sale, customer_id=dice.choice((0, 3, 150)))
        elif fate < 0.16:
            changed = replace(sale, channel="kiosk", order_id=dice.choice((None, "A-5", "A-6")))
        elif fate < 0.19:
            changed = replace(sale, quantity=-sale.quantity, total_sales=-sale.total_sales)
        else:
            changed = sale
        now.append(changed)
    products = [
        replace(p, category="Moved", cost=None if p.product_id % 2 else Decimal(1))
        if dice.random() < 0.1
        else p
        for p in store.products
    ]
    customers = [
        replace(c, location="Rome, Italy") if c.customer_id and dice.random() < 0.1 else c
        for c in store.customers
    ]
    before = replace(store, sales=tuple(was))
    return before, Store(tuple(customers), tuple(products), tuple(now))


@settings(max_examples=6)
@given(seed=st.integers(0, 2**32), timezone=st.sampled_from(ZONES))
def test_a_load_changes_the_sums_to_what_they_are_when_made_anew(
    tmp_path_factory: pytest.TempPathFactory, seed: int, timezone: str
) -> None:
    folder = tmp_path_factory.mktemp("changed")
    dice = random.Random(seed)
    then, now = change(make_store(orders=dice.choice((3, 60, 300)), seed=seed), dice)
    write_store(now, folder / "now.duckdb")
    url = write_store(then, folder / "store.duckdb")
    with open_warehouse(url) as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse, timezone=timezone)
        before = dump(warehouse)
        warehouse.rows(f"ATTACH '{folder}/now.duckdb' AS now (READ_ONLY)")
        load_anew(warehouse, now, then)
        aggregates.refresh(warehouse, fresh=False, timezone=timezone)
        step_by_step = dump(warehouse)
        aggregates.refresh(warehouse, timezone=timezone)
        assert step_by_step == dump(warehouse)
        assert step_by_step != before
        ((left,),) = warehouse.rows("SELECT COUNT(*) FROM duckdb_tables() WHERE temporary")
        assert left == 0


@pytest.fixture
def changing(store: Store, tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse with sums, in a transaction, and what a load that changed nothing leaves."""
    url = write_store(store, tmp_path / "store.duckdb")
    write_store(store, tmp_path / "now.duckdb")
    with open_warehouse(url) as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse)
        warehouse.rows(f"ATTACH '{tmp_path}/now.duckdb' AS now (READ_ONLY)")
        load_anew(warehouse, store, store)
        yield warehouse


def test_nothing_changed_changes_nothing(changing: Warehouse) -> None:
    before = dump(changing)
    aggregates.refresh(changing, fresh=False)
    assert dump(changing) == before


def test_another_time_zone_makes_everything_anew(changing: Warehouse) -> None:
    aggregates.refresh(changing, fresh=False, timezone="Asia/Tokyo")
    step_by_step = dump(changing)
    aggregates.refresh(changing, timezone="Asia/Tokyo")
    assert dump(changing) == step_by_step
    assert step_by_step["agg_terms"] == [("Asia/Tokyo", True)]


def test_a_change_that_was_not_noted_is_seen(changing: Warehouse) -> None:
    """The comparisons above can fail: a sum of which a sale is missing is another."""
    changing.rows("UPDATE sales SET total_sales = total_sales + $d", {"d": Decimal("0.0001")})
    aggregates.refresh(changing, fresh=False)
    stale = dump(changing)
    aggregates.refresh(changing)
    wrong = {name for name, rows in dump(changing).items() if rows != stale[name]}
    assert wrong == {"agg_sales", "agg_hours", "agg_products", "agg_customers"} | wrong


def test_a_large_change_makes_everything_anew(
    changing: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("adjusted")

    monkeypatch.setattr(changes, "LARGE", 4)
    monkeypatch.setattr(aggregates, "_adjust", fail)
    changing.rows("INSERT INTO sales_came SELECT * FROM sales")
    before = dump(changing)
    aggregates.refresh(changing, fresh=False)
    assert dump(changing) == before


def test_too_many_countries_are_left_out(store: Store, tmp_path: Path) -> None:
    customers = [
        replace(c, location=f"Town, Land {c.customer_id}") if c.customer_id else c
        for c in store.customers
    ]
    url = write_store(replace(store, customers=tuple(customers)), tmp_path / "store.duckdb")
    with open_warehouse(url) as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse)
        assert warehouse.rows("SELECT DISTINCT country FROM agg_sales") == [("",)]
    with open_reader(url) as reader:
        assert plan(reader, ask(["net_sales"], by=["month"])).is_stored
        assert plan(reader, ask(["net_sales"], by=["location"])).is_stored
        assert not plan(reader, ask(["net_sales"], by=["month", "country"])).is_stored
        assert len(query(reader, ["net_sales"], by=["country"])) > 100


def test_an_empty_store_has_empty_sums(tmp_path: Path) -> None:
    url = write_store(make_store(orders=0), tmp_path / "empty.duckdb")
    names = ["net_sales", "orders", "customers", "average_order_value"]
    with open_reader(url) as reader:
        slow: Frame = query(reader, names)
    with open_warehouse(url) as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse)
    with open_reader(url) as reader:
        assert query(reader, names) == slow
        assert query(reader, names, by=["month"]).rows == ()


def test_customers_with_numbers_far_apart_and_in_parts(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = {c.customer_id: c.customer_id * 2**55 + c.customer_id for c in store.customers}
    moved = replace(
        store,
        customers=tuple(replace(c, customer_id=far[c.customer_id]) for c in store.customers),
        sales=tuple(replace(s, customer_id=far[s.customer_id]) for s in store.sales),
    )
    counted = []
    for name, shop in (("near", store), ("far", moved)):
        url = write_store(shop, tmp_path / f"{name}.duckdb")
        monkeypatch.setattr(buying, "ROWS_AT_ONCE", 10**6 if name == "near" else 300)
        monkeypatch.setattr(buying, "DAYS_A_PIECE", 10**6 if name == "near" else 7)
        with open_warehouse(url) as warehouse, warehouse.transaction():
            aggregates.refresh(warehouse)
            found = dump(warehouse)
            counted.append([found[f"agg_{n}"] for n in ("periods", "cohorts", "intervals")])
    assert counted[0] == counted[1]


def test_days_before_1970_are_days_too() -> None:
    ends = (-3, 40)
    countries = visits.Countries(np.array([5]), np.array([0]), ("Norway",))
    calendars, packing = visits.make_calendars(ends), Packing.of(1, ends)
    days = Days.sort(Keys(5, 1), packing, [packing.pack(np.array([0, 0]), np.array([-1, 31]))])
    found = visits.count_visits(days, calendars, countries)
    periods, cohorts, intervals = visits.list_visits(found, calendars, countries)
    assert intervals.to_pylist() == [{"days": 32, "purchases": 1}]
    assert [*cohorts.to_pydict().values()] == [
        [date(1969, 12, 1), date(1969, 12, 1)],
        [date(1969, 12, 1), date(1970, 2, 1)],
        [1, 1],
    ]
    rows = periods.to_pylist()
    years = [row for row in rows if row["period"] == "year"]
    assert [row["period_start"] for row in years] == [date(1969, 1, 1), date(1970, 1, 1)]
    assert [(row["customers"], row["new_customers"]) for row in years] == [(1, 1), (1, 0)]
    assert {row["country"] for row in rows} == {"Norway"}
    assert {
        (row["period"], row["period_start"]): row["returning_customers"]
        for row in rows
        if row["returning_customers"]
    } == {
        ("day", date(1970, 2, 1)): 1,
        ("week", date(1970, 1, 26)): 1,
        ("month", date(1970, 2, 1)): 1,
        ("quarter", date(1970, 1, 1)): 1,
        ("year", date(1970, 1, 1)): 1,
        ("all", date(1970, 1, 1)): 1,
    }


def test_the_tables_are_those_that_are_declared() -> None:
    assert {*ROLLUPS, AGG_TERMS.name} == set(aggregates.TABLES)
    assert {name for rollup in ROLLUPS.values() for name in rollup.measures} <= set(METRICS)
