"""What sums are made in: places for keys and cells, exact totals, buying days in order."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.aggregates import buying, numbering
from data_pipeline.aggregates.buying import Days, Packing
from data_pipeline.aggregates.numbering import SHIFT, Cells, Keys, Totals

if TYPE_CHECKING:
    from pathlib import Path

    from data_pipeline.warehouses import Warehouse

LARGEST = 10**18 - 1
"""DECIMAL(18,4), in its fourth decimal."""
MONEY = st.integers(-LARGEST, LARGEST) | st.sampled_from([LARGEST, -LARGEST, 0, 1, -1])


def totals_of(totals: Totals, size: int) -> list[int]:
    high, low = totals.parts(size)
    return [(int(h) << SHIFT) + int(one) for h, one in zip(high, low, strict=True)]


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), MONEY), max_size=40), max_size=8))
def test_totals_are_exact_however_large(batches: list[list[tuple[int, int]]]) -> None:
    totals, expected = Totals(), [0] * 4
    for batch in batches:
        for place, value in batch:
            expected[place] += value
        places, values = (np.array([row[i] for row in batch], np.int64) for i in (0, 1))
        totals.add(places, values, 4)
    assert totals_of(totals, 4) == expected


@given(st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(0, LARGEST)), max_size=30))
def test_sums_of_products_are_exact_however_large(rows: list[tuple[int, int]]) -> None:
    totals = Totals()
    counts, values = (np.array([row[i] for row in rows], np.int64) for i in (0, 1))
    totals.add_products(np.zeros(len(rows), np.int64), counts, values, 1)
    assert totals_of(totals, 1) == [sum(count * value for count, value in rows)]


def test_many_large_values_are_carried() -> None:
    totals = Totals()
    values = np.full(1000, LARGEST, np.int64)
    for _ in range(50):
        totals.add(np.zeros(1000, np.int64), values, 1)
    assert totals_of(totals, 1) == [50_000 * LARGEST]
    assert totals_of(totals, 1)[0] > 2**63


@pytest.mark.parametrize(("roomy", "widest"), [(10**6, 10**6), (0, 10**6), (0, 0)])
@given(batches=st.lists(st.lists(st.integers(0, 999), min_size=1, max_size=50), max_size=6))
def test_cells_keep_their_places(roomy: int, widest: int, batches: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbering, "ROOMY", roomy)
        patch.setattr(numbering, "WIDEST", widest)
        cells, counted = Cells(1000), Counter[int]()
        seen = Counter[int]()
        for batch in batches:
            seen.update(batch)
            counted.update(cells.places(np.array(batch)).tolist())
        codes = cells.codes.tolist()
        assert len(codes) == cells.count
        assert {codes[place]: count for place, count in counted.items()} == seen


@pytest.mark.parametrize("far", [1, 2**40])
def test_keys_near_and_far_have_places(far: int, tmp_path: Path) -> None:
    from data_pipeline.warehouses import open_warehouse

    known = [5 * far, 9 * far, 7 * far]
    with open_warehouse(f"duckdb:///{tmp_path}/keys.duckdb") as warehouse, warehouse.transaction():
        listed = ", ".join(f"({key})" for key in known)
        warehouse.rows(f"CREATE TEMP TABLE known AS SELECT * FROM (VALUES {listed}) AS v(item)")
        warehouse.rows("CREATE TEMP TABLE none (item BIGINT)")
        keys = Keys.read(warehouse, "item", "known")
        nothing = Keys.read(warehouse, "item", "none")
    assert nothing.size == 0
    assert keys.size == (5 if far == 1 else 3)
    asked = np.array(known, np.int64)
    assert keys.at(keys.places(asked)).tolist() == known
    spread = keys.spread(asked, np.array([1, 2, 3]), -1)
    assert spread[keys.places(asked)].tolist() == [1, 2, 3]
    assert (spread == -1).sum() == keys.size - 3


@pytest.mark.parametrize("low", [2**31 - 2, 2**63 - 9])
def test_keys_are_found_from_places_of_32_bits(low: int) -> None:
    assert Keys(low, 8).at(np.array([0, 7], np.int32)).tolist() == [low, low + 7]


PACKINGS = st.sampled_from([Packing.of(3, (-5, 5)), Packing.of(3, (-(2**20), 2**31))])


def bought(packing: Packing, rows: list[tuple[int, int]]) -> Days:
    place, day = (np.array([row[i] for row in rows], np.int64) for i in (0, 1))
    return Days.sort(Keys(0, 3), packing, [packing.pack(place, day)])


SALES = st.lists(st.tuples(st.integers(0, 2), st.integers(-5, 5)), max_size=25)


@given(packing=PACKINGS, standing=SALES, came=SALES, gone=SALES)
def test_days_before_a_load_are_found_from_those_after(
    packing: Packing,
    standing: list[tuple[int, int]],
    came: list[tuple[int, int]],
    gone: list[tuple[int, int]],
) -> None:
    now, new, old = (bought(packing, rows) for rows in (standing + came, came, gone))
    places, days = packing.unpack(buying.without(now, new, old).all)
    found = zip(places.tolist(), (days + packing.low).tolist(), strict=True)
    assert [*found] == sorted(standing + gone)


def test_days_take_32_bits_where_these_are_enough() -> None:
    years = (0, 2**11 - 1)
    assert Packing.of(2**21 - 1, years).type is np.uint32
    assert Packing.of(2**21, years).type is np.int64
    last = Packing.of(2**21 - 1, years)
    places, days = last.unpack(last.pack(np.array([2**21 - 2]), np.array([2**11 - 1])))
    assert (places.tolist(), days.tolist()) == ([2**21 - 2], [2**11 - 1])


def test_the_largest_amounts_are_whole_numbers_too() -> None:
    import duckdb

    amounts = ["99999999999999.9999", "-99999999999999.9999", "10000000000", "-0.0001", None]
    rows = ", ".join(f"(CAST({a or 'NULL'} AS DECIMAL(18,4)))" for a in amounts)
    whole = numbering.scaled_sql("a")
    found = duckdb.execute(f"SELECT {whole} FROM (VALUES {rows}) AS t (a)").fetchall()
    assert [n for (n,) in found] == [999999999999999999, -999999999999999999, 10**14, -1, None]


@pytest.mark.parametrize("customers", [3, 2**16 - 1, 2**16, 2**16 + 1, 1_000_000])
def test_buying_days_of_many_customers_are_in_order(
    customers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buying, "DAYS_A_PIECE", 500)
    dice = np.random.default_rng(customers)
    place, day = dice.integers(0, customers, 6000), dice.integers(-400, 20_000, 6000)
    place[:2], amount = (0, customers - 1), dice.integers(-1, 3, 6000)
    names = ("customer", "time", "amount", "unnumbered")
    columns = (place + 5, day * buying.DAY_US + 7, amount, amount % 2)
    table = pa.table(dict(zip(names, map(pa.array, columns), strict=True)))

    class Sales:
        def read(self, _sql: str) -> Any:
            return nullcontext(iter(table.to_batches(max_chunksize=2500)))

    days = (-400, 20_000)
    found = buying.read_bought(cast("Warehouse", Sales()), Keys(5, customers), "", "", days)
    packing = found.days.packing
    expected = np.sort(packing.pack(place[amount > 0], day[amount > 0]))
    assert found.days.all.tolist() == expected.tolist()
    assert len(found.days.pieces) > 1
    ends = [piece[[0, -1]] >> packing.bits for piece in found.days.pieces]
    assert all(one[1] < other[0] for one, other in pairwise(ends))
    assert found.orders.sum() == ((amount > 0) & (amount % 2 == 1)).sum()
