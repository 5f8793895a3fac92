"""What is computed from the sales in memory is what the warehouse says, to the last digit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_pipeline.metrics import DIMENSIONS, METRICS, query
from data_pipeline.metrics.behaviour import rfm_segments
from data_pipeline.metrics.change import Period
from data_pipeline.metrics.columns.filling import BYTES_A_SALE, read_columns
from data_pipeline.metrics.columns.firsts import Firsts
from data_pipeline.metrics.columns.formulas import is_known, read_formula
from data_pipeline.metrics.order_values import order_values
from data_pipeline.metrics.ranking import MOVED_BY, RANKED_BY, Cut, find_movers, rank_products
from data_pipeline.warehouses import Access, open_warehouse
from tests.metrics.store import Sale, make_store, write_store
from tests.metrics.test_scoped import ANALYSES, LIMITS, ZONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.warehouses import Warehouse
    from tests.metrics.store import Store

PLENTY = 2**30


class Remembering:
    """A reader with the sales in memory."""

    def __init__(self, warehouse: Warehouse, columns: Columns) -> None:
        self._warehouse, self._columns = warehouse, columns
        self.asked_of_sales = 0

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        is_span = sql.startswith('SELECT MIN("timestamp")')
        self.asked_of_sales += '"sales"' in sql and not is_span
        return self._warehouse.rows(sql, values)

    def has_table(self, name: str) -> bool:
        return self._warehouse.has_table(name)

    def columns(self) -> Columns:
        return self._columns


def remember(warehouse: Warehouse, most_bytes: int = PLENTY) -> Columns | None:
    return read_columns(warehouse, timezone=ZONE, most_bytes=most_bytes, go_on=lambda: True)


@pytest.fixture(scope="module")
def warehouse(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    url = write_store(store, tmp_path_factory.mktemp("columns") / "store.duckdb")
    with open_warehouse(url, Access(read_only=True)) as opened:
        yield opened


@pytest.fixture(scope="module")
def memory(warehouse: Warehouse) -> Remembering:
    columns = remember(warehouse)
    assert columns
    columns.prepare()
    return Remembering(warehouse, columns)


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("name", [*ANALYSES, "order values"])
def test_an_analysis_from_memory(
    warehouse: Warehouse, memory: Remembering, name: str, limits: dict[str, Any]
) -> None:
    analyse = (ANALYSES | {"order values": order_values})[name]
    found = analyse(memory, timezone=ZONE, **limits)
    assert memory.asked_of_sales == 0
    assert found == analyse(warehouse, timezone=ZONE, **limits)


@pytest.mark.parametrize("by", DIMENSIONS)
@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_all_metrics_from_memory(
    warehouse: Warehouse, memory: Remembering, by: str, limits: dict[str, Any]
) -> None:
    found = query(memory, [*METRICS], by=[by], timezone=ZONE, **limits)
    assert memory.asked_of_sales == 0
    assert found == query(warehouse, [*METRICS], by=[by], timezone=ZONE, **limits)


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_what_is_prepared_and_what_is_not_are_the_same(
    warehouse: Warehouse, memory: Remembering, limits: dict[str, Any]
) -> None:
    known = memory.columns()
    assert known.of_order, "here each order has one customer; what if not?"
    without = Remembering(warehouse, replace(known, of_order={}, firsts=Firsts()))
    names = ["orders", "guest_orders", "customers", "new_customers", "returning_customers"]
    asked = [partial(query, names=names, by=by) for by in ([], ["country"], ["month"])]
    analyses: list[Callable[..., Any]] = [rfm_segments, *asked]
    for analyse in analyses:
        expected = analyse(warehouse, timezone=ZONE, **limits)
        assert analyse(memory, timezone=ZONE, **limits) == expected
        assert analyse(without, timezone=ZONE, **limits) == expected


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("column", RANKED_BY)
def test_products_are_ranked_as_in_the_warehouse(
    warehouse: Warehouse, memory: Remembering, column: str, descending: bool
) -> None:
    for limits in LIMITS.values():
        for search in ("", "product 1"):
            cut = Cut(column, 7, 3, descending=descending, search=search)
            found = rank_products(memory, cut, timezone=ZONE, **limits)
            assert found == rank_products(warehouse, cut, timezone=ZONE, **limits)


@pytest.mark.parametrize("column", MOVED_BY)
@pytest.mark.parametrize("by", ["product", "country"])
def test_movers_are_those_of_the_warehouse(
    warehouse: Warehouse, memory: Remembering, by: str, column: str
) -> None:
    spring = Period(date(2025, 3, 1), date(2025, 5, 31))
    before = Period(date(2024, 12, 1), date(2025, 2, 28))
    for metric in ("net_sales", "gross_sales", "customers"):
        for periods in ((spring, before), (spring, None)):
            for descending in (True, False):
                cut = Cut(column, 9, descending=descending)
                found = find_movers(memory, metric, by, periods, cut, timezone=ZONE)
                assert found == find_movers(warehouse, metric, by, periods, cut, timezone=ZONE)


@settings(max_examples=60, deadline=None)
@given(
    by=st.lists(st.sampled_from([*DIMENSIONS]), max_size=3, unique=True),
    since=st.none() | st.dates(date(2024, 1, 1), date(2026, 6, 1)),
    days=st.integers(0, 500),
)
def test_any_grouping_from_memory(warehouse, memory, by, since, days) -> None:
    until = since and date.fromordinal(since.toordinal() + days)
    names = ["net_sales", "orders", "customers", "returning_customers", "margin_rate"]
    asked: dict[str, Any] = {"by": by, "since": since, "until": until, "timezone": ZONE}
    assert query(memory, names, **asked) == query(warehouse, names, **asked)


def test_how_many_sales_pass_is_known_before(warehouse: Warehouse, memory: Remembering) -> None:
    columns = memory.columns()
    everything = int(columns.starts[-1])
    sold = warehouse.rows(
        'SELECT p."category", COUNT(*) FROM "sales" AS s JOIN "products" AS p '
        'ON p."product_id" = s."product_id" GROUP BY 1 ORDER BY 2 DESC'
    )
    assert len(sold) > 2
    for value, sales in sold:
        assert columns.share_of({"category": [value]}) == pytest.approx(sales / everything)
    (first, many), (second, fewer), *_ = sold
    both = columns.share_of({"category": [first, second]})
    assert both == pytest.approx((many + fewer) / everything)
    assert columns.share_of({"category": ["Atlantis"]}) == 0
    channel = columns.codings["channel"].values[0]
    share = columns.share_of({"channel": channel})
    assert 0 < share < 1
    found = columns.share_of({"channel": channel, "category": [first]})
    assert found == pytest.approx(share * many / everything)
    assert columns.share_of({"month": [date(2025, 1, 1)]}) == 1, "there is no index"


def test_too_many_sales_are_not_read(warehouse: Warehouse) -> None:
    ((sales,),) = warehouse.rows("SELECT COUNT(*) FROM sales")
    assert remember(warehouse, sales * BYTES_A_SALE - 1) is None
    assert remember(warehouse, sales * BYTES_A_SALE) is not None


def test_who_is_no_longer_wanted_reads_no_further(warehouse: Warehouse) -> None:
    found = read_columns(warehouse, timezone=ZONE, most_bytes=PLENTY, go_on=lambda: False)
    assert found is None


def test_sums_beyond_64_bits_are_left_to_the_warehouse(tmp_path: Path) -> None:
    store = make_store(orders=20)
    first = store.sales[0]
    assert isinstance(first, Sale)
    huge = replace(first, total_sales=Decimal("99999999999999.9999"), quantity=1)
    url = write_store(replace(store, sales=(huge, *store.sales[1:])), tmp_path / "store.duckdb")
    with open_warehouse(url, Access(read_only=True)) as opened:
        assert remember(opened) is None


def test_every_metric_of_the_registry_is_known() -> None:
    assert [m.name for m in METRICS.values() if m.sql and not is_known(m.sql)] == []


@pytest.mark.parametrize(
    "sql",
    [
        "MEDIAN(total_sales)",
        "SUM(total_sales) FILTER (WHERE quantity > 0)",
        "COALESCE(SUM(total_sales), 1)",
        "COUNT(CASE WHEN quantity > 0 THEN quantity END)",
        "COUNT(CASE WHEN quantity > 0 THEN 1 ELSE 0 END)",
        "SUM(CASE WHEN total_sales > 5 THEN quantity ELSE 0 END)",
        "SUM(total_sales * quantity)",
    ],
)
def test_what_is_not_known_is_not_guessed(sql: str) -> None:
    with pytest.raises(ValueError, match="not known over columns"):
        read_formula(sql)
    assert not is_known(sql)
