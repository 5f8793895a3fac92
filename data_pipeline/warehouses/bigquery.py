"""Google BigQuery: `bigquery://project/dataset?location=EU&bucket=name`.

Clean rows come by load jobs into stage tables; then one transaction, in a session of BigQuery's,
checks, merges and books. It begins when all tables are there, because a transaction can make only
temporary ones, and sees what was there when it began. What a dead run leaves behind (stage tables,
empty tables of a first run, an open session) nobody sees, and the next run removes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_pipeline.contract import SALES, Table
from data_pipeline.errors import MissingWarehouseError, WarehouseError
from data_pipeline.layout import Relation, star, star_relations
from data_pipeline.sql import quote
from data_pipeline.warehouses.base import Access, Cost, Row, Warehouse
from data_pipeline.warehouses.bqcost import most
from data_pipeline.warehouses.bqjobs import LABEL, Jobs, plain
from data_pipeline.warehouses.bqlock import NAME as LOCK_TABLE
from data_pipeline.warehouses.bqlock import RunLock
from data_pipeline.warehouses.bqsql import adapt, in_full, text_of
from data_pipeline.warehouses.bqtables import (
    PARAMETERS,
    arrow_schema,
    as_parameters,
    load_schema,
    parquet_files,
    parts,
    table_ddl,
)
from data_pipeline.warehouses.bqurl import Address, read_url
from data_pipeline.warehouses.remote import RemoteWarehouse

MOST_DAYS = 3_900
"""So many days one job may write; BigQuery's own limit is 4,000 partitions."""

NOT_KNOWN = "when the answer was lost, run again: that run sees whether it was committed"


def connect(url: str, access: Access) -> Warehouse:
    """Open a dataset; a run makes it when it is not there and the URL says where."""
    return BigQueryWarehouse(url, access)


