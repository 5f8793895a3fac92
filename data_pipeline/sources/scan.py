"""Bytes looked at by the block: where certain ones are, and whether they are UTF-8."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LF, CR, QUOTE = 10, 13, 34

RARE = 2000
"""A byte is rare when there are fewer than one in so many."""

HIGH_BITS = np.uint64(0x8080808080808080)

Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]


def find_byte(block: bytes, byte: int) -> Positions:
    """The positions of a byte. A rare one is searched for, not compared with every byte."""
    found, at = [], block.find(byte)
    while at >= 0:
        found.append(at)
        if len(found) > len(block) // RARE:
            return np.flatnonzero(np.frombuffer(block, np.uint8) == byte)
        at = block.find(byte, at + 1)
    return np.array(found, np.int64)


def find_foreign(block: bytes) -> Positions:
    """The positions of the bytes that are not ASCII, looked for eight at a time."""
    data = np.frombuffer(block, np.uint8)
    whole = len(data) // 8 * 8
    groups = np.flatnonzero(data[:whole].view(np.uint64) & HIGH_BITS)
    near = (groups[:, None] * 8 + np.arange(8)).ravel()
    near = np.append(near, np.arange(whole, len(data)))
    foreign: Positions = near[data[near] >= 128]
    return foreign


def find_newlines(block: bytes) -> Positions:
    """The positions of the line feeds."""
    return np.flatnonzero(np.frombuffer(block, np.uint8) == LF)


def count_newlines(block: bytes) -> int:
    """Count the line feeds of a block."""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == LF))


def is_utf8(block: bytes) -> bool:
    """Say whether the bytes are valid UTF-8."""
    if block.isascii():
        return True
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
