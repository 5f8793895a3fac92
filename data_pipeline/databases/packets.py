"""Rows as MySQL's text protocol sends them: the first field of each, without looking further.

A driver in Python makes a list of every row and a text of every field. Here the server has already
put each row into one field, and the packets are cut as they stand in the buffer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

BLOCK_BYTES = 1 << 20
LONGEST = 0xFFFFFF
"""A packet of this size goes on in the next one."""

END, NULL, ERROR = 0xFE, 0xFB, 0xFF
TAILS = {0xFC: 3, 0xFD: 4, 0xFE: 9}
"""First byte of a longer field: how many bytes say how long it is, with itself."""


class CutShortError(Exception):
    """The stream ended before the last row did."""


class RefusedError(Exception):
    """The server sent an error instead of a row; its packet is the argument."""


class NullRowError(Exception):
    """A row is NULL: longer than the server's max_allowed_packet."""


def read_fields(read: Callable[[int], bytes]) -> Iterator[list[bytes]]:
    """Yield the first fields of rows, some at a time, until the server says that it is done."""
    pending = b""
    while True:
        block = read(BLOCK_BYTES)
        if not block:
            raise CutShortError
        pending += block
        fields, used, done = _cut(pending)
        if fields:
            yield fields
        if done:
            return
        pending = pending[used:]


def _cut(data: bytes) -> tuple[list[bytes], int, bool]:
    """Cut whole packets off: their fields, how many bytes they took, and whether all is said."""
    fields: list[bytes] = []
    at, length = 0, len(data)
    while length - at > 4:
        size = data[at] | data[at + 1] << 8 | data[at + 2] << 16
        end = at + 4 + size
        if size == LONGEST:
            joined = _join(data, at)
            if joined is None:
                break
            packet, at = joined
            fields.append(packet[TAILS[packet[0]] :])
            continue
        if end > length:
            break
        first = data[at + 4]
        if first < NULL:
            fields.append(data[at + 5 : end])
        elif first == END and size < 9:
            return fields, end, True
        else:
            fields.append(_long_field(data[at + 4 : end]))
        at = end
    return fields, at, False


def _long_field(packet: bytes) -> bytes:
    if packet[0] == NULL:
        raise NullRowError
    if packet[0] == ERROR:
        raise RefusedError(packet)
    return packet[TAILS[packet[0]] :]


def _join(data: bytes, at: int) -> tuple[bytes, int] | None:
    """Put a row of several packets together; None when the last has not come yet."""
    parts = []
    while len(data) - at >= 4:
        size = data[at] | data[at + 1] << 8 | data[at + 2] << 16
        end = at + 4 + size
        if end > len(data):
            return None
        parts.append(data[at + 4 : end])
        at = end
        if size < LONGEST:
            return b"".join(parts), at
    return None
