"""What is killed: a first run, an incremental one and a rebuild of a small dirty store."""

from __future__ import annotations

import hashlib
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from tests.rawfiles import STORE
from tests.torture.forked import count_steps, in_child

if TYPE_CHECKING:
    from pathlib import Path

    from data_pipeline.warehouses import Warehouse

SALES = 1_500
NO_STAR = "no star"
BOOKKEEPING = {
    "runs": {"started_at", "finished_at", "versions", "settings"},
    "files": {"mtime_ns", "ctime_ns", "first_seen"},
}
"""What two equal runs may write differently."""

COUNTED = {"runs": "kind <> 'nothing new'"}
"""A run that only had to write data/processed once more is in the book of runs too."""


@dataclass(frozen=True)
class Scene:
    """A run that has something to do. `before` is the place (warehouse, processed files) as the
    run finds it; `old` and `new` are what the warehouse holds before and after. A file
    system for the run needs less than `room` bytes for each of its files.
    """

    kind: str
    raw: Path
    before: Path
    old: str
    new: str
    processed: dict[str, bytes]
    seconds: float
    steps: int
    room: int

    def set_up(self, place: Path) -> None:
        """Make the place as the run finds it."""
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.before, place)

    def run(self, place: Path) -> None:
        run(self.raw, place)

    def digest(self, place: Path) -> str:
        """One hash over every table of the warehouse."""
        return digest(place)


def url_of(place: Path) -> str:
    return f"duckdb:///{place}/warehouse.duckdb"


def run(raw: Path, place: Path) -> None:
    run_to(url_of(place), raw, place)


def run_to(url: str, raw: Path, place: Path, *, wait_s: float = 0.0) -> None:
    from data_pipeline.config import Settings
    from data_pipeline.pipeline import run as run_pipeline

    processed = place / "processed"
    run_pipeline(Settings(raw=raw, warehouse=url, processed=processed, wait_s=wait_s))


def digest(place: Path) -> str:
    """One hash over every table of a DuckDB file."""
    return digest_of(url_of(place)) if (place / "warehouse.duckdb").exists() else NO_STAR


def digest_of(url: str) -> str:
    from data_pipeline.warehouses import Access, open_warehouse

    with open_warehouse(url, Access(read_only=True)) as warehouse:
        return _digest(warehouse)


def _digest(warehouse: Warehouse) -> str:
    columns: dict[str, list[str]] = {}
    for table, column in warehouse.rows(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = CURRENT_SCHEMA() ORDER BY table_name, column_name"
    ):
        if column not in BOOKKEEPING.get(table, ()):
            columns.setdefault(table, []).append(column)
    assert {"sales", "customers", "products", "ledger", "files", "runs", "rejected"} <= set(columns)
    assert not any(name.startswith("incoming") for name in columns)
    found = hashlib.sha256()
    for table, names in sorted(columns.items()):
        listed = ", ".join(f'"{name}"' for name in names)
        rows = warehouse.rows(f"SELECT {listed} FROM {table} WHERE {COUNTED.get(table, 'TRUE')}")
        found.update(repr((table, names, sorted(map(repr, rows)))).encode())
    return found.hexdigest()


def processed_files(place: Path) -> dict[str, bytes]:
    """Everything that lies in the folder of processed files."""
    folder = place / "processed"
    return {p.name: p.read_bytes() for p in folder.iterdir()} if folder.exists() else {}


def import_what_runs_import(folder: Path) -> None:
    """Import once, here, what else every child would import; but open no warehouse: what has
    threads cannot be forked.
    """
    for name in in_child(_modules_of_a_run, folder):
        if name.split(".")[0] in ("data_pipeline", "duckdb", "numpy", "pandas", "pyarrow"):
            with suppress(ImportError):
                import_module(name)


def _modules_of_a_run(folder: Path) -> list[str]:
    raw, place = folder / "raw", folder / "place"
    raw.mkdir(parents=True)
    place.mkdir()
    for name, content in STORE.items():
        (raw / name).write_bytes(content)
    run(raw, place)
    digest(place)
    return list(sys.modules)


def make_scenes(folder: Path) -> dict[str, Scene]:
    """The three scenes, each with raw files of its own."""
    from data_pipeline.simulator.continuation import continue_store
    from data_pipeline.simulator.parameters import PRESETS
    from data_pipeline.simulator.store import simulate

    first, later, changed = (folder / name for name in ("first", "later", "changed"))
    dials = PRESETS["default"].resized(sales=SALES, days=60, seed=5, defects=0.1)
    in_child(simulate, dials, first)
    for raw in (later, changed):
        shutil.copytree(first, raw)
    empty = folder / "empty"
    empty.mkdir()
    scenes = {"first": make_scene("first", first, empty, folder)}
    for kind, raw in (("incremental", later), ("rebuild", changed)):
        before = folder / f"before-{kind}"
        before.mkdir()
        in_child(run, raw, before)
        if kind == "incremental":
            in_child(continue_store, raw, 4)
        else:
            with (raw / "sales.csv").open("ab") as file:
                file.write(b"1,1,1,1,7,2025-12-01\n999999,1,1,1,7,2025-12-01\n")
        scenes[kind] = make_scene(kind, raw, before, folder)
    return scenes


def make_scene(kind: str, raw: Path, before: Path, folder: Path) -> Scene:
    """Run it undisturbed, and keep what comes out."""
    place = folder / f"reference-{kind}"
    shutil.copytree(before, place)
    begin = time.monotonic()
    in_child(run, raw, place)
    seconds = time.monotonic() - begin
    counted = folder / f"counted-{kind}"
    shutil.copytree(before, counted)
    steps = in_child(count_steps, run, raw, counted)
    old, new = in_child(digest, before), in_child(digest, place)
    assert old != new == in_child(digest, counted)
    room = 2 * (place / "warehouse.duckdb").stat().st_size
    return Scene(kind, raw, before, old, new, processed_files(place), seconds, steps, room)
