"""Rows looked at together: duplicates, versions, orphans; whatever the order of arrival."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from data_pipeline import extract, load, pipeline
from data_pipeline.errors import PipelineError, SourceError
from tests.rawfiles import STORE, customers, products, sales
from tests.shop import ALL_HOUSES, Shop, assert_is_star

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data_pipeline.contract import Table
    from data_pipeline.sources.files import RawFile
    from data_pipeline.sources.header import Format
    from data_pipeline.warehouses.base import Warehouse

pytestmark = pytest.mark.parametrize("house", ALL_HOUSES, indirect=True)

DAY = "2025-03-04"
DIMENSIONS = {"customers.csv": STORE["customers.csv"], "products.csv": STORE["products.csv"]}


def run_each(shop: Shop, *batches: dict[str, bytes]) -> Shop:
    """A run per batch; each leaves the star of all files so far."""
    for batch in batches:
        shop.put(batch).run()
        assert_is_star(shop, shop.star())
    return shop


def prices(shop: Shop) -> list[tuple[object, ...]]:
    """What was loaded: transaction, price, file, line."""
    return shop.rows(
        "SELECT transaction_id, CAST(price AS VARCHAR), source_file, source_line"
        " FROM sales ORDER BY transaction_id"
    )


def refused(shop: Shop) -> list[tuple[object, ...]]:
    """What was quarantined: file, line, reason."""
    return shop.rows("SELECT source_file, source_line, reason FROM quarantine ORDER BY ALL")


# --- exact duplicates


def test_the_first_of_equal_rows_stays_and_the_others_are_counted(shop: Shop) -> None:
    rows = sales(f"1,1,1,1,5,{DAY}", f"1,1,1,1,5.0000, {DAY}", f"01,01,1.0,1,$5,{DAY}T00:00Z")
    run_each(shop, DIMENSIONS | {"sales.csv": rows})
    assert prices(shop) == [(1, "5.0000", "sales.csv", 2)]
    assert refused(shop) == []
    assert shop.rows("SELECT rows_duplicate FROM ledger WHERE source_table = 'sales'") == [(2,)]


@pytest.mark.parametrize("order", [(2, 10), (10, 2)])
def test_the_row_of_the_first_file_stays_whenever_it_arrives(
    shop: Shop, order: tuple[int, int]
) -> None:
    row = sales(f"1,1,1,1,5,{DAY}")
    run_each(shop, DIMENSIONS | {f"sales-{order[0]}.csv": row}, {f"sales-{order[1]}.csv": row})
    assert prices(shop) == [(1, "5.0000", "sales-2.csv", 2)]
    per_file = shop.rows(
        "SELECT source_file, sum(rows_loaded), sum(rows_duplicate) FROM ledger"
        " WHERE source_table = 'sales' GROUP BY source_file ORDER BY source_file"
    )
    assert per_file == [("sales-10.csv", 0, 1), ("sales-2.csv", 1, 0)]


def test_a_file_that_is_there_under_two_names_is_loaded_once(store: Shop) -> None:
    run_each(store, {"sales-again.csv": STORE["sales.csv"]})
    assert store.rows("SELECT count(*) FROM sales") == [(3,)]
    assert store.rows("SELECT sum(rows_duplicate) FROM ledger") == [(3,)]


def test_equal_customers_and_products_are_duplicates_too(shop: Shop) -> None:
    files = {
        "customers.csv": customers("1,Ann,ann@shop.example,Rome", "1, Ann,ANN@shop.example,Rome"),
        "products.csv": products("1,Mug,Kitchen,2.5", "1,Mug,Kitchen,2.50"),
        "sales.csv": sales(f"1,1,1,1,5,{DAY}"),
    }
    run_each(shop, files)
    assert shop.rows("SELECT source_file, rows_duplicate FROM ledger ORDER BY ALL") == [
        ("customers.csv", 1),
        ("products.csv", 1),
        ("sales.csv", 0),
    ]


# --- versions


VERSIONS = [
    ("the later line", ["5", "6"], 3),
    ("the later updated_at", ["5,2025-02-02", "6,2025-02-01"], 2),
    ("any updated_at before none", ["5,1970-01-01", "6"], 2),
    ("the later line of one updated_at", ["5,2025-02-02", "6,2025-02-02T01:00+01:00"], 3),
    ("the later microsecond", ["5,2025-02-02 00:00:00.000001", "6,2025-02-02"], 2),
    ("one without a bad updated_at", ["5,2025-02-02", "6,soon"], 2),
]


@pytest.mark.parametrize(
    ("rows", "winner"), [v[1:] for v in VERSIONS], ids=[v[0] for v in VERSIONS]
)
def test_the_version_that_wins(shop: Shop, rows: list[str], winner: int) -> None:
    made = [f"1,1,1,1,{price},{DAY},{updated}" for price, _, updated in map(split, rows)]
    run_each(shop, DIMENSIONS | {"sales.csv": sales(*made)})
    assert [row[3] for row in prices(shop)] == [winner]
    assert refused(shop) == [("sales.csv", 5 - winner, "superseded")]


def split(version: str) -> tuple[str, str, str]:
    return version.partition(",")


@pytest.mark.parametrize("order", [(2, 10), (10, 2)])
def test_the_version_of_the_last_file_wins_whenever_it_arrives(
    shop: Shop, order: tuple[int, int]
) -> None:
    made = {n: {f"sales-{n}.csv": sales(f"1,1,1,1,{n},{DAY}")} for n in order}
    run_each(shop, DIMENSIONS | made[order[0]], made[order[1]])
    assert prices(shop) == [(1, "10.0000", "sales-10.csv", 2)]
    assert refused(shop) == [("sales-2.csv", 2, "superseded")]


def test_a_version_that_comes_again_is_still_the_first_one(shop: Shop) -> None:
    old, new = sales(f"1,1,1,1,5,{DAY}"), sales(f"1,1,1,1,6,{DAY}")
    run_each(shop, DIMENSIONS | {"sales-1.csv": old}, {"sales-2.csv": new}, {"sales-3.csv": old})
    assert prices(shop) == [(1, "6.0000", "sales-2.csv", 2)]
    assert refused(shop) == [("sales-1.csv", 2, "superseded")]


def test_a_newer_customer_and_product_replace_the_older(store: Shop) -> None:
    newer = {
        "customers-2.csv": customers("1,Anna,ann@shop.example,Rome,2025-01-01"),
        "products-2.csv": products("1,Mug,Kitchen,3,2025-01-01"),
    }
    run_each(store, {}, newer)
    assert store.rows("SELECT name FROM customers WHERE customer_id = 1") == [("Anna",)]
    assert [row[2] for row in refused(store)] == ["superseded", "superseded"]


def test_a_bad_row_is_no_version(shop: Shop) -> None:
    rows = sales(f"1,1,1,1,5,{DAY}", f"1,1,1,1,free,{DAY},2025-06-01")
    run_each(shop, DIMENSIONS | {"sales.csv": rows})
    assert prices(shop) == [(1, "5.0000", "sales.csv", 2)]
    assert refused(shop) == [("sales.csv", 3, "invalid_price")]


# --- orphans


def test_an_orphan_waits_and_is_loaded_with_its_product(shop: Shop) -> None:
    run_each(shop, DIMENSIONS | {"sales.csv": sales(f"1,1,9,1,5,{DAY}")})
    assert prices(shop) == []
    assert refused(shop) == [("sales.csv", 2, "orphan_product")]
    run_each(shop, {"products-2.csv": products("9,Cup,Kitchen,1")})
    assert prices(shop) == [(1, "5.0000", "sales.csv", 2)]
    assert refused(shop) == []


def test_an_orphan_waits_and_is_loaded_with_its_customer(shop: Shop) -> None:
    run_each(shop, DIMENSIONS | {"sales.csv": sales(f"1,9,9,1,5,{DAY}")})
    assert refused(shop) == [("sales.csv", 2, "orphan_customer")]
    run_each(shop, {"customers-2.csv": customers("9,Cy,c@shop.example,Bonn")})
    assert refused(shop) == [("sales.csv", 2, "orphan_product")]
    run_each(shop, {"products-2.csv": products("9,Cup,Kitchen,1")})
    assert prices(shop) == [(1, "5.0000", "sales.csv", 2)]


def test_the_newest_version_counts_even_if_it_is_an_orphan(shop: Shop) -> None:
    run_each(shop, DIMENSIONS | {"sales-1.csv": sales(f"1,1,1,1,5,{DAY}")})
    run_each(shop, {"sales-2.csv": sales(f"1,1,9,1,6,{DAY}")})
    assert prices(shop) == []
    assert refused(shop) == [
        ("sales-1.csv", 2, "superseded"),
        ("sales-2.csv", 2, "orphan_product"),
    ]
    run_each(shop, {"sales-3.csv": sales(f"1,1,1,1,7,{DAY}")})
    assert prices(shop) == [(1, "7.0000", "sales-3.csv", 2)]
    assert [row[2] for row in refused(shop)] == ["superseded", "superseded"]


def test_a_product_that_is_quarantined_leaves_orphans(shop: Shop) -> None:
    files = {
        "customers.csv": STORE["customers.csv"],
        "products.csv": products("0,Mug,Kitchen,1", "2,Pan,Kitchen,9"),
        "sales.csv": sales(f"1,1,1,1,5,{DAY}"),
    }
    run_each(shop, files)
    assert [row[2] for row in refused(shop)] == ["out_of_range_product_id", "orphan_product"]


def test_an_orphan_that_comes_twice_is_one_orphan_and_one_duplicate(shop: Shop) -> None:
    row = sales(f"1,1,9,1,5,{DAY}")
    run_each(shop, DIMENSIONS | {"sales-1.csv": row}, {"sales-2.csv": row})
    assert refused(shop) == [("sales-1.csv", 2, "orphan_product")]
    run_each(shop, {"products-2.csv": products("9,Cup,Kitchen,1")})
    assert prices(shop) == [(1, "5.0000", "sales-1.csv", 2)]


def test_a_held_record_says_what_it_waits_for(shop: Shop) -> None:
    rows = sales(f"1,1,9,1,5,{DAY}", f"2,8,1,1,5,{DAY}", f"3,1,1,1,5,{DAY}", f"3,1,1,1,6,{DAY}")
    run_each(shop, DIMENSIONS | {"sales.csv": rows})
    assert shop.rows("SELECT reason, detail FROM quarantine ORDER BY source_line") == [
        ("orphan_product", "product_id 9 is not in products"),
        ("orphan_customer", "customer_id 8 is not in customers"),
        ("superseded", "a newer version of transaction_id 3"),
    ]


def test_only_texts_that_go_to_quarantine_are_read_again(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.run()
    asked: list[tuple[str, list[int]]] = []
    read_texts = extract.read_texts

    def noting(file: RawFile, format_: Format, lines: list[int]) -> Iterator[tuple[int, str]]:
        asked.append((file.name, sorted(lines)))
        return read_texts(file, format_, lines)

    monkeypatch.setattr("data_pipeline.extract.read_texts", noting)
    twice = f"8,1,1,1,5,{DAY}"
    rows = sales(twice, twice, f"1,1,1,7,5,{DAY}", f"9,1,9,1,5,{DAY}")
    store.put({"sales_2.csv": rows}).run()
    assert asked == [("sales.csv", [2]), ("sales_2.csv", [5])]
    asked.clear()
    store.put({"sales_3.csv": sales(f"1,1,1,8,5,{DAY}")}).run()
    assert asked == [("sales_2.csv", [4])]
    assert [row[0] for row in refused(store)] == ["sales.csv", "sales_2.csv", "sales_2.csv"]


def test_only_keys_with_more_than_one_version_are_in_contest(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the others nothing is looked up: a load costs what is new, not what is there."""
    found: dict[str, list[tuple[object, ...]]] = {}
    count_versions = load._count_versions

    def noting(warehouse: Warehouse, table: Table, tally: load.Tally) -> None:
        found[table.name] = warehouse.rows("SELECT * FROM contested")
        count_versions(warehouse, table, tally)

    monkeypatch.setattr(load, "_count_versions", noting)
    store.run()
    assert found == {"customers": [], "products": [], "sales": []}
    store.put({"sales-2.csv": sales(f"1,1,1,1,6,{DAY}", f"7,1,9,1,6,{DAY}", f"8,1,1,1,6,{DAY}")})
    store.run()
    assert found["sales"] == [(1,)]
    store.put({"sales-3.csv": sales(f"7,1,9,1,7,{DAY}", f"9,1,1,1,6,{DAY}")}).run()
    assert found["sales"] == [(7,)]


