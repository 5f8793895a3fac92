"""The books: runs, files, movements; and the checks without which no run commits.

The ledger is kept in double entry. Each run writes, for each file that it touched, what it read and
where the rows went; when a later run moves a row of an older file (a newer version came, an orphan
found its product), it writes a movement for the older file, in which nothing is read and what
leaves one place arrives at another. So the sums over a file are at all times where its rows are.

A rebuild first takes back, in `reversal` entries, all that was booked, and then books anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from data_pipeline.contract import SALES, TABLES
from data_pipeline.errors import BooksError
from data_pipeline.layout import BOOKS, LEDGER
from data_pipeline.load import Movement, Tally
from data_pipeline.sources.files import RawFile
from data_pipeline.sql import quote, render
from data_pipeline.transform import CleanedFile
from data_pipeline.warehouses.base import Row, Warehouse

LAYOUT_VERSION = 1
"""Of the tables of the warehouse; noted with every run."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as a run has loaded it."""

    name: str
    table: str
    fingerprint: tuple[int, int, int]
    content_hash: str
    first_seen: datetime
    run_id: int


def create_books(warehouse: Warehouse) -> None:
    """Make the empty books."""
    for relation in BOOKS:
        warehouse.create(relation)


def next_run_id(warehouse: Warehouse) -> int:
    """The number of the run that begins."""
    return int(warehouse.rows("SELECT COALESCE(MAX(run_id), 0) + 1 FROM runs")[0][0])


def known_files(warehouse: Warehouse) -> dict[str, KnownFile]:
    """The files that the star is made of, by name."""
    found = warehouse.rows(
        "SELECT path, source_table, size, mtime_ns, ctime_ns, content_hash, first_seen, run_id "
        "FROM files"
    )
    return {
        path: KnownFile(path, table, (size, mtime, ctime), content, seen, run)
        for path, table, size, mtime, ctime, content, seen, run in found
    }


def mask_of_star(warehouse: Warehouse) -> str | None:
    """The fingerprint of the key that personal data in the star are masked with, if they are."""
    last = "SELECT settings FROM runs WHERE run_id = (SELECT MAX(run_id) FROM runs)"
    found = [json.loads(settings).get("mask_pii") for (settings,) in warehouse.rows(last)]
    return found[0] or None if found else None


def begin_new_books(warehouse: Warehouse, run_id: int) -> None:
    """Take back all that was booked: everything will be read again."""
    warehouse.rows(render("reversal", run_id=str(run_id)))
    warehouse.rows("DELETE FROM files")


def write_files(warehouse: Warehouse, run_id: int, files: Iterable[CleanedFile]) -> None:
    """Enter the files of a run."""
    for cleaned in files:
        file = cleaned.file
        warehouse.rows(
            "INSERT INTO files VALUES ($path, $source_table, $sort_key, $size, $mtime, $ctime, "
            "$content_hash, $first_seen, $row_count, $run_id)",
            {
                "path": file.name,
                "source_table": file.table,
                "sort_key": file.sort_key,
                "size": file.size,
                "mtime": file.mtime_ns,
                "ctime": file.ctime_ns,
                "content_hash": cleaned.content_hash,
                "first_seen": cleaned.first_seen,
                "row_count": cleaned.rows,
                "run_id": run_id,
            },
        )


def note_untouched(warehouse: Warehouse, file: RawFile) -> None:
    """Remember the new times of a file whose content is still the same."""
    warehouse.rows(
        "UPDATE files SET mtime_ns = $mtime, ctime_ns = $ctime WHERE path = $path",
        {"path": file.name, "mtime": file.mtime_ns, "ctime": file.ctime_ns},
    )


def order_files(warehouse: Warehouse) -> None:
    """Make the temporary table that says which file stands before which."""
    warehouse.rows("CREATE TEMP TABLE file_order AS SELECT path, sort_key FROM files")


def write_run(
    warehouse: Warehouse,
    run_id: int,
    kind: str,
    times: tuple[datetime, datetime],
    versions: str,
    settings: str,
) -> None:
    """Enter the run itself. Only a run that is done and balanced is ever entered."""
    warehouse.rows(
        "INSERT INTO runs VALUES ($run_id, $started, $finished, 'balanced', $kind, "
        "$versions, $settings)",
        {
            "run_id": run_id,
            "started": times[0],
            "finished": times[1],
            "kind": kind,
            "versions": versions,
            "settings": settings,
        },
    )


