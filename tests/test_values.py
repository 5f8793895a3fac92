"""The values that the core hands on: what must not change cannot, and movements balance."""

from __future__ import annotations

from dataclasses import is_dataclass
from decimal import Decimal

import pytest

from data_pipeline import contract, kinds, ledger, load, transform
from data_pipeline.load import Movement

VALUES = [
    value
    for module in (contract, kinds, ledger, load, transform)
    for value in vars(module).values()
    if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.__name__
]
COUNTED_INTO = {"Movement", "Tally", "CleanedFile"}
"""Those that a run adds to."""


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_values_are_frozen_and_take_no_misspelt_name(value: type) -> None:
    assert value.__dataclass_params__.frozen == (value.__name__ not in COUNTED_INTO)  # type: ignore[attr-defined]
    assert "__slots__" in vars(value)


def test_a_table_is_shown_and_compared_by_its_columns_alone() -> None:
    table = contract.TABLES["sales"]
    assert "by_name" not in repr(table)
    assert contract.Table(table.name, table.grain, table.columns) == table
    with pytest.raises(TypeError, match="by_name"):
        contract.Table("a", "b", (), by_name={})  # type: ignore[call-arg]


@pytest.mark.parametrize("what", ["read", "loaded", "duplicate", "quarantined"])
def test_a_movement_balances_in_rows_and_in_money(what: str) -> None:
    rows = {"read": 6, "loaded": 3, "duplicate": 2, "quarantined": 1}
    amounts = {f"amount_{name}": Decimal(count) for name, count in rows.items()}
    assert Movement(**rows, **amounts).balanced  # type: ignore[arg-type]
    assert not Movement(**rows | {what: 7}, **amounts).balanced  # type: ignore[arg-type]
    amounts[f"amount_{what}"] += 1
    assert not Movement(**rows, **amounts).balanced  # type: ignore[arg-type]