# --- guests


def test_guest_sales_belong_to_the_guest(store: Shop) -> None:
    run_each(store, {})
    assert store.rows("SELECT customer_id FROM sales WHERE transaction_id = 3") == [(0,)]
    guest = store.rows("SELECT * FROM customers WHERE customer_id = 0")
    assert len(guest) == 1
    assert guest[0][:4] == (0, "Guest", None, "Unknown")
    assert guest[0][-3:-1] == ("", 0)


# --- files


def test_the_first_run_needs_all_three_tables(shop: Shop) -> None:
    shop.put(DIMENSIONS)
    with pytest.raises(PipelineError, match="sales"):
        shop.run()
    assert shop.is_empty()


def test_a_changed_file_makes_the_run_rebuild(store: Shop) -> None:
    run_each(store, {}, {"sales-2.csv": sales(f"9,1,1,1,5,{DAY}")})
    run_each(store, {"sales-2.csv": sales(f"9,1,1,1,6,{DAY}", f"10,1,1,1,6,{DAY}")})
    assert ("sales-2.csv", 2, 9, "6.0000") in [
        (file, line, key, price) for key, price, file, line in prices(store)
    ]


def test_a_changed_file_when_another_is_gone_is_refused(store: Shop) -> None:
    run_each(store, {}, {"sales-2.csv": sales(f"9,1,1,1,5,{DAY}")})
    before = store.dump()
    (store.raw / "sales-2.csv").unlink()
    store.put({"sales.csv": STORE["sales.csv"].replace(b"2.50", b"3.50")})
    with pytest.raises(PipelineError, match=r"sales-2\.csv"):
        store.run()
    assert store.dump() == before


