"""The books: what they say."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from data_pipeline.layout import BOOKS, star_relations
from data_pipeline.ledger import LAYOUT_VERSION, balance_by_table, mask_of_star
from data_pipeline.masking import Key
from data_pipeline.metrics.rollups import AGG_TERMS, ROLLUPS
from data_pipeline.warehouses import Access, open_warehouse
from tests.rawfiles import STORE, products, sales
from tests.shop import Shop, assert_is_star
from tests.test_leaks import MORE

SHEET = (
    "SELECT source_file, rows_read, rows_loaded, rows_duplicate, rows_quarantined, rows_repaired,"
    " amount_loaded, amount_quarantined FROM ledger WHERE run_id = {} ORDER BY ALL"
)


def test_the_layout_that_a_dashboard_may_read_is_the_first() -> None:
    assert LAYOUT_VERSION == 1


@pytest.mark.parametrize("masked", [False, True])
def test_the_books_say_with_which_key_the_star_is_masked(store: Shop, masked: bool) -> None:
    key = Key("0f" * 32)
    settings = {"mask_pii": True, "pii_key": key} if masked else {}
    store.run(**settings)
    store.put(MORE).run(**settings)
    with open_warehouse(store.url, Access(read_only=True)) as reader:
        found = mask_of_star(reader)
    assert found == (key.mask().fingerprint if masked else None)


def test_the_ledger_has_a_row_for_each_file_of_a_run(store: Shop) -> None:
    store.run()
    assert store.rows(SHEET.format(1)) == [
        ("customers.csv", 2, 2, 0, 0, 0, None, None),
        ("products.csv", 2, 2, 0, 0, 0, None, None),
        ("sales.csv", 3, 3, 0, 0, 0, Decimal("11.5000"), Decimal(0)),
    ]


def test_a_later_run_moves_rows_of_older_files(store: Shop) -> None:
    store.run()
    store.put(MORE).run()
    assert store.rows(SHEET.format(2)) == [
        ("sales-2.csv", 7, 3, 1, 3, 1, Decimal("12.7000"), Decimal(5)),
        ("sales.csv", 0, -1, 0, 1, 0, Decimal("-5.0000"), Decimal("5.0000")),
    ]


def test_a_late_product_moves_the_orphan(store: Shop) -> None:
    store.put(MORE).run()
    store.put({"products-2.csv": products("9,Cup,Kitchen,1")}).run()
    assert store.rows(SHEET.format(2)) == [
        ("products-2.csv", 1, 1, 0, 0, 0, None, None),
        ("sales-2.csv", 0, 1, 0, -1, 0, Decimal("5.0000"), Decimal("-5.0000")),
    ]


def test_runs_and_files_are_written_down(store: Shop) -> None:
    result = store.run(source_timezone="Europe/Berlin")
    assert result.run_id == 1
    assert result.kind == "first"
    runs = store.records("SELECT * FROM runs")
    assert len(runs) == 1
    assert runs[0]["status"] == "balanced"
    assert runs[0]["started_at"] <= runs[0]["finished_at"]
    assert "Europe/Berlin" in runs[0]["settings"]
    assert '"duckdb"' in runs[0]["versions"]
    assert f'"layout": {LAYOUT_VERSION}' in runs[0]["versions"]
    files = store.rows("SELECT path, size, row_count, length(content_hash) FROM files ORDER BY ALL")
    assert files == [
        ("customers.csv", len(STORE["customers.csv"]), 2, 64),
        ("products.csv", len(STORE["products.csv"]), 2, 64),
        ("sales.csv", len(STORE["sales.csv"]), 3, 64),
    ]


def test_a_run_with_nothing_new_is_no_run(store: Shop) -> None:
    store.run()
    assert store.run().run_id is None
    assert store.rows("SELECT count(*) FROM runs") == [(1,)]


def test_a_run_leaves_the_tables_of_the_layout_and_no_others(store: Shop) -> None:
    store.run()
    store.put(MORE).run()
    found = store.rows("SELECT table_name FROM duckdb_tables() WHERE NOT temporary")
    sums = [rollup.relation for rollup in ROLLUPS.values()]
    expected = (*star_relations(), *BOOKS, *sums, AGG_TERMS)
    assert {name for (name,) in found} == {relation.name for relation in expected}


def test_the_balance_of_a_table_is_that_of_all_its_files(store: Shop) -> None:
    store.run()
    more = MORE["sales-2.csv"].replace(b"1.25", b"1.75") + b"13,1,1,1,$5,2025-03-04,\n"
    store.put(MORE | {"sales-3.csv": more}).run()
    with open_warehouse(store.url, Access(read_only=True)) as reader:
        found = {row[0]: row[1:] for row in balance_by_table(reader)}
    assert found["customers"] == (2, 2, 0, 0, 0, None, None)
    assert found["products"] == (2, 2, 0, 0, 0, None, None)
    assert found["sales"] == (18, 6, 5, 7, 2, Decimal("25.2000"), Decimal("12.5000"))


def test_a_run_says_when_it_began_and_ended(store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [datetime(2025, 6, 1, 12), datetime(2025, 6, 1, 13)]
    monkeypatch.setattr("data_pipeline.pipeline._now", iter(moments).__next__)
    store.run()
    assert store.rows("SELECT started_at, finished_at FROM runs") == [tuple(moments)]


def test_files_of_a_header_alone_balance(store: Shop) -> None:
    store.put({name: data.split(b"\n")[0] + b"\n" for name, data in STORE.items()}).run()
    assert store.rows("SELECT SUM(rows_read) FROM ledger") == [(None,)]
    assert store.rows("SELECT path, row_count FROM files ORDER BY path") == [
        (name, 0) for name in sorted(STORE)
    ]


def test_a_file_that_has_shrunk_is_taken_back_as_it_was_read_last(store: Shop) -> None:
    store.run()
    store.put({"sales.csv": sales("1,1,1,2,2.50,2025-03-04 10:20:30")}).run()
    store.run(full_refresh=True)
    booked = "SELECT run_id, entry, rows_read, amount_read FROM ledger"
    assert store.rows(f"{booked} WHERE source_file = 'sales.csv' ORDER BY ALL") == [
        (1, "load", 3, Decimal("11.5000")),
        (2, "load", 1, Decimal("5.0000")),
        (2, "reversal", -3, Decimal("-11.5000")),
        (3, "load", 1, Decimal("5.0000")),
        (3, "reversal", -1, Decimal("-5.0000")),
    ]
    assert_is_star(store, store.star())


def test_what_was_booked_of_a_file_that_is_gone_is_taken_back_once(store: Shop) -> None:
    store.put(MORE).run()
    (store.raw / "sales-2.csv").unlink()
    for _ in range(2):
        store.run(full_refresh=True)
    booked = store.rows("SELECT run_id, entry FROM ledger WHERE source_file = 'sales-2.csv'")
    assert sorted(booked) == [(1, "load"), (2, "reversal")]
    assert_is_star(store, store.star())
