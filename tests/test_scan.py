"""What is looked for in a block is found wherever a piece of it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_pipeline.sources import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

LETTERS = st.lists(st.sampled_from(b'\n\n"a\x7f\x80\xc3\xff'), max_size=70).map(bytes)
LONG = b'a\n"\x80 ' * 14


@pytest.fixture(autouse=True, scope="module")
def small_pieces() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "PIECE_BYTES", 16)
        patch.setattr(scan, "ASCII_PIECE_BYTES", 16)
        yield


@settings(deadline=None, max_examples=200)
@example(block=LONG)
@given(block=LETTERS)
def test_line_feeds_are_found_and_counted(block: bytes) -> None:
    there = [at for at, byte in enumerate(block) if byte == scan.LF]
    assert scan.find_newlines(block).tolist() == there
    assert scan.count_newlines(block) == len(there)


@settings(deadline=None, max_examples=200)
@example(block=LONG)
@given(block=LETTERS)
def test_bytes_that_are_not_ascii_are_found(block: bytes) -> None:
    assert scan.find_foreign(block).tolist() == [at for at, b in enumerate(block) if b >= 0x80]


@settings(deadline=None, max_examples=200)
@example(block=LONG, often=True)
@given(block=LETTERS, often=st.booleans())
def test_a_byte_is_found_whether_it_is_rare_or_not(block: bytes, often: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "RARE", 1 << 20 if often else 1)
        found = scan.find_byte(block, scan.QUOTE).tolist()
    assert found == [at for at, byte in enumerate(block) if byte == scan.QUOTE]
