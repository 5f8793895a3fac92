"""Readers and a run on one DuckDB file: the old state or the new one, whole, and nobody waits."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from data_pipeline import published
from data_pipeline.errors import WarehouseError
from data_pipeline.warehouses import Access, open_warehouse
from data_pipeline.warehouses.duckdb import DuckDBWarehouse
from tests.rawfiles import sales
from tests.test_warehouses import hold

if TYPE_CHECKING:
    from tests.shop import Shop

READ = Access(read_only=True)
COUNT = "SELECT COUNT(*), COUNT(DISTINCT source_file) FROM sales"
MORE = {"sales-2.csv": sales("9,1,1,1,5,2025-03-04", "10,1,1,1,5,2025-03-04")}


def test_a_reader_keeps_its_state_and_the_next_one_gets_the_new(store: Shop) -> None:
    store.run()
    with open_warehouse(store.url, READ) as old:
        assert not old.outdated()
        version = old.version()
        assert version
        store.put(MORE).run()
        assert old.rows(COUNT) == [(3, 1)]
        assert old.outdated()
        assert old.version() != version
        with open_warehouse(store.url, READ) as new:
            assert new.rows(COUNT) == [(5, 2)]
            assert not new.outdated()
        assert old.rows(COUNT) == [(3, 1)]


def test_a_run_that_loads_nothing_makes_no_version(store: Shop) -> None:
    store.run()
    with open_warehouse(store.url, READ) as reader:
        store.run()
        assert not reader.outdated()


def test_a_run_that_finds_nothing_copies_nothing(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.run()
    monkeypatch.setattr(published.PublishedFile, "copy", None)
    assert store.run().run_id is None


def test_readers_come_and_go_while_a_run_is_at_work(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every statement of the run a reader finds the old state, and after the commit the new."""
    store.run()
    rows, seen, slowest = DuckDBWarehouse.rows, [], 0.0

    def watched(self: DuckDBWarehouse, *arguments: Any, **named: Any) -> Any:
        nonlocal slowest
        if not self._access.read_only:
            begin = time.monotonic()
            with open_warehouse(store.url, READ) as reader:
                seen.append(tuple(rows(reader, COUNT)))  # type: ignore[arg-type]
            slowest = max(slowest, time.monotonic() - begin)
        return rows(self, *arguments, **named)

    monkeypatch.setattr(DuckDBWarehouse, "rows", watched)
    store.put(MORE).run()
    monkeypatch.undo()
    old, new = ((3, 1),), ((5, 2),)
    assert seen.count(old) > 50
    assert seen == [old] * seen.count(old) + [new] * seen.count(new)
    assert slowest < 2
    assert store.rows(COUNT) == [(5, 2)]


def test_eight_runs_at_once_are_as_good_as_one(store: Shop) -> None:
    store.run()
    before = store.dump()
    store.put(MORE).run()
    expected = store.dump()
    store.file.unlink()
    (store.raw / "sales-2.csv").unlink()
    store.run()
    assert store.dump() == before
    store.put(MORE)
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(store.run(wait_s=60).kind)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["incremental", *["nothing new"] * 7]
    assert store.dump() == expected


def test_a_second_run_is_told_about_the_first_and_changes_nothing(store: Shop) -> None:
    store.run()
    with open_warehouse(store.url), pytest.raises(WarehouseError, match="in use by another run"):
        store.put(MORE).run()
    assert store.rows(COUNT) == [(3, 1)]


def test_what_is_opened_for_reading_is_not_written(store: Shop) -> None:
    store.run()
    with open_warehouse(store.url, READ) as reader:
        with pytest.raises(WarehouseError, match="reading only"):
            reader.begin()
        with pytest.raises(duckdb.Error, match="read-only"):
            reader.rows("DELETE FROM sales")


def test_what_is_not_in_a_transaction_is_refused(store: Shop) -> None:
    store.run()
    with open_warehouse(store.url) as warehouse, pytest.raises(duckdb.Error, match="read-only"):
        warehouse.rows("DELETE FROM sales")
    with open_warehouse(store.url) as warehouse:
        with warehouse.transaction():
            warehouse.rows("DELETE FROM sales")
        assert warehouse.rows(COUNT) == [(0, 0)]
        assert not warehouse.outdated()
    assert store.rows(COUNT) == [(0, 0)]


def test_a_log_that_another_program_left_is_folded_in(store: Shop) -> None:
    store.run()
    with duckdb.connect(str(store.file)) as connection:
        connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        connection.execute("CREATE TABLE notes AS SELECT 'mine' AS note")
    log = store.file.with_name(store.file.name + ".wal")
    assert log.exists()
    with open_warehouse(store.url, READ) as reader:
        assert reader.rows("SELECT note FROM notes") == [("mine",)]
    store.put(MORE).run()
    assert not log.exists()
    assert store.rows("SELECT note FROM notes") == [("mine",)]
    assert store.rows(COUNT) == [(5, 2)]


def test_a_reader_waits_for_another_program_as_long_as_it_is_told(store: Shop) -> None:
    store.run()
    other = hold(store.file, 0.5)
    with open_warehouse(store.url, Access(read_only=True, wait_s=30)) as reader:
        assert reader.rows(COUNT) == [(3, 1)]
    other.communicate()


def test_the_file_does_not_grow_with_every_run(store: Shop) -> None:
    sizes = []
    for number in range(2, 14):
        rows = [f"{n},1,1,1,5,2025-03-04" for n in range(number * 10, number * 10 + 10)]
        store.put({f"sales-{number}.csv": sales(*rows)}).run()
        sizes.append(store.file.stat().st_size)
    assert max(sizes[6:]) <= max(sizes[:6])


def test_nothing_is_left_beside_the_warehouse(store: Shop) -> None:
    store.run()
    store.put(MORE).run()
    store.run(full_refresh=True)
    assert sorted(path.name for path in store.folder.iterdir()) == ["raw", "warehouse.duckdb"]