def test_a_new_file_is_loaded_when_an_old_one_is_gone(store: Shop) -> None:
    store.run()
    (store.raw / "sales.csv").unlink()
    store.put({"sales-2.csv": sales(f"9,1,1,1,5,{DAY}")}).run()
    assert store.rows("SELECT count(*) FROM sales") == [(4,)]


def test_a_record_of_a_file_that_is_gone_is_written_anew_in_quarantine(store: Shop) -> None:
    store.put({"sales.csv": sales(f"1,1,1,2,2.5,{DAY} 10:20:30.500", f"2,1,1,1,7,{DAY}")}).run()
    (store.raw / "sales.csv").unlink()
    store.put({"sales_2.csv": sales(f"1,1,1,1,5,{DAY}", f"2,1,1,1,7.5,{DAY}")}).run()
    assert store.rows("SELECT source_file, reason, raw FROM quarantine ORDER BY raw") == [
        ("sales.csv", "superseded", "1,1,1,2025-03-04 10:20:30.5,2,2.5000,,,,"),
        ("sales.csv", "superseded", "2,1,1,2025-03-04 00:00:00,1,7.0000,,,,"),
    ]


def test_a_file_that_was_only_touched_is_not_read_again(store: Shop) -> None:
    store.run()
    os.utime(store.raw / "sales.csv", ns=(1, 1))
    assert store.run().kind == "nothing new"
    assert store.rows("SELECT mtime_ns FROM files WHERE path = 'sales.csv'") == [(1,)]
    os.utime(store.raw / "sales.csv", ns=(2, 2))
    run_each(store, {"sales-2.csv": sales(f"9,1,1,1,5,{DAY}")})
    assert store.rows("SELECT count(*) FROM sales") == [(4,)]


