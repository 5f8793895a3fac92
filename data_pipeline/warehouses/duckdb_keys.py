"""How a DuckDB file is asked about its keys: which are doubled, missing or dangling.

Dense keys are looked at in byte maps by NumPy, others are grouped and joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data_pipeline.contract import Column, Table
from data_pipeline.engines.doubled import find_doubled, find_missing, find_there, is_dense
from data_pipeline.layout import held, staging
from data_pipeline.sql import quote
from data_pipeline.warehouses.base import Warehouse

if TYPE_CHECKING:
    import duckdb


class DuckDBKeys(Warehouse):
    """The part of a DuckDB warehouse that concerns keys."""

    _connection: duckdb.DuckDBPyConnection

    def find_doubled_keys(self, table: Table, staging: str) -> None:
        key = quote(table.key.name)
        count, low, high = self.rows(f"SELECT COUNT(*), MIN({key}), MAX({key}) FROM {staging}")[0]
        if count and is_dense(count, low, high):
            keys = self._connection.sql(f"SELECT {key} FROM {staging}")
            doubled = find_doubled(keys, table.key.name, low, high)
            self.bring("doubled", [doubled], doubled.schema)
        else:
            self._connection.execute(
                f"CREATE TEMP TABLE doubled AS SELECT {key} FROM {staging} "
                f"GROUP BY {key} HAVING COUNT(*) > 1"
            )

    def looked_up(self, table: Table, row: str) -> str:
        """The few keys that are missing are found in a byte map, and joined."""
        joins = []
        for column in table.foreign_keys:
            self._bring_missing(table, column)
            key = quote(column.name)
            missing = _missing(column)
            joins.append(f"LEFT JOIN {missing} ON {missing}.{key} = {row}.{key}")
        return " ".join(joins)

    def lacks(self, column: Column, row: str) -> str:  # noqa: ARG002
        return f"{_missing(column)}.{quote(column.name)} IS NOT NULL"

    def lacks_any(self, table: Table, staging: str, row: str) -> str:
        """The few rows are found by their keys: no other column is read of all the others."""
        key = quote(table.key.name)
        found = (
            f"SELECT n.{key} FROM {staging} AS n JOIN {_missing(column)} AS m "
            f"ON m.{quote(column.name)} = n.{quote(column.name)}"
            for column in table.foreign_keys
        )
        return f"{row}.{key} IN ({' UNION '.join(found)})"

    def _bring_missing(self, table: Table, column: Column) -> None:
        """Make the temporary table of the keys that rows on their way into a table lack."""
        name, key = _missing(column), quote(column.name)
        target = quote(str(column.references))
        self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        new, waiting = staging(table).name, held(table).name
        coming = f"SELECT {key} FROM {new} UNION ALL SELECT {key} FROM {waiting}"
        count, low, high = self.rows(f"SELECT COUNT(*), MIN({key}), MAX({key}) FROM {target}")[0]
        there = None
        if count and is_dense(count, low, high):
            there = find_there(self._connection.sql(f"SELECT {key} FROM {target}"), low, high)
        if there is None:
            self._connection.execute(
                f"CREATE TEMP TABLE {name} AS SELECT DISTINCT m.{key} FROM ({coming}) AS m "
                f"LEFT JOIN {target} AS o ON o.{key} = m.{key} WHERE o.{key} IS NULL"
            )
        else:
            missing = find_missing(self._connection.sql(coming), column.name, there, low)
            self.bring(name, [missing], missing.schema)

    def is_unique(self, table: Table) -> bool:
        key, name = quote(table.key.name), quote(table.name)
        count, low, high = self.rows(f"SELECT COUNT({key}), MIN({key}), MAX({key}) FROM {name}")[0]
        if not count or not is_dense(count, low, high):
            return super().is_unique(table)
        there = find_there(self._connection.sql(f"SELECT {key} FROM {name}"), low, high)
        return there is not None and int(np.count_nonzero(there)) == count

    def count_dangling(self, table: str, column: str, target: Table) -> int:
        foreign, key, name = quote(column), quote(target.key.name), quote(target.name)
        count, low, high = self.rows(f"SELECT COUNT({key}), MIN({key}), MAX({key}) FROM {name}")[0]
        if not count or not is_dense(count, low, high):
            return super().count_dangling(table, column, target)
        sides = (
            f"SELECT {foreign} FROM {table} WHERE {foreign} IS NOT NULL",
            f"SELECT {key} FROM {name}",
        )
        used, known = (find_there(self._connection.sql(sql), low, high) for sql in sides)
        if used is None or known is None:
            return super().count_dangling(table, column, target)
        return int(np.count_nonzero(used & ~known))


def _missing(column: Column) -> str:
    return f"missing_{column.name}"
