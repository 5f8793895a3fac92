"""Look into a warehouse: its books, its quarantine, and the way of one sale."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from data_pipeline import extract
from data_pipeline.config import Settings
from data_pipeline.contract import (
    LOAD_REASONS,
    SALES,
    STRUCTURE_REASONS,
    TABLES,
    Table,
    row_reasons,
)
from data_pipeline.ledger import known_files, mask_of_star
from data_pipeline.masking import is_masked, personal_columns
from data_pipeline.processed import safe_cell
from data_pipeline.sources.files import RawFile, content_hash
from data_pipeline.sql import column_list, quote, render, text
from data_pipeline.warehouses.base import Row, Warehouse


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a warehouse. `files` has one row a file: table, file, rows read, loaded,
    duplicate, quarantined, repaired, amount loaded, amount quarantined; `runs` has run, start, end,
    kind, status, files and rows read, the newest first; `masked` counts the values that are masks:
    table, column, rows.
    """

    warehouse: str
    files: list[Row]
    runs: list[Row]
    repairs: list[Row]
    masked: list[Row]
    first_sale: datetime | None
    last_sale: datetime | None


def read_status(warehouse: Warehouse, most_runs: int = 10) -> Status:
    """Read the books: by file over all runs, the last runs, repairs by name, and freshness."""
    first, last = warehouse.rows('SELECT MIN("timestamp"), MAX("timestamp") FROM sales')[0]
    runs = warehouse.rows(render("last_runs", most=str(most_runs)))
    return Status(
        warehouse.url,
        warehouse.rows(render("balance")),
        runs,
        read_repairs(warehouse),
        read_masked(warehouse),
        first,
        last,
    )


def read_repairs(warehouse: Warehouse) -> list[Row]:
    """Count the repairs in the star by table and name: table, repair, rows."""
    found: dict[tuple[str, str], int] = {}
    for table in TABLES.values():
        for repairs, count in warehouse.rows(
            f"SELECT repairs, COUNT(*) FROM {quote(table.name)} "
            "WHERE repairs IS NOT NULL GROUP BY repairs"
        ):
            for repair in repairs.split(" "):
                found[table.name, repair] = found.get((table.name, repair), 0) + count
    return sorted((*key, count) for key, count in found.items())


def read_masked(warehouse: Warehouse) -> list[Row]:
    """Count the masks in the star: table, column, rows; nothing where nothing is masked."""
    if mask_of_star(warehouse) is None:
        return []
    return [
        (table.name, column.name, count)
        for table in TABLES.values()
        for column in personal_columns(table)
        for (count,) in warehouse.rows(
            f"SELECT COUNT(*) FROM {quote(table.name)} WHERE {is_masked(column)}"
        )
    ]


def read_quarantine(warehouse: Warehouse, reason: str | None, examples: int) -> list[Row]:
    """Group the quarantine by table and reason: table, reason, rows, amount; and for each up to
    `examples` records (file, line, detail, raw), in one list behind it.
    """
    groups = warehouse.rows(
        "SELECT source_table, reason, COUNT(*), SUM(amount) FROM quarantine "
        "WHERE reason = $reason OR $reason IS NULL "
        "GROUP BY source_table, reason ORDER BY source_table, COUNT(*) DESC, reason",
        {"reason": reason},
    )
    return [
        (
            *group,
            warehouse.rows(
                "SELECT source_file, source_line, detail, raw FROM quarantine "
                "WHERE source_table = $name AND reason = $reason "
                f"ORDER BY source_file, source_line LIMIT {examples}",
                {"name": group[0], "reason": group[1]},
            ),
        )
        for group in groups
    ]


def known_reasons() -> list[str]:
    """Every reason for which a record may be in quarantine."""
    reasons = {*STRUCTURE_REASONS, *LOAD_REASONS}
    for table in TABLES.values():
        reasons |= set(row_reasons(table))
    return sorted(reasons)


