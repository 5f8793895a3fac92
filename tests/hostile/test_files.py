"""What is no file of sales is refused in seconds, by name; hostile names are only names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.catalogue.files import SPECIALS
from tests.hostile.process import Commands, commands
from tests.hostile.test_refused import run, state
from tests.rawfiles import STORE, sales
from tests.shop import Shop, assert_is_star


@pytest.fixture(scope="module")
def forked() -> Iterator[Commands]:
    with commands() as made:
        yield made


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A good store, loaded."""
    shop = Shop(tmp_path_factory.mktemp("loaded")).put(STORE)
    shop.run()
    return shop


@pytest.mark.parametrize("title", SPECIALS)
def test_what_is_no_file_is_refused(forked: Commands, template: Shop, title: str) -> None:
    special = SPECIALS[title]
    there = {path.name for path in template.raw.iterdir()}
    before = state(template)
    path = template.raw / special.name
    try:
        special.make(path)
        ended = run(forked, template, meanwhile=special.meanwhile, place=str(path))
    finally:
        for other in template.raw.iterdir():
            if other.name not in there:
                other.rmdir() if other.is_dir() and not other.is_symlink() else other.unlink()
    ended.assert_modest()
    assert ended.code == 1, ended.said
    assert special.name.encode("utf-8", "backslashreplace").decode() in ended.said
    assert special.says in ended.said
    assert len(ended.said) < 2000
    assert state(template) == before


NAMES = (
    "sales-'; DROP TABLE sales; --.csv",
    'sales-"quoted".csv',
    "sales-$(touch hostile.fail).csv",
    "sales-`touch hostile.fail`.csv",
    "sales-{0}{table}%s%n.csv",
    "sales-<script>alert(1)<_script>.csv",
    "sales-\u202etxt.csv",
    "sales-\x1b[31mred.csv",
    "sales-a\nERROR the books.csv",
    "sales-a\rb.csv",
    "sales-e\u0301.csv",
    "sales-é.csv",
    "sales--rf.csv",
    "sales-*.csv",
    "sales-[a].csv",
    "sales-?.csv",
    "sales-~.csv",
    "sales-\\.csv",
    "sales-=1+1.csv",
    "sales-😀.csv",
    "sales- .csv",
    "sales",
    "SALES.CSV.GZ",
    "sales-" + "0" * 60 + "7.csv",
    "sales-" + "9" * 240 + ".csv",
    "sales.parquet.csv",
)


def test_hostile_names_are_only_names(forked: Commands, shop: Shop) -> None:
    shop.put(STORE)
    for number, name in enumerate(NAMES, 10):
        shop.put(
            {name: sales(f"{number},1,1,1,5,2025-03-04", f"{number + 100},1,1,x,5,2025-03-04")}
        )
    ended = run(forked, shop)
    ended.assert_modest()
    assert ended.code == 0, ended.said
    assert_is_star(shop, shop.star())
    assert not list(Path.cwd().glob("hostile.fail"))
    assert {path.name for path in shop.folder.iterdir()} == {"raw", "warehouse.duckdb"}


@pytest.mark.parametrize("name", [n for n in NAMES if not n.isprintable()])
def test_a_refusal_forges_no_line_and_no_colour(forked: Commands, store: Shop, name: str) -> None:
    """What a message says of a name is one line, without signs that a terminal obeys."""
    ended = run(forked, store.put({name: b"no header\n"}))
    assert ended.code == 1
    assert ended.said.endswith("\n")
    assert ended.said.removesuffix("\n").isprintable(), ended.said


def test_a_header_forges_no_line_either(forked: Commands, store: Shop) -> None:
    forged = b'"x\nERROR: the books","\x1b[31mred","' + b"y" * 5000 + b'"'
    store.put({"sales-2.csv": sales("9,1,1,1,5,2025-03-04").replace(b"\n", b"," + forged + b"\n")})
    ended = run(forked, store)
    assert ended.code == 0
    assert "\nERROR" not in ended.said
    assert "\x1b" not in ended.said
    assert "y" * 100 not in ended.said
    store.put({"sales-3.csv": forged + b"\n"})
    ended = run(forked, store)
    assert ended.code == 1
    assert ended.said.removesuffix("\n").isprintable(), ended.said
