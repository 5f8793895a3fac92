"""The contract: the three tables, declared once.

Every engine, warehouse, check, test and page of documentation reads its columns, types, rules and
reasons from here. Nothing in this module does any work.

A raw value is trimmed; then it is *missing* (empty, or one of `MISSING_MARKS`), *invalid* (not of
the column's form), *out of range* (of the form, but not a value that the column takes), or good.
What happens then is the column's policy: quarantine the row, or repair the value under a name that
is counted. The names are made here too:

- reasons of quarantine: `missing_<column>`, `invalid_<column>`, `out_of_range_<column>`, the
  `STRUCTURE_REASONS` of records that cannot be split into fields, and `LOAD_REASONS` of rows that
  are clean but cannot stand in the star;
- repairs: `trimmed_<column>`, `lowercased_<column>`, `currency_<column>`, `thousands_<column>`,
  `default_<column>` (a missing value got the column's default) and `invalid_<column>` (a value
  that the row can do without became NULL).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from data_pipeline.kinds import (
    MAX_MONEY,
    MONEY_SCALE,
    NULL,
    QUARANTINE,
    Default,
    Email,
    Instant,
    Money,
    Null,
    Number,
    Policy,
    Quarantine,
    Text,
    Type,
    Whole,
)

__all__ = [
    "AMOUNT_OVERFLOW", "BLANKS", "CURRENCY_SIGNS", "CUSTOMERS", "EMPTY_ONLY", "FIRST_INSTANT",
    "FUTURE_TOLERANCE", "GUEST_ID", "LOAD_REASONS", "MAX_BIGINT", "MAX_MONEY", "MISSING_MARKS",
    "MONEY_SCALE", "NO_BLANK_ENDS", "NULL", "PRODUCTS", "QUARANTINE", "SALES",
    "STRUCTURE_REASONS", "SUPERSEDED",
    "TABLES", "UNKNOWN", "Column", "Default", "Email", "Instant", "Money", "Null", "Number",
    "Policy", "Quarantine", "Table", "Text", "Type", "Whole", "orphan_reason", "row_reasons",
]  # fmt: skip

BLANKS = " \t\n\r\v\f\u00a0\u3000\ufeff"
"""What trimming takes away at both ends of a value."""

NO_BLANK_ENDS = f"^[^{BLANKS}]((?s:.*)[^{BLANKS}])?$"
"""Texts that trimming leaves as they are; a pattern finds that out quicker than trimming does."""

MISSING_MARKS = ("", "NULL", "null", "N/A", "NA", "None", "nan", "-")
"""Trimmed values that mean: there is none."""

EMPTY_ONLY = ("",)
"""The same for people's and products' names: there are people called Null."""

CURRENCY_SIGNS = "$€£"

MAX_BIGINT = 9_223_372_036_854_775_807
FIRST_INSTANT = "1970-01-01 00:00:00"
FUTURE_TOLERANCE = timedelta(days=1)
"""How far after the moment its file was first seen a timestamp may lie."""

GUEST_ID = 0
UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a raw file and of its table in the warehouse. `distinct` says that nearly every
    row has a text of its own, so that looking for repetitions is in vain.
    """

    name: str
    type: Type
    description: str
    missing: Policy = NULL
    invalid: Policy = NULL
    required: bool = False
    references: str | None = None
    missing_marks: tuple[str, ...] = MISSING_MARKS
    derived: bool = False
    distinct: bool = False
    personal: bool = False
    """Whether it tells who somebody is, so that it is masked when masks are asked for."""

    @property
    def nullable(self) -> bool:
        """Whether a loaded row may have none."""
        if self.derived:
            return False
        return self.missing == NULL or (self.invalid == NULL and not isinstance(self.type, Text))

    @property
    def missing_reason(self) -> str:
        return f"missing_{self.name}"

    @property
    def invalid_reason(self) -> str:
        return f"invalid_{self.name}"

    @property
    def range_reason(self) -> str:
        return f"out_of_range_{self.name}"


@dataclass(frozen=True, slots=True)
class Table:
    """One of the three tables. `columns` stand in the order of the warehouse."""

    name: str
    grain: str
    columns: tuple[Column, ...]
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {c.name: c for c in self.columns})

    @property
    def key(self) -> Column:
        return self.columns[0]

    @property
    def raw_columns(self) -> tuple[Column, ...]:
        """The columns that come from a file, in the contract's order."""
        return tuple(c for c in self.columns if not c.derived)

    @property
    def required_names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.raw_columns if c.required)

    @property
    def foreign_keys(self) -> tuple[Column, ...]:
        return tuple(c for c in self.columns if c.references)


def _key(name: str, description: str) -> Column:
    return Column(name, Whole(1, MAX_BIGINT), description, QUARANTINE, QUARANTINE, required=True)


