"""An environment for each peer, with nothing in it but what the peer pins."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.roster import Peer

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "peers"


class MissingError(Exception):
    """This machine has not what a peer needs."""


def python_of(peer: Peer) -> str:
    """The Python of the peer's environment, which is made when its pins have changed."""
    if peer.program and not shutil.which(peer.program):
        raise MissingError(f"there is no {peer.program}")
    folder = CACHE / peer.environment
    python, made = folder / "bin" / "python", folder / ".made"
    pins = peer.requirements.read_text(encoding="utf-8")
    if made.exists() and made.read_text(encoding="utf-8") == pins:
        return str(python)
    _call(sys.executable, "-m", "venv", "--clear", str(folder))
    quiet = ("-q", "--disable-pip-version-check", "--no-input")
    _call(str(python), "-m", "pip", "install", *quiet, "-r", str(peer.requirements))
    made.write_text(pins, encoding="utf-8")
    return str(python)


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason given"]
        raise MissingError(f"it cannot be installed here: {last[0]}")
