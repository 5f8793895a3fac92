"""A run on Redshift that is killed (SIGKILL) at some moment.

The old state stays, or the new one is there as a whole; what the dead run left in the bucket the
next run removes; and that run is exact.
"""

from __future__ import annotations

import os
import signal
import time

from tests.nursery import Nursery, nursery
from tests.rawfiles import customers, sales
from tests.redshift.proxy import DropError, Proxy
from tests.redshift.store import Store
from tests.shop import Shop, assert_is_star

STATEMENTS = (
    *("CREATE TEMPORARY", "COPY", "DELETE", 'INSERT INTO "sales"', "INSERT INTO runs"),
    *("COMMIT", "arrived: COMMIT"),
)
"""A run dies when it sends such a statement; one that arrived is still carried out."""
REQUESTS = ("PUT", "POST")
"""Or when it asks the store to keep, or to remove, an object; which may be done all the same."""


def next_files(number: int) -> dict[str, bytes]:
    """A new sale, a newer version of an old one, one that waits, one whose customer has come."""
    new = f"{number * 10},1,2,1,5,2025-03-04"
    newer = f"1,1,1,{number + 2},2.50,2025-03-04,2025-04-{number + 1:02}"
    waits = f"{number * 10 + 1},{900 + number},1,1,1,2025-03-05"
    return {
        f"sales-{number}.csv": sales(new, newer, waits),
        f"customers-{number}.csv": customers(f"{899 + number},Late,l@a.example,Rome"),
    }


def kill_at(moment: str, runs: Nursery, proxy: Proxy, store: Store) -> None:
    """Let a run die at the moment, and wait until the server has seen it."""
    child = 0
    dead: list[str] = []

    def die() -> None:
        while not child:
            time.sleep(0.01)
        os.kill(child, signal.SIGKILL)
        dead.append(moment)

    def before(sql: str) -> None:
        if not dead and sql.startswith(moment):
            die()
            raise DropError

    def arrived(sql: str) -> None:
        if not dead and f"arrived: {sql}".startswith(moment):
            die()

    def refuse(method: str, path: str) -> None:
        if not dead and method == moment:
            die()

    proxy.before, proxy.arrived, store.refuse = before, arrived, refuse
    child = runs.start()
    assert runs.end() == signal.SIGKILL, moment
    proxy.before = proxy.arrived = lambda sql: None
    store.refuse = lambda method, path: None
    deadline = time.monotonic() + 60
    while proxy.is_used():
        assert time.monotonic() < deadline, moment
        time.sleep(0.01)


def test_whenever_a_run_is_killed(shop: Shop, proxy: Proxy, store: Store) -> None:
    shop.run()
    late = ("data_pipeline.warehouses.redshift", "redshift_connector", "boto3", "sqlglot")
    with nursery(shop.raw, shop.url, *late) as runs:
        for number, moment in enumerate((*STATEMENTS, *REQUESTS), 2):
            before = shop.dump()
            shop.put(next_files(number))
            kill_at(moment, runs, proxy, store)
            assert bool(store.keys()) == (moment == "COPY") or moment in REQUESTS, moment
            found = shop.dump()
            assert shop.run().kind == ("nothing new" if "arrived" in moment else "incremental")
            assert store.keys() == [], moment
            after = shop.dump()
            assert found == (after if "arrived" in moment else before), moment
            assert after != before
    assert_is_star(shop, shop.star())
