"""What others do to the raw files while a run reads them, and what a run may not do."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

CAPABILITIES_3 = 0x20080522


def _after_the_first_block(path: Path, act: Callable[[Path], None]) -> None:
    """Do something to the file when the first of its blocks has been read."""
    from data_pipeline.sources.files import ByteStream

    blocks = ByteStream.blocks

    def and_act(self: ByteStream):
        found = blocks(self)
        yield next(found)
        if self.file.path == path:
            act(path)
        yield from found

    ByteStream.blocks = and_act  # type: ignore[method-assign]


def grow(path: Path) -> None:
    """Lines are written behind those that were there."""

    def act(file: Path) -> None:
        with file.open("ab") as out:
            out.write(b"900000,1,1,1,5,2025-03-04\n" * 1000)

    _after_the_first_block(path, act)


def replace(path: Path) -> None:
    """Another file takes its name."""

    def act(file: Path) -> None:
        other = file.with_name("other")
        other.write_bytes(file.read_bytes().replace(b"5", b"6"))
        other.rename(file)
        os.utime(file)

    _after_the_first_block(path, act)


def rewrite(path: Path) -> None:
    """Other bytes of the same number are written into it."""

    def act(file: Path) -> None:
        data = file.read_bytes()
        with file.open("r+b") as out:
            out.write(data.replace(b"5", b"6"))

    _after_the_first_block(path, act)


def cut(path: Path) -> None:
    """It becomes shorter."""
    _after_the_first_block(path, lambda file: os.truncate(file, 100))


def remove(path: Path) -> None:
    """It goes away, when it has been found and before it is read."""
    from data_pipeline import extract

    found = extract.find_files

    def and_act(raw: Path):
        files = found(raw)
        path.unlink()
        return files

    extract.find_files = and_act


def forbid(path: Path) -> None:
    """Nobody may read it, not even root."""
    path.chmod(0)
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None, use_errno=True).capset(header, nothing) == 0


MISCHIEFS: dict[str, Callable[[Path], None]] = {
    "grow": grow,
    "replace": replace,
    "rewrite": rewrite,
    "cut": cut,
    "remove": remove,
    "forbid": forbid,
}
