"""A machine that delivers, interrupts, corrects and runs as it likes, and checks after each run."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from data_pipeline.layout import FILES, QUARANTINE, star_relations
from data_pipeline.metrics.rollups import AGG_TERMS, ROLLUPS
from data_pipeline.warehouses.duckdb import DuckDBWarehouse
from tests.hostile.process import Commands
from tests.order.history import history, shuffled
from tests.shop import Shop

BOOKKEEPING = {"run_id", "first_seen", "mtime_ns", "ctime_ns"}
STEPS = 12_000
"""About so many steps of Python code are in a run."""

Content = dict[str, list[str]]


class PlantedError(Exception):
    """What the machine lets happen in the middle of a run."""


def content(shop: Shop) -> Content:
    """Each table as sorted lines of text, without the bookkeeping of runs; and data/processed."""
    if shop.is_empty():
        return {}
    found: Content = {}
    sums = [rollup.relation for rollup in ROLLUPS.values()]
    with shop.reading():
        for relation in (*star_relations(), QUARANTINE, FILES, *sums, AGG_TERMS):
            names = [f.name for f in relation.fields if f.name not in BOOKKEEPING]
            rows = shop.rows(f"SELECT {', '.join(names)} FROM {relation.name}")
            found[relation.name] = sorted(map(repr, rows))
        sums_of_files = (
            "SELECT source_table, source_file, SUM(rows_read), SUM(rows_loaded),"
            " SUM(rows_duplicate), SUM(rows_quarantined), SUM(rows_repaired), SUM(amount_read),"
            " SUM(amount_loaded), SUM(amount_duplicate), SUM(amount_quarantined)"
            " FROM ledger GROUP BY ALL HAVING SUM(rows_read) <> 0 ORDER BY ALL"
        )
        found["ledger"] = list(map(repr, shop.rows(sums_of_files)))
    return found


def processed(shop: Shop) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (shop.folder / "processed").iterdir()}


REFRESHED: dict[str, tuple[Content, dict[str, bytes]]] = {}
"""What a full refresh makes of a set of files, by a hash over them."""


def refreshed(raw: Path) -> tuple[Content, dict[str, bytes]]:
    """A new warehouse, made of the files as they lie there, in one run."""
    files = {path.name: path.read_bytes() for path in sorted(raw.iterdir())}
    key = hashlib.sha256(repr(files).encode()).hexdigest()
    if key not in REFRESHED:
        with tempfile.TemporaryDirectory() as folder:
            shop = Shop(Path(folder)).put(files)
            shop.run(processed=shop.folder / "processed")
            REFRESHED[key] = content(shop), processed(shop)
    return REFRESHED[key]


class AnyOrder(RuleBasedStateMachine):
    """The shop's files come as they like; after each run all is as a full refresh makes it."""

    commands: Commands | None = None
    """Runs that are killed need a process of their own; without it none are."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="order-"))
        self.shop = Shop(self.folder)
        self.waiting = dict(history().later)
        self.runs = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize()
    def open(self) -> None:
        self.shop.put(history().first)

    @rule(data=st.data(), then_run=st.booleans(), count=st.integers(1, 5))
    def deliver(self, data: st.DataObject, count: int, then_run: bool) -> None:
        """Some of the files come, early or late."""
        for _ in range(min(count, len(self.waiting))):
            name = data.draw(st.sampled_from(sorted(self.waiting)))
            self.shop.put({name: self.waiting.pop(name)})
        if then_run:
            self.run(full_refresh=False)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), then_run=st.booleans(), seed=st.integers(0, 99))
    def deliver_shuffled(self, data: st.DataObject, seed: int, then_run: bool) -> None:
        """A file comes with its records in another order."""
        name = data.draw(st.sampled_from(sorted(self.waiting)))
        self.shop.put({name: shuffled(name, self.waiting.pop(name), seed)})
        if then_run:
            self.run(full_refresh=False)

    @rule(
        then_run=st.booleans(),
        data=st.data(),
        ending=st.sampled_from(["-again", "_0", "-0", "-z", "2"]),
    )
    def deliver_twice(self, data: st.DataObject, ending: str, then_run: bool) -> None:
        """A file comes once more, under another name."""
        name = data.draw(st.sampled_from(self.there()))
        again = name.replace(".csv", f"{ending}.csv")
        self.shop.put({again: (self.shop.raw / name).read_bytes()})
        if then_run:
            self.run(full_refresh=False)

    @rule(data=st.data())
    def deliver_in_place(self, data: st.DataObject) -> None:
        """A file is written once more as it was."""
        path = self.shop.raw / data.draw(st.sampled_from(self.there()))
        path.write_bytes(path.read_bytes())

    @rule(data=st.data(), then_run=st.booleans(), seed=st.integers(0, 99))
    def correct(self, data: st.DataObject, seed: int, then_run: bool) -> None:
        """A file that may have been loaded is written anew, in another order, without its last
        record: the next run has to rebuild.
        """
        name = data.draw(st.sampled_from(self.there()))
        text = shuffled(name, (self.shop.raw / name).read_bytes(), seed)
        self.shop.put({name: text[: text[:-1].rfind(b"\n") + 1] or text})
        if then_run:
            self.run(full_refresh=False)

    def there(self) -> list[str]:
        return sorted(path.name for path in self.shop.raw.iterdir())

    @rule(full_refresh=st.sampled_from([False, False, False, True]))
    def run(self, full_refresh: bool) -> None:
        """A run, and what it has made."""
        self.shop.run(processed=self.folder / "processed", full_refresh=full_refresh)
        self.runs += 1
        self.check()

    def check(self) -> None:
        tables, files = refreshed(self.shop.raw)
        found = content(self.shop)
        for name, lines in tables.items():
            assert found[name] == lines, name
        assert found.keys() == tables.keys()
        assert processed(self.shop) == files

    @rule(statement=st.integers(1, 160))
    def break_down(self, statement: int) -> None:
        """A run meets an error at one of its statements, or is done before: old state or new."""
        before, left = content(self.shop), statement
        rows: Any = DuckDBWarehouse.rows

        def counted(self: Any, *arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise PlantedError
            return rows(self, *arguments)

        with pytest.MonkeyPatch.context() as planted, suppress(PlantedError):
            planted.setattr(DuckDBWarehouse, "rows", counted)
            self.shop.run(processed=self.folder / "processed")
        if left > 0:
            self.check()
        else:
            assert content(self.shop) == before

    @precondition(lambda self: self.commands)
    @rule(step=st.integers(1, STEPS))
    def kill(self, step: int) -> None:
        """A run is killed at a step of its code, or is done before: old state or new."""
        assert self.commands
        before = content(self.shop)
        ended = self.commands.run(
            *("run", "--raw", str(self.shop.raw), "--warehouse", self.shop.url),
            *("--processed", str(self.folder / "processed"), "--max-quarantine", "1"),
            kill_at_step=step,
        )
        assert ended.code in (-9, 0), ended.said
        after = content(self.shop)
        assert after in (before, refreshed(self.shop.raw)[0])
