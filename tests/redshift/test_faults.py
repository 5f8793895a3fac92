"""Redshift and S3 when they fail in the middle of a run.

Whatever the moment: the old state stays, or the new one is there as a whole; nothing is left in
the bucket; no message shows a secret; and the next run is exact.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from data_pipeline.errors import WarehouseError
from data_pipeline.warehouses import redshift_session
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


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "AccessDenied", "needs s3:PutObject"),
        (400, "ExpiredToken", "the login has expired"),
        (403, "InvalidAccessKeyId", "log in to AWS"),
        (404, "NoSuchBucket", "make the bucket"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_store_that_refuses(
    shop: Shop, proxy: Proxy, store: Store, status: int, code: str, said: str, method: str
) -> None:
    """PUT writes, POST removes."""
    shop.run()
    store.refuse = lambda asked, path: (status, code) if asked == method else None
    assert said in fails(shop, store)
    if method == "PUT":
        assert store.keys() == []
    recovers(shop, proxy, store)


def test_a_store_that_is_busy_is_asked_again(shop: Shop, proxy: Proxy, store: Store) -> None:
    refused: list[str] = []

    def busy(method: str, path: str) -> tuple[int, str] | None:
        if method == "PUT" and len(refused) < 2:
            refused.append(path)
            return 503, "SlowDown"
        return None

    store.refuse = busy
    shop.run()
    assert len(refused) == 2
    recovers(shop, proxy, store)


def test_objects_of_a_killed_run_are_removed_by_the_next(
    shop: Shop, proxy: Proxy, store: Store
) -> None:
    shop.run()
    keys: list[str] = []
    proxy.before = lambda sql: keys.extend(store.keys()) if sql.startswith("COPY") else None
    shop.put(MORE).run()
    left = f"{keys[0].rsplit('/', 2)[0]}/of-a-dead-run/0.parquet"
    store.client.put_object(Bucket="sales-staging-of-tests", Key=left, Body=b"x")
    foreign = "of-somebody-else/0.parquet"
    store.client.put_object(Bucket="sales-staging-of-tests", Key=foreign, Body=b"x")
    proxy.before = lambda sql: None
    shop.put({"sales-3.csv": sales("12,1,1,1,5,2025-03-04")}).run()
    assert store.keys() == [foreign]


def test_a_server_that_wakes_up_is_asked_again(
    shop: Shop, proxy: Proxy, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = redshift_session.load_driver()
    connect, tried = driver.connect, []

    def asleep(**told: object) -> object:
        tried.append(told)
        if len(tried) < 3:
            raise driver.OperationalError("connection time out")
        return connect(**told)

    monkeypatch.setattr(driver, "connect", asleep)
    monkeypatch.setattr(redshift_session, "PAUSES_S", (0.0, 0.0))
    shop.run()
    assert len(tried) == 3
    recovers(shop, proxy, store)


def test_a_server_that_is_not_there(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redshift_session, "PAUSES_S", (0.0,))
    with pytest.raises(WarehouseError, match=r"cannot connect .*security group"):
        shop.run(warehouse="redshift://shop:secret@127.0.0.1:1/db?bucket=b&sslmode=disable")
