"""Computations that take long: one after the other, each once, with how far it is."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from secrets import token_hex
from typing import Any

from data_pipeline.dashboard.refusal import Refusal
from data_pipeline.errors import PipelineError

MOST_WAITING = 8
MOST_REMEMBERED = 200
LARGEST_GUESS = 0.95
"""An estimate never says that a computation is done."""


@dataclass
class Job:
    """One computation; `state` is running, done or failed."""

    name: str
    key: str
    estimate_s: float
    state: str = "running"
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None
    refusal: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """How far it is."""
        elapsed = (self.ended or time.monotonic()) - self.started
        guess = min(LARGEST_GUESS, elapsed / max(self.estimate_s, 0.1))
        done = self.state == "done"
        told: dict[str, Any] = {
            "job": self.name,
            "state": self.state,
            "progress": 1.0 if done else round(guess, 3),
            "elapsed_s": round(elapsed, 1),
            "estimate_s": round(self.estimate_s, 1),
        }
        return told | (self.refusal or {})


class Jobs:
    """Runs one computation at a time; a few may wait."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="dashboard-job")

    def find(self, name: str) -> Job:
        """The job called `name`; a Refusal when there is none."""
        with self._lock:
            if job := self._jobs.get(name):
                return job
        raise Refusal(
            HTTPStatus.NOT_FOUND, "not_found", "That computation is not known.", "Ask anew."
        )

    def find_by_key(self, key: str) -> Job | None:
        """The last job for a question."""
        with self._lock:
            return next((job for job in reversed(self._jobs.values()) if job.key == key), None)

    def start(self, key: str, work: Callable[[], None], estimate_s: float) -> Job:
        """Start the computation; raises a Refusal when too many wait already."""
        with self._lock:
            waiting = [job for job in self._jobs.values() if job.state == "running"]
            for job in waiting:
                if job.key == key:
                    return job
            if len(waiting) >= MOST_WAITING:
                raise Refusal(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "too_many",
                    f"{len(waiting)} long computations are waiting already.",
                    "Wait for one of them to end.",
                )
            job = Job(token_hex(8), key, estimate_s)
            self._jobs[job.name] = job
            while len(self._jobs) > MOST_REMEMBERED:
                self._jobs.popitem(last=False)
        self._pool.submit(_run, job, work)
        return job

    def close(self) -> None:
        """Start nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _run(job: Job, work: Callable[[], None]) -> None:
    try:
        work()
    except Refusal as refusal:
        job.refusal, job.state = refusal.to_json(), "failed"
    except Exception as error:  # noqa: BLE001 (whoever polls must learn that it ended)
        told = str(error) if isinstance(error, PipelineError) else type(error).__name__
        job.refusal = {"error": {"code": "failed", "message": told, "remedy": "Ask anew."}}
        job.state = "failed"
    else:
        job.state = "done"
    finally:
        job.ended = time.monotonic()
