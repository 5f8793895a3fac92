"""The DuckDB warehouse: how it is found, opened, locked and keyed."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import duckdb
import pytest

from data_pipeline.contract import TABLES
from data_pipeline.errors import ConfigError, WarehouseError
from data_pipeline.urls import hide_password
from data_pipeline.warehouses import Access, Warehouse, known_schemes, open_warehouse
from tests.rawfiles import STORE, sales
from tests.shop import Shop, assert_is_star, double

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import duckdb, sys, time
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


def hold(path: Path, seconds: float) -> subprocess.Popen[str]:
    """Another process that has the warehouse open for so long."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize(
    "url", ["oracle://host/db", "data/warehouse.duckdb", "", "://x", "base:///x"]
)
def test_an_unknown_warehouse_is_named_with_those_that_are_known(url: str) -> None:
    with pytest.raises(ConfigError, match=r"unknown warehouse .*known: .*duckdb"):
        open_warehouse(url)
    assert "duckdb" in known_schemes()


def test_a_url_without_a_file() -> None:
    with pytest.raises(ConfigError, match="names no file"):
        open_warehouse("duckdb:///")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://shop:secret@host/db", "postgresql://shop:***@host/db"),
        ("postgresql://shop:s:e@c@host/db", "postgresql://shop:***@host/db"),
        ("mysql://shop@host/db", "mysql://shop@host/db"),
        ("bigquery://p/d?api_key=abc&x=1", "bigquery://p/d?api_key=***&x=1"),
        ("duckdb:///a/b.duckdb", "duckdb:///a/b.duckdb"),
    ],
)
def test_passwords_are_never_shown(url: str, shown: str) -> None:
    assert hide_password(url) == shown


def test_a_password_is_not_in_the_message_either() -> None:
    with pytest.raises(ConfigError) as error:
        open_warehouse("oracle://shop:secret@host/db")
    assert "secret" not in str(error.value)


def test_reading_a_warehouse_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="sales run"):
        open_warehouse(f"duckdb:///{tmp_path}/none.duckdb", Access(read_only=True))
    assert not (tmp_path / "none.duckdb").exists()


def test_a_file_that_is_no_warehouse(store: Shop) -> None:
    store.file.write_bytes(b"x" * 20_000)
    with pytest.raises(WarehouseError, match="cannot open"):
        store.run()
    assert store.file.read_bytes() == b"x" * 20_000


def test_a_folder_that_cannot_be_made(store: Shop) -> None:
    (store.folder / "taken").write_text("a file")
    with pytest.raises(WarehouseError, match="cannot open"):
        open_warehouse(f"duckdb:///{store.folder}/taken/below/w.duckdb")


def test_a_second_run_is_told_that_one_is_at_work(store: Shop) -> None:
    store.run()
    before = store.dump()
    other = hold(store.file, 60)
    try:
        with pytest.raises(WarehouseError, match="in use by another run"):
            store.put({"sales-2.csv": sales("9,1,1,1,5,2025-03-04")}).run()
    finally:
        other.kill()
        other.communicate()
    assert store.dump() == before


def test_a_second_run_waits_as_long_as_it_is_told(store: Shop) -> None:
    other = hold(store.file, 1.0)
    start = time.monotonic()
    store.run(wait_s=30)
    assert time.monotonic() - start < 30
    other.communicate()
    assert store.rows("SELECT count(*) FROM sales") == [(3,)]


def test_keys_are_declared_on_request(store: Shop) -> None:
    store.run(declare_keys=True)
    assert_is_star(store, store.star())
    keys = "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'"
    assert store.rows(keys) == [(3,)]
    store.put({"sales-2.csv": sales("1,1,1,1,5,2025-03-04")}).run(declare_keys=True)
    assert_is_star(store, store.star())
    store.run(declare_keys=True, full_refresh=True)
    assert_is_star(store, store.star())


def test_columns_that_every_row_has_are_declared_so(store: Shop) -> None:
    store.run()
    nullable = store.rows(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = 'sales' AND is_nullable"
    )
    assert not {"transaction_id", "customer_id", "product_id"} & {name for (name,) in nullable}


KEYS_FAR_APART = [
    "1,1,1,1,5,2025-03-04",
    "9223372036854775807,1,1,1,5,2025-03-04",
    "9223372036854775807,1,1,1,6,2025-03-04",
    "4611686018427387904,9223372036854775807,1,1,5,2025-03-04",
    "5,9223372036854775806,1,1,5,2025-03-04",
]


def test_keys_far_apart_are_as_good_as_others(shop: Shop) -> None:
    far = b"9223372036854775807,Zoe,z@b.c,Rome\n"
    files = STORE | {
        "customers.csv": STORE["customers.csv"] + far,
        "sales.csv": sales(*KEYS_FAR_APART),
    }
    shop.put(files).run()
    assert_is_star(shop, shop.star())


def test_settings_of_duckdb_reach_it(store: Shop) -> None:
    access = Access(memory_limit="512MB", threads=1)
    with open_warehouse(store.url, access) as warehouse:
        assert warehouse.rows("SELECT current_setting('threads')") == [(1,)]
        with pytest.raises(duckdb.Error):
            make_a_table_and_fail(warehouse)
    assert store.is_empty()


def make_a_table_and_fail(warehouse: Warehouse) -> None:
    with warehouse.transaction():
        warehouse.rows("CREATE TABLE t (a INTEGER)")
        warehouse.rows("SELECT nothing")


@pytest.mark.parametrize("what", ["unique", "dangling"])
def test_broken_keys_far_apart_are_seen(store: Shop, what: str) -> None:
    store.put({"sales-2.csv": sales("9223372036854775807,1,1,1,5,2025-03-04")}).run()
    with open_warehouse(store.url) as warehouse, warehouse.transaction():
        assert warehouse.broken_keys(TABLES["sales"]) == []
        if what == "unique":
            warehouse.rows(double("sales", "transaction_id = 1"))
        else:
            warehouse.rows("UPDATE sales SET product_id = 9223372036854775806")
        found = warehouse.broken_keys(TABLES["sales"])
        assert len(found) == 1
        assert ("is not unique" in found[0]) == (what == "unique")


def test_too_little_memory_is_said_and_changes_nothing(store: Shop) -> None:
    with pytest.raises(
        WarehouseError, match=r"more memory .* --memory-limit SIZE .* nothing changed"
    ):
        store.run(memory_limit="1MB")
    assert not store.file.exists()
    store.run()
    assert_is_star(store, store.star())
