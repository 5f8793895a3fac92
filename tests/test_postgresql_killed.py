"""PostgreSQL, when the client or the server is killed in the middle of a run.

Whatever the moment: the old state stays, or the new one is there as a whole; and the next run makes
the star exactly what the raw files say.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from data_pipeline.engines.scratch import PREFIX
from data_pipeline.errors import WarehouseError
from tests.nursery import nursery
from tests.rawfiles import STORE, customers, sales
from tests.shop import HOUSES, Shop, assert_is_star
from tests.source_rules import ROOT

if TYPE_CHECKING:
    from tests.shop import House

KILLS = 20
ROWS = 400


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    house: House = HOUSES["postgresql"](tmp_path)
    shop = Shop(tmp_path, house).put(STORE)
    shop.run()
    yield shop
    house.drop()


def next_files(number: int) -> dict[str, bytes]:
    """New sales, a newer version of an old one, one that waits, one whose customer has come."""
    new = [f"{number * 1000 + i},{i % 2 + 1},2,1,5,2025-03-04" for i in range(ROWS)]
    newer = f"1,1,1,{number + 2},2.50,2025-03-04,2025-04-{number % 28 + 1:02}"
    waits = f"{number * 1000 + 999},{9000 + number},1,1,1,2025-03-05"
    come = f"{9000 + number - 1},Late,l@a.example,Rome"
    bad = f"{number},x,1,1,1,2025-03-05"
    return {
        f"sales-{number + 1}.csv": sales(*new, newer, waits, bad),
        f"customers-{number + 1}.csv": customers(come),
    }


def survive(shop: Shop, seed: int, kill: Callable[[float], bool]) -> None:
    """Let runs be killed at random moments until enough of them were; each time, look."""
    dice = random.Random(seed)
    began = time.perf_counter()
    shop.put(next_files(1)).run()
    longest = time.perf_counter() - began
    killed = 0
    for number in range(2, 6 * KILLS):
        before = shop.dump()
        shop.put(next_files(number))
        killed += kill(dice.uniform(0, longest))
        found = shop.dump()
        shop.run()
        after = shop.dump()
        assert found in (before, after)
        assert after != before
        if number % 5 == 0:
            assert_is_star(shop, shop.star())
        if killed == KILLS:
            break
    assert killed == KILLS
    assert_is_star(shop, shop.star())


def test_a_killed_client_leaves_the_old_state(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = shop.folder / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    late = ("data_pipeline.warehouses.postgresql", "asyncpg", "sqlglot")
    with nursery(shop.raw, shop.url, *late) as runs:

        def kill(after_s: float) -> bool:
            child = runs.start()
            time.sleep(after_s)
            os.kill(child, signal.SIGKILL)
            return runs.end() == signal.SIGKILL

        survive(shop, 1, kill)
    assert list(scratch.glob(f"{PREFIX}*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_cleanly(shop: Shop, number: signal.Signals) -> None:
    """One message, exit 130, no process, no session and no file left behind."""
    before = shop.dump()
    shop.put({"sales-2.csv": sales(*(f"{n},1,1,1,5,2025-03-04" for n in range(10, 40_000)))})
    name, scratch = f"signalled {os.getpid()}", shop.folder / "scratch"
    scratch.mkdir()
    url = f"{shop.url}&application_name={name.replace(' ', '%20')}"
    told = ["run", "--raw", str(shop.raw), "--warehouse", url, "--processed", "none"]
    process = subprocess.Popen(
        [sys.executable, "-m", "data_pipeline", *told],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(scratch)},
        start_new_session=True,
    )
    watch = shop.house.schema.session()  # type: ignore[attr-defined]
    there = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = $1"
    wait_until(lambda: watch.rows(there, [name]) == [(1,)])
    time.sleep(0.2)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.strip() == "interrupted; a run that was not done has changed nothing"
    wait_until(lambda: watch.rows(there, [name]) == [(0,)])
    watch.close()
    assert list(scratch.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert shop.dump() == before


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_terminated_connection_leaves_the_old_state(shop: Shop) -> None:
    name = f"doomed {os.getpid()}"
    url = f"{shop.url}&application_name={name.replace(' ', '%20')}"
    watch = shop.house.schema.session()  # type: ignore[attr-defined]
    ended: list[str] = []

    def run() -> None:
        try:
            shop.run(warehouse=url)
        except WarehouseError as error:
            ended.append(str(error))

    def kill(after_s: float) -> bool:
        ended.clear()
        runner = threading.Thread(target=run)
        runner.start()
        time.sleep(after_s)
        watch.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
            [name],
        )
        runner.join(60)
        assert not runner.is_alive()
        return bool(ended)

    try:
        survive(shop, 2, kill)
    finally:
        watch.close()
    assert any(said in ended[0] for said in ("terminating connection", "connection"))
