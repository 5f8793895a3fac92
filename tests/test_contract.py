"""The contract says what DESIGN.md says; the oracle, which decides for itself, is the witness."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from data_pipeline import contract
from data_pipeline.contract import TABLES, Column, Table, orphan_reason, row_reasons
from data_pipeline.kinds import QUARANTINE, Default, Email, Instant, Money, Text, Whole
from tests.oracle import COLUMNS
from tests.oracle.star import ORDER
from tests.oracle.values import BLANKS, MISSING

ALL = [(table, column) for table in TABLES.values() for column in table.raw_columns]
TYPES = {
    "whole": Whole,
    "nonzero": Whole,
    "money": Money,
    "text": Text,
    "name": Text,
    "email": Email,
    "instant": Instant,
}


def test_tables_and_columns_stand_in_the_order_of_the_design() -> None:
    assert {name: tuple(c.name for c in t.columns) for name, t in TABLES.items()} == ORDER
    assert list(TABLES) == ["customers", "products", "sales"]
    names = [c.name for c in TABLES["sales"].columns]
    assert names[:5] == ["transaction_id", "customer_id", "product_id", "total_sales", "timestamp"]
    assert [c.name for c in TABLES["customers"].columns[:4]] == [
        "customer_id",
        "name",
        "email",
        "location",
    ]
    assert [c.name for c in TABLES["products"].columns[:4]] == [
        "product_id",
        "name",
        "category",
        "price",
    ]


@pytest.mark.parametrize(("table", "column"), ALL, ids=lambda part: part.name)
def test_column_is_what_the_oracle_says(table: Table, column: Column) -> None:
    rule = COLUMNS[table.name][column.name]
    assert isinstance(column.type, TYPES[rule.kind])
    assert column.required == rule.required
    assert policy_of(column) == (rule.missing, rule.bad, rule.default)
    marks = {""} if rule.kind == "name" else MISSING
    assert set(column.missing_marks) == marks
    assert column.description
    assert column.type.valid
    if isinstance(column.type, Whole | Money):
        assert (column.type.low, column.type.high) == (rule.low, rule.high)
        assert column.type.nonzero == (rule.kind == "nonzero")


def policy_of(column: Column) -> tuple[object, ...]:
    """The column's policies in the oracle's words."""
    missing = column.missing
    bad = "quarantine" if column.invalid == QUARANTINE else "null"
    if isinstance(missing, Default):
        return ("repair" if missing.counted else "default", bad, missing.value)
    return ("quarantine" if missing == QUARANTINE else "null", bad, None)


def test_keys_are_required_never_null_and_first() -> None:
    for table in TABLES.values():
        assert table.key is table.columns[0]
        assert table.key.name in table.required_names
        assert not table.key.nullable
        assert table.by_name[table.key.name] is table.key


def test_foreign_keys_name_their_table_and_their_reason() -> None:
    keys = TABLES["sales"].foreign_keys
    assert [(c.name, c.references, orphan_reason(c)) for c in keys] == [
        ("customer_id", "customers", "orphan_customer"),
        ("product_id", "products", "orphan_product"),
    ]
    assert {orphan_reason(c) for c in keys} < set(contract.LOAD_REASONS)


def test_nullable_columns_are_those_that_a_row_can_do_without() -> None:
    nullable = {t.name: [c.name for c in t.columns if c.nullable] for t in TABLES.values()}
    assert nullable == {
        "customers": ["email", "registered_at", "birth_year", "updated_at"],
        "products": ["price", "cost", "updated_at"],
        "sales": ["order_id", "discount", "channel", "updated_at"],
    }


@pytest.mark.parametrize("mark", ["personal", "distinct"])
def test_names_and_addresses_are_masked_and_are_not_searched_for_repetitions(mark: str) -> None:
    marked = {f"{t.name}.{c.name}" for t in TABLES.values() for c in t.columns if getattr(c, mark)}
    assert marked == {"customers.name", "customers.email"}


def test_what_a_column_takes_is_said_in_words() -> None:
    columns = TABLES["sales"].by_name
    said = {name: columns[name].type.valid for name in ("product_id", "quantity", "price")}
    assert said == {
        "product_id": "a whole number from 1 to 9223372036854775807",
        "quantity": "a whole number from -1000000 to 1000000, not 0",
        "price": "a number from 0 to 99999999999999.9999 with at most 4 decimals",
    }


def test_total_sales_comes_from_no_file() -> None:
    total = TABLES["sales"].by_name["total_sales"]
    assert total.derived
    assert total not in TABLES["sales"].raw_columns
    assert isinstance(total.type, Money)
    assert total.type.low == -total.type.high == -Decimal("99999999999999.9999")


def test_reasons_stand_in_the_order_in_which_columns_are_judged() -> None:
    assert list(row_reasons(TABLES["sales"])) == [
        "missing_transaction_id",
        "invalid_transaction_id",
        "out_of_range_transaction_id",
        "invalid_customer_id",
        "out_of_range_customer_id",
        "missing_product_id",
        "invalid_product_id",
        "out_of_range_product_id",
        "missing_timestamp",
        "invalid_timestamp",
        "out_of_range_timestamp",
        "missing_quantity",
        "invalid_quantity",
        "out_of_range_quantity",
        "missing_price",
        "invalid_price",
        "out_of_range_price",
        "amount_overflow",
    ]
    assert len(row_reasons(TABLES["customers"])) == len(row_reasons(TABLES["products"])) == 3


def test_blanks_and_marks_are_those_of_the_design() -> None:
    assert set(contract.BLANKS) == set(BLANKS)
    assert set(contract.MISSING_MARKS) == MISSING
    assert contract.EMPTY_ONLY == ("",)
    assert re.compile(Email().pattern).fullmatch("ann@shop.example")
