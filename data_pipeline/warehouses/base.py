"""The port: what load, ledger and metrics ask of a warehouse.

A warehouse is one file beside this one. It holds the star and its books, runs SQL of the portable
subset, and says how new rows become part of a table. What differs between warehouses is stated
there, and nowhere else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from data_pipeline.contract import TABLES, Column, Table
from data_pipeline.engines import Engine
from data_pipeline.layout import Relation
from data_pipeline.published import refused_write
from data_pipeline.sql import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """How a warehouse is opened: `wait_s` is how long to wait for another run to end."""

    read_only: bool = False
    wait_s: float = 0.0
    memory_limit: str = "2GB"
    threads: int | None = None
    declare_keys: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run costs at most, where a warehouse is paid by the bytes that it reads."""

    bytes: int
    dollars: Decimal


class Warehouse(ABC):
    """A warehouse that is open. `url` shows no password."""

    url: str
    engine: Engine

    @abstractmethod
    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        """Run portable SQL with named parameters; return all rows, or none."""

    def prepare(self) -> None:
        """Make ready for staging tables and a transaction; a run that finds nothing new never does.

        Removes what an unfinished run may have left beside the star.
        """
        self.drop_staging()

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction."""

    @abstractmethod
    def commit(self) -> None:
        """Make the transaction's work visible."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo the transaction's work."""

    @abstractmethod
    def close(self) -> None:
        """Let the warehouse go, and whoever waits for it come."""

    @abstractmethod
    def session(self) -> Warehouse:
        """Open what this reader reads once more, for another thread; close it before this one."""

    @abstractmethod
    def interrupt(self) -> None:
        """Make the SQL fail that another thread is running here."""

    @abstractmethod
    def version(self) -> str:
        """Name the state that whoever opens the warehouse now will see. Each commit gives it
        another name; to ask costs next to nothing.
        """

    def outdated(self) -> bool:
        """Whether a run has committed a state that this connection will never see: open anew."""
        return False

    def estimate(self, size: int) -> Cost | None:  # noqa: ARG002 (for who is paid by it)
        """Say what a run that loads so many bytes of raw files would cost; None: nothing."""
        return None

    @abstractmethod
    def has_table(self, name: str) -> bool:
        """Say whether the warehouse has a table of that name."""

    def has_tables(self) -> bool:
        """Say whether the star is there."""
        return self.has_table("runs")

    @abstractmethod
    def create(self, relation: Relation) -> None:
        """Make an empty table."""

    @abstractmethod
    def empty(self, relation: Relation) -> None:
        """Take all rows out of a table; readers see them until the commit."""

    @abstractmethod
    def drop_staging(self) -> None:
        """Remove what an unfinished run may have left beside the star."""

    @abstractmethod
    def stage(self, *, fresh: bool) -> None:
        """Bring the staging tables from the engine beside the star, inside the transaction.

        `fresh` says that they will be all that the star is made of.
        """

    @abstractmethod
    def find_doubled_keys(self, table: Table, staging: str) -> None:
        """Make the temporary table `doubled`: each key that stands more than once in `staging`."""

    def lacks(self, column: Column, row: str) -> str:
        """Make the condition that the foreign key `column` of `row` is nowhere in its table."""
        key = f'"{column.name}"'
        return f'{row}.{key} NOT IN (SELECT {key} FROM "{column.references}")'

    def lacks_any(self, table: Table, staging: str, row: str) -> str:  # noqa: ARG002
        """Make the condition that any foreign key of `row`, of the staging table, is nowhere."""
        return " OR ".join(self.lacks(column, row) for column in table.foreign_keys)

    def looked_up(self, table: Table, row: str) -> str:  # noqa: ARG002
        """Make the joins that the conditions of `lacks` need; none unless a warehouse says so."""
        return ""

    @staticmethod
    def text_of(column: Column, value: str) -> str:  # noqa: ARG004
        """Make the SQL of a column's value as text, the same in every warehouse."""
        return f"CAST({value} AS VARCHAR)"

    @abstractmethod
    def bring(self, name: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
        """Make the temporary table `name` from Arrow batches."""

    def stored(self, relation: Relation) -> list[str]:
        """The columns of a table that rows are put into; in others, if any, all is NULL."""
        return [field.name for field in relation.fields]

    @abstractmethod
    def publish(self, table: Table, staging: str, *, replace: bool) -> None:
        """Make the rows of `staging` part of the table, or the table itself; staging is gone."""

    def broken_keys(self, table: Table) -> list[str]:
        """Say in words which keys of a published table are not unique, missing or dangling."""
        name = quote(table.name)
        found = [] if self.is_unique(table) else [f"{table.name}.{table.key.name} is not unique"]
        for column in table.foreign_keys:
            dangling = self.count_dangling(name, column.name, TABLES[str(column.references)])
            said = f"{table.name}.{column.name}: {dangling} keys are not in {column.references}"
            found += [said] if dangling else []
        return found

    def is_unique(self, table: Table) -> bool:
        """Say whether each row of a table has a key of its own."""
        key, name = quote(table.key.name), quote(table.name)
        sql = f"SELECT COUNT(*), COUNT({key}), COUNT(DISTINCT {key}) FROM {name}"
        ((rows, keys, different),) = self.rows(sql)
        return bool(rows == keys == different)

    def count_dangling(self, table: str, column: str, target: Table) -> int:
        """Count the different keys in a column that are not in the table that they point to."""
        foreign, key = quote(column), quote(target.key.name)
        ((count,),) = self.rows(
            f"SELECT COUNT(DISTINCT m.{foreign}) FROM {table} AS m "
            f"LEFT JOIN {quote(target.name)} AS o ON o.{key} = m.{foreign} WHERE o.{key} IS NULL"
        )
        return int(count)

    @abstractmethod
    def read(self, sql: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """Stream the rows of a portable SELECT without parameters."""

    @abstractmethod
    def export(self, sql: str, path: Path, kind: str) -> None:
        """Write the rows of a SELECT into a file of the kind `csv` or `parquet`."""

    @abstractmethod
    def as_duckdb(self) -> AbstractContextManager[DuckDBPyConnection]:
        """Give the star and the quarantine as tables of a DuckDB, beside which a reader may make
        temporary ones.
        """

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end; whatever goes wrong before leaves everything as it was."""
        self.begin()
        try:
            yield
        except BaseException:
            self.rollback()
            raise
        self.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: object, *_: object) -> None:
        self.close()
        if refused := refused_write(str(error)):
            raise refused from None
