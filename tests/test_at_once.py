"""Eight runs at once, in processes of their own: each works, waits or refuses; one state comes out.

Every round brings a new file, which exactly one of the eight loads; ROUNDS_AT_ONCE says how many
rounds (`make at-once` has 50). Meanwhile readers look in, and never wait for long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from data_pipeline.metrics import open_reader, query
from data_pipeline.warehouses import Access, open_warehouse
from tests.rawfiles import sales
from tests.shop import Shop
from tests.source_rules import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 8
ROUNDS = int(os.environ.get("ROUNDS_AT_ONCE", "3"))
ROWS = 40
LONGEST_LOOK_S = 10.0
"""A look takes some milliseconds; the machine of a test may be very busy."""

NURSERY = """
import os, sys
from pathlib import Path
from data_pipeline.config import Settings
from data_pipeline.errors import BusyWarehouseError
from data_pipeline import pipeline
from data_pipeline.warehouses import duckdb, postgresql
import asyncpg, sqlglot, pandas
raw, url = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
for line in sys.stdin:
    gate, opened = os.pipe()
    children = {}
    for number, wait_s in enumerate(map(float, line.split())):
        answer, say = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(opened)
            os.read(gate, 1)
            told = dict(processed=None, max_quarantine=1.0, wait_s=wait_s)
            try:
                end = pipeline.run(Settings(raw=raw, warehouse=url, **told)).kind
            except BusyWarehouseError as error:
                end = "busy" if "in use by another run" in str(error) else repr(error)
            except BaseException as error:
                end = repr(error)
            os.write(say, end.encode())
            os._exit(0)
        os.close(say)
        children[child] = answer
    os.close(gate)
    os.close(opened)
    ends = []
    for child, answer in children.items():
        ends.append(os.read(answer, 10_000).decode())
        os.waitpid(child, 0)
        os.close(answer)
    print(__import__("json").dumps(ends), flush=True)
"""
"""Has imported all that a run needs, and forks one for every number of seconds in a line."""


every_house = pytest.mark.parametrize("house", ["duckdb", "postgresql"], indirect=True)


@pytest.fixture
def nursery(store: Shop) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "ignore", "-c", NURSERY, str(store.raw), store.url]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        assert process.stdin
        process.stdin.close()


def at_once(nursery: subprocess.Popen[str], waits_s: list[float]) -> list[str]:
    """Let runs begin at the same moment, each willing to wait so long; how each ended."""
    assert nursery.stdin
    assert nursery.stdout
    nursery.stdin.write(" ".join(map(str, waits_s)) + "\n")
    nursery.stdin.flush()
    ended: list[str] = json.loads(nursery.stdout.readline())
    return ended


class Readers(threading.Thread):
    """Looks at the warehouse again and again: what it saw, and how long the longest look took."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url, self.seen, self.slowest_s = url, list[tuple[int, int]](), 0.0
        self.done = threading.Event()
        self.failed: list[BaseException] = []

    def run(self) -> None:
        try:
            while not self.done.is_set():
                begin = time.monotonic()
                self.look()
                self.slowest_s = max(self.slowest_s, time.monotonic() - begin)
        except BaseException as error:  # noqa: BLE001 (told by the test)
            self.failed.append(error)

    def look(self) -> None:
        with open_warehouse(self.url, Access(read_only=True)) as reader:
            count = "SELECT COUNT(*), COUNT(DISTINCT source_file) FROM sales"
            ((rows, files),) = reader.rows(count)
        self.seen.append((rows, files))
        with open_reader(self.url) as figures:
            assert len(query(figures, ["orders"])) == 1


def more(number: int) -> dict[str, bytes]:
    first = 1000 + number * ROWS
    return {f"sales-{number}.csv": sales(*(f"{first + i},1,2,1,5,2025-03-04" for i in range(ROWS)))}


@every_house
def test_eight_runs_at_once_leave_what_one_leaves(
    store: Shop, nursery: subprocess.Popen[str]
) -> None:
    """The first round makes the star; by turns all wait, or half of them refuse."""
    ended = at_once(nursery, [120.0] * RUNS)
    assert sorted(ended) == ["first", *["nothing new"] * (RUNS - 1)]
    readers = Readers(store.url)
    readers.start()
    try:
        for number in range(2, ROUNDS + 2):
            store.put(more(number))
            impatient = RUNS // 2 * (number % 2)
            waits = [0.0] * impatient + [120.0] * (RUNS - impatient)
            ended = at_once(nursery, waits)
            assert ended.count("incremental") == 1, ended
            assert {*ended} <= {"incremental", "nothing new", "busy"}, ended
            assert "busy" not in ended[impatient:], ended
    finally:
        readers.done.set()
        readers.join()
    assert readers.failed == []
    assert readers.slowest_s < LONGEST_LOOK_S
    assert {*readers.seen} <= {(3 + ROWS * n, 1 + n) for n in range(ROUNDS + 1)}
    assert readers.seen == sorted(readers.seen)
    assert len({*readers.seen}) > 1
    print(f"{len(readers.seen)} looks, the slowest {readers.slowest_s:.3f} s")  # noqa: T201
    assert_one_run_makes_the_same(store)


def assert_one_run_makes_the_same(store: Shop) -> None:
    found = store.dump()
    books = "SELECT COUNT(*), SUM(rows_read), SUM(rows_loaded) FROM ledger"
    assert store.rows(books) == [(ROUNDS + 3, 7 + ROWS * ROUNDS, 7 + ROWS * ROUNDS)]
    assert store.rows("SELECT COUNT(*) FROM runs") == [(ROUNDS + 1,)]
    left = {path.name for path in store.folder.iterdir()}
    assert left <= {"raw", "warehouse.duckdb"}
    store.run(full_refresh=True)
    assert store.dump() == found
