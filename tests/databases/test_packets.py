"""Rows cut from the bytes that a MySQL server sends, wherever the buffer ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.databases import packets
from data_pipeline.databases.packets import (
    LONGEST,
    CutShortError,
    NullRowError,
    RefusedError,
    read_fields,
)

DONE = b"\x05\x00\x00\x09\xfe\x00\x00\x02\x00"


def packet(field: bytes) -> bytes:
    """A row of one field, as the protocol writes it."""
    size = len(field)
    if size < 251:
        length = bytes([size])
    elif size < 1 << 16:
        length = b"\xfc" + size.to_bytes(2, "little")
    elif size < 1 << 24:
        length = b"\xfd" + size.to_bytes(3, "little")
    else:
        length = b"\xfe" + size.to_bytes(8, "little")
    content = length + field
    parts = [content[i : i + LONGEST] for i in range(0, len(content) + 1, LONGEST)]
    return b"".join(len(p).to_bytes(3, "little") + b"\x07" + p for p in parts)


def read(data: bytes, step: int) -> list[bytes]:
    pieces = iter([data[i : i + step] for i in range(0, len(data), step)])
    return [field for fields in read_fields(lambda _: next(pieces, b"")) for field in fields]


@given(st.lists(st.binary(max_size=600), max_size=20), st.integers(1, 700))
def test_any_rows_in_any_pieces(fields: list[bytes], step: int) -> None:
    assert read(b"".join(map(packet, fields)) + DONE, step) == fields


@pytest.mark.parametrize("size", [0, 250, 251, 65_535, 65_536, 70_000])
def test_each_way_to_write_a_length(size: int) -> None:
    assert read(packet(b"x" * size) + DONE, 1 << 20) == [b"x" * size]


@pytest.mark.parametrize("size", [LONGEST - 5, LONGEST - 4, LONGEST + 3, 2 * LONGEST - 9])
def test_rows_of_several_packets(size: int) -> None:
    """One of exactly the longest size is followed by an empty packet."""
    fields = [b"y" * size, b"next"]
    assert read(b"".join(map(packet, fields)) + DONE, 1 << 22) == fields


def test_an_end_without_the_word_is_an_error() -> None:
    whole = packet(b"abc") + packet(b"def")
    for end in range(len(whole)):
        with pytest.raises(CutShortError):
            read(whole[:end], 4)


def test_an_error_and_a_null_are_no_rows() -> None:
    with pytest.raises(RefusedError) as caught:
        read(packet(b"a") + b"\x05\x00\x00\x02\xff\x15\x04no", 1 << 10)
    assert caught.value.args[0][3:] == b"no"
    with pytest.raises(NullRowError):
        read(b"\x01\x00\x00\x02\xfb" + DONE, 1 << 10)


def test_the_constants_are_those_of_the_protocol() -> None:
    assert (packets.END, packets.NULL, packets.ERROR) == (254, 251, 255)
