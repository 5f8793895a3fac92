"""A BigQuery for tests, and datasets of their own on it.

TEST_BIGQUERY_URL names a project (bigquery://project/any?location=EU&credentials=...): then the
tests go to the real service, and cost money. Without it the emulator is started, once a process.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import uuid
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from data_pipeline.layout import BOOKS, QUARANTINE, star_relations
from data_pipeline.metrics.rollups import AGG_TERMS, ROLLUPS
from data_pipeline.sql import field_types
from data_pipeline.warehouses.bqjobs import Jobs
from data_pipeline.warehouses.bqurl import read_url
from tests.bigquery.environments import needed_python

SERVER = Path(__file__).with_name("server.py")
LOCATION = "EU"


@cache
def service_url() -> str:
    """The URL of a dataset that is not there, on the real service or on the emulator."""
    return os.environ.get("TEST_BIGQUERY_URL") or _emulator()


def is_real() -> bool:
    return "TEST_BIGQUERY_URL" in os.environ


def _stop(process: subprocess.Popen[str]) -> None:
    """The emulator ends when its standard input does."""
    process.communicate()


def _emulator() -> str:
    command = [str(needed_python("emulator")), str(SERVER)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("port "):
            atexit.register(_stop, process)
            return (
                f"bigquery://shop-project/any?location={LOCATION}"
                f"&endpoint=http://127.0.0.1:{line.split()[1]}"
            )
    raise AssertionError("the emulator did not start")


_TAKEN: set[int] = set()
"""Names are used again: the emulator need not translate the same statements anew."""


class BigQueryHouse:
    """A dataset of the tests' own; queries see a copy in DuckDB, read row by row."""

    def __init__(self) -> None:
        self._number = min(set(range(100)) - _TAKEN)
        _TAKEN.add(self._number)
        name = f"sales_test_{self._number}" if not is_real() else f"sales_test_{uuid.uuid4().hex}"
        project, _, options = service_url().removeprefix("bigquery://").partition("/")
        self.url = f"bigquery://{project}/{name}?{options.partition('?')[2]}"
        self.jobs = Jobs(read_url(self.url, self.url))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a statement in BigQuery's own dialect."""
        return [tuple(row.values()) for row in self.jobs.query(sql)]

    def tables(self) -> set[str]:
        with self.jobs.speaking():
            found = self.jobs.client.list_tables(self.jobs.dataset)
            return {table.table_id for table in found}

    def connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(":memory:")
        connection.execute("SET TimeZone = 'UTC'")
        sums = [rollup.relation for rollup in ROLLUPS.values()]
        for relation in (*star_relations(), *BOOKS, *sums, AGG_TERMS, QUARANTINE):
            names = ", ".join(f"`{field.name}`" for field in relation.fields)
            rows = self.rows(f"SELECT {names} FROM `{relation.name}`")
            connection.execute(f"CREATE TABLE {relation.name} ({field_types(relation)})")
            if rows:
                columns = [pa.array(values) for values in zip(*rows, strict=True)]
                connection.register("found", pa.table(columns, [f.name for f in relation.fields]))
                connection.execute(f"INSERT INTO {relation.name} SELECT * FROM found")
        return connection

    def is_empty(self) -> bool:
        from data_pipeline.errors import MissingWarehouseError

        try:
            return "runs" not in self.tables() or self.rows("SELECT COUNT(*) FROM runs") == [(0,)]
        except MissingWarehouseError:
            return True

    def drop(self) -> None:
        self.jobs.client.delete_dataset(self.jobs.dataset, delete_contents=True, not_found_ok=True)
        self.jobs.close()
        _TAKEN.discard(self._number)
