"""Numbers sorted 16 bits at a time come out as NumPy has them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.sources import sorting
from data_pipeline.sources.sorting import FEW, order_by_digit, sort_numbers

LOWEST, HIGHEST = -(2**63), 2**63 - 1


@given(
    values=st.lists(st.integers(LOWEST, HIGHEST) | st.integers(-(2**33), 2**33), max_size=40),
    spread=st.sampled_from((0, 1, 16, 17, 32, 47, 48, 63)),
)
def test_any_numbers_are_put_in_order(values: list[int], spread: int) -> None:
    near = [value >> (63 - spread) for value in values]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "FEW", 0 if values else FEW)
        for some in (values, near):
            given_ones = np.array(some, np.int64)
            assert sort_numbers(given_ones).tolist() == sorted(some)
            assert given_ones.tolist() == some


@pytest.mark.parametrize("high", [1, 2**16, 2**16 + 1, 2**40, 2**62])
def test_many_numbers_are_put_in_order(high: int) -> None:
    values = np.random.default_rng(high).integers(-high, high, 3 * FEW)
    assert np.array_equal(sort_numbers(values), np.sort(values))


def test_numbers_with_the_same_digit_stay_in_their_order() -> None:
    values = np.array([5 << 16, 7, 5 << 16 | 9, 3, 5 << 16 | 1], np.int64)
    assert order_by_digit(values, 16).tolist() == [1, 3, 0, 2, 4]
