"""A file that is whole at every moment, whatever its writer meets."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from data_pipeline import published
from data_pipeline.errors import WarehouseError
from data_pipeline.published import PublishedFile

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, time
from pathlib import Path
from data_pipeline.published import PublishedFile
PublishedFile(Path(sys.argv[1])).lock(0)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def file(tmp_path: Path) -> PublishedFile:
    path = tmp_path / "w[1]*.db"
    path.write_bytes(b"old")
    path.chmod(0o640)
    return PublishedFile(path)


def names(file: PublishedFile) -> list[str]:
    return sorted(path.name for path in file.path.parent.iterdir())


def test_whoever_has_the_old_file_open_keeps_it(file: PublishedFile) -> None:
    before = file.version()
    with file.path.open("rb") as reader:
        file.lock(0)
        file.copy()
        assert file.draft.read_bytes() == b"old"
        file.draft.write_bytes(b"new")
        assert file.path.read_bytes() == b"old"
        assert file.version() == before
        file.publish()
        assert reader.read() == b"old"
    file.let_go()
    assert file.path.read_bytes() == b"new"
    assert file.path.stat().st_mode & 0o777 == 0o640
    assert file.version() != before
    assert names(file) == [file.path.name]


def test_a_file_with_the_same_content_is_another_version(file: PublishedFile) -> None:
    seen = {file.version()}
    for _ in range(5):
        file.lock(0)
        file.copy()
        file.publish()
        file.let_go()
        seen.add(file.version())
    assert len(seen) == 6


def test_there_is_one_writer(file: PublishedFile) -> None:
    other = PublishedFile(file.path)
    file.lock(0)
    with pytest.raises(WarehouseError, match="in use by another run"):
        other.lock(0.2)
    file.let_go()
    other.lock(0)
    other.let_go()


def test_whoever_is_interrupted_while_it_lets_go_has_let_go(
    file: PublishedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    file.lock(0)
    monkeypatch.setattr(file, "discard", interrupted)
    with pytest.raises(KeyboardInterrupt):
        file.let_go()
    assert names(file) == [file.path.name]
    PublishedFile(file.path).lock(0)


def test_a_reader_leaves_the_draft_of_the_writer(file: PublishedFile) -> None:
    file.lock(0)
    file.copy()
    PublishedFile(file.path).let_go()
    assert file.draft.exists()
    file.let_go()
    assert names(file) == [file.path.name]


def test_eight_writers_come_one_after_the_other(file: PublishedFile) -> None:
    at_work: list[int] = []
    overlaps = []

    def write(number: int) -> None:
        mine = PublishedFile(file.path)
        for _ in range(10):
            mine.lock(60)
            at_work.append(number)
            if len(at_work) > 1:
                overlaps.append(list(at_work))
            at_work.remove(number)
            mine.let_go()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == []
    assert names(file) == [file.path.name]


def test_the_lock_of_a_dead_writer_holds_nobody_up(file: PublishedFile) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file.path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "held\n"
    with pytest.raises(WarehouseError, match="in use"):
        file.lock(0)
    writer.kill()
    writer.communicate()
    file.lock(5)
    file.let_go()


def test_what_a_dead_writer_left_is_thrown_away_by_the_next(file: PublishedFile) -> None:
    file.draft.write_bytes(b"half")
    file.draft.with_name(file.draft.name + ".wal").write_bytes(b"half")
    spilled = file.draft.with_name(file.draft.name + ".tmp")
    spilled.mkdir()
    (spilled / "block").write_bytes(b"half")
    file.lock(0)
    file.let_go()
    assert names(file) == [file.path.name]


def test_a_symbolic_link_stays_one(file: PublishedFile, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(file.path)
    linked = PublishedFile(link)
    linked.lock(0)
    linked.draft.write_bytes(b"new")
    linked.publish()
    linked.let_go()
    assert link.is_symlink()
    assert file.path.read_bytes() == b"new"


def test_a_file_that_is_not_there_has_no_version(tmp_path: Path) -> None:
    file = PublishedFile(tmp_path / "none.db")
    assert file.version() == ""
    file.copy()
    assert not file.draft.exists()


@pytest.mark.parametrize("step", ["copy", "publish"])
def test_a_full_disk_changes_nothing(
    file: PublishedFile, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file.lock(0)
    if step == "publish":
        file.copy()
    monkeypatch.setattr("shutil.copyfile", full)
    monkeypatch.setattr("fcntl.ioctl", full)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WarehouseError, match=r"cannot write .*No space left.*nothing changed"):
        getattr(file, step)()
    monkeypatch.undo()
    file.discard()
    file.let_go()
    assert file.path.read_bytes() == b"old"
    assert names(file) == [file.path.name]


def test_blocks_are_shared_where_the_file_system_can(
    file: PublishedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def share(new: int, request: int, old: int) -> int:
        assert request == published.FICLONE
        return os.write(new, os.pread(old, 1000, 0))

    monkeypatch.setattr("fcntl.ioctl", share)
    monkeypatch.setattr("shutil.copyfile", None)
    file.copy()
    assert file.draft.read_bytes() == b"old"


def test_a_lock_that_was_removed_in_between_is_none(
    file: PublishedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer before removes the lock between our opening it and our locking it."""
    flock = fcntl.flock
    removed: list[bool] = []

    def late(number: int, operation: int) -> None:
        if not removed:
            removed.append(True)
            file.path.with_name(f"{file.path.name}.lock").unlink()
        flock(number, operation)

    monkeypatch.setattr("fcntl.flock", late)
    begin = time.monotonic()
    file.lock(5)
    assert time.monotonic() - begin < 5
    with pytest.raises(WarehouseError, match="in use"):
        PublishedFile(file.path).lock(0)
    file.let_go()
