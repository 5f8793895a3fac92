"""A shop behind the proxy, and the proxy and the store that it uses, without faults afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rawfiles import STORE
from tests.redshift import house as houses
from tests.redshift.proxy import Proxy
from tests.redshift.store import BUCKET, Store
from tests.shop import HOUSES, House, Shop


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = HOUSES["redshift"](tmp_path)
    yield made
    made.drop()


@pytest.fixture
def shop(tmp_path: Path, house: House) -> Shop:
    return Shop(tmp_path, house).put(STORE)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """The proxy; whatever a test lets it do wrong is over with the test."""
    found = houses.proxy()
    yield found
    found.before = found.arrived = lambda sql: None
    found.has_default_role, found.tls = True, None
    found.roles.clear()


@pytest.fixture
def store() -> Iterator[Store]:
    """The store; likewise."""
    found = houses.store()
    yield found
    found.refuse = lambda method, path: None
    for key in found.keys():  # noqa: SIM118 (no dict)
        found.client.delete_object(Bucket=BUCKET, Key=key)
