"""The store as a live database: typed tables with keys and indexes, that the next days change.

The records are those of the raw files without defects, which typed tables could not hold. What the
simulator has to remember lies in the database too, so that the store goes on from anywhere.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from data_pipeline.contract import TABLES, Table
from data_pipeline.databases import Database, open_database
from data_pipeline.errors import ConfigError
from data_pipeline.simulator.answer_key import KEY_FILE, TOTALS_FILE
from data_pipeline.simulator.continuation import continue_store
from data_pipeline.simulator.outcome import Made, Progress
from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.state import PENDING_FILE, STATE_FILE
from data_pipeline.simulator.store import simulate

STATE_TABLE = "simulator_state"
REMEMBERED = (STATE_FILE, PENDING_FILE, KEY_FILE, TOTALS_FILE)
PIECE_BYTES = 1 << 20
UPDATED_AT = "updated_at"


def open_shop(
    url: str,
    parameters: Parameters,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Made:
    """Make the tables of a shop in an empty database and fill them, in one transaction.

    Raises ConfigError when one of the tables is there already.
    """
    clean = replace(parameters, defects=0.0)
    with open_database(url, read_only=False) as database, tempfile.TemporaryDirectory() as room:
        taken = sorted({*TABLES, STATE_TABLE} & database.tables())
        if taken:
            raise ConfigError(
                f"{database.url} has {', '.join(taken)} already; go on in a simulated shop with "
                "--next-days, or name an empty database"
            )
        made = simulate(clean, Path(room), threads=threads, progress=progress)
        database.run(statement for table in TABLES.values() for statement in _ddl(database, table))
        database.rows(
            f"CREATE TABLE {STATE_TABLE} (name VARCHAR(100), piece INTEGER, "
            f"content {database.type_of('VARCHAR')}, PRIMARY KEY (name, piece))"
        )
        with database.transaction():
            _write(database, Path(room), made)
    return made


def continue_shop(url: str, days: int, *, progress: Progress | None = None) -> Made:
    """Let so many days pass in a shop that was made by `open_shop`: new and changed rows, in one
    transaction. Raises ConfigError where no such shop is.
    """
    with open_database(url, read_only=False) as database, tempfile.TemporaryDirectory() as room:
        if STATE_TABLE not in database.tables():
            raise ConfigError(
                f"{database.url} has no simulated shop; make one first: sales simulate --to URL"
            )
        with database.transaction():
            for name, content in _remembered(database):
                with Path(room, name).open("ab") as file:
                    file.write(base64.b64decode(content))
            made = continue_store(Path(room), days, progress=progress)
            _write(database, Path(room), made)
    return made


def _ddl(database: Database, table: Table) -> Iterator[str]:
    """The statements that make a table with its keys and indexes."""
    name, q = database.relation(table.name), database.quote
    parts = [
        f"{q(c.name)} {database.type_of(c.type.sql)}" + (" NOT NULL" if c == table.key else "")
        for c in table.raw_columns
    ]
    parts.append(f"PRIMARY KEY ({q(table.key.name)})")
    parts += [
        f"FOREIGN KEY ({q(c.name)}) REFERENCES {q(str(c.references))} ({q(c.name)})"
        for c in table.foreign_keys
    ]
    yield f"CREATE TABLE {name} ({', '.join(parts)})"
    indexed = [c for c in table.raw_columns if c.references or c.name in (UPDATED_AT, "timestamp")]
    for column in indexed:
        index = q(f"{table.name}_{column.name}")
        yield f"CREATE INDEX {index} ON {name} ({q(column.name)})"


def _write(database: Database, room: Path, made: Made) -> None:
    """Bring the rows of some raw files, and what the simulator remembers, into the database."""
    q = database.quote
    for table in TABLES.values():
        names = [c.name for c in table.raw_columns]
        arrived = f"arrived_{table.name}"
        database.rows(
            f"CREATE TEMPORARY TABLE {arrived} AS SELECT * FROM {q(table.name)} WHERE 1 = 0"
        )
        for file in (f for f in made.files if f.startswith(table.name)):
            for batch in _batches(room / file):
                database.insert(arrived, batch)
            values = ", ".join("CURRENT_TIMESTAMP(6)" if n == UPDATED_AT else q(n) for n in names)
            rows = f"SELECT {values} FROM {arrived} WHERE TRUE"
            database.rows(database.upsert(table.name, table.key.name, names, rows))
            database.rows(f"DELETE FROM {arrived}")
    database.rows(f"DELETE FROM {STATE_TABLE}")
    for name in REMEMBERED:
        content = (room / name).read_bytes()
        pieces = range(0, max(len(content), 1), PIECE_BYTES)
        texts = [base64.b64encode(content[i : i + PIECE_BYTES]).decode() for i in pieces]
        for number, text in enumerate(texts):
            piece = pa.table({"name": [name], "piece": [number], "content": [text]})
            database.insert(STATE_TABLE, piece)


def _remembered(database: Database) -> Iterator[tuple[str, str]]:
    pieces = database.rows(f"SELECT name, piece FROM {STATE_TABLE} ORDER BY name, piece")
    for name, piece in pieces:
        where = f"name = {database.text(name)} AND piece = {piece}"
        [(content,)] = database.rows(f"SELECT content FROM {STATE_TABLE} WHERE {where}")
        yield name, content


def _batches(path: Path) -> Iterator[pa.Table]:
    """The records of a clean raw file as text; empty is NULL."""
    with path.open("rb") as file:
        names = file.readline().decode().strip().split(",")
    options = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    with pyarrow.csv.open_csv(path, parse_options=parse, convert_options=options) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])
