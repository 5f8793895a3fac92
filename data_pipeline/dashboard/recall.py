"""The sales of one version in memory, read in the background while the page is served already."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from data_pipeline.dashboard.answers.recording import IN_ADVANCE
from data_pipeline.metrics.columns.filling import read_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.warehouses import Warehouse

    Then = Callable[[Warehouse, Callable[[], bool]], None]


END_S = 5.0
THREAD = "dashboard-recall"


def _nothing(_: Warehouse, __: Callable[[], bool]) -> None:
    """What follows when nothing does."""


class Recall:
    """Has the columns when they are read; nothing before, after `forget`, or when they do not
    fit into the memory that they may take.
    """

    def __init__(self) -> None:
        self.columns: Columns | None = None
        self.is_done = threading.Event()
        self._is_wanted = True
        self._thread: threading.Thread | None = None

    def start(
        self,
        session: AbstractContextManager[Warehouse],
        timezone: str,
        most_bytes: int,
        then: Then = _nothing,
    ) -> None:
        """Read the columns in a thread of its own, and go on there with what follows from them."""
        self._thread = threading.Thread(
            target=self._work, args=(session, timezone, most_bytes, then), name=THREAD
        )
        self._thread.daemon = True
        self._thread.start()

    def forget(self) -> None:
        """Give the memory back, and read no further."""
        self._is_wanted, self.columns = False, None

    def end(self) -> None:
        """Forget, and wait a little for the thread: a program that ends under it complains."""
        self.forget()
        if self._thread:
            self._thread.join(END_S)

    def _work(
        self,
        session: AbstractContextManager[Warehouse],
        timezone: str,
        most_bytes: int,
        then: Then,
    ) -> None:
        with suppress(Exception), session as warehouse:  # without columns, the warehouse answers
            self._read(warehouse, timezone, most_bytes)
            self.is_done.set()
            then(warehouse, lambda: self._is_wanted)
        self.is_done.set()

    def _read(self, warehouse: Warehouse, timezone: str, most_bytes: int) -> None:
        found = read_columns(
            warehouse, timezone=timezone, most_bytes=most_bytes, go_on=lambda: self._is_wanted
        )
        if found and self._is_wanted:
            found.prepare()
            self.columns = found


def is_at_work() -> bool:
    """Whether some dashboard of this process reads sales, or computes ahead."""
    return any(thread.name == THREAD for thread in threading.enumerate())


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
