r"""Staging: raw files copied into tables of a database as text, each row with its file and line.

Nothing is judged and nothing is lost: a record that cannot be split into fields, or holds bytes
that a text in a database cannot hold, is there with its fault and its text, in which such bytes
stand as \xNN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from data_pipeline import extract
from data_pipeline.contract import TABLES, Table
from data_pipeline.databases import Database, open_database
from data_pipeline.errors import BooksError
from data_pipeline.extract import OpenFile, RawFile
from data_pipeline.sources.header import Format

FILES_TABLE = "staging_files"


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that is staged. `rows` is None when it was there already; `faults` are its records
    that could not be split or held as they are, as (line, fault).
    """

    file: str
    table: str
    rows: int | None
    faults: tuple[tuple[int, str], ...] = ()


def stage(raw: Path, url: str, format_of: Callable[[RawFile], Format]) -> tuple[Staged, ...]:
    """Copy the raw files into `staging_customers`, `staging_products` and `staging_sales`.

    A file whose content is staged already is left alone, one that changed replaces its rows; each
    in a transaction of its own. Raises BooksError when not every record that was counted arrived.
    """
    files = extract.find_files(raw)
    with open_database(url, read_only=False) as database:
        _make_tables(database)
        return tuple(_stage_file(database, file, format_of(file)) for file in files)


def staging_table(table: Table) -> str:
    """The table that the raw files of `table` are staged in."""
    return f"staging_{table.name}"


def _make_tables(database: Database) -> None:
    text = database.type_of("VARCHAR")
    there = database.tables()
    for table in TABLES.values():
        if staging_table(table) not in there:
            columns = [f"{database.quote(c.name)} {text}" for c in table.raw_columns]
            database.rows(
                f"CREATE TABLE {staging_table(table)} (source_file VARCHAR(255) NOT NULL, "
                f"source_line BIGINT NOT NULL, fault VARCHAR(40), raw {text} NOT NULL, "
                f"{', '.join(columns)}, PRIMARY KEY (source_file, source_line))"
            )
    if FILES_TABLE not in there:
        database.rows(
            f"CREATE TABLE {FILES_TABLE} (source_file VARCHAR(255) PRIMARY KEY, "
            "source_table VARCHAR(40) NOT NULL, content_hash VARCHAR(64) NOT NULL, "
            "rows_staged BIGINT NOT NULL)"
        )


def _stage_file(database: Database, file: RawFile, format_: Format) -> Staged:
    table = TABLES[file.table]
    opened = extract.open_file(file, format_)
    for _ in opened.batches():
        pass  # counts the records, finds where they lie, and reckons the content's hash
    named = f"source_file = {database.text(file.name)}"
    known = database.rows(f"SELECT content_hash FROM {FILES_TABLE} WHERE {named}")
    if known == [(opened.content_hash,)]:
        return Staged(file.name, table.name, None)
    faults: list[tuple[int, str]] = []
    with database.transaction():
        for name in (staging_table(table), FILES_TABLE):
            database.rows(f"DELETE FROM {name} WHERE {named}")
        for batch in _rows(file, format_, opened, faults):
            database.insert(staging_table(table), batch)
        rows = database.rows(f"SELECT COUNT(*) FROM {staging_table(table)} WHERE {named}")[0][0]
        if rows != opened.rows:
            raise BooksError(
                f"{file.name}: {opened.rows} records were counted, {rows} were staged; the file "
                "is not staged"
            )
        noted = [(file.name, table.name, opened.content_hash, rows)]
        names = ("source_file", "source_table", "content_hash", "rows_staged")
        columns = dict(zip(names, zip(*noted, strict=True), strict=True))
        database.insert(FILES_TABLE, pa.table({n: list(v) for n, v in columns.items()}))
    return Staged(file.name, table.name, rows, tuple(sorted(faults)))


def _rows(
    file: RawFile, format_: Format, opened: OpenFile, faults: list[tuple[int, str]]
) -> Iterator[pa.Table]:
    """Read the records once more, with their texts; note those that have a fault."""
    for batch in extract.read_again(file, format_, _all, opened.outline):
        columns = {name: batch.column(name) for name in batch.schema.names}
        bad = batch.filter(columns["fault"].is_valid())
        lines, said = (bad.column(name).to_pylist() for name in ("source_line", "fault"))
        faults += zip(lines, said, strict=True)
        columns["source_file"] = pa.repeat(pa.scalar(file.name), batch.num_rows)
        yield pa.table(columns)


def _all(lines: np.ndarray) -> np.ndarray:
    return np.ones(len(lines), np.bool_)
