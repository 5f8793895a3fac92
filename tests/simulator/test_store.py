from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from data_pipeline.errors import ConfigError
from data_pipeline.simulator import store as store_module
from data_pipeline.simulator.answer_key import KEY_FILE, TOTALS_FILE
from data_pipeline.simulator.continuation import continue_store
from data_pipeline.simulator.parameters import PRESETS, preset
from data_pipeline.simulator.state import STATE_FILE, State
from data_pipeline.simulator.store import simulate
from tests.simulator.conftest import DIRTY, SMALL

GOLDEN = {
    "products.csv": "594dccb780daa423324f328f27e4c6af33b1a03fdde8fbc6a8ab61c1bb4b2871",
    "sales.csv": "45cd009b63abb0a6c8aef9912b042cdcca3b9ddb76604571d676b332c2dcb839",
}
"""SHA-256 of the files of `SMALL` that have no words of Faker's in them."""


def bytes_of(directory: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in sorted(directory.iterdir())}


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("chunk_rows", [1, 700, 10**9])
def test_bytes_depend_neither_on_threads_nor_on_chunks(
    dirty_store: Path, tmp_path: Path, threads: int, chunk_rows: int
) -> None:
    simulate(DIRTY, tmp_path, threads=threads, chunk_rows=chunk_rows)
    assert bytes_of(tmp_path) == bytes_of(dirty_store)


def test_another_seed_makes_another_store(dirty_store: Path, tmp_path: Path) -> None:
    simulate(DIRTY.resized(seed=12), tmp_path)
    assert (tmp_path / "sales.csv").read_bytes() != (dirty_store / "sales.csv").read_bytes()


def test_a_small_store_is_the_one_it_always_was(tmp_path: Path) -> None:
    simulate(SMALL, tmp_path)
    found = {n: hashlib.sha256((tmp_path / n).read_bytes()).hexdigest() for n in GOLDEN}
    assert found == GOLDEN


@pytest.mark.parametrize("file_format", ["csv", "gzip", "parquet"])
def test_thirty_single_days_are_one_run_of_thirty(tmp_path: Path, file_format: str) -> None:
    once, daily = tmp_path / "once", tmp_path / "daily"
    simulate(SMALL, once, file_format=file_format)
    shutil.copytree(once, daily)
    continue_store(once, 30)
    for _ in range(30):
        continue_store(daily, 1)
    assert bytes_of(once) == bytes_of(daily)
    kinds = set(pq.read_table(once / KEY_FILE)["kind"].to_pylist())
    assert {"move", "price_change", "late_correction"} <= kinds


def test_later_days_do_not_touch_the_files_that_are_there(tmp_path: Path) -> None:
    simulate(SMALL, tmp_path)
    before = bytes_of(tmp_path)
    made = continue_store(tmp_path, 3)
    after = bytes_of(tmp_path)
    kept = [n for n in before if n.endswith(".csv")]
    assert [n for n in kept if before[n] != after[n]] == []
    assert {f"sales-2026-01-0{d}.csv" for d in (1, 2, 3)} <= set(made.files)


def test_gzip_and_csv_hold_the_same(tmp_path: Path) -> None:
    simulate(SMALL, tmp_path / "csv")
    simulate(SMALL, tmp_path / "gzip", file_format="gzip")
    for table in ("customers", "products", "sales"):
        packed = (tmp_path / "gzip" / f"{table}.csv.gz").read_bytes()
        assert gzip.decompress(packed) == (tmp_path / "csv" / f"{table}.csv").read_bytes()


def test_parquet_has_types_where_nothing_is_dirty(tmp_path: Path) -> None:
    simulate(SMALL.resized(defects=0), tmp_path, file_format="parquet")
    sales = pq.read_table(tmp_path / "sales.parquet")
    assert str(sales.schema.field("price").type) == "decimal128(18, 2)"
    assert str(sales.schema.field("timestamp").type).startswith("timestamp")
    assert sales["customer_id"].null_count > 0, "guests have no customer"


