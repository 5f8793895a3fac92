"""Load: clean rows from the staging tables become part of the star.

Here rows are looked at together: exact duplicates, newer versions, orphans and their late return.
All of it happens inside the caller's transaction, set by set, the dimensions before the fact; what
was done with how many rows and how much money of each file comes back as a `Tally`, counted on the
side of the staging tables. The ledger holds it against the tables of the star.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa

from data_pipeline.contract import CUSTOMERS, PRODUCTS, SALES, TABLES, Table, orphan_reason
from data_pipeline.layout import STAGED_REJECTED, star_relations
from data_pipeline.layout import staging as staged
from data_pipeline.sql import (
    column_list,
    quote,
    render,
    staging_name,
    text,
)
from data_pipeline.warehouses.base import Warehouse

FetchRaw = Callable[[str, list[int]], Iterator[pa.RecordBatch]]
"""Reads records of a file again, by line: source_file, source_line, raw."""

RAW_SCHEMA = pa.schema(
    [("source_file", pa.string()), ("source_line", pa.int64()), ("raw", pa.string())]
)
NOTHING = Decimal(0)


@dataclass(slots=True)
class Movement:
    """What a load did with the rows of one file, and with their money. For the file of an older
    run, rows that changed their place: out of the star into quarantine, or the other way.
    """

    read: int = 0
    loaded: int = 0
    duplicate: int = 0
    quarantined: int = 0
    repaired: int = 0
    amount_read: Decimal = NOTHING
    amount_loaded: Decimal = NOTHING
    amount_duplicate: Decimal = NOTHING
    amount_quarantined: Decimal = NOTHING

    @property
    def balanced(self) -> bool:
        """Whether every row and all money that came in ended in exactly one place."""
        rows = self.loaded + self.duplicate + self.quarantined
        amounts = self.amount_loaded + self.amount_duplicate + self.amount_quarantined
        return self.read == rows and self.amount_read == amounts


@dataclass(slots=True)
class Tally:
    """The movements of one table, by file."""

    table: Table
    files: dict[str, Movement] = field(default_factory=lambda: defaultdict(Movement))


def create_star(warehouse: Warehouse) -> None:
    """Make the empty tables of the star and of the quarantine."""
    for relation in star_relations():
        warehouse.create(relation)
    details = {f"{t.name}_detail": _held_detail(t) for t in TABLES.values()}
    warehouse.rows(render("quarantine", **details))


def empty_star(warehouse: Warehouse) -> None:
    """Take all rows out of the star and the quarantine, the fact before the dimensions."""
    for relation in reversed(star_relations()):
        warehouse.empty(relation)


def merge(
    warehouse: Warehouse, table: Table, run_id: int, fetch_raw: FetchRaw, *, replace: bool
) -> Tally:
    """Merge the staging table of `table` into the star.

    `replace` makes the table of the new rows alone; else they join, replace or yield to those that
    are there. Needs the temporary table `file_order` (path, sort_key) with every file concerned.
    """
    tally = Tally(table)
    staging = staging_name(table)
    _count_incoming(warehouse, table, tally)
    warehouse.find_doubled_keys(table, staging)
    names = _names(warehouse, table) | {"lookup_joins": warehouse.looked_up(table, "i")}
    warehouse.rows(render("load/contested", doubled="doubled", **names))
    if table.foreign_keys:
        warehouse.rows(render("load/returning"))
    warehouse.rows(render("load/versions", **names, orphan_cases=_orphan_cases(warehouse, table)))
    _count_versions(warehouse, table, tally)
    in_contest = f"SELECT {names['key']} FROM contested"
    warehouse.rows(f"DELETE FROM {staging} WHERE {names['key']} IN ({in_contest})")
    _find_orphans(warehouse, table, names)
    _count_orphans(warehouse, table, tally)
    _fetch_raw_texts(warehouse, fetch_raw)
    _hold(warehouse, names, in_contest, run_id)
    if not replace:
        warehouse.rows(f"DELETE FROM {names['table']} WHERE {names['key']} IN ({in_contest})")
    stored = ", ".join(map(quote, warehouse.stored(staged(table))))
    warehouse.rows(
        f"INSERT INTO {staging} ({stored}) SELECT {stored} FROM versions WHERE verdict = 'loaded'"
    )
    _count_loaded(warehouse, table, tally)
    if not replace:
        _note_changes(warehouse, table)
    warehouse.publish(table, staging, replace=replace)
    for name in ("doubled", "contested", "versions", "orphans", "raw_texts"):
        warehouse.rows(f"DROP TABLE {name}")
    return tally


def reject(warehouse: Warehouse, run_id: int, tallies: dict[str, Tally]) -> None:
    """Move the rejected rows of all tables from the staging table into quarantine."""
    counts = warehouse.rows(
        "SELECT source_table, source_file, COUNT(*), COALESCE(SUM(amount), 0) "
        f"FROM {STAGED_REJECTED.name} GROUP BY source_table, source_file"
    )
    for table, file, count, amount in counts:
        movement = tallies[table].files[file]
        movement.read += count
        movement.quarantined += count
        movement.amount_read += amount
        movement.amount_quarantined += amount
    warehouse.rows(
        "INSERT INTO rejected SELECT source_table, source_file, source_line, reason, detail, raw, "
        f"amount, {run_id}, record_key FROM {STAGED_REJECTED.name}"
    )
    warehouse.rows(f"DROP TABLE {STAGED_REJECTED.name}")


def add_guest(warehouse: Warehouse, staging: str) -> None:
    """Put the row that stands for all guests among the customers."""
    guest = {"customer_id": "0", "name": "'Guest'", "location": "'Unknown'"}
    guest |= {"source_file": "''", "source_line": "0"}
    names = ", ".join(map(quote, guest))
    warehouse.rows(f"INSERT INTO {staging} ({names}) VALUES ({', '.join(guest.values())})")


def _held(table: Table) -> str:
    return f"{table.name}_held"


def _names(warehouse: Warehouse, table: Table) -> dict[str, str]:
    return {
        "table": quote(table.name),
        "incoming": staging_name(table),
        "held": _held(table),
        "key": quote(table.key.name),
        "columns": column_list(table, "i."),
        "columns_of_seen": column_list(table, "s."),
        "columns_of_standings": column_list(table, "i."),
        "rebuilt": _rebuilt(warehouse, table),
    }


def _rebuilt(warehouse: Warehouse, table: Table) -> str:
    """The record as it would be written again; for a file that is gone."""
    texts = [warehouse.text_of(c, f"i.{quote(c.name)}") for c in table.raw_columns]
    values = [f"COALESCE({text_}, '')" for text_ in texts]
    return " || ',' || ".join(values)


def _held_detail(table: Table) -> str:
    """Say in words what a held row waits for."""
    newer = text(f"a newer version of {table.key.name} ")
    cases = [f"WHEN 'superseded' THEN {newer} || CAST({quote(table.key.name)} AS VARCHAR)"]
    for column in table.foreign_keys:
        said = (
            text(f"{column.name} ")
            + f" || CAST({quote(column.name)} AS VARCHAR) || "
            + text(f" is not in {column.references}")
        )
        cases.append(f"WHEN {text(orphan_reason(column))} THEN {said}")
    return f"CASE reason {' '.join(cases)} END"


def _orphan_cases(warehouse: Warehouse, table: Table) -> str:
    """The branches of a CASE that name what a row `i` lacks; customers before products."""
    return " ".join(
        f"WHEN {warehouse.lacks(c, 'i')} THEN {text(orphan_reason(c))}" for c in table.foreign_keys
    )


def _find_orphans(warehouse: Warehouse, table: Table, names: dict[str, str]) -> None:
    cases = _orphan_cases(warehouse, table) or "WHEN TRUE THEN ''"
    test = warehouse.lacks_any(table, names["incoming"], "i") if table.foreign_keys else "1 = 0"
    warehouse.rows(render("load/orphans", **names, orphan_cases=cases, orphan_test=test))


def _hold(warehouse: Warehouse, names: dict[str, str], in_contest: str, run_id: int) -> None:
    """Put losers and orphans into quarantine, and take out those that were there before."""
    warehouse.rows(f"DELETE FROM {names['held']} WHERE {names['key']} IN ({in_contest})")
    warehouse.rows(render("load/hold_versions", **names, run_id=str(run_id)))
    warehouse.rows(render("load/hold_orphans", **names, run_id=str(run_id)))
    warehouse.rows(
        f"DELETE FROM {names['incoming']} WHERE {names['key']} IN "
        f"(SELECT {names['key']} FROM orphans)"
    )


def _fetch_raw_texts(warehouse: Warehouse, fetch_raw: FetchRaw) -> None:
    lines: dict[str, list[int]] = defaultdict(list)
    for file, line in warehouse.rows(render("load/unread")):
        lines[file].append(line)
    batches = (batch for file, wanted in sorted(lines.items()) for batch in fetch_raw(file, wanted))
    warehouse.bring("raw_texts", batches, RAW_SCHEMA)


def _note_changes(warehouse: Warehouse, table: Table) -> None:
    """Keep what this load takes away and adds, so that sums can be changed by the difference."""
    was = "FROM versions WHERE place = 'loaded'"
    kept = {
        CUSTOMERS: {"changed_customers": f'SELECT "customer_id", "location" {was}'},
        PRODUCTS: {"changed_products": f'SELECT "product_id", "category", "cost" {was}'},
        SALES: {
            "sales_gone": f"SELECT {column_list(table)} {was}",
            "sales_came": f"SELECT {column_list(table)} FROM {staging_name(table)}",
        },
    }
    for name, select in kept[table].items():
        warehouse.rows(f"CREATE TEMP TABLE {name} AS {select}")


def _amount(table: Table) -> str:
    return "SUM(total_sales)" if table is SALES else "0"


def _count_incoming(warehouse: Warehouse, table: Table, tally: Tally) -> None:
    for file, count, amount in warehouse.rows(
        f"SELECT source_file, COUNT(*), {_amount(table)} FROM {staging_name(table)} "
        "WHERE source_file <> '' GROUP BY source_file"
    ):
        tally.files[file].read += count
        tally.files[file].amount_read += amount


def _count_versions(warehouse: Warehouse, table: Table, tally: Tally) -> None:
    """Book where contested rows leave, and where losers and copies go; winners are booked when
    they are in the staging table again.
    """
    for file, place, verdict, count, repaired, amount in warehouse.rows(
        f"SELECT source_file, place, verdict, COUNT(*), COUNT(repairs), {_amount(table)} "
        "FROM versions GROUP BY source_file, place, verdict"
    ):
        movement = tally.files[file]
        if place == "loaded":
            movement.loaded -= count
            movement.repaired -= repaired
            movement.amount_loaded -= amount
        elif place == "held":
            movement.quarantined -= count
            movement.amount_quarantined -= amount
        if verdict == "duplicate":
            movement.duplicate += count
            movement.amount_duplicate += amount
        elif verdict != "loaded":
            movement.quarantined += count
            movement.amount_quarantined += amount


def _count_orphans(warehouse: Warehouse, table: Table, tally: Tally) -> None:
    for file, count, amount in warehouse.rows(
        f"SELECT source_file, COUNT(*), {_amount(table)} FROM orphans GROUP BY source_file"
    ):
        tally.files[file].quarantined += count
        tally.files[file].amount_quarantined += amount


def _count_loaded(warehouse: Warehouse, table: Table, tally: Tally) -> None:
    for file, count, repaired, amount in warehouse.rows(
        f"SELECT source_file, COUNT(*), COUNT(repairs), {_amount(table)} "
        f"FROM {staging_name(table)} WHERE source_file <> '' GROUP BY source_file"
    ):
        movement = tally.files[file]
        movement.loaded += count
        movement.repaired += repaired
        movement.amount_loaded += amount
