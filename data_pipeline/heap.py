"""Memory that was freed is kept for what comes next.

A load works through blocks, each of which needs as much memory as the one before, and so do the
dashboard's answers. glibc gives what was freed back to the system and is then given it anew, a page
at a time and each page cleared first: that took a tenth of a load's time, and more of the
dashboard's, whose arrays have a number for each customer.
"""

from __future__ import annotations

from typing import Any

LARGEST_KEPT = 32 << 20
"""What is larger is asked of the system each time, unless all sizes are kept: glibc allows no more
for its threshold.
"""
MOST_KEPT = 256 << 20
"""So much free memory stays, at most, at the end of the heap."""
MOST_KEPT_OF_ALL_SIZES = 2**31 - 1
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -3, -4, -8


def keep_freed_memory(*, of_all_sizes: bool = False) -> bool:
    """Have this process keep memory that is freed; False where the C library knows no such wish.

    Blocks above 32 MB are kept only on request, and then all threads share one heap: those of their
    own have no room for such. To be asked for before there are threads.
    """
    mallopt = _c_function("mallopt")
    if mallopt is None:
        return False
    wishes = {_MMAP_THRESHOLD: LARGEST_KEPT, _TRIM_THRESHOLD: MOST_KEPT}
    if of_all_sizes:
        wishes = {_ARENA_MAX: 1, _MMAP_MAX: 0, _TRIM_THRESHOLD: MOST_KEPT_OF_ALL_SIZES}
    return all(mallopt(name, value) for name, value in wishes.items())


def give_back_freed_memory() -> bool:
    """Give the system what was freed and kept until now; False when there is nothing to give, or
    where the C library cannot.
    """
    malloc_trim = _c_function("malloc_trim")
    return malloc_trim is not None and bool(malloc_trim(0))


def _c_function(name: str) -> Any:
    """A function of the C library; None where it has none of that name."""
    import ctypes

    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None
