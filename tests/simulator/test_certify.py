from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_pipeline.simulator.certify import Evidence, Fact, certify, evidence, read_evidence
from data_pipeline.simulator.certify.statistics import (
    chi_square,
    evenness,
    skewness,
    slope,
    smallest,
)
from data_pipeline.simulator.demand import Demand
from data_pipeline.simulator.parameters import PRESETS, Parameters
from data_pipeline.simulator.store import simulate

LARGE = PRESETS["default"].resized(seed=3, defects=0.02)
DAY = 86_400


def wrong(facts: tuple[Fact, ...]) -> list[int]:
    return [fact.number for fact in facts if fact.holds is False]


def judged(facts: tuple[Fact, ...]) -> int:
    return sum(fact.holds is not None for fact in facts)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    out = tmp_path_factory.mktemp("certify")
    made = simulate(LARGE, out)
    return read_evidence(out, LARGE, made.files)


def test_the_default_store_behaves_like_a_store(seen: Evidence) -> None:
    facts = certify(seen, LARGE)
    assert wrong(facts) == []
    assert judged(facts) == len(facts) == 11


@pytest.mark.parametrize("name", ["fashion", "electronics", "grocery"])
def test_so_do_the_presets(tmp_path: Path, name: str) -> None:
    p = PRESETS[name].resized(seed=2)
    made = simulate(p, tmp_path, file_format="parquet")
    assert wrong(certify(read_evidence(tmp_path, p, made.files), p)) == []


def test_of_a_large_store_some_customers_are_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "MOST_SALES", LARGE.sales - 1)
    made = simulate(LARGE, tmp_path, file_format="parquet")
    some = read_evidence(tmp_path, LARGE, made.files)
    assert len(some.member) == pytest.approx(LARGE.customers / 2, rel=0.02)
    assert wrong(certify(some, LARGE)) == []


def naive_store(p: Parameters) -> Evidence:
    """Everything uniform, every sale by itself: what most generators make."""
    chance = np.random.default_rng(1)
    n, start = p.sales, Demand(p).epoch_day(0) * DAY
    places = np.array([f"City {i}" for i in range(100)], dtype=object)
    return Evidence(
        order=np.arange(n) + 1,
        customer=chance.integers(1, p.customers + 1, n),
        product=chance.integers(1, p.products + 1, n),
        second=start + np.sort(chance.integers(0, p.days * DAY, n)),
        quantity=chance.integers(1, 6, n),
        price=chance.integers(100, 50_000, n),
        category=np.concatenate([[-1], chance.integers(0, len(p.categories), p.products)]),
        member=np.arange(p.customers) + 1,
        joined=start + np.sort(chance.integers(0, p.days * DAY, p.customers)),
        place=places[chance.integers(0, 100, p.customers)],
        mail=places[chance.integers(0, 10, p.customers)],
    )


def test_a_naive_generator_fails_at_least_seven_facts() -> None:
    facts = certify(naive_store(LARGE), LARGE)
    assert len(wrong(facts)) >= 7, wrong(facts)


def test_a_constant_hazard_does_not_flatten(tmp_path: Path) -> None:
    # A gamma of a large shape: all customers drop out at one rate.
    constant = replace(LARGE, dropout_shape=60.0, dropout_days=60.0 * 240, noise=0.0)
    made = simulate(constant, tmp_path)
    facts = certify(read_evidence(tmp_path, LARGE, made.files), LARGE)
    assert 10 in wrong(facts)


def test_equal_rates_are_poisson_and_found_out(tmp_path: Path) -> None:
    equal = replace(LARGE, rate_shape=200.0)
    made = simulate(equal, tmp_path)
    assert 2 in wrong(certify(read_evidence(tmp_path, LARGE, made.files), LARGE))


def test_the_fit_recovers_other_dials_too(tmp_path: Path) -> None:
    other = replace(LARGE, rate_shape=1.1, dropout_shape=0.9, dropout_days=150.0)
    made = simulate(other, tmp_path)
    fact = certify(read_evidence(tmp_path, other, made.files), other)[1]
    assert fact.holds, fact.parts


def test_too_small_a_store_is_not_judged(dirty_store: Path) -> None:
    small = PRESETS["default"].resized(sales=6_000, customers=900, days=120, seed=11, defects=0.35)
    files = ("customers.csv", "products.csv", "sales.csv")
    facts = certify(read_evidence(dirty_store, small, files), small)
    assert facts[1].holds is None
    assert judged(facts) < len(facts)


def test_formats_show_the_same(tmp_path: Path) -> None:
    p = PRESETS["default"].resized(sales=5_000, days=90)
    seen = []
    for name in ("csv", "gzip", "parquet"):
        made = simulate(p, tmp_path / name, file_format=name)
        seen.append(read_evidence(tmp_path / name, p, made.files))
    for other in seen[1:]:
        assert (other.price == seen[0].price).all()
        assert (other.second == seen[0].second).all()
        assert np.isin(seen[0].member, other.member).all(), "CSV may show a few less"


def test_the_statistics_say_what_they_should() -> None:
    ranks = np.arange(1.0, 200.0)
    assert slope(ranks, ranks**-0.8) == pytest.approx(0.8)
    assert evenness(np.array([5, 5, 5])) == pytest.approx(1)
    assert evenness(np.array([98, 1, 1])) < 0.5
    assert skewness(np.array([-1.0, 0.0, 1.0])) == pytest.approx(0)
    assert chi_square(np.array([10, 10]), np.array([1.0, 1.0])) == 0
    assert chi_square(np.array([15, 5]), np.array([1.0, 1.0])) == pytest.approx(5)
    found = smallest(lambda x: float((x[0] - 3) ** 2 + (x[1] + 1) ** 2), np.zeros(2))
    assert found == pytest.approx([3, -1], abs=1e-2)
