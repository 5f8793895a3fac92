"""The sales of one version in memory, read in the background while the page is served already."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from data_pipeline.dashboard.answers.recording import IN_ADVANCE
from data_pipeline.metrics.columns.filling import read_columns

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.warehouses import Warehouse


class Recall:
    """Has the columns when they are read; nothing before, after `forget`, or when they do not
    fit into the memory that they may take.
    """

    def __init__(self) -> None:
        self.columns: Columns | None = None
        self.is_done = threading.Event()
        self._is_wanted = True

    def start(
        self, session: AbstractContextManager[Warehouse], timezone: str, most_bytes: int
    ) -> None:
        """Read the columns in a thread of its own."""
        work = threading.Thread(
            target=self._read, args=(session, timezone, most_bytes), name="dashboard-recall"
        )
        work.daemon = True
        work.start()

    def forget(self) -> None:
        """Give the memory back, and read no further."""
        self._is_wanted, self.columns = False, None

    def _read(
        self, session: AbstractContextManager[Warehouse], timezone: str, most_bytes: int
    ) -> None:
        with suppress(Exception):  # without columns, the warehouse answers
            with session as warehouse:
                found = read_columns(
                    warehouse,
                    timezone=timezone,
                    most_bytes=most_bytes,
                    go_on=lambda: self._is_wanted,
                )
            if found and self._is_wanted:
                found.prepare()
                self.columns = found
        self.is_done.set()


class Recalling:
    """A reader of one version of the data that has its columns, and asks no fact of it twice."""

    def __init__(self, warehouse: Warehouse, recall: Recall, facts: dict[str, Any]) -> None:
        self.warehouse, self._recall, self._facts = warehouse, recall, facts

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """What the warehouse says; what it said before to a question without values."""
        if values or not IN_ADVANCE.search(sql):
            return self.warehouse.rows(sql, values)
        if sql not in self._facts:
            self._facts[sql] = self.warehouse.rows(sql)
        found: list[tuple[Any, ...]] = self._facts[sql]
        return found

    def has_table(self, name: str) -> bool:
        """Whether the warehouse has it."""
        key = f"has {name}"
        if key not in self._facts:
            self._facts[key] = self.warehouse.has_table(name)
        return bool(self._facts[key])

    def columns(self) -> Columns | None:
        """The sales in memory, when they are there."""
        return self._recall.columns
