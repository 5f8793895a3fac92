"""A small shop, loaded by the real pipeline, and its dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dashboard.client import Dashboard, open_dashboard
from tests.dashboard.raw import HOSTILE_FILES, hostile_store, write_raw
from tests.metrics.store import make_store
from tests.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.metrics.store import Store


@pytest.fixture(scope="session")
def store() -> Store:
    return hostile_store(make_store())


@pytest.fixture(scope="session")
def shop(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The store in files, with a few bad records, loaded into DuckDB. Read-only for tests."""
    shop = Shop(tmp_path_factory.mktemp("dashboard")).put(write_raw(store) | HOSTILE_FILES)
    shop.run()
    return shop


@pytest.fixture(scope="session", params=[False, True], ids=["warehouse", "memory"])
def dashboard(request: pytest.FixtureRequest, shop: Shop) -> Iterator[Dashboard]:
    """Answers come from the warehouse alone, and then with the sales in memory."""
    with open_dashboard(shop.url, currency="€", recalls=request.param) as opened:
        yield opened
