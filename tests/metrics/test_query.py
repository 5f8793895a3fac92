"""Every metric by every dimension is what plain Python makes of the same rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_pipeline import aggregates
from data_pipeline.errors import ConfigError, WarehouseError
from data_pipeline.metrics import DIMENSIONS, METRICS, Kind, compose, open_reader, query
from data_pipeline.metrics.periods import find_zone
from data_pipeline.metrics.question import Where, ask
from data_pipeline.warehouses import open_warehouse
from tests.metrics import oracle
from tests.metrics.store import make_store, write_store

if TYPE_CHECKING:
    from pathlib import Path

    from data_pipeline.metrics import Reader
    from tests.metrics.store import Store

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati")


def test_the_oracle_knows_every_name() -> None:
    assert set(oracle.METRICS) == set(METRICS)
    assert set(oracle.DIMENSIONS) == set(DIMENSIONS)


@pytest.mark.parametrize("timezone", ZONES)
@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_all_metrics_by_each_dimension(
    reader: Reader, store: Store, dimension: str, timezone: str
) -> None:
    frame = query(reader, [*METRICS], by=[dimension], timezone=timezone)
    expected = oracle.answer(oracle.make_lines(store, timezone), [*METRICS], [dimension])
    assert len(frame) == len(expected)
    assert set(frame.rows) == expected


@settings(max_examples=40, deadline=None)
@given(
    metrics=st.lists(st.sampled_from([*METRICS]), min_size=1, max_size=4, unique=True),
    by=st.lists(st.sampled_from([*DIMENSIONS]), max_size=3, unique=True),
    since=st.dates(date(2024, 9, 1), date(2025, 6, 1)) | st.none(),
    days=st.integers(0, 400),
    zone=st.sampled_from(ZONES),
    categories=st.lists(st.sampled_from(["Books", "Toys", "nothing"]), max_size=2) | st.none(),
    quick=st.booleans(),
)
def test_any_question(
    both_urls: tuple[str, str], store: Store, metrics, by, since, days, zone, categories, quick
) -> None:
    until = since + timedelta(days=days) if since else None
    lines = [
        line
        for line in oracle.make_lines(store, zone)
        if (since or date.min) <= line.day <= (until or date.max)
        and (categories is None or line.product.category in categories)
    ]
    where = None if categories is None else {"category": categories}
    with open_reader(both_urls[quick]) as reader:
        frame = query(reader, metrics, by=by, since=since, until=until, where=where, timezone=zone)
    if by:
        assert set(frame.rows) == oracle.answer(lines, metrics, by)
    else:
        assert frame.rows == (tuple(oracle.METRICS[name](lines) for name in metrics),)


@pytest.fixture(scope="session")
def both_urls(url: str, store: Store, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The same store without and with daily sums (of UTC days)."""
    path = tmp_path_factory.mktemp("aggregates") / "store.duckdb"
    quick = write_store(store, path)
    with open_warehouse(quick) as warehouse, warehouse.transaction():
        aggregates.refresh(warehouse)
    return url, quick


def test_rows_come_in_the_order_of_the_dimensions(reader: Reader) -> None:
    frame = query(reader, ["orders"], by=["month", "category"])
    assert list(frame.rows) == sorted(frame.rows)
    assert frame.names == ("month", "category", "orders")
    assert [field.kind for field in frame.fields] == [Kind.DAY, Kind.TEXT, Kind.COUNT]


def test_a_filter_by_none_finds_those_without(reader: Reader, store: Store) -> None:
    lines = [x for x in oracle.make_lines(store) if x.first_day is None]
    frame = query(reader, ["net_sales"], where={"cohort": None})
    assert frame.rows == ((oracle.net_sales(lines),),)
    assert lines


def test_filters_with_and_without_none_keep_their_values_apart(
    reader: Reader, store: Store
) -> None:
    month = date(2024, 12, 1)
    lines = [
        x
        for x in oracle.make_lines(store)
        if (x.first_day is None or x.first_day.replace(day=1) == month)
        and x.product.category == "Books"
    ]
    where: Where = {"cohort": [None, month], "category": ["Books"]}
    assert query(reader, ["net_sales"], where=where).rows == ((oracle.net_sales(lines),),)


def test_a_value_with_sql_in_it_is_a_value(reader: Reader) -> None:
    frame = query(reader, ["orders"], where={"category": "x' OR 1=1 --"})
    assert frame.rows == ((0,),)


def test_a_store_without_sales_has_zeros(tmp_path: Path) -> None:
    url = write_store(make_store(orders=0), tmp_path / "empty.duckdb")
    with open_reader(url) as reader:
        frame = query(reader, ["net_sales", "orders", "average_order_value"])
        assert frame.rows == ((Decimal(0), 0, None),)
        assert query(reader, ["net_sales"], by=["day"]).rows == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["netsales"]}, "unknown metric 'netsales'; known: average_order_value,"),
        ({"names": ["orders"], "by": ["town"]}, "unknown dimension 'town'; known: category,"),
        ({"names": ["orders"], "where": {"town": "x"}}, "unknown dimension 'town'"),
        ({"names": []}, "no metric was named"),
        (
            {"names": ["orders"], "since": date(2025, 2, 1), "until": date(2025, 1, 31)},
            "the last day 2025-01-31 lies before the first day 2025-02-01",
        ),
    ],
)
def test_a_wrong_question_is_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ask(**arguments)


def test_an_unknown_time_zone_is_refused(reader: Reader) -> None:
    with pytest.raises(ConfigError, match="unknown time zone 'Berlin'"):
        query(reader, ["orders"], timezone="Berlin")


def test_a_missing_warehouse_says_what_to_do(tmp_path: Path) -> None:
    missing = pytest.raises(WarehouseError, match=r"none[.]duckdb")
    with missing, open_reader(f"duckdb:///{tmp_path}/none.duckdb"):
        pass


def test_an_empty_warehouse_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "empty.duckdb"
    duckdb.connect(str(path)).close()
    empty = pytest.raises(WarehouseError, match="is empty; fill it with: sales run")
    with empty, open_reader(f"duckdb:///{path}"):
        pass


@pytest.mark.parametrize("name", [m.name for m in METRICS.values() if m.sql])
def test_the_rows_that_count_are_all_that_a_metric_needs(url: str, name: str) -> None:
    """Without the rows that its condition leaves out, a metric is what it was."""
    metric = METRICS[name]
    kept = replace(
        metric.aggregate, sql=f"SUM(CASE WHEN {metric.aggregate.rows} THEN 1 ELSE 0 END)"
    )
    question = ask([name], by=["month"])
    with open_reader(url) as reader:
        whole = compose(question, find_zone("UTC"), None)
        counted = compose(
            replace(question, metrics=(replace(metric, aggregate=kept),)), find_zone("UTC"), None
        )
        only = whole.sql.replace("FROM sale", f"FROM sale WHERE {metric.aggregate.rows}")
        assert only != whole.sql
        everything = dict(reader.rows(whole.sql))
        narrowed = dict(reader.rows(only))
        counts = dict(reader.rows(counted.sql))
    assert {month: value for month, value in everything.items() if counts[month]} == narrowed
    assert not any(value for month, value in everything.items() if not counts[month])
