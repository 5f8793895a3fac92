"""A shop for tests: a folder of raw files, a warehouse, and runs of the real pipeline."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import pyarrow as pa
import pytest

from data_pipeline.contract import TABLES, Table
from data_pipeline.layout import BOOKS, QUARANTINE, star_relations
from data_pipeline.metrics.rollups import AGG_TERMS, ROLLUPS
from data_pipeline.sql import field_types
from tests.bigquery.service import BigQueryHouse
from tests.oracle import RawFile, Star, build_star
from tests.oracle.star import exact_sum
from tests.postgres import Schema
from tests.redshift import house as redshift
from tests.redshift.cloud import CloudSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import tzinfo

Row = tuple[Any, ...]
PROVENANCE = ("source_file", "source_line", "repairs")
NO_BRAKE = 1.0


def double(name: str, condition: str) -> str:
    """The statement that puts rows into a table of the star once more. In DuckDB a column that no
    file has cannot be put into.
    """
    needed = (c.name for c in TABLES[name].columns if c.required or c.derived)
    columns = ", ".join(f'"{column}"' for column in (*needed, "source_file", "source_line"))
    return f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name} WHERE {condition}"


class House(Protocol):
    """Where a shop's warehouse stands: its URL, and what is in it by another way than ours."""

    url: str

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open what is in the warehouse, or a copy of it, for queries of the tests."""

    def is_empty(self) -> bool:
        """Whether no star is there."""

    def drop(self) -> None:
        """Leave nothing behind."""


class DuckDBHouse:
    """A file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.url = f"duckdb:///{file}"

    def connect(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.file), read_only=True)

    def is_empty(self) -> bool:
        if not self.file.exists():
            return True
        with self.connect() as connection:
            there = "SELECT count(*) FROM duckdb_tables() WHERE NOT temporary"
            return connection.execute(there).fetchall() == [(0,)]

    def drop(self) -> None:
        self.file.unlink(missing_ok=True)


class PostgreSQLHouse:
    """A schema of the tests' server; queries see a copy in DuckDB, read row by row."""

    snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ"
    """Begins a transaction in which all that is read is of one moment."""

    def __init__(self) -> None:
        self.schema: Schema | CloudSchema = Schema()
        self.url = self.schema.url

    def connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(":memory:")
        session = self.schema.session()
        try:
            session.rows(self.snapshot)
            sums = [rollup.relation for rollup in ROLLUPS.values()]
            for relation in (*star_relations(), *BOOKS, *sums, AGG_TERMS, QUARANTINE):
                names = ", ".join(f'"{field.name}"' for field in relation.fields)
                rows = session.rows(f"SELECT {names} FROM {relation.name}")
                connection.execute(f"CREATE TABLE {relation.name} ({field_types(relation)})")
                if rows:
                    columns = [pa.array(values) for values in zip(*rows, strict=True)]
                    connection.register(
                        "found", pa.table(columns, [f.name for f in relation.fields])
                    )
                    connection.execute(f"INSERT INTO {relation.name} SELECT * FROM found")
        finally:
            session.close()
        return connection

    def is_empty(self) -> bool:
        there = "SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE schemaname = $1"
        return self.schema.rows(there, self.schema.name) == [(0,)]

    def drop(self) -> None:
        self.schema.drop()


class RedshiftHouse(PostgreSQLHouse):
    """The same behind a proxy that makes a Redshift of it, looked at past the proxy; or, when
    TEST_REDSHIFT_URL names one, a schema of a real Redshift.
    """

    def __init__(self) -> None:
        if given := os.environ.get("TEST_REDSHIFT_URL"):
            self.schema = CloudSchema(given)
            self.url, self.snapshot = self.schema.url, "BEGIN"
        else:
            super().__init__()
            self.url = redshift.url_of(self.schema.name, redshift.proxy().port)

    def is_empty(self) -> bool:
        there = "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = $1"
        found = {name for (name,) in self.schema.rows(there, self.schema.name)}
        return found <= {redshift.LOCK}


HOUSES: dict[str, Callable[[Path], House]] = {
    "duckdb": lambda folder: DuckDBHouse(folder / "warehouse.duckdb"),
    "postgresql": lambda _: PostgreSQLHouse(),
    "redshift": lambda _: RedshiftHouse(),
}
"""A house for each scheme that a warehouse URL may have, but for BigQuery."""

ALL_HOUSES = HOUSES | {"bigquery": lambda _: BigQueryHouse()}
"""BigQuery's stand-in takes seconds a run: it is asked only what concerns loading."""

every_warehouse = pytest.mark.parametrize("house", HOUSES, indirect=True)
"""Marks a module or a test that has to hold in every warehouse; for fixtures shop and store."""


