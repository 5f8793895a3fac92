"""Golden pairs: every rule of the contract as (nasty value, verdict), judged twice.

The tables in tests/golden are the truth. The oracle, plain Python written from the design alone,
must agree with them, and so must the pipeline, which gets all of them as raw files in one run.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from data_pipeline.contract import (
    LOAD_REASONS,
    STRUCTURE_REASONS,
    TABLES,
    Default,
    Email,
    Instant,
    Money,
    Null,
    Whole,
    row_reasons,
)
from tests.golden import Pair, read_pairs
from tests.golden.files import golden_files
from tests.golden.structure import Case, read_cases
from tests.oracle import RawFile, RefusedError, Star, build_star

NOW = datetime.now(UTC).replace(tzinfo=None)
PAIRS = read_pairs()
CASES = read_cases()
SOUND = [case for case in CASES if not case.refused]
DIMENSIONS = {
    "customers.csv": b"customer_id,name,email,location\n",
    "sales.csv": b"transaction_id,customer_id,product_id,quantity,price,timestamp\n",
}


def star_of(files: dict[str, bytes]) -> Star:
    return build_star([RawFile(name, data, NOW) for name, data in files.items()])


@pytest.fixture(scope="module")
def golden() -> tuple[Star, dict[str, int]]:
    made = golden_files(PAIRS)
    return star_of(made.files), made.places


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.where} {pair.column} {pair.raw!a}")
def test_oracle_judges_as_the_table_says(pair: Pair, golden: tuple[Star, dict[str, int]]) -> None:
    star, places = golden
    expect(pair, star, places[pair.where])


def expect(pair: Pair, star: Star, line: int) -> None:
    """The record of `pair` is loaded with its value and repairs, or quarantined for its reason."""
    at = (pair.table, line)
    reasons = [q.reason for q in star.quarantined if (q.table, q.line) == at]
    assert reasons == ([pair.reason] if pair.reason else [])
    rows = [row for row in star.loaded[pair.table] if row.line == line]
    if pair.reason:
        assert rows == []
        return
    assert len(rows) == 1
    assert (rows[0].repairs or "").split() == list(pair.repairs)
    assert rows[0][pair.column] == pair.value
    assert type(rows[0][pair.column]) is type(pair.value)


@pytest.mark.parametrize("case", SOUND, ids=lambda case: case.title)
def test_oracle_splits_as_the_golden_files_say(case: Case) -> None:
    star = star_of({case.name: case.data})
    assert {row.line: row["name"] for row in star.loaded["products"]} == case.good
    assert {q.line: q.reason for q in star.quarantined} == case.bad


@pytest.mark.parametrize("case", [c for c in CASES if c.refused], ids=lambda case: case.title)
def test_oracle_refuses_as_the_golden_files_say(case: Case) -> None:
    with pytest.raises(RefusedError):
        star_of({case.name: case.data})


def test_there_are_enough_pairs_and_none_twice() -> None:
    assert len(PAIRS) >= 150
    assert len({(pair.table, pair.column, pair.raw) for pair in PAIRS}) == len(PAIRS)
    good_keys = [p.value for p in PAIRS if p.column == TABLES[p.table].key.name and not p.reason]
    assert len(set(good_keys)) == len(good_keys)


def test_every_reason_has_a_golden_pair() -> None:
    of_values = {(pair.table, pair.reason) for pair in PAIRS if pair.reason}
    assert of_values == {(t.name, reason) for t in TABLES.values() for reason in row_reasons(t)}
    assert set(STRUCTURE_REASONS) <= {reason for case in CASES for reason in case.bad.values()}


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
