from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.simulator.guide import Guide
from data_pipeline.simulator.randomness import pick

weight = st.one_of(st.just(0.0), st.floats(1e-6, 1e6))
sums = st.lists(st.lists(weight, min_size=1, max_size=40), min_size=1, max_size=4)


@given(sums)
def test_a_guide_finds_what_a_binary_search_finds(parts: list[list[float]]) -> None:
    for part in parts:
        part.append(1.0)
    running = np.concatenate([np.cumsum(part) for part in parts])
    edges = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    guide = Guide.over(running, edges)
    for number, (begin, end) in enumerate(pairwise(edges)):
        own = running[begin:end]
        # Between, on and just beside the sums: there a cell's edge could be rounded away.
        beside = np.concatenate([own, np.nextafter(own, 0), np.nextafter(own, np.inf)])
        points = np.concatenate([beside, own * 0.5, np.linspace(0, own[-1], 50)])
        points = points[(points >= 0) & (points < own[-1])]
        found = guide.find(points, np.full(len(points), number, np.int8))
        assert (found == begin + np.searchsorted(own, points, side="right")).all()


def test_a_point_beyond_a_sum_is_its_last_member() -> None:
    guide = Guide.over(np.array([1.0, 2.0, 5.0, 6.0]), np.array([0, 2, 4]))
    assert guide.find(np.array([2.0, 9.0]), np.zeros(2, np.int8)).tolist() == [1, 1]
    assert guide.find(np.array([6.0]), np.ones(1, np.int8)).tolist() == [3]


def test_a_pick_is_that_of_the_plain_search() -> None:
    chance = np.random.default_rng(3)
    weights, uniform = chance.random(300), chance.random(5_000)
    assert (Guide.of(weights).pick(uniform) == pick(uniform, weights)).all()


def test_a_guide_over_many_members_is_made_in_parts() -> None:
    weights = np.random.default_rng(5).standard_gamma(0.6, 1_200_000)
    points = np.random.default_rng(6).random(2_000) * weights.sum() * 0.999
    guide = Guide.of(weights)
    assert (guide.find(points) == np.searchsorted(guide.running, points, side="right")).all()
