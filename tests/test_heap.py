"""Memory that was freed is kept: the next block is not asked of the system again."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from data_pipeline.heap import give_back_freed_memory, keep_freed_memory

BLOCKS = """
import resource, sys, threading
from data_pipeline.heap import keep_freed_memory
how, size = sys.argv[1], int(sys.argv[2]) << 20
if how != "leave":
    assert keep_freed_memory(of_all_sizes=how == "of all sizes")

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def work():
    bytearray(size)
    before = faults()
    for _ in range(20):
        bytearray(size)
    print(faults() - before)

thread = threading.Thread(target=work) if "thread" in sys.argv else None
if thread:
    thread.start()
    thread.join()
else:
    work()
"""
FREED = """
from pathlib import Path
from data_pipeline.heap import give_back_freed_memory, keep_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20

assert keep_freed_memory(of_all_sizes=True)
block, last = bytearray(200 << 20), bytearray(1 << 20)
del block
print(resident())
assert give_back_freed_memory()
print(resident())
"""

knows_the_wish = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="this C library has no such wish"
)


def say(program: str, *arguments: str) -> list[int]:
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [int(line) for line in done.stdout.splitlines()]


@knows_the_wish
@pytest.mark.parametrize("where", ["main", "thread"])
@pytest.mark.parametrize(
    ("how", "size", "is_kept"),
    [
        ("leave", "100", False),
        ("up to 32 MB", "24", True),
        ("of all sizes", "24", True),
        ("of all sizes", "100", True),
    ],
)
def test_freed_memory_is_kept_for_the_next_block(
    how: str, size: str, is_kept: bool, where: str
) -> None:
    if (how, where) == ("up to 32 MB", "thread"):
        size = "12"  # a thread's own heap is smaller
    (faults,) = say(BLOCKS, how, size, where)
    assert (faults < 1000) == is_kept


@knows_the_wish
def test_freed_memory_is_given_back_when_asked() -> None:
    kept, left = say(FREED)
    assert kept > 200
    assert left < 100


def test_where_the_c_library_has_no_such_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    assert not keep_freed_memory()
    assert not give_back_freed_memory()