class Shop:
    """Raw files in `raw`, a warehouse beside them: a DuckDB file unless told otherwise."""

    def __init__(self, folder: Path, house: House | None = None) -> None:
        self.folder = folder
        self.raw = folder / "raw"
        self.raw.mkdir()
        self.file = folder / "warehouse.duckdb"
        self.house = house or DuckDBHouse(self.file)
        self._connection: duckdb.DuckDBPyConnection | None = None

    @property
    def url(self) -> str:
        return self.house.url

    def put(self, files: Mapping[str, bytes]) -> Shop:
        """Write raw files; gives itself back."""
        for name, data in files.items():
            (self.raw / name).write_bytes(data)
        return self

    def run(self, **settings: Any) -> Any:
        """Run the pipeline, without processed files and without brake unless told otherwise."""
        from data_pipeline.config import Settings
        from data_pipeline.pipeline import run

        told = {"processed": None, "max_quarantine": NO_BRAKE, "warehouse": self.url} | settings
        return run(Settings(raw=self.raw, **told))

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One connection for all that is read inside."""
        if self._connection:
            yield self._connection
            return
        with self.house.connect() as connection:
            self._connection = connection
            try:
                yield connection
            finally:
                self._connection = None

    def rows(self, query: str) -> list[Row]:
        """The rows of a query on the warehouse."""
        with self.reading() as connection:
            return connection.execute(query).fetchall()

    def records(self, query: str) -> list[dict[str, Any]]:
        """The same with names."""
        with self.reading() as connection:
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def dump(self) -> dict[str, list[Row]]:
        """The whole warehouse without run bookkeeping, sorted."""
        columns = "source_table, source_file, source_line, reason, detail, raw, amount"
        with self.reading():
            names = (*TABLES, *ROLLUPS, AGG_TERMS.name)
            found = {name: self.rows(f"SELECT * FROM {name} ORDER BY ALL") for name in names}
            found["quarantine"] = self.rows(f"SELECT {columns} FROM quarantine ORDER BY ALL")
        return found

    def is_empty(self) -> bool:
        """Whether no star is there."""
        return self.house.is_empty()

    def star(self, zone: tzinfo = UTC) -> Star:
        """What the oracle makes of the same raw files."""
        now = datetime.now(UTC).replace(tzinfo=None)
        paths = sorted(path for path in self.raw.iterdir() if path.is_file())
        return build_star([RawFile(path.name, path.read_bytes(), now) for path in paths], zone)


@contextmanager
def temporary_shop(files: Mapping[str, bytes] | None = None) -> Iterator[Shop]:
    """A shop that is gone afterwards; for tests that open several."""
    with tempfile.TemporaryDirectory() as folder:
        yield Shop(Path(folder)).put(files or {})


def assert_is_star(shop: Shop, star: Star) -> None:
    """The warehouse holds exactly what the oracle says, and its books say the same."""
    with shop.reading():
        for table in TABLES.values():
            assert_is_table(shop, star, table)
        assert_is_quarantine(shop, star)
        assert_is_ledger(shop, star)


def assert_is_table(shop: Shop, star: Star, table: Table) -> None:
    names = ", ".join([*(column.name for column in table.columns), *PROVENANCE])
    found = shop.rows(f"SELECT {names} FROM {table.name} WHERE source_file <> ''")
    expected = [(*r.values, r.file, r.line, r.repairs) for r in star.loaded[table.name]]
    assert sorted(found, key=place_of) == sorted(expected, key=place_of)


def place_of(row: Row) -> Row:
    return row[-3:-1]


def assert_is_quarantine(shop: Shop, star: Star) -> None:
    query = "SELECT source_table, source_file, source_line, reason, amount, raw FROM quarantine"
    found = {row[:3]: row[3:] for row in shop.rows(query)}
    expected = {(q.table, q.file, q.line): (q.reason, q.amount, q.raw) for q in star.quarantined}
    for place, (_, _, raw) in expected.items():
        if place in found and not shown_as_it_came(raw):
            found[place] = (*found[place][:2], raw)
    assert found == expected


def shown_as_it_came(raw: str) -> bool:
    """Whether the record is text; how NUL and bad bytes are shown is the pipeline's choice."""
    return "\0" not in raw and "\ufffd" not in raw


def assert_is_ledger(shop: Shop, star: Star) -> None:
    """The movements of all runs add up to where each file's rows are now."""
    found = shop.rows(
        "SELECT source_file, sum(rows_read), sum(rows_loaded), sum(rows_duplicate),"
        " sum(rows_quarantined), sum(rows_repaired), sum(amount_loaded), sum(amount_quarantined),"
        " sum(amount_read), sum(amount_duplicate)"
        " FROM ledger GROUP BY source_file ORDER BY source_file"
    )
    for name, read, loaded, duplicate, quarantined, repaired, amount, lost, all_, twice in found:
        rows = [r for table in star.loaded.values() for r in table if r.file == name]
        sold = exact_sum(r["total_sales"] for r in rows if r.table == "sales")
        bad = [q for q in star.quarantined if q.file == name]
        assert read == star.read[name] == loaded + duplicate + quarantined, name
        assert loaded == len(rows), name
        assert quarantined == len(bad), name
        assert duplicate == star.duplicates[name], name
        assert repaired == sum(r.repairs is not None for r in rows), name
        assert (amount or 0) == sold, name
        assert (lost or 0) == exact_sum(q.amount for q in bad), name
        assert (all_ or 0) == (amount or 0) + (lost or 0) + (twice or 0), name
    assert {name for name, *_ in found} >= {name for name, count in star.read.items() if count}
