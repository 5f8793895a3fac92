"""A warehouse in a schema of a database that speaks as PostgreSQL does: PostgreSQL, Redshift.

Both look tables up in the same catalogue, end a transaction in the same words and make temporary
tables from a description. How rows get there and which run is alone, each says itself.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol

import pyarrow as pa

from data_pipeline.errors import BusyWarehouseError, WarehouseError
from data_pipeline.layout import Field, Relation
from data_pipeline.sql import quote, text
from data_pipeline.warehouses.base import Access, Row, Warehouse
from data_pipeline.warehouses.remote import RemoteWarehouse

NOT_KNOWN = "when the connection was lost, run again: that run sees whether it was committed"
KINDS = {pa.int64(): "BIGINT", pa.string(): "VARCHAR", pa.date32(): "DATE"}
"""Our types of the columns that `bring` may be given."""


class Session(Protocol):
    """A connection on which each statement commits by itself, unless BEGIN was sent."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run one statement with values for $1, $2, ...; return all its rows."""

    def interrupt(self) -> None:
        """Cancel the statement that another thread has running here."""

    def close(self) -> None:
        """Close the connection; the server undoes what was not committed."""

    def drop(self) -> None:
        """End the connection at once."""


class SchemaWarehouse(RemoteWarehouse):
    """A schema of a database; `_session` is opened by who inherits."""

    schema_option: ClassVar[str] = "?schema="
    """How the URL names another schema."""

    _schema: str
    _session: Session

    def __init__(self, url: str, access: Access) -> None:
        super().__init__(url, access)
        self._given = url

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        return self._session.rows(sql, list(values))

    def commit(self) -> None:
        try:
            self.execute("COMMIT")
        except WarehouseError as error:
            raise WarehouseError(f"at the commit: {error}; {NOT_KNOWN}") from None

    def rollback(self) -> None:
        """Undo; a connection that no longer answers is ended, which undoes it too."""
        try:
            self.execute("ROLLBACK")
        except WarehouseError:
            self._session.drop()

    def close(self) -> None:
        super().close()
        self._session.close()

    def session(self) -> Warehouse:
        return type(self)(self._given, self._access)

    def interrupt(self) -> None:
        self._session.interrupt()

    def version(self) -> str:
        if not self.has_tables():
            return ""
        return str(self.execute("SELECT MAX(run_id) FROM runs")[0][0])

    def has_schema(self) -> bool:
        there = "SELECT COUNT(*) FROM pg_catalog.pg_namespace WHERE nspname = $1"
        return self.execute(there, [self._schema]) == [(1,)]

    def has_table(self, name: str) -> bool:
        there = (
            "SELECT COUNT(*) FROM pg_catalog.pg_class AS c "
            "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
            "WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v')"
        )
        return self.execute(there, [self._schema, name]) == [(1,)]

    def create(self, relation: Relation) -> None:
        if self.has_table(relation.name):
            raise WarehouseError(
                f"{self.url}: the schema {self._schema!r} has a table {relation.name!r} that is "
                f"not the pipeline's; name another schema with {self.schema_option}"
            )
        self.make(relation)

    @abstractmethod
    def make(self, relation: Relation) -> None:
        """Make an empty table where none of that name is."""

    def describe(self, relation: Relation) -> None:
        """Say in the database what the table and its columns are."""
        name = quote(relation.name)
        self.execute(f"COMMENT ON TABLE {name} IS {text(relation.grain)}")
        for field in relation.fields:
            said = text(field.description)
            self.execute(f"COMMENT ON COLUMN {name}.{quote(field.name)} IS {said}")

    def empty(self, relation: Relation) -> None:
        """Not TRUNCATE: that locks readers out, or commits."""
        self.execute(f"DELETE FROM {quote(relation.name)}")

    def bring(self, name: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
        fields = tuple(Field(f.name, KINDS[f.type], "") for f in schema)
        self.fill(Relation(name, "", fields), batches, lasting=False)

    def busy(self) -> BusyWarehouseError:
        """Another run is on this schema."""
        return BusyWarehouseError(
            f"{self.url} is in use by another run; wait for it to end, or let this one wait with "
            "--wait SECONDS"
        )


def columns_of(relation: Relation, text_type: str) -> str:
    """The columns of a CREATE TABLE, with the warehouse's own type for text."""
    return ", ".join(
        f"{quote(f.name)} {text_type if f.sql == 'VARCHAR' else f.sql}"
        + ("" if f.nullable else " NOT NULL")
        for f in relation.fields
    )
