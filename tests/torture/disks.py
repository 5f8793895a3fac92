"""Runs on a disk that is too small, and what they leave: nothing changed, and a message."""

from __future__ import annotations

import io
import resource
import shutil
import subprocess
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

from tests.torture.forked import in_child
from tests.torture.scenes import Scene, digest, processed_files, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAID = ("cannot write", "cannot open", "cannot make")


def limit_files(scene: Scene, place: Path, size: int) -> str:
    """Run where no file may grow beyond `size` bytes; say how it ended."""
    scene.set_up(place)
    return judge(scene, place, f"files up to {size}", in_child(run_limited, scene, place, size))


@contextmanager
def mounted(place: Path, size: int) -> Iterator[bool]:
    """A file system of `size` bytes at the place; False when none can be mounted here."""
    place.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", str(place)], check=True)


def fill_disk(scene: Scene, place: Path, size: int) -> str | None:
    """Run on a file system of `size` bytes; None when none can be mounted here."""
    with mounted(place, size) as is_there:
        if not is_there:
            return None
        try:
            shutil.copytree(scene.before, place, dirs_exist_ok=True)
        except shutil.Error:
            return "too small to begin"
        return judge(scene, place, f"disk of {size}", in_child(run_command, scene, place))


def run_limited(scene: Scene, place: Path, size: int) -> tuple[int, str]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return run_command(scene, place)


def run_command(scene: Scene, place: Path) -> tuple[int, str]:
    """The command line itself: its exit code and all that it said."""
    from data_pipeline.cli import main

    said = io.StringIO()
    arguments = ["run", "--raw", str(scene.raw), "--warehouse", url_of(place)]
    with redirect_stdout(said), redirect_stderr(said):
        try:
            main([*arguments, "--processed", str(place / "processed")])
        except SystemExit as end:
            code = int(end.code or 0)
    return code, said.getvalue()


def judge(scene: Scene, place: Path, what: str, ended: tuple[int, str]) -> str:
    """Hold what a run left against what it may leave."""
    code, said = ended
    what = f"{scene.kind}, {what}: {said}"
    found = in_child(digest, place)
    if code == 0:
        assert found == scene.new, what
        assert processed_files(place) == scene.processed, what
        return "loaded"
    assert code == 1, what
    assert any(one in said for one in SAID), what
    assert not any(one in said for one in ("Traceback", "unexpected")), what
    assert found == scene.old, what
    assert processed_files(place) == processed_files(scene.before), what
    left = {path.name for path in place.iterdir()} - {"warehouse.duckdb", "processed"}
    assert not left, f"{what} left behind: {left}"
    return "refused"