def test_a_store_without_defects_has_an_empty_key(tmp_path: Path) -> None:
    made = simulate(SMALL.resized(defects=0), tmp_path)
    assert made.defects == 0
    assert pq.read_table(tmp_path / KEY_FILE).num_rows == 0
    totals = pq.read_table(tmp_path / TOTALS_FILE).to_pydict()
    held_back = sum(totals["sales"]) - sum(totals["sales_loaded"])
    assert sum(totals["sales_loaded"]) == made.sales
    assert 0 <= held_back <= 5, "only late sales of the last day are not there yet"


def test_there_are_about_as_many_sales_as_asked_for(tmp_path: Path) -> None:
    for name, p in PRESETS.items():
        made = simulate(p.resized(sales=20_000, days=365), tmp_path / name)
        assert made.sales == pytest.approx(20_000, rel=0.05), name
        assert made.products == 200, name
        assert made.customers == pytest.approx(2_000, abs=3), name


def test_numbers_are_consecutive_and_times_in_order(tmp_path: Path) -> None:
    simulate(SMALL.resized(defects=0), tmp_path, file_format="parquet")
    sales = pq.read_table(tmp_path / "sales.parquet")
    numbers = sales["transaction_id"].to_numpy()
    assert numbers[0] == 1
    assert set(np.diff(numbers)) <= {1, 2}, "a gap is a late sale"
    seconds = sales["timestamp"].cast("int64").to_numpy()
    assert (np.diff(seconds) >= 0).all()


def test_raw_files_of_others_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "Sales-2024.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"Sales-2024[.]csv"):
        simulate(SMALL, tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == ["Sales-2024.csv"]


def test_a_new_store_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    simulate(SMALL, tmp_path)
    continue_store(tmp_path, 2)
    simulate(SMALL, tmp_path, file_format="gzip")
    found = sorted(f.name for f in tmp_path.iterdir() if f.name.startswith("sales"))
    assert found == ["sales.csv.gz"]
    assert State.read(tmp_path).next_day == SMALL.days


def test_a_broken_run_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate(SMALL, tmp_path)
    before = bytes_of(tmp_path)

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(store_module, "prepare_sales", broken)
    with pytest.raises(OSError, match="disk full"):
        simulate(SMALL.resized(seed=8), tmp_path)
    assert bytes_of(tmp_path) == before


def test_going_on_needs_a_store(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sales simulate --out"):
        continue_store(tmp_path, 1)


@pytest.mark.parametrize("spoilt", ["{", '{"version": 99}', '{"version": 1}'])
def test_a_spoilt_state_is_named(tmp_path: Path, spoilt: str) -> None:
    simulate(SMALL, tmp_path)
    (tmp_path / STATE_FILE).write_text(spoilt, encoding="utf-8")
    with pytest.raises(ConfigError, match=STATE_FILE):
        continue_store(tmp_path, 1)


def test_the_state_is_small_and_comes_back_whole(tmp_path: Path) -> None:
    simulate(SMALL, tmp_path)
    state = State.read(tmp_path)
    assert state.parameters == SMALL
    assert len(json.dumps((tmp_path / STATE_FILE).read_text(encoding="utf-8"))) < 10_000


def test_an_unknown_preset_or_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="known: default, electronics, fashion, grocery"):
        preset("shoes")
    with pytest.raises(ConfigError, match="known: csv, gzip, parquet"):
        simulate(SMALL, tmp_path, file_format="xlsx")


@pytest.mark.parametrize(
    "size", [{"sales": 0}, {"days": 20_001}, {"defects": 0.6}, {"seed": -1}, {"customers": 0}]
)
def test_sizes_that_no_store_has_are_refused(size: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(size))):
        SMALL.resized(**size)  # type: ignore[arg-type]


def test_a_store_of_one_sale_and_one_day_can_be(tmp_path: Path) -> None:
    made = simulate(PRESETS["default"].resized(sales=1, products=1, days=1), tmp_path)
    assert (made.customers, made.products) == (1, 1)
    continue_store(tmp_path, 2)
