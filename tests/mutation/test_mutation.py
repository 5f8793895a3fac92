"""The faults are what they say, they are planted, and the survivors' list speaks of real ones."""

from __future__ import annotations

import ast
import importlib
import sys

import pytest

import data_pipeline
from tests.mutation import scenarios
from tests.mutation.__main__ import faults_of, known_survivors
from tests.mutation.operators import mutants, sql_mutants
from tests.mutation.planting import PARTS, ROOT, SCENARIOS, TESTS, Planted

SOURCE = """
LOW = 1
def pick(a, b):
    if a < b and a:
        return a + b
    return "SELECT x FROM t WHERE x <> 1 AND y IS NULL ORDER BY x DESC"
"""


def test_each_fault_changes_one_thing() -> None:
    found = {mutant.name.split(": ")[1]: mutant.source for mutant in mutants(SOURCE)}
    assert {"Lt -> LtE", "And -> Or", "not", "Add -> Sub", "1 -> 2"} <= set(found)
    assert {"<> -> =", "AND -> OR", "IS NULL -> IS NOT NULL", "DESC -> ASC"} <= set(found)
    assert "a <= b and a" in found["Lt -> LtE"]
    assert "x = 1 AND y IS NULL" in found["<> -> ="]
    sound = ast.unparse(ast.parse(SOURCE))
    assert all(source != sound for source in found.values())


def test_what_is_only_read_has_no_faults() -> None:
    assert mutants('def f(a: int | None) -> list[1]:\n    """A < B AND c <> d."""\n') == []
    assert [m.name for m in sql_mutants("-- grain: a <> b\nSELECT a\nFROM t WHERE a <> b")] == [
        "<> -> =: FROM t WHERE a <> b"
    ]


@pytest.mark.parametrize("part", PARTS)
def test_names_are_told_apart(part: str) -> None:
    names = [fault.name for fault in faults_of(part)]
    assert len(names) > 80
    assert len(set(names)) == len(names)
    assert all(
        (ROOT / "tests" / t).exists()
        for test in TESTS[part]
        for t in test.split()
        if t != SCENARIOS
    )


def test_the_scenarios_pass_when_nothing_is_planted() -> None:
    scenarios.check(scenarios.expect())


def test_a_fault_is_planted(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "data_pipeline.kinds"
    sound = importlib.import_module(name)
    source = (ROOT / "data_pipeline/kinds.py").read_text()
    (faulty,) = (m for m in mutants(source) if m.name == "MONEY_SCALE: 4 -> 5: 4")
    monkeypatch.setattr(data_pipeline, "kinds", sound)
    monkeypatch.setattr(sys, "meta_path", [Planted(name, faulty.source), *sys.meta_path])
    monkeypatch.delitem(sys.modules, name)
    assert importlib.import_module(name).MONEY_SCALE == 5
    monkeypatch.setitem(sys.modules, name, sound)


def test_survivors_are_faults_that_can_still_be_planted() -> None:
    every = {fault.name for part in PARTS for fault in faults_of(part)}
    known = known_survivors()
    assert set(known) <= every
    assert all(reason for reason in known.values())
