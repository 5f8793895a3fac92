"""Environments of their own for what tests need and the package cannot stand beside.

Made once with pip from a committed list of pinned versions, under .cache, and used again until the
list changes. Where one cannot be made, its tests are skipped by name, or fail when CI=true.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache"
MADE = "made"


def needed_python(name: str) -> Path:
    """The interpreter of the environment; without it the test is skipped, or fails when CI=true."""
    python = python_of(name)
    if python is None:
        assert os.environ.get("CI") != "true", f"CI needs requirements-{name}.txt to be installable"
        pytest.skip(f"needs what requirements-{name}.txt lists, and pip cannot get it")
    return python


@cache
def python_of(name: str) -> Path | None:
    """The interpreter of the environment, which is made when it is not there; None if it cannot."""
    wanted = HERE / f"requirements-{name}.txt"
    version = ".".join(map(str, sys.version_info[:2]))
    mark = sha256(version.encode() + wanted.read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{name}-{mark}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of several processes that test at once
        if not (folder / MADE).exists() and not _make(folder, wanted):
            return None
    return folder / "bin" / "python"


def _make(folder: Path, wanted: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    steps = (
        [sys.executable, "-m", "venv", str(folder)],
        [
            str(folder / "bin" / "pip"),
            "install",
            "-qq",
            "--no-input",
            "--no-compile",
            "-r",
            str(wanted),
        ],
    )
    done = all(subprocess.run(step, check=False).returncode == 0 for step in steps)
    if done:
        (folder / MADE).touch()
    return done
