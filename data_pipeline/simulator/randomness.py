"""Counter-based chance: every draw is a function of (seed, stream, block), of nothing else.

Philox is keyed by the seed and the stream's name and counts from the block, so any block can be
made at any time, by any thread, and comes out the same.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WORD = (1 << 64) - 1
COMPARED_AT_MOST = 12


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def stream(seed: int, name: str, block: int = 0) -> np.random.Generator:
    """Return the generator of one block of one stream; blocks never overlap.

    >>> float(stream(1, "a", 3).random()) == float(stream(1, "a", 3).random())
    True
    """
    key = np.array([seed & WORD, _number(name)], dtype=np.uint64)
    counter = np.array([0, 0, 0, block & WORD], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def hashed(seed: int, name: str, *parts: Ints | int) -> Floats:
    """Return uniform numbers in [0, 1) that belong to integers: one for each tuple of `parts`."""
    state = np.uint64((seed ^ _number(name)) & WORD)
    with np.errstate(over="ignore"):
        mixed = np.asarray(state)
        for part in parts:
            mixed = _mix(mixed ^ _mix(np.asarray(part, dtype=np.int64).astype(np.uint64)))
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(seed: int, name: str, *parts: Ints | int) -> Floats:
    """Return standard normal numbers that belong to integers (Box and Muller)."""
    radius = np.sqrt(-2.0 * np.log1p(-hashed(seed, name + ":radius", *parts)))
    return np.asarray(radius * np.cos(2.0 * np.pi * hashed(seed, name + ":angle", *parts)))


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def pick(uniform: Floats, weights: Floats) -> Ints:
    """Return, for each uniform number, the index that it falls on when indexes have `weights`."""
    edges = np.cumsum(weights)
    point = uniform * edges[-1]
    if len(edges) > COMPARED_AT_MOST:
        found = np.searchsorted(edges, point, side="right")
        return np.asarray(np.minimum(found, len(edges) - 1))
    # A few comparisons of whole arrays are faster than a search for each number.
    passed = np.zeros(len(point), np.int8)
    for edge in edges[:-1]:
        passed += point >= edge
    return passed.astype(np.int64)
