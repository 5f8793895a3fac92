"""How many different numbers there are, by groups."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
MOST_FLAGS = 2**26
"""Bytes of a table with a flag for each pair of a group and a number; else pairs are sorted."""


def count_different(values: Numbers, size: int, of: Numbers | None, groups: int) -> Numbers:
    """How many different values (each below `size`) each group has."""
    if of is None:
        if len(values) == 0 or np.all(values[1:] >= values[:-1]):
            steps = np.count_nonzero(values[1:] != values[:-1]) + (len(values) > 0)
            return np.array([steps], np.int64)
        flags = np.zeros(size, bool)
        flags[values] = True
        return np.array([np.count_nonzero(flags)], np.int64)
    pairs = values.astype(np.int64) * groups + of
    if size * groups <= min(MOST_FLAGS, 64 * len(values)):
        flags = np.zeros(size * groups, bool)
        flags[pairs] = True
        different = np.flatnonzero(flags)
    else:
        different = unique(pairs)
    return np.bincount(different % groups, minlength=groups)


def unique(keys: Numbers) -> Numbers:
    """The different keys in order; quick where equal ones stand together, as an order's do."""
    if len(keys) == 0:
        return keys
    keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    if np.all(keys[1:] > keys[:-1]):
        return keys
    keys = np.sort(keys)
    return keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
