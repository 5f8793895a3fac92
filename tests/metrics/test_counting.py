"""Sums and different values by groups, against plain Python."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.metrics.columns.coding import put_in_order
from data_pipeline.metrics.columns.counting import (
    EXACT,
    count_different,
    find_different,
    flag,
    sum_by,
    unique,
)

GROUPS, SIZE = 5, 7
rows = st.lists(
    st.tuples(st.integers(0, GROUPS - 1), st.integers(0, SIZE - 1), st.booleans()), max_size=60
)


def arrays(found: list[tuple[int, int, bool]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    of, values, where = zip(*found, strict=True) if found else ((), (), ())
    return np.array(of, np.int64), np.array(values, np.int32), np.array(where, bool)


@given(
    st.lists(
        st.tuples(st.integers(0, GROUPS - 1), st.integers(-(2**57), 2**57)),
        max_size=60,
    )
)
def test_sums_are_exact_beyond_what_floats_hold(pairs: list[tuple[int, int]]) -> None:
    expected: dict[int, int] = defaultdict(int)
    for group, value in pairs:
        expected[group] += value
    of = np.array([group for group, _ in pairs], np.int64)
    values = np.array([value for _, value in pairs], np.int64)
    found = sum_by(of, values, GROUPS)
    assert found.dtype == np.int64
    assert found.tolist() == [expected[group] for group in range(GROUPS)]


def test_one_float_alone_would_be_wrong() -> None:
    of, values = np.zeros(3, np.int64), np.array([EXACT, 1, 1], np.int64)
    assert int(np.bincount(of, values)[0]) != EXACT + 2, "so the parts are needed"
    assert sum_by(of, values, 1).tolist() == [EXACT + 2]


@given(rows)
def test_different_values_are_those_of_a_set(found: list[tuple[int, int, bool]]) -> None:
    of, values, where = arrays(found)
    kept = [{v for g, v, holds in found if holds and g == n} for n in range(GROUPS)]
    counts = count_different(values, SIZE, of, GROUPS, where)
    assert counts.tolist() == [len(one) for one in kept]
    whole = count_different(values, SIZE, None, 1, where)
    assert whole.tolist() == [len(set().union(*kept))]


@given(rows, st.sampled_from([SIZE, 10**6, 2**26]))
def test_a_table_of_flags_and_sorted_pairs_say_the_same(
    found: list[tuple[int, int, bool]], size: int
) -> None:
    of, values, _ = arrays(found)
    expected = [len({v for g, v, _ in found if g == n}) for n in range(GROUPS)]
    assert count_different(values, size, of, GROUPS).tolist() == expected


@given(rows)
def test_flags_say_what_is_there(found: list[tuple[int, int, bool]]) -> None:
    _, values, where = arrays(found)
    assert np.flatnonzero(flag(values, SIZE, None)).tolist() == sorted({v for _, v, _ in found})
    assert np.flatnonzero(flag(values, SIZE, where)).tolist() == sorted(
        {v for _, v, holds in found if holds}
    )


@given(st.lists(st.integers(0, 40), max_size=80), st.sampled_from([0, 3, 80]))
def test_the_different_keys_stand_in_order(keys: list[int], first: int) -> None:
    keys[:first] = sorted(keys[:first])
    found = np.array(keys, np.int64)
    assert unique(found).tolist() == sorted({*keys})
    for size in (41, 10**4):
        where = found % 3 > 0
        assert find_different(found, size, None).tolist() == sorted({*keys})
        assert find_different(found, size, where).tolist() == sorted({k for k in keys if k % 3})


@pytest.mark.parametrize("size", [3, 2**16, 2**16 + 1, 300_000])
def test_rows_are_put_in_order_of_their_places(size: int) -> None:
    places = np.random.default_rng(size).integers(0, size, 5000).astype(np.int32)
    places[:2] = size - 1, 0
    assert put_in_order(places, size).tolist() == np.argsort(places, kind="stable").tolist()
