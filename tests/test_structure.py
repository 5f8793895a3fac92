"""Golden files: bytes in, records out, by the oracle and by the pipeline."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_pipeline.errors import PipelineError
from data_pipeline.sources import files, text
from tests.golden.structure import Case, read_cases
from tests.oracle import RawFile, RefusedError, Star, build_star
from tests.rawfiles import PRODUCTS, STORE
from tests.shop import Shop, assert_is_star

CASES = read_cases()
SOUND = [case for case in CASES if not case.refused]
REFUSED = [case for case in CASES if case.refused]
REST = {name: data for name, data in STORE.items() if name != "products.csv"}
NOW = datetime.now(UTC).replace(tzinfo=None)


def star_of(case: Case) -> Star:
    return build_star([RawFile(case.name, case.data, NOW)])


def title(case: Case) -> str:
    return case.title


@pytest.fixture(scope="module")
def sound_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """All sound files in one run: their product_ids differ."""
    shop = Shop(tmp_path_factory.mktemp("structure")).put(REST)
    shop.put({case.name: case.data for case in SOUND}).run()
    return shop


@pytest.mark.parametrize("case", SOUND, ids=title)
def test_oracle_splits_as_the_golden_files_say(case: Case) -> None:
    star = star_of(case)
    assert {row.line: row["name"] for row in star.loaded["products"]} == case.good
    assert {q.line: q.reason for q in star.quarantined} == case.bad


@pytest.mark.parametrize("case", SOUND, ids=title)
def test_pipeline_splits_as_the_golden_files_say(case: Case, sound_shop: Shop) -> None:
    here = f"WHERE source_file = '{case.name}'"
    good = sound_shop.rows(f"SELECT source_line, name FROM products {here}")
    bad = sound_shop.rows(f"SELECT source_line, reason FROM quarantine {here}")
    assert dict(good) == case.good
    assert dict(bad) == case.bad
    assert len(good) + len(bad) == len(case.good) + len(case.bad)


def test_pipeline_and_oracle_agree_on_all_of_them(sound_shop: Shop) -> None:
    assert_is_star(sound_shop, sound_shop.star())


@pytest.mark.parametrize("case", REFUSED, ids=title)
def test_oracle_refuses_as_the_golden_files_say(case: Case) -> None:
    with pytest.raises(RefusedError):
        star_of(case)


@pytest.mark.parametrize("case", REFUSED, ids=title)
def test_pipeline_refuses_and_leaves_the_warehouse_as_it_was(case: Case, store: Shop) -> None:
    store.run()
    before = store.dump()
    with pytest.raises(PipelineError) as refusal:
        store.put({case.name: case.data}).run()
    assert case.name in str(refusal.value)
    assert store.dump() == before


@pytest.mark.parametrize("block_bytes", [8, 40, 200])
def test_nothing_depends_on_where_a_block_of_bytes_ends(
    block_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", block_bytes)
    cases = [case for case in SOUND if "newline in it" not in case.title]
    shop = Shop(tmp_path).put(REST | {case.name: case.data for case in cases})
    shop.run()
    assert_is_star(shop, shop.star())


def test_a_quote_left_open_is_given_up_after_a_while(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quote in the first record must not make the reader hold the whole file."""
    monkeypatch.setattr(files, "BLOCK_BYTES", 64)
    monkeypatch.setattr(text, "MAX_RECORD_BYTES", 256)
    lines = [f"{n},Mug,Kitchen,1\n" for n in range(11, 200)]
    store.put({"products-2.csv": (PRODUCTS + '10,"Mug,Kitchen,1\n' + "".join(lines)).encode()})
    store.run()
    assert_is_star(store, store.star())


def test_a_line_without_end_is_refused(store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", 64)
    monkeypatch.setattr(text, "MAX_RECORD_BYTES", 256)
    store.put({"products-2.csv": (PRODUCTS + "7,Mug,Kitchen,1\n8," + "x" * 2000).encode()})
    with pytest.raises(PipelineError, match=r"products-2\.csv, line 3: longer than"):
        store.run()


def test_a_header_without_end_is_refused(store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BLOCK_BYTES", 64)
    monkeypatch.setattr(text, "MAX_RECORD_BYTES", 256)
    with pytest.raises(PipelineError, match=r"products-2\.csv"):
        store.put({"products-2.csv": b"x" * 2000}).run()
