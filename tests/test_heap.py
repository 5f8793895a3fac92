"""Memory that was freed is kept: the next block is not asked of the system again."""

from __future__ import annotations

import subprocess
import sys

import pytest

from data_pipeline.heap import keep_freed_memory

BLOCKS = """
import resource, sys
from data_pipeline.heap import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

bytearray(24 << 20)
before = faults()
for _ in range(20):
    bytearray(24 << 20)
print(faults() - before)
"""


def test_freed_memory_is_kept_for_the_next_block() -> None:
    if not keep_freed_memory():
        pytest.skip("this C library has no such wish")
    given = {}
    for how in ("keep", "leave"):
        done = subprocess.run(
            [sys.executable, "-c", BLOCKS, how], check=True, capture_output=True, text=True
        )
        given[how] = int(done.stdout)
    assert given["keep"] < 1000
