"""What every warehouse has to hold: the content and answers of a DuckDB file, to the last digit.

The steps and the comparisons are those that all warehouses share (tests/test_same_content.py); a
run on the emulator takes seconds, so of the steps these are the ones that move most.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from data_pipeline.metrics import open_reader
from data_pipeline.simulator.store import simulate
from tests.shop import House, Shop
from tests.test_same_content import DIRTY, STEPS, assert_same, frames

LATE = STEPS["late, corrected, orphaned, rebuilt"]
FAR = STEPS["far values"][1:]


@pytest.fixture
def twins(tmp_path: Path, house: House) -> tuple[Shop, Shop]:
    """Two shops with the same raw files: one in DuckDB, one in BigQuery."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = Shop(tmp_path / "one"), Shop(tmp_path / "two", house)
    two.raw.rmdir()
    two.raw = one.raw
    return one, two


def test_the_content_is_the_same(twins: tuple[Shop, Shop], tmp_path: Path) -> None:
    for number, step in enumerate([*LATE[:6], *FAR]):
        step(twins[0].raw)
        folders = [tmp_path / f"{shop.folder.name}-{number}" for shop in twins]
        results = [s.run(processed=f, safe_csv=True) for s, f in zip(twins, folders, strict=True)]
        assert results[0].tallies == results[1].tallies
        assert results[0].kind == results[1].kind
        for path in results[0].processed:
            assert path.read_bytes() == (folders[1] / path.name).read_bytes()
    assert_same(*twins)


def test_a_dirty_store_and_its_answers_are_the_same(twins: tuple[Shop, Shop]) -> None:
    simulate(DIRTY, twins[0].raw)
    for shop in twins:
        shop.run()
    assert_same(*twins)
    with open_reader(twins[0].url) as one, open_reader(twins[1].url) as two:
        for timezone in ("UTC", "Europe/Berlin"):
            here, there = frames(one, timezone), frames(two, timezone)
            for name, frame in here.items():
                assert repr(there[name]) == repr(frame), name
