"""One small warehouse for all tests of metrics, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from data_pipeline.metrics import Reader, open_reader
from tests.metrics.store import Store, make_store, write_books, write_store

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def store() -> Store:
    return make_store()


@pytest.fixture(scope="session")
def url(store: Store, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_store(store, tmp_path_factory.mktemp("metrics") / "store.duckdb")


@pytest.fixture
def reader(url: str) -> Iterator[Reader]:
    with open_reader(url) as opened:
        yield opened


@pytest.fixture(scope="session")
def books_url(store: Store, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same store with the books of the run that loaded it."""
    path = tmp_path_factory.mktemp("books") / "store.duckdb"
    url = write_store(store, path)
    write_books(path)
    return url
