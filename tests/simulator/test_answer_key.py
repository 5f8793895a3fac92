"""The answer key against the oracle, which was written from the design alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from data_pipeline.contract import CUSTOMERS, LOAD_REASONS, PRODUCTS, SALES, STRUCTURE_REASONS
from data_pipeline.contract import row_reasons as reasons_of
from data_pipeline.grade import Grade, grade
from data_pipeline.simulator.answer_key import KEY_FILE
from data_pipeline.simulator.continuation import continue_store
from data_pipeline.simulator.dirt import KINDS
from data_pipeline.simulator.store import simulate
from tests.oracle import Star
from tests.simulator.conftest import DIRTY
from tests.simulator.oracle_warehouse import fill, perfect_star


def lost(marks: Grade) -> list[str]:
    return [f"{k.source_table}.{k.kind}" for k in marks.kinds if k.right < k.planted or k.wrongly]


def test_a_perfect_pipeline_gets_every_mark(
    dirty_store: Path, dirty_star: Star, tmp_path: Path
) -> None:
    marks = grade(dirty_store, fill(tmp_path / "w.duckdb", dirty_star))
    assert lost(marks) == []
    assert marks.wrong_days == ()
    assert marks.amount_found == marks.amount_expected
    assert marks.perfect, marks.examples


def test_and_still_has_them_when_time_goes_on(dirty_store: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(dirty_store, raw)
    for days in (1, 6):
        continue_store(raw, days)
        marks = grade(raw, fill(tmp_path / "w.duckdb", perfect_star(raw)))
        assert marks.perfect, marks.examples


def test_every_kind_is_planted(dirty_store: Path) -> None:
    key = pq.read_table(dirty_store / KEY_FILE)
    planted = set(zip(key["source_table"].to_pylist(), key["kind"].to_pylist(), strict=True))
    missing = {(t, k.name) for t in ("customers", "sales") for k in KINDS[t]} - planted
    assert missing == set()
    assert len({kind for _, kind in planted}) >= 20
    assert {table for table, _ in planted} == {"customers", "products", "sales"}


def test_the_key_speaks_the_contract(dirty_store: Path) -> None:
    key = pq.read_table(dirty_store / KEY_FILE).to_pylist()
    known = {*STRUCTURE_REASONS, *LOAD_REASONS}
    for table in (CUSTOMERS, PRODUCTS, SALES):
        known |= set(reasons_of(table))
    reasons = {r["reason"] for r in key if r["verdict"] in ("quarantined", "superseded")}
    assert reasons <= known
    assert len(reasons) >= 20


def test_a_record_has_one_answer(dirty_store: Path) -> None:
    key = pq.read_table(dirty_store / KEY_FILE).to_pylist()
    places = [(r["source_file"], r["source_line"]) for r in key]
    assert len(places) == len(set(places))


def test_parquet_has_no_broken_lines(tmp_path: Path) -> None:
    simulate(DIRTY, tmp_path, file_format="parquet")
    kinds = set(pq.read_table(tmp_path / KEY_FILE)["kind"].to_pylist())
    assert not kinds & {k.name for k in KINDS["sales"] if k.structural}
    assert "currency_sign" in kinds


def drop_quarantined(star: Star, reason: str) -> None:
    star.quarantined = [q for q in star.quarantined if q.reason != reason]


def round_a_price(star: Star) -> None:
    row = star.loaded["sales"][0]
    amount = row["total_sales"]
    assert isinstance(amount, Decimal)
    at = [c.name for c in SALES.columns].index("total_sales")
    values = (*row.values[:at], amount + Decimal("0.0001"), *row.values[at + 1 :])
    star.loaded["sales"][0] = replace(row, values=values)


def forget_repairs(star: Star, repair: str) -> None:
    for table, rows in star.loaded.items():
        star.loaded[table] = [
            replace(r, repairs=None if r.repairs == repair else r.repairs) for r in rows
        ]


def keep_duplicates(star: Star) -> None:
    star.loaded["sales"] += star.loaded["sales"][:1]


def lose_a_customer(star: Star) -> None:
    repaired = next(r for r in star.loaded["customers"] if r.repairs is None)
    star.loaded["customers"].remove(repaired)


RULES: dict[str, tuple[Callable[[Star], None], str]] = {
    "decimals": (lambda s: drop_quarantined(s, "invalid_price"), "sales.five_decimals"),
    "orphans": (lambda s: drop_quarantined(s, "orphan_product"), "sales.orphan_product"),
    "versions": (lambda s: drop_quarantined(s, "superseded"), "sales.correction"),
    "encoding": (lambda s: drop_quarantined(s, "bad_encoding"), "customers.bad_bytes"),
    "mail": (lambda s: forget_repairs(s, "lowercased_email"), "customers.upper_email"),
    "blanks": (lambda s: forget_repairs(s, "trimmed_price"), "sales.padded"),
    "money": (round_a_price, ""),
    "duplicates": (keep_duplicates, ""),
    "silence": (lose_a_customer, ""),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_pipeline_with_one_rule_taken_out_loses_marks(
    dirty_store: Path, dirty_star: Star, tmp_path: Path, rule: str
) -> None:
    spoil, kind = RULES[rule]
    marks = grade(dirty_store, fill(tmp_path / "w.duckdb", dirty_star, spoil))
    assert not marks.perfect
    if kind:
        assert kind in lost(marks)


def test_a_row_quarantined_for_nothing_is_a_false_alarm(
    dirty_store: Path, dirty_star: Star, tmp_path: Path
) -> None:
    def suspect(star: Star) -> None:
        row = next(r for r in star.loaded["products"] if r.repairs is None)
        bad = next(q for q in star.quarantined if q.table == "products")
        star.quarantined.append(replace(bad, file=row.file, line=row.line + 0, reason=bad.reason))
        star.loaded["products"].remove(row)

    marks = grade(dirty_store, fill(tmp_path / "w.duckdb", dirty_star, suspect))
    assert marks.false_alarms == 1
    assert min(k.precision for k in marks.kinds) < 1
    assert all(k.recall == 1 for k in marks.kinds)
