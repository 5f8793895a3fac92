"""A shop's database for each kind of server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.databases.servers import NEEDED, ShopDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=sorted(NEEDED))
def database(request: pytest.FixtureRequest) -> Iterator[ShopDatabase]:
    """An empty database, once on each kind of server."""
    made = ShopDatabase(request.param)
    yield made
    made.drop()


@pytest.fixture
def postgres() -> Iterator[ShopDatabase]:
    made = ShopDatabase("postgresql")
    yield made
    made.drop()


@pytest.fixture
def mysql() -> Iterator[ShopDatabase]:
    made = ShopDatabase("mysql")
    yield made
    made.drop()
