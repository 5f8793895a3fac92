"""A file that is whole at every moment: it is written beside, and takes its place in one step.

Whoever has the old file open goes on reading it. One writer at a time holds the lock, which is a
file too (`<name>.lock`); the system lets it go when the writer dies, however it dies.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

from data_pipeline.errors import BusyWarehouseError, WarehouseError

RETRY_S = 0.05
FICLONE = 0x40049409
"""Linux: let a file share the blocks of another one, until either is written to."""

REFUSED_WRITE = re.compile(r'Could not write file \\?"(.+?)\\?": ([\w ]+)')


class PublishedFile:
    """The file at `path`, and its successor at `draft`."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.draft = self._beside("unfinished")
        self._lock: int | None = None

    def exists(self) -> bool:
        return self.path.exists()

    def version(self) -> str:
        """Name the file that stands there now; another one has another name."""
        try:
            found = self.path.stat()
        except OSError:
            return ""
        return f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"

    def lock(self, wait_s: float) -> None:
        """Become the only writer, or raise WarehouseError when another one stays for `wait_s`.

        Throws away what a writer that was killed has left.
        """
        deadline = time.monotonic() + wait_s
        while not self._is_locked():
            if time.monotonic() >= deadline:
                raise in_use(self.path)
            time.sleep(RETRY_S)
        self.discard()

    def _is_locked(self) -> bool:
        name = self._beside("lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise WarehouseError(f"cannot open {self.path}: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The one before may have removed the lock after it was opened here.
            if name.stat().st_ino == os.fstat(lock).st_ino:
                self._lock = lock
                return True
        except OSError:
            pass
        os.close(lock)
        return False

    def let_go(self) -> None:
        """Let the next writer come; whoever only reads leaves everything as it is."""
        if self._lock is None:
            return
        try:
            self.discard()
        finally:
            with suppress(OSError):
                self._beside("lock").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def copy(self) -> None:
        """Make the draft a copy of the file, if there is one; it costs nothing where the file
        system can share blocks (Btrfs, XFS).
        """
        if not self.exists():
            return
        try:
            with self.path.open("rb") as old, self.draft.open("xb") as new:
                shared = _shares_blocks(old.fileno(), new.fileno())
            if not shared:
                shutil.copyfile(self.path, self.draft)
            shutil.copymode(self.path, self.draft)
        except OSError as error:
            raise self.failed(error) from None

    def publish(self) -> None:
        """Put the draft, closed and complete, in the place of the file."""
        try:
            _to_disk(self.draft)
            self.draft.replace(self.path)
            _to_disk(self.path.parent)
        except OSError as error:
            raise self.failed(error) from None

    def discard(self) -> None:
        """Remove the draft and what its writer kept beside it."""
        for path in self.path.parent.glob(f"{_literal(self.draft.name)}*"):
            with suppress(OSError):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    def failed(self, error: OSError) -> WarehouseError:
        return WarehouseError(f"cannot write {self.draft}: {error.strerror}; nothing changed")

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{ending}")


def in_use(path: Path) -> BusyWarehouseError:
    """Somebody else is at work on the file."""
    return BusyWarehouseError(
        f"{path} is in use by another run; wait for it to end, or let this one wait with "
        "--wait SECONDS"
    )


def refused_write(said: str) -> WarehouseError | None:
    """What a database says when disk or memory do not suffice, in our words; None when it says
    other things.

    >>> str(refused_write('IO Error: Could not write file "/w.wal": No space left on device'))
    'cannot write /w.wal: No space left on device; nothing changed'
    """
    if said.startswith("Out of Memory Error"):
        return WarehouseError(
            "this takes more memory than DuckDB may use; allow it more with sales run "
            "--memory-limit SIZE or memory_limit in pipeline.toml; nothing changed"
        )
    found = REFUSED_WRITE.search(said)
    return found and WarehouseError(f"cannot write {found[1]}: {found[2]}; nothing changed")


def _shares_blocks(old: int, new: int) -> bool:
    try:
        fcntl.ioctl(new, FICLONE, old)
    except OSError:
        return False
    return True


def _literal(name: str) -> str:
    """A name as a pattern that only it matches."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _to_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
