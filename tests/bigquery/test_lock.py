"""One run at a time on BigQuery, which has no lock of its own."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests
from google.auth.transport.requests import AuthorizedSession

from data_pipeline.errors import WarehouseError
from data_pipeline.warehouses import Access, bqlock, open_warehouse
from data_pipeline.warehouses.bqjobs import Jobs
from data_pipeline.warehouses.bqlock import RunLock
from data_pipeline.warehouses.bqurl import read_url
from tests.shop import Shop

READ = Access(read_only=True)


def test_two_runs_at_once(store: Shop) -> None:
    busy = pytest.raises(WarehouseError, match=r"in use by another run.*--wait")
    with open_warehouse(store.url), open_warehouse(store.url, READ), busy:
        store.run()
    assert store.run(wait_s=1).kind == "first"


def test_a_run_waits_as_long_as_it_is_told(store: Shop) -> None:
    other = open_warehouse(store.url)
    began = time.monotonic()
    threading.Timer(1.0, other.close).start()
    with open_warehouse(store.url, Access(wait_s=60)):
        assert time.monotonic() - began > 0.5


def test_a_run_whose_lock_was_taken_over_does_not_commit(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.run()
    before = store.dump()
    monkeypatch.setattr(bqlock, "LEASE_S", 1000.0)  # this one never renews by itself
    sleeper = open_warehouse(store.url)
    sleeper.begin()
    sleeper.rows("DELETE FROM sales")
    time.sleep(1.5)
    monkeypatch.setattr(bqlock, "LEASE_S", 1.0)
    lost = pytest.raises(WarehouseError, match="at the commit")
    with open_warehouse(store.url), lost:
        sleeper.commit()
    sleeper.close()
    assert store.dump() == before


def test_a_lock_is_ours_although_the_answer_was_lost(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = AuthorizedSession.request
    lost: list[str] = []

    def request(session: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
        answer = send(session, method, url, *args, **options)
        if method == "POST" and url.partition("?")[0].endswith("/tables") and not lost:
            lost.append(url)
            raise requests.ConnectionError
        return answer

    monkeypatch.setattr(AuthorizedSession, "request", request)
    with open_warehouse(store.url):
        assert lost


def test_of_two_that_take_over_a_dead_runs_lock_one_has_it(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bqlock, "LEASE_S", 1000.0)  # nobody renews by itself
    dead = open_warehouse(store.url)
    address = read_url(store.url, store.url)
    two = [RunLock(Jobs(address), store.url) for _ in range(2)]
    assert [lock._make() for lock in two] == [False, False]  # both have seen the dead run's
    monkeypatch.setattr(bqlock, "LEASE_S", 0.0)
    assert [lock._take_over() for lock in two] == [True, False]
    for lock in two:
        lock._jobs.close()
    dead.close()
