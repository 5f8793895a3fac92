"""Every variant that is no table: refused in seconds, by name, and the warehouse is as it was."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.catalogue import catalogue
from tests.hostile.process import Commands, Ended, commands
from tests.hostile.variant import Variant
from tests.oracle import RefusedError, read_file
from tests.rawfiles import STORE
from tests.shop import Shop

REFUSED = [v for variants in catalogue().values() for v in variants if v.refused]
SHARES = 12
"""The variants of a share are tried one after the other in one test."""


@pytest.fixture(scope="module")
def sales() -> Iterator[Commands]:
    with commands() as made:
        yield made


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A good store, loaded."""
    shop = Shop(tmp_path_factory.mktemp("loaded")).put(STORE)
    shop.run()
    return shop


def state(shop: Shop) -> dict[str, str]:
    """Every file beside the raw ones, by a hash of its bytes."""
    return {
        str(path.relative_to(shop.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(shop.folder.rglob("*"))
        if path.is_file() and path.parent != shop.raw
    }


def run(sales: Commands, shop: Shop, **more: str) -> Ended:
    told = ("--raw", str(shop.raw), "--warehouse", shop.url)
    return sales.run("run", *told, "--processed", "none", "--max-quarantine", "1", **more)


def assert_refused(ended: Ended, shop: Shop, name: str, before: dict[str, str]) -> None:
    ended.assert_modest()
    assert ended.code == 1, ended.said
    assert ended.said.startswith("error: "), ended.said
    assert name in ended.said, ended.said
    assert len(ended.said) < 2000, ended.said
    assert state(shop) == before, ended.said


@pytest.mark.parametrize("share", range(SHARES))
def test_refused_variants(sales: Commands, loaded: Shop, share: int) -> None:
    before = state(loaded)
    for variant in REFUSED[share::SHARES]:
        (name, data), *_ = variant.named.items()
        loaded.put({name: data})
        try:
            assert_refused(run(sales, loaded), loaded, name, before)
        finally:
            (loaded.raw / name).unlink()


@pytest.mark.parametrize("share", range(SHARES))
def test_the_oracle_refuses_them_too(share: int) -> None:
    for variant in REFUSED[share::SHARES]:
        (name, data), *_ = variant.named.items()
        with pytest.raises(RefusedError):
            read_file(name, data)


def test_a_refused_first_run_leaves_nothing_behind(sales: Commands, shop: Shop) -> None:
    chosen: dict[str, Variant] = {v.title.partition(" (")[0]: v for v in REFUSED}
    for variant in list(chosen.values())[::7]:
        (name, data), *_ = variant.named.items()
        shop.put(STORE | {name: data})
        assert_refused(run(sales, shop), shop, name, {})
        (shop.raw / name).unlink()
    assert [path.name for path in Path(shop.folder).iterdir()] == ["raw"]


def test_a_loaded_file_that_becomes_no_table(sales: Commands, loaded: Shop, tmp_path: Path) -> None:
    """What made the star is spoilt afterwards: refused, and the star stays."""
    shutil.copytree(loaded.folder, tmp_path / "copy")
    (tmp_path / "new").mkdir()
    shop = Shop(tmp_path / "new")
    shop.folder, shop.raw = tmp_path / "copy", tmp_path / "copy" / "raw"
    shop.house = type(loaded.house)(shop.folder / "warehouse.duckdb")  # type: ignore[call-arg]
    before = state(shop)
    for variant in REFUSED[::9]:
        ((table, data),) = variant.files.items()
        good = (shop.raw / f"{table}.csv").read_bytes()
        shop.put({f"{table}.csv": data})
        assert_refused(run(sales, shop), shop, f"{table}.csv", before)
        shop.put({f"{table}.csv": good})
