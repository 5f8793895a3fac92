"""Runs of the pipeline in processes of their own, to be killed.

A nursery has imported all that a run needs, and forks one for every line it is sent.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PROGRAM = """
import os, sys
from importlib import import_module
from pathlib import Path
from data_pipeline.config import Settings
from data_pipeline import pipeline
raw, url, *modules = sys.argv[1:]
for name in modules:
    import_module(name)
settings = Settings(raw=Path(raw), warehouse=url, processed=None, max_quarantine=1.0)
print("ready", flush=True)
for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        pipeline.run(settings)
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Nursery:
    """Starts runs, and tells how they ended."""

    def __init__(self, order: IO[str], answer: IO[str]) -> None:
        self._order, self._answer = order, answer

    def start(self) -> int:
        """Start a run; give the id of its process."""
        self._order.write("run\n")
        self._order.flush()
        return int(self._answer.readline())

    def end(self) -> int:
        """Wait for the run; give how it ended: 0, or the signal that killed it."""
        return int(self._answer.readline())


@contextmanager
def nursery(raw: Path, url: str, *modules: str) -> Iterator[Nursery]:
    """A nursery for runs on a warehouse, with modules that they would import late."""
    arguments = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(raw), url, *modules]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Nursery(process.stdin, process.stdout)
        process.stdin.close()