class BigQueryWarehouse(RemoteWarehouse):
    """A dataset of BigQuery."""

    dialect = "bigquery"
    extra = "bigquery"
    parameter = "@{name}"
    adapt = staticmethod(adapt)
    text_of = staticmethod(text_of)

    def __init__(self, url: str, access: Access) -> None:
        super().__init__(url, access)
        self._given = url
        self._address: Address = read_url(url, self.url)
        self._jobs = Jobs(self._address)
        self._lock: RunLock | None = None
        self._has_run = self._in_transaction = False
        self._made: set[str] = set()
        self._temporary: set[str] = set()
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        client = self._jobs.client
        try:
            with self._jobs.speaking(self.url):
                self._jobs.location = client.get_dataset(
                    self._jobs.dataset, retry=self._jobs.retry
                ).location
        except MissingWarehouseError:
            if self._access.read_only or not self._address.location:
                raise MissingWarehouseError(
                    f"{self.url}: there is no such dataset that these credentials may see; make it "
                    "(bq mk --location=EU PROJECT:DATASET), or let a run make it with ?location=EU"
                ) from None
            with self._jobs.speaking(self.url):
                client.create_dataset(self._jobs.dataset, exists_ok=True, retry=self._jobs.retry)
        if not self._access.read_only:
            self._lock = RunLock(self._jobs, self.url)
            self._lock.take(self._access.wait_s)

    def close(self) -> None:
        super().close()
        self._jobs.close_session()
        if self._lock is not None:
            self._lock.release()
        self._jobs.close()

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        return [tuple(map(plain, row.values())) for row in self._send(sql, values or {})]

    def _send(self, sql: str, values: Mapping[str, Any]) -> Any:
        """Run a portable statement. A value that is missing has no type: it stands as NULL."""
        missing = [name for name, value in values.items() if value is None]
        for name in missing:
            sql = re.sub(rf"\${name}\b", "NULL", sql)
        statement = self.translate(sql)
        if statement.drops is not None and statement.drops not in self._temporary:
            return []  # a stage table goes after the transaction, any other was never made
        self._refuse_writing(statement.sql)
        given = {name: values[name] for name in statement.names}
        if statement.sql.startswith("CREATE VIEW"):
            return self._make_view(statement.sql)
        found = self._run(statement.sql, given)
        if statement.makes is not None:
            self._temporary.add(statement.makes)
        if statement.drops is not None:
            self._temporary.discard(statement.drops)
        return found

    def execute(self, sql: str, values: list[Any]) -> list[Row]:  # noqa: ARG002 (they have names)
        return [tuple(map(plain, row.values())) for row in self._run(sql)]

    def _run(self, sql: str, values: Mapping[str, Any] | None = None) -> Any:
        if self._in_transaction and self._jobs.session is None:
            self._jobs.open_session()
            assert self._lock is not None, "only a run writes"
            self._lock.renew()
        return self._jobs.query(sql, values)

    def _refuse_writing(self, sql: str) -> None:
        if self._access.read_only and not sql.startswith(("SELECT", "WITH", "(")):
            raise WarehouseError(f"{self.url} is open for reading only")

    def begin(self) -> None:
        """The transaction itself begins with its first statement, when all tables are there."""
        self._in_transaction = True

    def commit(self) -> None:
        try:
            assert self._lock is not None, "only a run commits"
            self._lock.renew()
            self._run("COMMIT TRANSACTION")
        except WarehouseError as error:
            self.rollback()
            raise WarehouseError(f"at the commit: {error}; {NOT_KNOWN}") from None
        self._end()

    def rollback(self) -> None:
        """Undo: a session that is ended undoes what was not committed."""
        self._end()

    def _end(self) -> None:
        self._jobs.close_session()
        self._in_transaction = False
        self._temporary.clear()

    def session(self) -> Warehouse:
        return BigQueryWarehouse(self._given, self._access)

    def interrupt(self) -> None:
        self._jobs.cancel()

    def version(self) -> str:
        return str(self.execute("SELECT MAX(run_id) FROM runs", [])[0][0]) if self._ran() else ""

    def _ran(self) -> bool:
        """Whether a run was ever committed: until then nobody sees the tables."""
        if not self._has_run:
            with suppress(MissingWarehouseError):
                found = self._jobs.query("SELECT COUNT(*) AS runs FROM runs", outside=True)
                self._has_run = next(iter(found))["runs"] > 0
        return self._has_run

    def has_tables(self) -> bool:
        return self._ran()

    def has_table(self, name: str) -> bool:
        if name in self._made:
            return True
        return self._ran() and self._find(name) is not None

    def estimate(self, size: int) -> Cost:
        """What is there is measured by dry runs, which are free; each pass may read all of it."""
        stored = 0
        for relation in star_relations() if self._ran() else ():
            stored += self._jobs.estimate(f"SELECT * FROM `{relation.name}`")
        return most(stored, size)

    def _find(self, name: str) -> Any:
        try:
            with self._jobs.speaking():
                return self._jobs.table(name)
        except MissingWarehouseError:
            return None

    def drop_staging(self) -> None:
        """Remove stage tables, and what a first run has made that was never committed."""
        client, retry = self._jobs.client, self._jobs.retry
        is_empty = not self._ran()
        with self._jobs.speaking():
            for table in client.list_tables(self._jobs.dataset, retry=retry):
                ours = LABEL.items() <= (table.labels or {}).items()
                left = is_empty and table.table_id != LOCK_TABLE
                if ours and (left or table.table_id.startswith("incoming_")):
                    client.delete_table(table.reference, not_found_ok=True, retry=retry)

    def create(self, relation: Relation) -> None:
        if self._find(relation.name) is not None:
            raise WarehouseError(
                f"{self.url}: the dataset has a table {relation.name!r} that is not the "
                "pipeline's; name another dataset"
            )
        self._made.add(relation.name)
        days = 0
        if relation == star(SALES) and self._address.partition is None:
            days = len(self._days())
        self._jobs.query(table_ddl(relation, self._unit(days)), outside=True)

    def _unit(self, days: int) -> str:
        if self._address.partition is not None:
            return self._address.partition.upper()
        return "MONTH" if days > MOST_DAYS else "DAY"

    def _days(self) -> list[Any]:
        """The days of the sales that are being loaded, in order."""
        days = 'SELECT DISTINCT CAST("timestamp" AS DATE) AS day FROM incoming_sales ORDER BY day'
        return [day for (day,) in self.engine.rows(days)]

    def _make_view(self, sql: str) -> list[Row]:
        name, qualified = in_full(sql, self._address.project, self._address.dataset)
        self._made.add(name)
        self._jobs.query(qualified, outside=True)
        with self._jobs.speaking():
            view = self._jobs.table(name)
            view.labels = LABEL
            self._jobs.client.update_table(view, ["labels"], retry=self._jobs.retry)
        return []

    def empty(self, relation: Relation) -> None:
        self._run(f"DELETE FROM `{relation.name}` WHERE TRUE")

    def fill(self, relation: Relation, batches: Iterable[pa.RecordBatch], *, lasting: bool) -> None:  # noqa: ARG002
        """Load a stage table. It is made by a statement first, so that it is marked as ours."""
        self._jobs.query(table_ddl(relation, "DAY", replace=True), outside=True)
        assert self._scratch is not None, "prepare() comes first"
        for path in parquet_files(batches, Path(self._scratch.folder), relation.name):
            self._jobs.load(relation.name, path, load_schema(relation))
            path.unlink()

    def find_doubled_keys(self, table: Table, staging: str) -> None:
        """Where the rows are by now."""
        key = quote(table.key.name)
        self.rows(
            f"CREATE TEMP TABLE doubled AS SELECT {key} FROM {staging} "
            f"GROUP BY {key} HAVING COUNT(*) > 1"
        )

    def bring(self, name: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
        """Columns travel as parameters: a load job would be outside the transaction."""
        columns = ", ".join(f"`{f.name}` {PARAMETERS[f.type]}" for f in schema)
        self._run(f"CREATE TEMP TABLE {name} ({columns})")
        self._temporary.add(name)
        for batch in batches:
            for part in parts(batch):
                values, told = as_parameters(part)
                numbers = "UNNEST(GENERATE_ARRAY(1, @rows)) AS number"
                self._run(
                    f"INSERT INTO {name} SELECT {values} FROM {numbers}",
                    told | {"rows": part.num_rows},
                )

    def publish(self, table: Table, staging: str, *, replace: bool) -> None:  # noqa: ARG002
        """What was to be replaced is empty by now; many days go in several statements."""
        names = ", ".join(f"`{field.name}`" for field in star(table).fields)
        insert = f"INSERT INTO `{table.name}` ({names}) SELECT {names} FROM {staging}"
        limits = self._days()[MOST_DAYS::MOST_DAYS] if table is SALES else []
        for low, high in zip([None, *limits], [*limits, None], strict=True):
            said = [
                f"`timestamp` {sign} TIMESTAMP '{day}'"
                for sign, day in ((">=", low), ("<", high))
                if day
            ]
            self._run(insert + (f" WHERE {' AND '.join(said)}" if said else ""))

    @contextmanager
    def read(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        self._refuse_writing(sql)
        found = self._run(self.translate(sql).sql)
        schema = arrow_schema(found.schema)
        yield pa.RecordBatchReader.from_batches(schema, self._batches(found, schema))

    def _batches(self, found: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with self._jobs.speaking():
            for batch in found.to_arrow_iterable():
                if batch.num_rows:
                    yield batch.cast(schema)
