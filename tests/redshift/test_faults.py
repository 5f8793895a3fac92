"""Redshift and S3 when they fail in the middle of a run.

Whatever the moment: the old state stays, or the new one is there as a whole; nothing is left in
the bucket; no message shows a secret; and the next run is exact.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from data_pipeline.errors import WarehouseError
from tests.rawfiles import sales
from tests.redshift.proxy import DropError, Proxy, RefusedError
from tests.redshift.store import KEYS, Store
from tests.shop import Shop, assert_is_star

MORE = {"sales-2.csv": sales("9,1,1,1,5,2025-03-04", "1,1,1,3,2.50,2025-03-04,2025-04-01")}
SECRETS = ("keep%this:secret", "keep%25this", "this%3A", KEYS["AWS_SECRET_ACCESS_KEY"])


def at(sign: str, error: Exception) -> Callable[[str], None]:
    """Raise once, at the first statement that begins so."""
    done: list[str] = []

    def before(sql: str) -> None:
        if sql.startswith(sign) and not done:
            done.append(sql)
            raise error

    return before


def fails(shop: Shop, store: Store) -> str:
    """Run; the old state stays, the bucket is empty; gives the message."""
    before = shop.dump()
    with pytest.raises(WarehouseError) as caught:
        shop.put(MORE).run()
    assert shop.dump() == before
    said = str(caught.value)
    assert not [secret for secret in SECRETS if secret in said]
    return said


def recovers(shop: Shop, proxy: Proxy, store: Store) -> None:
    proxy.before = lambda sql: None
    store.refuse = lambda method, path: None
    shop.run()
    assert_is_star(shop, shop.star())
    assert store.keys() == []


@pytest.mark.parametrize(
    "sign", ["CREATE TEMPORARY", "COPY", "DELETE", "FETCH", 'INSERT INTO "sales"', "COMMIT"]
)
def test_a_connection_that_breaks(shop: Shop, proxy: Proxy, store: Store, sign: str) -> None:
    shop.run()
    proxy.before = at(sign, DropError())
    assert "the connection is lost" in fails(shop, store)
    assert store.keys() == []
    recovers(shop, proxy, store)


def test_a_server_that_is_gone_for_good(
    shop: Shop, proxy: Proxy, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run()

    def die(sql: str) -> None:
        if sql.startswith("INSERT INTO runs"):
            threading.Thread(target=proxy.kill).start()
            raise DropError

    proxy.before = die
    assert "the connection is lost" in fails(shop, store)
    assert store.keys() == []
    recovers(shop, proxy, store)


def test_what_another_changed_meanwhile(shop: Shop, proxy: Proxy, store: Store) -> None:
    shop.run()
    words = "1023 (Detail: Serializable isolation violation on table - 1, transactions: 2, 3)"
    proxy.before = at("COMMIT", RefusedError(words))
    said = fails(shop, store)
    assert "nothing of this run was kept: run again" in said
    assert "the connection is lost" not in said
    recovers(shop, proxy, store)


def test_a_copy_that_may_not_read(shop: Shop, proxy: Proxy, store: Store) -> None:
    shop.run()
    words = "S3ServiceException:Access Denied,Status 403,Error AccessDenied"
    proxy.before = at("COPY", RefusedError(words))
    assert "the role of COPY needs s3:GetObject" in fails(shop, store)
    assert store.keys() == []
    recovers(shop, proxy, store)
