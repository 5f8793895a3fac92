"""Small stores, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_pipeline.simulator.parameters import PRESETS
from data_pipeline.simulator.store import simulate
from tests.oracle import Star
from tests.simulator.oracle_warehouse import perfect_star

DIRTY = PRESETS["default"].resized(sales=6_000, customers=900, days=120, seed=11, defects=0.35)
SMALL = PRESETS["default"].resized(sales=2_000, days=60, seed=7, defects=0.05)


@pytest.fixture(scope="session")
def dirty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of which a third is dirt, so that every kind is there. Read only."""
    out = tmp_path_factory.mktemp("dirty") / "raw"
    simulate(DIRTY, out)
    return out


@pytest.fixture(scope="session")
def dirty_star(dirty_store: Path) -> Star:
    """What the oracle makes of it."""
    return perfect_star(dirty_store)