def test_a_record_of_a_file_that_was_only_touched_stands_as_it_came_in_quarantine(
    store: Shop,
) -> None:
    store.put({"sales.csv": sales(f"1,1,1,2,2.5,{DAY}")}).run()
    os.utime(store.raw / "sales.csv", ns=(1, 1))
    store.put({"sales_2.csv": sales(f"1,1,1,1,5,{DAY}")}).run()
    (raw,) = sales(f"1,1,1,2,2.5,{DAY}").decode().splitlines()[1:]
    assert store.rows("SELECT source_file, reason, raw FROM quarantine") == [
        ("sales.csv", "superseded", raw)
    ]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu"])
def test_the_machines_time_zone_changes_nothing(
    store: Shop, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    store.put({"sales-2.csv": sales(f"9,1,1,1,5,{DAY}T01:00+03:00,{DAY}")}).run()
    before = store.dump()
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        store.run(full_refresh=True)
        assert store.dump() == before
    finally:
        monkeypatch.undo()
        time.tzset()


def test_first_seen_stays_when_the_star_is_rebuilt(store: Shop) -> None:
    """A moment that was in the future when its file came stays so: a rebuild decides the same."""
    soon = datetime.now(UTC) + timedelta(days=1, minutes=5)
    near = datetime.now(UTC) + timedelta(hours=23)
    rows = sales(f"8,1,1,1,5,{soon:%Y-%m-%dT%H:%M:%SZ}", f"9,1,1,1,5,{near:%Y-%m-%dT%H:%M:%SZ}")
    store.put({"sales-2.csv": rows}).run()
    seen = store.rows("SELECT path, first_seen FROM files ORDER BY path")
    assert refused(store) == [("sales-2.csv", 2, "out_of_range_timestamp")]
    store.run(full_refresh=True)
    assert store.rows("SELECT path, first_seen FROM files ORDER BY path") == seen
    assert refused(store) == [("sales-2.csv", 2, "out_of_range_timestamp")]


def test_a_declared_time_bound_is_inclusive_to_the_microsecond(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.fromisoformat("2025-03-03 12:00:00.000001")
    monkeypatch.setattr(pipeline, "_now", lambda: now)
    bounds = ["2025-03-04 12:00:00.000001", "2025-03-04 12:00:00.000002"]
    rows = [f"{n},1,1,1,5,{bound}" for n, bound in enumerate(bounds, 8)]
    files = DIMENSIONS | {"sales.csv": sales(*rows)}
    store.put(files).run()
    assert [row[0] for row in prices(store)] == [8]
    assert refused(store) == [("sales.csv", 3, "out_of_range_timestamp")]


def test_an_error_while_texts_are_fetched_comes_out_as_it_is(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text of a superseded record is read again from its file, which may be broken by then."""
    store.run()
    before = store.dump()

    def broken(*_: object) -> None:
        raise SourceError("sales.csv is broken by now")

    monkeypatch.setattr("data_pipeline.extract.read_texts", broken)
    store.put({"sales_2.csv": sales(f"1,1,1,1,5,{DAY}")})
    with pytest.raises(SourceError, match="broken by now"):
        store.run()
    assert store.dump() == before


# --- the brake


@pytest.mark.parametrize(("bad", "stops"), [(2, False), (3, True)])
def test_more_than_half_of_a_file_in_quarantine_stops_the_run(
    store: Shop, bad: int, stops: bool
) -> None:
    store.run()
    before = store.dump()
    rows = [f"1{n},1,1,1,5,{DAY}" for n in range(2)] + [f"x{n},1,1,1,5,{DAY}" for n in range(bad)]
    store.put({"sales-2.csv": sales(*rows)})
    if not stops:
        store.run(max_quarantine=0.5)
        assert store.rows("SELECT count(*) FROM sales") == [(5,)]
        return
    with pytest.raises(PipelineError, match=r"sales-2\.csv"):
        store.run(max_quarantine=0.5)
    assert store.dump() == before
