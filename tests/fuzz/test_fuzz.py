"""What the fuzzers once found stays found; and they see a fault that is planted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data_pipeline.sources import records
from data_pipeline.sources.splitting import Splitter
from tests.fuzz import seeds
from tests.fuzz.by_examples import run
from tests.fuzz.judging import Loading, check_reading, folder
from tests.fuzz.seeds import write_seeds
from tests.rawfiles import PRODUCTS

FOUND = sorted(seeds.FOUND.glob("*.csv"))


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with folder() as made:
        (made / "raw").mkdir()
        yield made


@pytest.mark.parametrize("block_bytes", [1 << 16, 16, 64, 300])
def test_what_was_found_is_mended(place: Path, block_bytes: int) -> None:
    assert FOUND
    for path in FOUND:
        check_reading(place / "raw", path.name, path.read_bytes(), block_bytes)


def test_what_was_found_is_loaded_or_refused(place: Path) -> None:
    loading = Loading(place)
    for path in FOUND:
        loading.check({path.name: path.read_bytes()})


def test_examples_for_some_seconds() -> None:
    assert run(4, first_seed=7) > 0


def test_a_reader_that_loses_a_line_is_caught(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = Splitter._with_lines

    def losing(self: Splitter, table, ragged, lines):
        return split(self, table, ragged, lines)[1:]

    monkeypatch.setattr(Splitter, "_with_lines", losing)
    data = (PRODUCTS + "7,Mug,Kitchen,1\n").encode()
    with pytest.raises(AssertionError):
        check_reading(place / "raw", "products-2.csv", data)


def test_a_quote_that_takes_its_neighbour_is_caught(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (PRODUCTS + '7,"Mug,Kitchen,1\n8,Pan,Kitchen,1\n9,Pot,Kit",1\n').encode()
    check_reading(place / "raw", "products-2.csv", data)
    monkeypatch.setattr(records, "_is_unclosed", lambda *_: False)
    with pytest.raises(AssertionError):
        check_reading(place / "raw", "products-2.csv", data)


def test_seeds_are_files_of_all_tables(tmp_path: Path) -> None:
    assert write_seeds(tmp_path) >= 100
    kinds = {path.read_bytes()[0] for path in tmp_path.iterdir()}
    assert kinds == {0, 1, 2}
