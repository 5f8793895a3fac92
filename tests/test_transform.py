"""What transform tells while it reads, what it keeps in memory, and what it leaves behind."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pytest

from data_pipeline import transform
from data_pipeline.config import Settings
from data_pipeline.contract import FUTURE_TOLERANCE, TABLES
from data_pipeline.engines.duckdb import DuckDBEngine
from data_pipeline.extract import find_files, open_file
from data_pipeline.pipeline import run
from data_pipeline.sources.header import Format
from data_pipeline.transform import Doubtful
from tests.rawfiles import STORE, sales

if TYPE_CHECKING:
    from data_pipeline.extract import Rest
    from data_pipeline.sources.files import RawFile
    from tests.shop import Shop

DAY = "2025-03-04"
SEEN = datetime(2026, 1, 1)
UTC = Format(timezone="UTC")


def test_whoever_watches_is_told_of_every_batch_and_of_the_end(store: Shop) -> None:
    told: dict[str, list[int]] = {name: [] for name in STORE}

    def on_read(file: RawFile, read_bytes: int) -> None:
        told[file.name].append(read_bytes)

    run(Settings(raw=store.raw, warehouse=store.url, processed=None), on_read)
    sizes = {name: len(data) for name, data in STORE.items()}
    assert told == {name: [size, size] for name, size in sizes.items()}


# --- the rows that the quick lane leaves


def sales_of(shop: Shop, *rows: str) -> RawFile:
    shop.put({"sales.csv": sales(*rows)})
    (file,) = find_files(shop.raw)
    return file


@pytest.fixture
def rest(shop: Shop) -> Rest:
    (read,) = open_file(sales_of(shop, f"1,1,1,1,$5,{DAY}", f"2,1,1,1,$6,{DAY}"), UTC).batches()
    return read.rest()


@pytest.mark.parametrize(("short", "kept"), [(0, True), (1, False)])
def test_rows_are_kept_as_long_as_there_is_room(
    rest: Rest, monkeypatch: pytest.MonkeyPatch, short: int, kept: bool
) -> None:
    room = 2 * sum(batch.nbytes for batch in rest.rows())
    monkeypatch.setattr(transform, "KEPT_BYTES", room - short)
    doubtful = Doubtful()
    for _ in range(2):
        doubtful.add(rest)
    assert (doubtful._kept is not None) == kept


def test_rows_beyond_the_room_are_counted_and_not_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transform, "KEPT_BYTES", 0)
    doubtful = Doubtful()
    file = sales_of(shop, *(f"{n},1,1,1,${n},{DAY}" for n in (1, 2, 3)))
    opened = open_file(file, UTC)
    (records,) = opened.batches()
    for line in (2, 4):
        doubtful.add(records.rest(np.array([line])))
    again = doubtful.batches(file, UTC, opened.outline)
    assert [text for b in again for text in b.column("raw").to_pylist()] == [
        f"1,1,1,1,$1,{DAY},",
        f"3,1,1,1,$3,{DAY},",
    ]


def test_a_file_without_doubtful_rows_does_not_meet_the_contract_lane(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(transform, "_judge")
    engine = DuckDBEngine(duckdb.connect())
    transform.prepare(engine, whole=True)
    file = sales_of(shop, f"1,1,1,1,5,{DAY}", f"2,1,1,1,5,{SEEN + FUTURE_TOLERANCE}")
    (cleaned,) = transform.clean(engine, TABLES["sales"], [(file, SEEN)], UTC)
    assert (cleaned.rows, cleaned.clean, cleaned.rejected) == (2, 2, 0)


def test_only_staging_tables_are_left_behind(shop: Shop) -> None:
    engine = DuckDBEngine(duckdb.connect())
    transform.prepare(engine, whole=True)
    tables = "SELECT table_name FROM duckdb_tables() ORDER BY ALL"
    there = engine.rows(tables)
    file = sales_of(shop, f"1,1,1,1,$5,{DAY}", f"2,1,1,x,5,{DAY}")
    (cleaned,) = transform.clean(engine, TABLES["sales"], [(file, SEEN)], UTC)
    assert (cleaned.rows, cleaned.clean, cleaned.rejected) == (2, 1, 1)
    assert engine.rows(tables) == there
