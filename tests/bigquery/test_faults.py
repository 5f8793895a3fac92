"""Whatever breaks on the way: the old state or the new one, and the next run is exact."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest
from google.auth.transport.requests import AuthorizedSession

from data_pipeline.errors import WarehouseError
from data_pipeline.warehouses import bqjobs, bqlock
from tests.bigquery.faults import SECRET, Faults
from tests.rawfiles import sales
from tests.shop import Shop, assert_is_star

MORE = {"sales-2.csv": sales("9,1,1,1,5,2025-03-04", "1,1,1,3,2.50,2025-03-04,2025-04-01")}
LEASE_S = 2.0


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bqjobs, "RETRY_S", 1)
    monkeypatch.setattr(bqlock, "LEASE_S", LEASE_S)


def plant(
    monkeypatch: pytest.MonkeyPatch, kind: str | int, at: int, *, lasts: bool = False
) -> Faults:
    faults = Faults(kind, at, lasts=lasts)

    def request(session: Any, *args: Any, **options: Any) -> Any:
        return faults.request(session, *args, **options)

    monkeypatch.setattr(AuthorizedSession, "request", request)
    return faults


def test_what_passes_is_tried_again_and_nothing_is_done_twice(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bqjobs, "RETRY_S", 60)
    with monkeypatch.context() as planted:
        faults = [
            plant(planted, kind, at)
            for kind, at in (("lost", 3), ("dropped", 30), ("lost", 60), (503, 90), ("lost", 120))
        ]
        store.run()
    assert all(fault.was_met for fault in faults)
    assert_is_star(store, store.star())


def test_what_lasts_ends_the_run_and_changes_nothing(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.run()
    before = store.dump()
    store.put(MORE)
    for kind, said in (("dead", "connection failed"), ("expired", "gcloud auth")):
        with monkeypatch.context() as planted:
            plant(planted, kind, 60)
            with pytest.raises(WarehouseError, match=said) as caught:
                store.run()
        assert SECRET not in str(caught.value)
        assert store.dump() == before
        time.sleep(LEASE_S)
    store.run()
    assert_is_star(store, store.star())


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_service_that_refuses_says_what_to_do(
    store: Shop, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    plant(monkeypatch, status, 1, lasts=True)
    with pytest.raises(WarehouseError, match=str(status)):
        store.run()


KILLED = """
import os, signal, sys
from pathlib import Path
from data_pipeline.config import Settings
from data_pipeline.pipeline import run
from data_pipeline.warehouses import bqlock
from data_pipeline.warehouses.bqjobs import Jobs
raw, url, moment = sys.argv[1:4]
bqlock.LEASE_S = float(sys.argv[4])
query = Jobs.query

def deadly(self, sql, *args, **options):
    dies = moment.removeprefix("after ") in sql
    if dies and not moment.startswith("after "):
        os.kill(os.getpid(), signal.SIGKILL)
    found = query(self, sql, *args, **options)
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return found

Jobs.query = deadly
run(Settings(raw=Path(raw), processed=None, max_quarantine=1.0, warehouse=url))
"""


def kill(store: Shop, moment: str) -> None:
    """A run in a process of its own that dies before or after it sends such a statement."""
    command = [sys.executable, "-c", KILLED, str(store.raw), store.url, moment, str(LEASE_S)]
    assert subprocess.run(command, check=False).returncode == -9, "it was not killed"
    time.sleep(LEASE_S)


def test_killed_runs_leave_nothing_that_is_seen(store: Shop) -> None:
    kill(store, "COMMIT TRANSACTION")
    assert store.is_empty()
    assert store.run().kind == "first"
    store.put(MORE)
    kill(store, "after COMMIT TRANSACTION")
    assert_is_star(store, store.star())
    assert store.run().kind == "nothing new"
