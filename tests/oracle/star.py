"""Records to the star: versions, orphans, and the books."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from tests.oracle.records import Record, read_file, table_of
from tests.oracle.values import COLUMNS, EPOCH, MAX_AMOUNT, Value, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Iterable

ORDER = {
    "customers": (*COLUMNS["customers"],),
    "products": (*COLUMNS["products"],),
    "sales": (*(names := [*COLUMNS["sales"]])[:3], "total_sales", *names[3:]),
}
"""The columns of the warehouse."""


@dataclass(frozen=True)
class RawFile:
    """A raw file by name, its bytes, and when it was first seen (UTC, without zone)."""

    name: str
    data: bytes
    first_seen: datetime


@dataclass(frozen=True)
class Loaded:
    """A row of the star: `values` in the order of the warehouse."""

    table: str
    values: tuple[Value, ...]
    file: str
    line: int
    repairs: str | None

    def __getitem__(self, column: str) -> Value:
        return self.values[ORDER[self.table].index(column)]

    @property
    def place(self) -> tuple[object, ...]:
        return (*natural(self.file), self.line)

    def version(self) -> tuple[object, ...]:
        """What the newest of several versions has most of: `updated_at`, or else its place."""
        updated = self["updated_at"]
        return (updated is not None, updated or EPOCH, self.place)


@dataclass(frozen=True)
class Quarantined:
    """A record that is not loaded, why, and what it would have been worth."""

    table: str
    file: str
    line: int
    reason: str
    raw: str
    amount: Decimal | None


@dataclass
class Star:
    """Everything that a set of raw files comes to."""

    loaded: dict[str, list[Loaded]] = field(default_factory=lambda: {t: [] for t in COLUMNS})
    quarantined: list[Quarantined] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)
    duplicates: Counter[str] = field(default_factory=Counter)

    def keys(self, table: str) -> set[Value]:
        return {row.values[0] for row in self.loaded[table]}

    @property
    def amount_loaded(self) -> Decimal:
        return exact_sum(row["total_sales"] for row in self.loaded["sales"])

    @property
    def amount_quarantined(self) -> Decimal:
        return exact_sum(row.amount for row in self.quarantined)


def build_star(files: Iterable[RawFile], zone: tzinfo = UTC) -> Star:
    """The star of a set of raw files, whatever their order; raises RefusedError."""
    star = Star()
    raws: dict[tuple[str, int], str] = {}
    clean: dict[str, list[Loaded]] = defaultdict(list)
    for file in files:
        for record in read_file(file.name, file.data):
            star.read[file.name] += 1
            raws[file.name, record.line] = record.raw
            row = clean_record(file, record, zone)
            if isinstance(row, Quarantined):
                star.quarantined.append(row)
            else:
                clean[row.table].append(row)
    for table in COLUMNS:
        for row, reason in settle(table, clean[table], star):
            if reason is None:
                star.loaded[table].append(row)
            else:
                amount = row["total_sales"] if table == "sales" else None
                raw = raws[row.file, row.line]
                star.quarantined.append(
                    Quarantined(table, row.file, row.line, reason, raw, amount)  # type: ignore[arg-type]
                )
    return star


def clean_record(file: RawFile, record: Record, zone: tzinfo) -> Loaded | Quarantined:
    """One record by itself: a typed row, or the first reason against it."""
    table, latest = table_of(file.name), file.first_seen + timedelta(days=1)
    if record.values is None:
        return Quarantined(table, file.name, record.line, str(record.reason), record.raw, None)
    verdicts = {
        column: judge(table, column, record.values.get(column, ""), latest, zone)
        for column in COLUMNS[table]
    }
    amount = amount_of(verdicts) if table == "sales" else None
    reasons = [v.reason for v in verdicts.values() if v.reason]
    if amount is not None and abs(amount) > MAX_AMOUNT:
        reasons, amount = [*reasons, "amount_overflow"], None
    if reasons:
        return Quarantined(table, file.name, record.line, reasons[0], record.raw, amount)
    verdicts["total_sales"] = Verdict(amount)
    values = tuple(verdicts[column].value for column in ORDER[table])
    repairs = " ".join(name for column in COLUMNS[table] for name in verdicts[column].repairs)
    return Loaded(table, values, file.name, record.line, repairs or None)


def amount_of(verdicts: dict[str, Verdict]) -> Decimal | None:
    """quantity x price, exact, where both are good."""
    quantity, price = verdicts["quantity"].value, verdicts["price"].value
    if not isinstance(quantity, int) or not isinstance(price, Decimal):
        return None
    with localcontext(prec=60):
        return quantity * price


def settle(table: str, rows: list[Loaded], star: Star) -> Iterable[tuple[Loaded, str | None]]:
    """Each distinct row of a table with the reason why it cannot stand in the star."""
    by_key: dict[Value, list[Loaded]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.place):
        versions = by_key[row.values[0]]
        if any(row.values == other.values for other in versions):
            star.duplicates[row.file] += 1
        else:
            versions.append(row)
    customers, products = star.keys("customers") | {0}, star.keys("products")
    for versions in by_key.values():
        newest = max(versions, key=Loaded.version)
        for row in versions:
            reason = None if row is newest else "superseded"
            if table == "sales" and row is newest and row["product_id"] not in products:
                reason = "orphan_product"
            if table == "sales" and row is newest and row["customer_id"] not in customers:
                reason = "orphan_customer"
            yield row, reason


def natural(name: str) -> tuple[object, ...]:
    """The order of files: sales-2.csv before sales-10.csv.

    >>> natural("sales-2.csv") < natural("sales-10.csv")
    True
    """
    tokens = re.findall(r"[0-9]+|[^0-9]", name.casefold())
    return ([("0", int(t)) if "0" <= t[0] <= "9" else (t, 0) for t in tokens], name)


def exact_sum(amounts: Iterable[Value]) -> Decimal:
    with localcontext(prec=60):
        return sum((a for a in amounts if isinstance(a, Decimal)), Decimal(0))
