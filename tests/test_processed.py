"""data/processed: the loaded rows as files, complete or not there."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import duckdb
import pytest

from data_pipeline.contract import TABLES
from data_pipeline.errors import PipelineError
from tests.rawfiles import CUSTOMERS, STORE, sales
from tests.shop import PROVENANCE, Shop

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [f"transformed_{name}.csv" for name in TABLES]


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_the_files_hold_the_loaded_rows_in_the_order_of_their_keys(store: Shop) -> None:
    out = store.folder / "processed"
    result = store.run(processed=out)
    assert [path.name for path in result.processed] == NAMES
    assert sorted(path.name for path in out.iterdir()) == sorted(NAMES)
    for name, table in TABLES.items():
        header, *rows = read(out / f"transformed_{name}.csv")
        assert header == [*(column.name for column in table.columns), *PROVENANCE]
        key = table.key.name
        found = store.rows(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {name} ORDER BY {name}.{key}")
        assert rows == [["" if cell is None else cell for cell in row] for row in found]


def test_two_runs_give_the_same_bytes(store: Shop) -> None:
    out = store.folder / "processed"
    store.run(processed=out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    store.run(processed=out, full_refresh=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_file_that_is_missing_is_written_again(store: Shop) -> None:
    out = store.folder / "processed"
    store.run(processed=out)
    (out / NAMES[0]).unlink()
    store.run(processed=out)
    assert (out / NAMES[0]).is_file()


def test_parquet(store: Shop) -> None:
    out = store.folder / "processed"
    store.run(processed=out, processed_kind="parquet")
    with duckdb.connect() as connection:
        query = f"SELECT sum(total_sales) FROM '{out}/transformed_sales.parquet'"
        rows = connection.execute(query).fetchall()
    assert rows == store.rows("SELECT sum(total_sales) FROM sales")


@pytest.mark.parametrize("settings", [{"processed": None}, {"processed_kind": "none"}])
def test_none(store: Shop, settings: dict[str, object]) -> None:
    out = store.folder / "processed"
    assert store.run(**({"processed": out} | settings)).processed == ()
    assert not out.exists()


@pytest.mark.parametrize("safe", [True, False])
def test_formulas_are_defused_on_request(shop: Shop, safe: bool) -> None:
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "Ann", "a=b", "=cmd|' /C calc'!A0"]
    rows = "".join(f'{n},"{name}",{n}@b.c,Rome\n' for n, name in enumerate(names, 1))
    shop.put(STORE | {"customers.csv": (CUSTOMERS + rows).encode()})
    out = shop.folder / "processed"
    shop.run(processed=out, safe_csv=safe)
    found = [row[1] for row in read(out / NAMES[0])[2:]]
    dangerous = [name[0] in "=+-@" for name in names]
    assert found == ["'" * (safe and bad) + n for n, bad in zip(names, dangerous, strict=True)]
    assert next(n for (n,) in shop.rows("SELECT name FROM customers ORDER BY 1")) != "'"


def test_a_negative_number_is_no_formula(store: Shop) -> None:
    out = store.folder / "processed"
    store.run(processed=out, safe_csv=True)
    sold = {row[0]: row[3] for row in read(out / NAMES[2])}
    assert sold["3"] == "-2.5000"


def test_a_failed_run_leaves_the_old_files(store: Shop) -> None:
    out = store.folder / "processed"
    store.run(processed=out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    store.put({"sales-2.csv": sales("x", "y")})
    with pytest.raises(PipelineError):
        store.run(processed=out, max_quarantine=0.5)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_folder_that_cannot_be_made_fails_the_run(store: Shop) -> None:
    (store.folder / "taken").write_text("a file")
    with pytest.raises(PipelineError, match="taken"):
        store.run(processed=store.folder / "taken" / "processed")
    assert store.is_empty()
