"""`sales run` in processes of its own, hundreds of times: one process imports, then forks for each.

What a child printed, how it ended, how long it took and how much memory it had at most comes back
to the caller. A child that takes too long is ended by an alarm, and has then failed.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS, MOST_BYTES = 10, 1 << 30
ALARM_S = 60
"""By the clock; the machine may be busy with other tests."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, or minus the signal; CPU and clock in seconds."""

    code: int
    said: str
    cpu_s: float
    clock_s: float
    peak_bytes: int

    def assert_modest(self) -> None:
        """No traceback, nothing unexpected, and within the limits of time and memory."""
        assert self.code in (0, 1), (self.code, self.said)
        assert "Traceback" not in self.said, self.said
        assert "unexpected" not in self.said, self.said
        assert self.cpu_s < MOST_SECONDS, (self.cpu_s, self.said)
        assert self.clock_s < ALARM_S, (self.clock_s, self.said)
        assert self.peak_bytes < MOST_BYTES, (self.peak_bytes, self.said)


@dataclass(frozen=True)
class Order:
    """A command line; `meanwhile` is the name of a mischief to do while it runs."""

    arguments: tuple[str, ...]
    meanwhile: str = ""
    place: str = ""
    kill_at_step: int = 0


class Commands:
    """The process that forks, seen from outside."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def run(self, *arguments: str, **more: str | int) -> Ended:
        """Run `sales` with these arguments."""
        order = Order(arguments, **more)  # type: ignore[arg-type]
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0


@contextmanager
def commands() -> Iterator[Commands]:
    """The forking process, ended at the end."""
    made = Commands()
    try:
        yield made
    finally:
        made.close()


def obey(order: Order) -> Ended:
    """Fork a child that runs the command; wait for its end."""
    with tempfile.TemporaryFile() as out:
        begin = time.monotonic()
        child = os.fork()
        if not child:
            _run(order, out.fileno())
        _, status, used = os.wait4(child, 0)
        seconds = time.monotonic() - begin
        out.seek(0)
        said = out.read().decode("utf-8", "backslashreplace")
    cpu = used.ru_utime + used.ru_stime
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, said, cpu, seconds, used.ru_maxrss * 1024)


def _run(order: Order, out: int) -> None:
    """Be the command; never return."""
    from data_pipeline.cli import main
    from tests.hostile.mischief import MISCHIEFS
    from tests.torture.forked import kill_at_step

    os.setsid()
    os.dup2(out, 1)
    os.dup2(out, 2)
    signal.alarm(ALARM_S)
    resource.setrlimit(resource.RLIMIT_CPU, (4 * MOST_SECONDS, 4 * MOST_SECONDS))
    code = 70
    try:
        if order.meanwhile:
            MISCHIEFS[order.meanwhile](Path(order.place))
        if order.kill_at_step:
            kill_at_step(order.kill_at_step)
        main(list(order.arguments))
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def serve() -> None:
    """Import what a run needs, then obey one order a line."""
    from tests.torture.scenes import import_what_runs_import

    with tempfile.TemporaryDirectory() as folder:
        import_what_runs_import(Path(folder))
    from data_pipeline import cli, commands  # noqa: F401 (for the children)
    from data_pipeline.commands import run  # noqa: F401

    for line in sys.stdin:
        told = json.loads(line)
        order = Order(tuple(told.pop("arguments")), **told)
        sys.stdout.write(json.dumps(asdict(obey(order))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