def write_movements(warehouse: Warehouse, run_id: int, tallies: Mapping[str, Tally]) -> None:
    """Enter what a run did with the rows of each file."""
    names = [field.name for field in LEDGER.fields]
    insert = f"INSERT INTO ledger VALUES ({', '.join(f'${name}' for name in names)})"
    for tally in tallies.values():
        money = tally.table is SALES
        for file, m in sorted(tally.files.items()):
            amounts = (m.amount_read, m.amount_loaded, m.amount_duplicate, m.amount_quarantined)
            values = (
                run_id, tally.table.name, file,
                m.read, m.loaded, m.duplicate, m.quarantined, m.repaired,
                *(amounts if money else (None,) * 4), "load" if m.read else "move",
            )  # fmt: skip
            warehouse.rows(insert, dict(zip(names, values, strict=True)))


def close_books(
    warehouse: Warehouse,
    cleaned: Iterable[CleanedFile],
    tallies: Mapping[str, Tally],
) -> None:
    """Hold the run's movements against the counter of records and against the star.

    Raises BooksError when a file's rows or money did not end in exactly one place, when the star
    and the quarantine do not hold what the ledger says, or when a key is doubled or dangling.
    """
    wrong = [*_unbalanced_files(cleaned, tallies), *_unbalanced_tables(warehouse)]
    for table in TABLES.values():
        wrong += warehouse.broken_keys(table)
    if wrong:
        raise BooksError("the books do not balance; nothing was loaded:\n  " + "\n  ".join(wrong))


def _unbalanced_files(
    cleaned: Iterable[CleanedFile], tallies: Mapping[str, Tally]
) -> Iterable[str]:
    counted = {c.file.name: c.rows for c in cleaned}
    for tally in tallies.values():
        for name, movement in tally.files.items():
            rows = counted.get(name, 0)
            if movement.read != rows or not movement.balanced:
                yield f"{name}: {rows} records counted, {_in_words(movement)}"


def _in_words(m: Movement) -> str:
    return (
        f"{m.read} read = {m.loaded} loaded + {m.duplicate} duplicates + {m.quarantined} "
        f"quarantined; amounts {m.amount_read} = {m.amount_loaded} + {m.amount_duplicate} + "
        f"{m.amount_quarantined}"
    )


_WRONG_AMOUNTS = "SUM(CASE WHEN total_sales = quantity * price THEN 0 ELSE 1 END)"
"""What moves money from one sale to another leaves every sum as it was, but not these."""


def _unbalanced_tables(warehouse: Warehouse) -> Iterable[str]:
    """Compare the tables themselves with the sums of the ledger."""
    booked = {row[0]: row[1:] for row in balance_by_table(warehouse)}
    for table in TABLES.values():
        money = f"SUM(total_sales), {_WRONG_AMOUNTS}" if table is SALES else "NULL, 0"
        rows, amount, wrong = warehouse.rows(f"SELECT COUNT(*), {money} FROM {quote(table.name)}")[
            0
        ]
        if wrong:
            yield f"{table.name}: {wrong} rows whose total_sales is not quantity * price"
        rows -= warehouse.rows(f"SELECT COUNT(*) FROM {quote(table.name)} WHERE source_file = ''")[
            0
        ][0]
        held, held_amount = warehouse.rows(
            "SELECT COUNT(*), SUM(amount) FROM quarantine WHERE source_table = $name",
            {"name": table.name},
        )[0]
        _, loaded, _, quarantined, _, booked_amount, booked_held = booked.get(table.name, (0,) * 7)
        found = {
            "rows": (rows, loaded),
            "quarantined rows": (held, quarantined),
            "total sales": (amount or Decimal(0), booked_amount or Decimal(0)),
            "quarantined sales": (held_amount or Decimal(0), booked_held or Decimal(0)),
        }
        for what, (there, said) in found.items():
            if there != said:
                yield f"{table.name}: {there} {what} in the warehouse, {said} by the ledger"


def balance_by_table(warehouse: Warehouse) -> list[Row]:
    """The books by table: name, rows read, loaded, duplicate, quarantined, repaired, amount
    loaded, amount quarantined.
    """
    return warehouse.rows(
        "SELECT source_table, CAST(SUM(rows_read) AS BIGINT), CAST(SUM(rows_loaded) AS BIGINT), "
        "CAST(SUM(rows_duplicate) AS BIGINT), CAST(SUM(rows_quarantined) AS BIGINT), "
        "CAST(SUM(rows_repaired) AS BIGINT), SUM(amount_loaded), SUM(amount_quarantined) "
        "FROM ledger GROUP BY source_table ORDER BY source_table"
    )
