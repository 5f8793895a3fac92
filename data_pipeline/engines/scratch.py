"""A DuckDB of the run's own, for transform where the warehouse is elsewhere.

It lies in a folder for temporary files and is gone with the run. What a killed run has left there,
the next one removes: a folder belongs to somebody as long as its lock is held, and the system lets
go of the locks of the dead.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from data_pipeline.engines.duckdb import DuckDBEngine

PREFIX = "sales-scratch-"
LOCK = "lock"
UNLOCKED_S = 60.0
"""So old is a folder without a lock before it is taken for left behind."""


class ScratchEngine(DuckDBEngine):
    """Transform's engine, in a folder that is gone when it is closed."""

    def __init__(self, memory_limit: str, threads: int | None) -> None:
        remove_abandoned(Path(tempfile.gettempdir()))
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = os.open(self.folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            file = str(self.folder / "staging.duckdb")
            self.connection = connect(file, memory_limit, threads)
        except BaseException:
            self._remove()
            raise
        super().__init__(self.connection)

    def close(self) -> None:
        """Remove the folder and all that is in it."""
        self.connection.close()
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


def connect(place: str, memory_limit: str, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB that says the same everywhere: UTC, rows in order."""
    config: dict[str, Any] = {"memory_limit": memory_limit}
    if threads:
        config["threads"] = threads
    connection = duckdb.connect(place, config=config)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = true")
    with suppress(duckdb.Error):  # a notebook without widgets refuses even to turn it off
        connection.execute("SET enable_progress_bar = false")
    return connection


@contextmanager
def passing(memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory, for rows that only pass through."""
    connection = connect(":memory:", memory_limit)
    try:
        yield connection
    finally:
        connection.close()


def remove_abandoned(place: Path) -> None:
    """Remove the scratch folders whose runs are dead."""
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return time.time() - folder.stat().st_mtime > UNLOCKED_S
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True
