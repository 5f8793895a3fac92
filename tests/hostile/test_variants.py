"""Every sound variant of the catalogue: nothing lost, nothing invented, every value exactly right.

All that may lie together lies together: the variants of a group are one shop, with keys of their
own, and go through one `sales run` in a process of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from tests.hostile.catalogue import catalogue
from tests.hostile.process import Commands, commands
from tests.hostile.variant import GOOD, Variant
from tests.oracle import Star, read_file
from tests.rawfiles import STORE
from tests.shop import Shop, assert_is_star

EVERY = [variant for variants in catalogue().values() for variant in variants]
TOGETHER = 80
"""So many variants lie in one shop at most."""


def batches() -> dict[str, list[Variant]]:
    """The sound variants of a group and time zone, in parts."""
    found: dict[str, list[Variant]] = defaultdict(list)
    for group, variants in catalogue().items():
        counts: Counter[str] = Counter()
        for variant in variants:
            if not variant.refused:
                part = counts[variant.zone] // TOGETHER
                found[f"{group} {variant.zone} {part}"].append(variant)
                counts[variant.zone] += 1
    return found


BATCHES = batches()


@pytest.fixture(scope="module")
def sales() -> Iterator[Commands]:
    with commands() as made:
        yield made


@pytest.mark.parametrize("batch", BATCHES)
def test_sound_variants(sales: Commands, shop: Shop, batch: str) -> None:
    variants = BATCHES[batch]
    zone = variants[0].zone
    shop.put(STORE)
    for variant in variants:
        shop.put(variant.named)
    ended = sales.run(
        *("run", "--raw", str(shop.raw), "--warehouse", shop.url, "--processed", "none"),
        *("--source-timezone", zone, "--max-quarantine", "1"),
    )
    ended.assert_modest()
    assert ended.code == 0, ended.said
    star = shop.star(ZoneInfo(zone))
    assert [v.title for v in variants for t in v.files if outcome(star, v, t) != v.outcome[t]] == []
    assert_is_star(shop, star)
    assert_books_by_hand(shop, variants)


def outcome(star: Star, variant: Variant, table: str) -> tuple[str, ...]:
    """What the oracle says of each record of a file, in the words of the catalogue."""
    name = variant.name_of(table)
    said = {row.line: GOOD for row in star.loaded[table] if row.file == name}
    said |= {q.line: q.reason for q in star.quarantined if q.file == name}
    records = read_file(name, variant.files[table])
    return tuple(said.get(record.line, "duplicate") for record in records)


def assert_books_by_hand(shop: Shop, variants: list[Variant]) -> None:
    """Read, loaded, duplicate and quarantined of each file are what the catalogue says."""
    found = {
        name: (read, loaded, duplicate, quarantined)
        for name, read, loaded, duplicate, quarantined in shop.rows(
            "SELECT source_file, rows_read, rows_loaded, rows_duplicate, rows_quarantined"
            " FROM ledger"
        )
    }
    for variant in variants:
        for table, outcomes in variant.outcome.items():
            assert outcomes is not None
            kinds = Counter(o if o in (GOOD, "duplicate") else "bad" for o in outcomes)
            expected = (len(outcomes), kinds[GOOD], kinds["duplicate"], kinds["bad"])
            assert found.get(variant.name_of(table), (0, 0, 0, 0)) == expected, variant.title


def test_there_are_enough_variants_and_none_twice() -> None:
    contents = Counter(content(variant) for variant in EVERY)
    assert [v.title for v in EVERY if contents[content(v)] > 1] == []
    assert len(contents) >= 1000
    assert sum(v.refused for v in EVERY) >= 100


def content(variant: Variant) -> str:
    """The files of a variant without the keys that only keep it apart from others."""
    found = hashlib.sha256(variant.zone.encode())
    number = str(variant.keys // 1000).encode()
    for table, data in sorted(variant.files.items()):
        found.update(table.encode() + variant.ending.encode())
        found.update(re.sub(number + rb"(\d{3})", rb"k\1", data))
    return found.hexdigest()