def export_quarantine(
    warehouse: Warehouse, reason: str | None, path: Path, *, safe: bool = False
) -> None:
    """Write the quarantine, or one reason of it, to a CSV file; in a safe one no text is a formula
    for a spreadsheet.
    """
    file, detail, raw = map(safe_cell if safe else quote, ("source_file", "detail", "raw"))
    only = f"WHERE reason = {text(reason)} " if reason else ""
    warehouse.export(
        f"SELECT source_table, {file}, source_line, reason, {detail}, {raw}, amount, run_id "
        f"FROM quarantine {only}ORDER BY source_table, source_file, source_line",
        path,
        "csv",
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One raw record of a sale: where it lies, its text, and what became of it."""

    file: str
    line: int
    verdict: str
    raw: str | None = None
    detail: str | None = None
    repairs: tuple[str, ...] = ()
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The way of one sale. `row` is what stands in the warehouse (column, value), `customer` and
    `product` the rows that it points to.
    """

    transaction_id: int
    steps: list[Step] = field(default_factory=list)
    row: list[tuple[str, Any]] = field(default_factory=list)
    customer: list[tuple[str, Any]] = field(default_factory=list)
    product: list[tuple[str, Any]] = field(default_factory=list)


def trace_sale(warehouse: Warehouse, transaction_id: int, settings: Settings) -> Trace:
    """Follow one transaction through raw files, quarantine and star."""
    steps = []
    names = [*(c.name for c in SALES.columns), "source_file", "source_line", "repairs"]
    values = {"id": transaction_id}
    row: list[tuple[str, Any]] = []
    customer: list[tuple[str, Any]] = []
    product: list[tuple[str, Any]] = []
    for found in warehouse.rows(
        f"SELECT {column_list(SALES)}, source_file, source_line, repairs FROM sales "
        "WHERE transaction_id = $id",
        values,
    ):
        row = list(zip(names, found, strict=True))
        loaded = dict(row)
        customer = _dimension(warehouse, TABLES["customers"], loaded["customer_id"])
        product = _dimension(warehouse, TABLES["products"], loaded["product_id"])
        raw, note = _read_raw(warehouse, loaded["source_file"], loaded["source_line"], settings)
        repairs = tuple((loaded["repairs"] or "").split())
        run = known_files(warehouse)[loaded["source_file"]].run_id
        steps.append(
            Step(loaded["source_file"], loaded["source_line"], "loaded", raw, note, repairs, run)
        )
    for file, line, reason, detail, raw, run in warehouse.rows(render("trace_held"), values):
        steps.append(Step(file, line, reason, raw, detail, (), run))
    steps += _rejected(warehouse, transaction_id)
    return Trace(transaction_id, steps, row, customer, product)


def _rejected(warehouse: Warehouse, transaction_id: int) -> list[Step]:
    """The rejected records with that key; of one that could not be split, the first field."""
    return [
        Step(file, line, reason, raw, detail, (), run)
        for file, line, reason, detail, raw, run in warehouse.rows(
            "SELECT source_file, source_line, reason, detail, raw, run_id FROM rejected "
            "WHERE source_table = 'sales' AND (record_key = $key "
            "OR (record_key IS NULL AND REGEXP_MATCHES(raw, $pattern))) "
            "ORDER BY source_file, source_line LIMIT 20",
            {"key": str(transaction_id), "pattern": f'^"?0*{transaction_id}"?[,;\t]'},
        )
    ]


def _dimension(warehouse: Warehouse, table: Table, key: int) -> list[tuple[str, Any]]:
    names = [c.name for c in table.columns]
    found = warehouse.rows(
        f"SELECT {column_list(table)} FROM {quote(table.name)} "
        f"WHERE {quote(table.key.name)} = $key",
        {"key": key},
    )
    return list(zip(names, found[0], strict=True)) if found else []


def _read_raw(
    warehouse: Warehouse, name: str, line: int, settings: Settings
) -> tuple[str | None, str | None]:
    """The record as it stands in its raw file, or why it cannot be shown."""
    if mask_of_star(warehouse) is not None:
        return None, "personal data are masked in this warehouse, so raw records are not shown"
    known = known_files(warehouse)[name]
    files = _raw_files(settings)
    if name not in files:
        return None, f"{name} is no longer in {settings.raw}"
    file = files[name]
    if file.fingerprint != known.fingerprint and content_hash(file) != known.content_hash:
        return None, f"{name} has changed since it was loaded"
    format_ = settings.format_of_file(file)
    for _, text_ in extract.read_texts(file, format_, [line]):
        return text_, None
    return None, f"{name} has no record on line {line}"


def _raw_files(settings: Settings) -> dict[str, RawFile]:
    if not settings.raw.is_dir():
        return {}
    return {f.name: f for f in extract.find_files(settings.raw)}
