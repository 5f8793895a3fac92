"""Memory that was freed is kept for what comes next.

A load works through blocks, each of which needs as much memory as the one before, and so do the
dashboard's answers. glibc gives what was freed back to the system and is then given it anew, a page
at a time and each page cleared first: that took a tenth of a load's time, and of what the dashboard
computes ahead.
"""

from __future__ import annotations

LARGEST_KEPT = 32 << 20
"""What is larger is asked of the system each time; glibc allows no more."""
MOST_KEPT = 256 << 20
"""So much free memory stays, at most, at the end of the heap."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> bool:
    """Have this process keep memory that is freed; False where the C library knows no such wish."""
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    is_done = mallopt(_MMAP_THRESHOLD, LARGEST_KEPT) and mallopt(_TRIM_THRESHOLD, MOST_KEPT)
    return bool(is_done)
