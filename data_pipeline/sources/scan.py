"""Bytes looked at by the block: where certain ones are, and whether they are UTF-8."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

LF, CR, QUOTE = 10, 13, 34

PIECE_BYTES = 1 << 18
"""So much of a block is compared in one go: what comes of it stays in the processor's cache."""

RARE = 2000
"""A byte is rare when there are fewer than one in so many."""

ASCII_PIECE_BYTES = 1 << 14
"""In pieces of so many bytes it is asked whether there is anything but ASCII."""

Bytes = NDArray[np.uint8]
Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]


def _pieces(data: Bytes) -> Iterator[tuple[int, Bytes]]:
    """Cut bytes into pieces, each with the position of its first; of nothing there is one."""
    for first in range(0, max(len(data), 1), PIECE_BYTES):
        yield first, data[first : first + PIECE_BYTES]


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
    """The positions of the bytes that are not ASCII; pieces without any are passed over."""
    found = [np.zeros(0, np.int64)]
    for first in range(0, len(block), ASCII_PIECE_BYTES):
        piece = block[first : first + ASCII_PIECE_BYTES]
        if not piece.isascii():
            found.append(np.flatnonzero(np.frombuffer(piece, np.uint8) >= 128) + first)
    return np.concatenate(found)


def find_newlines(block: bytes) -> Positions:
    """The positions of the line feeds."""
    pieces = _pieces(np.frombuffer(block, np.uint8))
    return np.concatenate([np.flatnonzero(piece == LF) + first for first, piece in pieces])


def count_newlines(block: bytes) -> int:
    """Count the line feeds of a block."""
    pieces = _pieces(np.frombuffer(block, np.uint8))
    return sum(int(np.count_nonzero(piece == LF)) for _, piece in pieces)


def is_utf8(block: bytes) -> bool:
    """Say whether the bytes are valid UTF-8."""
    if block.isascii():
        return True
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
