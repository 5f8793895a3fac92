"""A lock for runs on BigQuery, which has none: the description of a table, changed by compare and
swap.

Who makes the table `run_lock` has the lock, and says so again every few seconds as long as it
lives. A lock that has not been renewed for a while is a dead run's: the next one takes it over, and
ends the session in which the dead may have left a transaction open.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from data_pipeline.errors import BusyWarehouseError, WarehouseError
from data_pipeline.warehouses.bqjobs import LABEL, Jobs

NAME = "run_lock"
LEASE_S = 120.0
"""So long a lock holds that nobody renews. Clocks must agree to well within that."""
RETRY_S = 0.5


class RunLock:
    """The one run on a dataset."""

    def __init__(self, jobs: Jobs, shown: str) -> None:
        self._jobs, self._shown = jobs, shown
        self._turn = threading.Lock()
        self._ended = threading.Event()
        self._beating: threading.Thread | None = None
        self._table: Any = None

    def take(self, wait_s: float) -> None:
        """Be the only run, or raise BusyWarehouseError when that cannot be within `wait_s`."""
        deadline = time.monotonic() + wait_s
        while not (self._make() or self._take_over()):
            if time.monotonic() >= deadline:
                raise BusyWarehouseError(
                    f"{self._shown} is in use by another run; wait for it to end, or let this one "
                    f"wait with --wait SECONDS (the lock of a run that died ends {LEASE_S:.0f} "
                    "seconds later)"
                )
            time.sleep(RETRY_S)
        self._beating = threading.Thread(target=self._beat, daemon=True)
        self._beating.start()

    def renew(self) -> None:
        """Say that the run lives, and in which session its transaction is, for who may have to end
        it; WarehouseError when the lock is somebody else's by now.
        """
        with self._turn, self._jobs.speaking("the lock"):
            self._table.description = self._said()
            self._table = self._jobs.client.update_table(
                self._table, ["description"], retry=self._jobs.retry
            )

    def release(self) -> None:
        """Let the next one in."""
        self._ended.set()
        if self._beating is not None:
            self._beating.join()
        with suppress(WarehouseError):
            self.renew()  # only who still has the lock may take it away
            with self._jobs.speaking():
                self._jobs.client.delete_table(
                    self._table, not_found_ok=True, retry=self._jobs.retry
                )

    def _said(self) -> str:
        return f"{self._jobs.token} {self._jobs.session or ''}".strip()

    def _make(self) -> bool:
        from google.api_core.exceptions import Conflict
        from google.cloud import bigquery

        table = bigquery.Table(
            f"{self._jobs.dataset}.{NAME}", schema=[bigquery.SchemaField("holder", "STRING")]
        )
        table.description, table.labels = self._said(), LABEL
        with self._jobs.speaking():
            try:
                self._table = self._jobs.client.create_table(table, retry=self._jobs.retry)
            except Conflict:
                # An answer that was lost on its way: then it is our own name that stands there.
                there = self._read()
                self._table = there
                return there is not None and there.description == self._said()
        return True

    def _read(self) -> Any:
        from google.api_core.exceptions import NotFound

        try:
            return self._jobs.table(NAME)
        except NotFound:
            return None

    def _take_over(self) -> bool:
        """Take the lock of a dead run, and undo what it has left open."""
        there = self._table
        if there is None or there.modified > datetime.now(UTC) - timedelta(seconds=LEASE_S):
            return False
        _, _, session = str(there.description).partition(" ")
        with suppress(WarehouseError):
            self.renew()
            if session:
                with suppress(WarehouseError):  # it may have ended by itself
                    self._jobs.abort_session(session)
            return True
        return False

    def _beat(self) -> None:
        """Renew until the run ends; whether the lock was lost is found out before the commit."""
        while not self._ended.wait(LEASE_S / 4):
            with suppress(WarehouseError):
                self.renew()
