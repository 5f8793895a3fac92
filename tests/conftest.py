"""Fixtures for every test, and how hard Hypothesis tries."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.rawfiles import STORE
from tests.shop import ALL_HOUSES, House, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

settings.register_profile("dev", max_examples=8, deadline=None)
settings.register_profile(
    "ci",
    max_examples=16,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "dev")


def pytest_configure() -> None:
    """Whoever was started in the background may have been told to ignore Ctrl-C, and would hand
    that on to the runs that the tests interrupt.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def small_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """In shops of a few rows each load is a large change; here, too, sums are changed by it."""
    from data_pipeline.aggregates import changes

    monkeypatch.setattr(changes, "LARGE", 0)


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Where the warehouse stands; `every_warehouse` gives one of each kind."""
    made = ALL_HOUSES[getattr(request, "param", "duckdb")](tmp_path)
    yield made
    made.drop()


@pytest.fixture
def shop(tmp_path: Path, house: House) -> Shop:
    """A shop without raw files, not run yet."""
    return Shop(tmp_path, house)


@pytest.fixture
def store(tmp_path: Path, house: House) -> Shop:
    """A shop with two customers, two products and three sales, not run yet."""
    return Shop(tmp_path, house).put(STORE)
