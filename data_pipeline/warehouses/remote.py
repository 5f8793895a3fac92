"""What all warehouses on servers have in common.

Transform runs on a DuckDB of the run's own; only typed, clean rows travel. SQL is written once, in
the portable subset of DuckDB's dialect, and translated by sqlglot; values are bound. A warehouse
states its dialect, how parameters look, how rows go in and out, and what its keys are like.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from data_pipeline.contract import TABLES, Table
from data_pipeline.engines.duckdb import arrow_batches
from data_pipeline.engines.scratch import ScratchEngine, passing
from data_pipeline.errors import ConfigError
from data_pipeline.layout import QUARANTINE, STAGED_REJECTED, Relation, staging, star_relations
from data_pipeline.signals import put_off
from data_pipeline.sql import quote, text
from data_pipeline.urls import hide_password
from data_pipeline.warehouses.base import Access, Row, Warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DIALECT_MISSING = (
    "this warehouse needs a translator of SQL that is not installed; "
    "install it with: pip install 'ecommerce-sales-pipeline[{extra}]'"
)


@dataclass(frozen=True, slots=True)
class Translated:
    """A statement in the warehouse's dialect: `names` are those of its parameters, in order;
    `makes` is the table that it fills when it makes one, `drops` the one that it drops.
    """

    sql: str
    names: tuple[str, ...]
    makes: str | None = None
    drops: str | None = None

    def bind(self, values: Mapping[str, Any] | None) -> list[Any]:
        """The values in the order of the parameters."""
        return [(values or {})[name] for name in self.names]


class RemoteWarehouse(Warehouse):
    """A warehouse on a server. `url` shows no password."""

    dialect: ClassVar[str]
    """As sqlglot calls it."""
    extra: ClassVar[str]
    """What pip installs the driver with."""
    parameter: ClassVar[str] = "${number}"
    """How a parameter is written; {number} counts from 1, {name} is its name."""

    def __init__(self, url: str, access: Access) -> None:
        self.url = hide_password(url)
        self._access = access
        self._scratch: ScratchEngine | None = None

    def prepare(self) -> None:
        super().prepare()
        with put_off():  # else a signal could come when the folder is there and nobody's yet
            self._scratch = ScratchEngine(self._access.memory_limit, self._access.threads)
        self.engine = self._scratch

    def close(self) -> None:
        if self._scratch is not None:
            self._scratch.close()

    def translate(self, sql: str) -> Translated:
        """Translate a portable statement into the warehouse's dialect."""
        try:
            return translate(sql, self.dialect, self.parameter, self.adapt)
        except ModuleNotFoundError:
            raise ConfigError(DIALECT_MISSING.format(extra=self.extra)) from None

    @staticmethod
    def adapt(tree: Any) -> Any:
        """Put a parsed statement into the form that the warehouse takes; as it is, most often."""
        return tree

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        statement = self.translate(sql)
        found = self.execute(statement.sql, statement.bind(values))
        if statement.makes:
            self.note_filled(statement.makes)
        return found

    @abstractmethod
    def execute(self, sql: str, values: list[Any]) -> list[Row]:
        """Run a statement of the warehouse's own dialect; return all rows, or none."""

    def note_filled(self, name: str) -> None:
        """A table was made and filled: the place to count it for the planner."""

    @abstractmethod
    def fill(self, relation: Relation, batches: Iterable[pa.RecordBatch], *, lasting: bool) -> None:
        """Make a table and fill it; unless it is lasting, it goes with the transaction."""

    def stage(self, *, fresh: bool) -> None:
        for relation in (*map(staging, TABLES.values()), STAGED_REJECTED):
            lasting = fresh and relation is not STAGED_REJECTED
            self.fill(relation, self._staged(relation), lasting=lasting)

    def _staged(self, relation: Relation) -> Iterable[pa.RecordBatch]:
        """The rows of a staging table of the engine."""
        columns = ", ".join(quote(field.name) for field in relation.fields)
        return self._scratched(f"SELECT {columns} FROM {relation.name}")

    def _scratched(self, sql: str) -> Iterable[pa.RecordBatch]:
        assert self._scratch is not None, "prepare() comes first"
        batches: Iterable[pa.RecordBatch] = arrow_batches(self._scratch.connection.sql(sql))
        return batches

    def find_doubled_keys(self, table: Table, staging: str) -> None:
        """The engine still has the staging table, and is quicker at it."""
        key = quote(table.key.name)
        doubled = self._scratched(f"SELECT {key} FROM {staging} GROUP BY {key} HAVING COUNT(*) > 1")
        self.bring("doubled", doubled, pa.schema([(table.key.name, pa.int64())]))

    @contextmanager
    def as_duckdb(self) -> Iterator[DuckDBPyConnection]:
        """A copy of the tables, in a scratch folder."""
        with ExitStack() as ending:
            with put_off():
                scratch = ScratchEngine(self._access.memory_limit, self._access.threads)
                ending.callback(scratch.close)
            for relation in (*star_relations(), QUARANTINE):
                names = ", ".join(quote(field.name) for field in relation.fields)
                with self.read(f"SELECT {names} FROM {quote(relation.name)}") as reader:
                    scratch.connection.register("passing", reader)
                    made = f"CREATE TABLE {quote(relation.name)} AS SELECT * FROM passing"
                    scratch.connection.execute(made)
                    scratch.connection.unregister("passing")
            yield scratch.connection

    def export(self, sql: str, path: Path, kind: str) -> None:
        """Write through DuckDB, so that files are the same from every warehouse."""
        options = "FORMAT PARQUET" if kind == "parquet" else "FORMAT CSV, HEADER"
        with self.read(sql) as reader, passing(self._access.memory_limit) as connection:
            connection.register("passing", reader)
            connection.execute(f"COPY (SELECT * FROM passing) TO {text(str(path))} ({options})")


@lru_cache(maxsize=1024)
def translate(
    sql: str, dialect: str, parameter: str, adapt: Callable[[Any], Any] | None = None
) -> Translated:
    """Translate one statement of the portable subset; raises when a part of it has no meaning in
    the dialect.

    >>> translate("SELECT a FROM t WHERE REGEXP_MATCHES(b, $what)", "postgres", "${number}")
    Translated(sql='SELECT a FROM t WHERE b ~ $1', names=('what',), makes=None, drops=None)
    """
    import sqlglot
    from sqlglot import ErrorLevel, exp

    tree = sqlglot.parse_one(sql, read="duckdb")
    tree = adapt(tree) if adapt else tree
    names: list[str] = []
    for found in list(tree.find_all(exp.Placeholder)):
        if found.name not in names:
            names.append(found.name)
        shown = parameter.format(number=names.index(found.name) + 1, name=found.name)
        found.replace(exp.Var(this=shown))
    fills = isinstance(tree, exp.Create) and tree.kind == "TABLE" and tree.expression is not None
    makes = tree.this.name if fills else None
    dropped = tree.find(exp.Table) if isinstance(tree, exp.Drop) else None
    drops = dropped.name if dropped is not None else None
    written = tree.sql(dialect, unsupported_level=ErrorLevel.RAISE, comments=False)
    return Translated(written, tuple(names), makes, drops)
