"""The reader that works ahead: what comes through, and what happens when it ends early."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from data_pipeline.errors import SourceError
from data_pipeline.sources.reading import AHEAD, read_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize("count", [0, 1, AHEAD, 3 * AHEAD])
def test_all_items_come_in_their_order(count: int) -> None:
    assert list(read_ahead(iter(range(1, count + 1)))) == list(range(1, count + 1))


def test_items_are_made_while_another_is_looked_at() -> None:
    is_made = threading.Event()

    def items() -> Iterator[str]:
        yield "looked at"
        is_made.set()
        yield "made meanwhile"

    ahead = read_ahead(items())
    assert next(ahead) == "looked at"
    assert is_made.wait(10)
    assert list(ahead) == ["made meanwhile"]


def test_an_error_comes_through_behind_what_was_read() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise SourceError("the rest is gone")

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(SourceError, match="the rest is gone"):
        next(ahead)


def test_who_stops_early_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    made = []

    def items() -> Iterator[int]:
        for number in range(1, 1000):
            made.append(number)
            yield number

    ahead = read_ahead(items())
    assert next(ahead) == 1
    ahead.close()
    assert set(threading.enumerate()) == before
    assert len(made) <= AHEAD + 1