UPDATED_AT = Column("updated_at", Instant(), "When the source last changed the record.")

CUSTOMERS = Table(
    "customers",
    "one row a customer, and one for all guests",
    (
        _key("customer_id", "The customer; 0 stands for guests."),
        Column(
            "name",
            Text(),
            "The customer's name.",
            Default(UNKNOWN),
            NULL,
            True,
            None,
            EMPTY_ONLY,
            personal=True,
            distinct=True,
        ),
        Column(
            "email",
            Email(),
            "The e-mail address, lower-cased.",
            required=True,
            personal=True,
            distinct=True,
        ),
        Column("location", Text(), "Where the customer lives.", Default(UNKNOWN), NULL, True),
        Column("registered_at", Instant(), "When the customer joined."),
        Column("birth_year", Whole(1900, 2100, "INTEGER"), "The customer's year of birth."),
        UPDATED_AT,
    ),
)

PRODUCTS = Table(
    "products",
    "one row a product",
    (
        _key("product_id", "The product."),
        Column(
            "name", Text(), "The product's name.", Default(UNKNOWN), NULL, True, None, EMPTY_ONLY
        ),
        Column("category", Text(), "The product's category.", Default("Uncategorised"), NULL, True),
        Column("price", Money(), "The list price of one unit.", NULL, NULL, True),
        Column("cost", Money(), "What one unit costs the shop."),
        UPDATED_AT,
    ),
)

SALES = Table(
    "sales",
    "one row a transaction: one product in one order",
    (
        _key("transaction_id", "The transaction."),
        Column(
            "customer_id",
            Whole(1, MAX_BIGINT),
            "Who bought; 0 is a guest.",
            Default(GUEST_ID, counted=False),
            QUARANTINE,
            True,
            "customers",
        ),
        Column(
            "product_id",
            Whole(1, MAX_BIGINT),
            "What was bought.",
            QUARANTINE,
            QUARANTINE,
            True,
            "products",
        ),
        Column("total_sales", Money(low=-MAX_MONEY), "quantity x price, exact.", derived=True),
        Column("timestamp", Instant(), "When, in UTC.", QUARANTINE, QUARANTINE, True),
        Column(
            "quantity",
            Whole(-1_000_000, 1_000_000, "INTEGER", nonzero=True),
            "How many units; a negative number is a return.",
            QUARANTINE,
            QUARANTINE,
            True,
        ),
        Column(
            "price", Money(), "The price of one unit at the sale.", QUARANTINE, QUARANTINE, True
        ),
        Column("order_id", Text(), "The order or invoice that the transaction belongs to."),
        Column("discount", Money(), "What was taken off the whole transaction."),
        Column("channel", Text(), "Where the sale was made."),
        UPDATED_AT,
    ),
)

TABLES: dict[str, Table] = {t.name: t for t in (CUSTOMERS, PRODUCTS, SALES)}
"""In the order of loading: dimensions before the fact."""

AMOUNT_OVERFLOW = "amount_overflow"
SUPERSEDED = "superseded"

STRUCTURE_REASONS: dict[str, str] = {
    "too_few_fields": "The record has fewer fields than the header.",
    "too_many_fields": "The record has more fields than the header.",
    "malformed_quote": "A quoted field goes on after its closing quote, or is never closed.",
    "bad_encoding": "The record has bytes that are not UTF-8.",
    "nul_byte": "The record has a NUL byte.",
    "stray_carriage_return": "The record has a carriage return without a line feed.",
}
"""Records that cannot be split into fields."""

LOAD_REASONS: dict[str, str] = {
    SUPERSEDED: "Another record with this key and other content is newer.",
    "orphan_customer": "The customer is not there yet.",
    "orphan_product": "The product is not there yet.",
}
"""Clean rows that cannot stand in the star, or not yet."""


def orphan_reason(column: Column) -> str:
    """The reason of a row whose `column` points to nobody: `orphan_customer`."""
    return "orphan_" + column.name.removesuffix("_id")


def row_reasons(table: Table) -> dict[str, str]:
    """The reasons for which one row of `table` by itself is quarantined, in order of precedence."""
    reasons: dict[str, str] = {}
    for column in table.raw_columns:
        if column.missing == QUARANTINE:
            reasons[column.missing_reason] = f"{column.name} is missing."
        if column.invalid == QUARANTINE:
            reasons[column.invalid_reason] = f"{column.name} is not {column.type.valid}."
            if not isinstance(column.type, Text | Email):
                reasons[column.range_reason] = f"{column.name} is not {column.type.valid}."
    if table is SALES:
        reasons[AMOUNT_OVERFLOW] = "quantity x price does not fit DECIMAL(18,4)."
    return reasons
