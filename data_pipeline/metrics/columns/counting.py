"""How many different numbers there are, and what they add up to, by groups."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.sources.sorting import sort_numbers

Numbers = NDArray[Any]
EXACT = 2**53
"""Below it, a float is any whole number."""
LOWER_BITS = 20
FEW = 16
"""With fewer than one value in so many numbers, it is quicker to sort them than to flag them."""
RISING = 0.7
"""With a larger share of keys above the one before, merging what is in order is quicker."""
MOST_FLAGS = 2**26
"""Bytes of a table with a flag for each pair of a group and a number; else pairs are sorted."""


def sum_by(of: Numbers, values: Numbers, groups: int) -> Numbers:
    """The sum of the values of each group, exact where no sum of some of them leaves 64 bits.

    bincount adds up floats, ten times as fast as add.at does whole numbers, and exactly as long as
    no sum can leave 53 bits. Larger values are added up in two parts: with all sums below 63 bits,
    those of the upper part are below 43, and those of the lower one are too, up to 2^33 values.
    """
    if not len(values):
        return np.zeros(groups, np.int64)
    most = max(-int(values.min()), int(values.max()))
    if most * len(values) < EXACT:
        return np.bincount(of, values, groups).astype(np.int64)
    upper = np.bincount(of, values >> LOWER_BITS, groups).astype(np.int64) << LOWER_BITS
    return upper + np.bincount(of, values & (2**LOWER_BITS - 1), groups).astype(np.int64)


def flag(values: Numbers, size: int, where: Numbers | None) -> Numbers:
    """Which numbers below `size` there are among the values, where a condition holds.

    What does not count is a number of its own: to cut it out would take three times as long.
    """
    flags = np.zeros(size + 1, bool)
    flags[values if where is None else np.where(where, values, values.dtype.type(size))] = True
    return flags[:size]


def find_different(values: Numbers, size: int, where: Numbers | None) -> Numbers:
    """The different values below `size` in order, where a condition holds."""
    if len(values) > size // FEW:
        return np.flatnonzero(flag(values, size, where))
    return unique(values if where is None else values[where])


def count_different(
    values: Numbers, size: int, of: Numbers | None, groups: int, where: Numbers | None = None
) -> Numbers:
    """How many different values (each below `size`) each group has, where a condition holds."""
    if of is None:
        return np.array([np.count_nonzero(flag(values, size, where))], np.int64)
    if size * groups <= min(MOST_FLAGS, 64 * len(values)):
        pairs = of.astype(np.int32, copy=False) * np.int32(size) + values
        flags = flag(pairs, size * groups, where).reshape(groups, size)
        if groups > size:
            counted: Numbers = flags.sum(axis=1)
            return counted
        return np.array([np.count_nonzero(one) for one in flags], np.int64)
    if where is not None:
        values, of = values[where], of[where]
    return np.bincount(unique(values.astype(np.int64) * groups + of) % groups, minlength=groups)


def unique(keys: Numbers) -> Numbers:
    """The different keys in order; quick where they nearly are in it, as an order's sales are."""
    if len(keys) == 0:
        return keys
    keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    rises = np.count_nonzero(keys[1:] > keys[:-1])
    if rises == len(keys) - 1:
        return keys
    is_nearly = rises > len(keys) * RISING
    keys = np.sort(keys, kind="stable") if is_nearly else sort_numbers(keys)
    return keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
