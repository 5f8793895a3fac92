"""S3 when it fails in the middle of a run, and a Redshift that cannot be reached."""

from __future__ import annotations

import boto3
import pytest

from data_pipeline.errors import WarehouseError
from data_pipeline.warehouses import redshift_session, s3
from tests.rawfiles import sales
from tests.redshift.proxy import Proxy
from tests.redshift.store import Store
from tests.redshift.test_faults import MORE, fails, recovers
from tests.shop import Shop


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


def test_an_object_that_may_not_be_removed(
    shop: Shop, proxy: Proxy, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 answers 200 and names those that it kept."""
    shop.run()
    kept = {"Errors": [{"Key": "0.parquet", "Code": "AccessDenied", "Message": "no"}]}
    with monkeypatch.context() as planted:
        client = boto3.client("s3", endpoint_url=store.url)
        planted.setattr(s3, "_client", lambda *_: client)
        planted.setattr(client, "delete_objects", lambda **_: kept)
        assert "needs s3:PutObject, s3:DeleteObject" in fails(shop, store)
    recovers(shop, proxy, store)


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
