"""Answers by version of the data: from memory, at once, or after a click that says so."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2s
from typing import TYPE_CHECKING, Any

from data_pipeline.dashboard.jobs import Job, Jobs

if TYPE_CHECKING:
    from data_pipeline.dashboard.keeping import Kept
    from data_pipeline.dashboard.recall import Recalling
    from data_pipeline.dashboard.store import Store

Compute = Callable[["Recalling", "Store"], dict[str, Any]]

LIMIT_S = 20.0
"""How long an answer may take that is computed at once."""
LONG_LIMIT_S = 600.0
LONG_S = 1.0
"""What is thought to take longer is computed only after a click."""
CACHE_BYTES = 64 * 2**20
WORTH_PACKING = 1000


@dataclass(frozen=True)
class Entry:
    """A finished answer as it goes over the wire."""

    body: bytes
    etag: str

    @cached_property
    def packed(self) -> bytes | None:
        """The same in gzip; None when that does not pay."""
        return gzip.compress(self.body, 5) if len(self.body) >= WORTH_PACKING else None

    @property
    def size(self) -> int:
        return 2 * len(self.body)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in full: `key` names it among all questions to one version of the data."""

    key: str
    compute: Compute
    estimate_s: float = 0.0
    is_wanted: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """An answer that would take long, or a computation that is under way."""

    payload: dict[str, Any]


class Cache:
    """The answers that were asked for last, as many as fit into `most_bytes`."""

    def __init__(self, most_bytes: int = CACHE_BYTES) -> None:
        self._most, self._bytes = most_bytes, 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Entry | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry:
                self._entries.move_to_end(key)
            return entry

    def put(self, key: str, entry: Entry) -> None:
        with self._lock:
            old = self._entries.pop(key, None)
            self._bytes += entry.size - (old.size if old else 0)
            self._entries[key] = entry
            while self._bytes > self._most and len(self._entries) > 1:
                _, dropped = self._entries.popitem(last=False)
                self._bytes -= dropped.size

    def __len__(self) -> int:
        return len(self._entries)


@dataclass
class Serving:
    """Answers questions to one version of the data; the same question is computed once."""

    cache: Cache = field(default_factory=Cache)
    jobs: Jobs = field(default_factory=Jobs)
    limit_s: float = LIMIT_S
    long_s: float = LONG_S
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, kept: Kept, key: str) -> Entry | None:
        """The answer if it is in memory."""
        return self.cache.get(_full_key(kept, key))

    def answer(self, kept: Kept, asked: Asked) -> Entry | Offer:
        """The answer; or, when it would take long, the offer to compute it or how far that is.

        Raises a Refusal when it took too long, or when too much is being computed.
        """
        key = _full_key(kept, asked.key)
        if entry := self.cache.get(key):
            return entry
        if asked.estimate_s <= self.long_s:
            with self._turn(key):
                return self.cache.get(key) or self._compute(kept, asked, self.limit_s)
        job = self.jobs.find_by_key(key)
        if job is None and not asked.is_wanted:
            return Offer(_offer(kept, asked))
        if job is None or job.state == "failed":

            def work() -> None:
                self._compute(kept, asked, LONG_LIMIT_S)

            job = self.jobs.start(key, work, asked.estimate_s)
        return Offer(_under_way(kept, job))

    def _compute(self, kept: Kept, asked: Asked, limit_s: float) -> Entry:
        start = time.perf_counter()
        with kept.reader(limit_s) as reader:
            payload = asked.compute(kept.recalling(reader), kept.store)
        took_ms = round((time.perf_counter() - start) * 1000, 1)
        key = _full_key(kept, asked.key)
        answer = {"version": kept.store.version, **payload, "took_ms": took_ms}
        body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
        entry = Entry(body, f'"{blake2s(key.encode(), digest_size=12).hexdigest()}"')
        self.cache.put(key, entry)
        return entry

    def _turn(self, key: str) -> threading.Lock:
        """The lock of one question: whoever asks the same waits for the first one's answer."""
        with self._lock:
            if len(self._locks) > 1000:
                self._locks = {k: lock for k, lock in self._locks.items() if lock.locked()}
            return self._locks.setdefault(key, threading.Lock())


def _full_key(kept: Kept, key: str) -> str:
    return f"{kept.store.version} {key}"


def _offer(kept: Kept, asked: Asked) -> dict[str, Any]:
    seconds = max(1, round(asked.estimate_s))
    return {
        "version": kept.store.version,
        "state": "offered",
        "cost": "long",
        "estimate_s": round(asked.estimate_s, 1),
        "message": f"This needs a look at {kept.store.rows['sales']:,} sales, about {seconds}"
        f" second{'s' if seconds > 1 else ''}.",
    }


def _under_way(kept: Kept, job: Job) -> dict[str, Any]:
    return {"version": kept.store.version, **job.to_json()}
