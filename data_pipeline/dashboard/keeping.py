"""The warehouse, open for reading, in the state that the page shows.

While a run goes on, the state before is served. When the run has committed, whoever asks for the
newest state gets the new one, and those who still look at the one before go on with it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from data_pipeline.dashboard.advance import answer_in_advance
from data_pipeline.dashboard.recall import Recalling
from data_pipeline.dashboard.refusal import Refusal, too_slow, version_gone
from data_pipeline.dashboard.store import Store

if TYPE_CHECKING:
    from data_pipeline.warehouses import Warehouse

CHECK_S = 1.0
"""How often it is looked whether there is a newer state."""
KEEP_BEFORE_S = 900.0
"""How long the state before is kept for pages that still show it."""
SESSIONS = 4
"""How many questions are answered at once; the others wait for their turn."""


class Open(Protocol):
    """Opens the warehouse for reading; raises WarehouseError when it cannot."""

    def __call__(self) -> Warehouse: ...


@dataclass(frozen=True, slots=True)
class State:
    """How things stand: `name` is ready, missing, empty, locked, other_layout or unreachable."""

    name: str
    message: str = ""
    remedy: str = ""


READY = State("ready")


class Kept:
    """One state of the data, its facts and its sessions; `open_name` is the warehouse's for it."""

    def __init__(self, warehouse: Warehouse, store: Store) -> None:
        self.store = store
        self.open_name = warehouse.version()
        self._warehouse = warehouse
        self._free: list[Warehouse] = []
        self._turn = threading.BoundedSemaphore(SESSIONS)
        self._lock = threading.Lock()
        self._in_use, self._closing = 0, False
        self._asked_at = -math.inf

    def is_outdated(self) -> bool:
        """Whether there is a newer state."""
        return self._warehouse.outdated() or self._warehouse.version() != self.open_name

    @contextmanager
    def reader(self, limit_s: float) -> Iterator[Warehouse]:
        """A session for this thread alone; its SQL is stopped after `limit_s`.

        Raises a Refusal when that was too short, or when the data have changed under the answer.
        """
        self._asked_at = time.monotonic()
        with self._turn, self._session() as session, _stopwatch(session, limit_s) as ran_out:
            try:
                yield session
            except Exception:
                if ran_out():
                    raise too_slow(limit_s) from None
                raise
            if not session.outdated() and session.version() != self.open_name:
                raise version_gone()

    def start_recalling(self, most_bytes: int) -> None:
        """Read the sales into memory, and answer in advance, in the background."""

        def then(warehouse: Warehouse, go_on: Callable[[], bool]) -> None:
            reader = self.recalling(warehouse)
            answer_in_advance(
                reader, self.store, go_on, lambda: self._in_use > 1, lambda: self._asked_at
            )

        self.store.recall.start(self._session(), self.store.timezone, most_bytes, then)

    def recalling(self, reader: Warehouse) -> Recalling:
        """The session with what is in memory of this state."""
        return Recalling(reader, self.store.recall, self.store.facts)

    def close(self) -> None:
        """Close when the last answer is given."""
        self.store.recall.forget()
        with self._lock:
            self._closing = True
            self._close_if_unused()

    @contextmanager
    def _session(self) -> Iterator[Warehouse]:
        with self._lock:
            if self._closing:
                raise version_gone()
            session = self._free.pop() if self._free else self._warehouse.session()
            self._in_use += 1
        try:
            yield session
        finally:
            with self._lock:
                self._in_use -= 1
                self._free.append(session)
                self._close_if_unused()

    def _close_if_unused(self) -> None:
        if not self._closing or self._in_use:
            return
        for session in (*self._free, self._warehouse):
            with suppress(Exception):
                session.close()
        self._free.clear()


@contextmanager
def _stopwatch(session: Warehouse, limit_s: float) -> Iterator[Callable[[], bool]]:
    """Interrupt the session when the time is over, and never after it was given back."""
    lock, over, ran_out = threading.Lock(), False, False

    def stop() -> None:
        nonlocal ran_out
        with lock:
            if not over:
                ran_out = True
                session.interrupt()

    timer = threading.Timer(limit_s, stop)
    timer.daemon = True
    timer.start()
    try:
        yield lambda: ran_out
    finally:
        with lock:
            over = True
        timer.cancel()


class Keeper:
    """Keeps the newest state of a warehouse, and the one before it; of the newest one the sales
    too, in memory, when they need no more than `recall_bytes`.
    """

    def __init__(
        self, open_: Open, look: Callable[[Warehouse], Store], recall_bytes: int = 0
    ) -> None:
        self._open, self._look, self._recall_bytes = open_, look, recall_bytes
        self._now: Kept | None = None
        self._before: Kept | None = None
        self._state = State("missing", "Nothing was looked at yet.")
        self._looked_at = self._retired_at = -math.inf
        self._lock = threading.Lock()

    def newest(self) -> tuple[State, Kept | None]:
        """How things stand now, looked at no more often than each `CHECK_S`."""
        with self._lock:
            if time.monotonic() - self._looked_at >= CHECK_S:
                self._refresh()
                self._looked_at = time.monotonic()
            return self._state, self._now

    def peek(self, version: str | None) -> Kept | None:
        """The state called `version` if it is open; looks at nothing."""
        for kept in (self._now, self._before):
            if version and kept and kept.store.version == version:
                return kept
        return None

    def find(self, version: str | None) -> Kept:
        """The state called `version`, or the newest; raises a Refusal when there is none."""
        if kept := self.peek(version):
            return kept
        state, now = self.newest()
        if now is None:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, state.name, state.message, state.remedy)
        if version and now.store.version != version:
            raise version_gone()
        return now

    def close(self) -> None:
        """Let the warehouse go."""
        with self._lock:
            for kept in (self._now, self._before):
                if kept:
                    kept.close()
                    kept.store.recall.end()
            self._now = self._before = None

    def _refresh(self) -> None:
        if self._before and time.monotonic() - self._retired_at > KEEP_BEFORE_S:
            self._before.close()
            self._before = None
        try:
            if self._now and not self._now.is_outdated():
                self._state = READY
                return
            kept = self._open_newest()
        except Refusal as refusal:
            self._state = State(refusal.code, refusal.message, refusal.remedy)
            self._retire()
        except Exception as error:  # noqa: BLE001 (a driver's error is a state, not a crash)
            self._state = State("unreachable", _first_line(error), "See whether it runs.")
            self._retire()
        else:
            self._state = READY
            self._retire()
            self._now = kept
            if self._recall_bytes:
                kept.start_recalling(self._recall_bytes)

    def _open_newest(self) -> Kept:
        warehouse = self._open()
        try:
            return Kept(warehouse, self._look(warehouse))
        except BaseException:
            warehouse.close()
            raise

    def _retire(self) -> None:
        """What was newest is the one before."""
        if self._now is None:
            return
        if self._before:
            self._before.close()
        self._now.store.recall.forget()
        self._now, self._before = None, self._now
        self._retired_at = time.monotonic()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
