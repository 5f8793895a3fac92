"""Golden pairs: every rule of the contract as (nasty value, verdict), judged twice.

The tables in tests/golden are the truth. The oracle, plain Python written from the design alone,
must agree with them, and so must the pipeline, which gets all of them as raw files in one run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from data_pipeline.contract import LOAD_REASONS, STRUCTURE_REASONS, TABLES, row_reasons
from data_pipeline.kinds import Default, Email, Instant, Money, Null, Whole
from tests.golden import Pair, read_pairs
from tests.golden.files import golden_files
from tests.golden.structure import read_cases
from tests.oracle import RawFile, Star, build_star
from tests.oracle.star import ORDER
from tests.shop import Shop

NOW = datetime.now(UTC).replace(tzinfo=None)
PAIRS = read_pairs()


def star_of(files: dict[str, bytes]) -> Star:
    return build_star([RawFile(name, data, NOW) for name, data in files.items()])


@dataclass(frozen=True)
class Judged:
    """What became of all records, by table and line."""

    loaded: dict[tuple[str, int], dict[str, Any]]
    reasons: dict[tuple[str, int], str]
    places: dict[str, int]


@pytest.fixture(scope="module")
def by_oracle() -> Judged:
    made = golden_files(PAIRS)
    star = star_of(made.files)
    loaded = {
        (table, row.line): dict(zip(ORDER[table], row.values, strict=True))
        | {"repairs": row.repairs}
        for table, rows in star.loaded.items()
        for row in rows
    }
    reasons = {(q.table, q.line): q.reason for q in star.quarantined}
    return Judged(loaded, reasons, made.places)


@pytest.fixture(scope="module")
def by_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    made = golden_files(PAIRS)
    shop = Shop(tmp_path_factory.mktemp("golden")).put(made.files)
    shop.run()
    loaded = {
        (table, row["source_line"]): row
        for table in TABLES
        for row in shop.records(f"SELECT * FROM {table} WHERE source_file <> ''")
    }
    found = shop.rows("SELECT source_table, source_line, reason FROM quarantine")
    return Judged(loaded, {(table, line): reason for table, line, reason in found}, made.places)


def pair_id(pair: Pair) -> str:
    return f"{pair.where} {pair.column} {pair.raw!a}"


@pytest.mark.parametrize("pair", PAIRS, ids=pair_id)
def test_oracle_judges_as_the_table_says(pair: Pair, by_oracle: Judged) -> None:
    expect(pair, by_oracle)


@pytest.mark.parametrize("pair", PAIRS, ids=pair_id)
def test_pipeline_judges_as_the_table_says(pair: Pair, by_pipeline: Judged) -> None:
    expect(pair, by_pipeline)


def expect(pair: Pair, judged: Judged) -> None:
    """The record of `pair` is loaded with its value and repairs, or quarantined for its reason."""
    place = (pair.table, judged.places[pair.where])
    assert judged.reasons.get(place) == pair.reason
    row = judged.loaded.get(place)
    if pair.reason:
        assert row is None
        return
    assert row is not None
    assert (row["repairs"] or "").split() == list(pair.repairs)
    assert row[pair.column] == pair.value
    assert type(row[pair.column]) is type(pair.value)


def test_there_are_enough_pairs_and_none_twice() -> None:
    assert len(PAIRS) >= 150
    assert len({(pair.table, pair.column, pair.raw) for pair in PAIRS}) == len(PAIRS)
    good_keys = [p.value for p in PAIRS if p.column == TABLES[p.table].key.name and not p.reason]
    assert len(set(good_keys)) == len(good_keys)


def test_every_reason_has_a_golden_pair() -> None:
    of_values = {(pair.table, pair.reason) for pair in PAIRS if pair.reason}
    assert of_values == {(t.name, reason) for t in TABLES.values() for reason in row_reasons(t)}
    assert set(STRUCTURE_REASONS) <= {
        reason for case in read_cases() for reason in case.bad.values()
    }


def test_every_repair_has_a_golden_pair() -> None:
    seen = {(pair.table, repair) for pair in PAIRS for repair in pair.repairs}
    assert seen == set(possible_repairs())


def possible_repairs() -> list[tuple[str, str]]:
    """What the contract can repair, worked out from its declarations."""
    found = []
    for table in TABLES.values():
        for column in table.raw_columns:
            kinds = ["trimmed"]
            if isinstance(column.type, Whole | Money):
                kinds += ["currency", "thousands"]
            if isinstance(column.type, Email):
                kinds.append("lowercased")
            if isinstance(column.missing, Default) and column.missing.counted:
                kinds.append("default")
            if isinstance(column.type, Whole | Money | Email | Instant) and isinstance(
                column.invalid, Null
            ):
                kinds.append("invalid")
            found += [(table.name, f"{kind}_{column.name}") for kind in kinds]
    return found


def test_load_reasons_are_the_three_that_test_load_covers() -> None:
    assert set(LOAD_REASONS) == {"superseded", "orphan_customer", "orphan_product"}
