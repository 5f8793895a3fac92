"""The tables that a warehouse holds, as data: the star, the quarantine, the books.

A warehouse makes its tables, keys and comments from here; types are those of the portable subset,
and each warehouse has its own names for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from data_pipeline.contract import TABLES, Table


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table in the warehouse."""

    name: str
    sql: str
    description: str
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Relation:
    """One table in the warehouse. `references` maps a column to the table whose key it is;
    `sought` are the columns by which rows are looked up beside the key.
    """

    name: str
    grain: str
    fields: tuple[Field, ...]
    key: str | None = None
    references: tuple[tuple[str, str], ...] = ()
    sought: tuple[str, ...] = ()


def star(table: Table) -> Relation:
    """The table of the star."""
    references = tuple((c.name, str(c.references)) for c in table.foreign_keys)
    times = tuple(c.name for c in table.columns if c.name == "timestamp")
    sought = (*times, *(name for name, _ in references))
    return Relation(table.name, table.grain, _clean(table), table.key.name, references, sought)


def staging(table: Table) -> Relation:
    """The table of clean rows on their way into the star."""
    return Relation(f"incoming_{table.name}", "one row a clean row", _clean(table))


def held(table: Table) -> Relation:
    """The rows of a table that are clean and yet not in the star."""
    return Relation(
        f"{table.name}_held",
        f"one row a clean row of {table.name} that lost to a newer one, or waits for another table",
        (
            *_clean(table),
            Field("reason", "VARCHAR", "Why it is not in the star.", nullable=False),
            Field("raw", "VARCHAR", "The record as text.", nullable=False),
            Field("run_id", "BIGINT", "The run that put it here.", nullable=False),
        ),
        sought=(table.key.name,),
    )


_TABLE = Field("source_table", "VARCHAR", "The table that the record is of.", nullable=False)
_FILE = Field("source_file", "VARCHAR", "The raw file.", nullable=False)
_LINE = Field("source_line", "BIGINT", "The line of the raw file.", nullable=False)
_RUN = Field("run_id", "BIGINT", "The run.", nullable=False)

_REJECTED = (
    _TABLE,
    _FILE,
    _LINE,
    Field("reason", "VARCHAR", "Why it was rejected.", nullable=False),
    Field("detail", "VARCHAR", "The same with the values that are wrong."),
    Field("raw", "VARCHAR", "The record as text.", nullable=False),
    Field("amount", "DECIMAL(18,4)", "What it would be worth, where that can be computed."),
)
_RECORD_KEY = Field("record_key", "VARCHAR", "The key of the record, as far as it can be read.")

STAGED_REJECTED = Relation(
    "incoming_rejected", "one row a rejected record of this run", (*_REJECTED, _RECORD_KEY)
)
REJECTED = Relation(
    "rejected", "one row a record that cannot be loaded", (*_REJECTED, _RUN, _RECORD_KEY)
)

RUNS = Relation(
    "runs",
    "one row a run that was balanced and committed",
    (
        _RUN,
        Field("started_at", "TIMESTAMP", "When it began, in UTC.", nullable=False),
        Field("finished_at", "TIMESTAMP", "When it was done, in UTC.", nullable=False),
        Field("status", "VARCHAR", "Always 'balanced'.", nullable=False),
        Field("kind", "VARCHAR", "first, incremental, rebuild or nothing new.", nullable=False),
        Field("versions", "VARCHAR", "Versions of the programs, as JSON.", nullable=False),
        Field("settings", "VARCHAR", "The settings without secrets, as JSON.", nullable=False),
    ),
)
FILES = Relation(
    "files",
    "one row a raw file that the star is made of",
    (
        Field("path", "VARCHAR", "The file's name.", nullable=False),
        _TABLE,
        Field("sort_key", "VARCHAR", "Orders files: sales-2 before sales-10.", nullable=False),
        Field("size", "BIGINT", "In bytes.", nullable=False),
        Field("mtime_ns", "BIGINT", "When the content last changed.", nullable=False),
        Field("ctime_ns", "BIGINT", "When the file last changed.", nullable=False),
        Field("content_hash", "VARCHAR", "SHA-256 of the content.", nullable=False),
        Field("first_seen", "TIMESTAMP", "When a run first saw it, in UTC.", nullable=False),
        Field("row_count", "BIGINT", "Its records.", nullable=False),
        Field("run_id", "BIGINT", "The run that loaded it.", nullable=False),
    ),
)
LEDGER = Relation(
    "ledger",
    "one row a movement: what a run did with the rows of one file",
    (
        _RUN,
        _TABLE,
        _FILE,
        Field("rows_read", "BIGINT", "Rows read.", nullable=False),
        Field("rows_loaded", "BIGINT", "Rows that came into the star.", nullable=False),
        Field("rows_duplicate", "BIGINT", "Exact duplicates.", nullable=False),
        Field("rows_quarantined", "BIGINT", "Rows that came into quarantine.", nullable=False),
        Field("rows_repaired", "BIGINT", "Loaded rows with a repair.", nullable=False),
        Field("amount_read", "DECIMAL(38,4)", "Their total sales."),
        Field("amount_loaded", "DECIMAL(38,4)", "Total sales that came into the star."),
        Field("amount_duplicate", "DECIMAL(38,4)", "Total sales of exact duplicates."),
        Field("amount_quarantined", "DECIMAL(38,4)", "Total sales that came into quarantine."),
        Field("entry", "VARCHAR", "load, move or reversal.", nullable=False),
    ),
)

BOOKS = (RUNS, FILES, LEDGER)
QUARANTINE = Relation(
    "quarantine",
    "one row a record that is not in the star, and why",
    (*_REJECTED[:-1], _RUN, _REJECTED[-1]),
)
"""The view of all that is in quarantine."""


def star_relations() -> tuple[Relation, ...]:
    """The tables of the star and of the quarantine, dimensions before the fact."""
    tables = TABLES.values()
    return (*map(star, tables), *map(held, tables), REJECTED)


def _clean(table: Table) -> tuple[Field, ...]:
    fields = (Field(c.name, c.type.sql, c.description, c.nullable) for c in table.columns)
    repairs = Field("repairs", "VARCHAR", "The repairs that the row has had, by name.")
    return (*fields, _FILE, _LINE, repairs)
