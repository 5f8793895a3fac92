"""What is sold: categories, prices that change, costs, popularity, launch and fading.

A product is a function of the seed and of the number that it gets in order of its launch.
Popularity comes from a quantile function with a Zipf-like head and a steeper tail, so it keeps its
shape while the catalogue grows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from data_pipeline.simulator.demand import Demand
from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.randomness import Floats, Ints, hashed, normal, pick

ENDINGS = np.array([99, 95, 49, 0], dtype=np.int64)
ENDING_WEIGHTS = np.array([0.66, 0.12, 0.14, 0.08])
PRICE_STEP = 0.07
"""The standard deviation of the logarithm of a new price against the base price."""
LOWEST_PRICE = 49


@dataclass(frozen=True)
class Catalogue:
    """Every product launched by a day, in order of launch: product_id is the index plus 1."""

    demand: Demand
    until: int
    counts: Ints
    launched: npt.NDArray[np.int32]
    category: npt.NDArray[np.int8]
    pull: Floats
    half_life: Floats
    base: Floats
    ending: Ints
    stands_days: Ints
    phase: Ints
    margin: Floats
    by_category: Ints
    """Indexes in order of category, then of launch."""

    def known(self, day: int) -> int:
        """How many products there are at the end of the day."""
        return int(self.counts[day + 1])

    def prices(self, index: Ints, day: int) -> Ints:
        """Return the list prices of these products that day, in hundredths."""
        since = (day + self.phase[index]) // self.stands_days[index]
        return self._every_price[self._first_price[index] + since]

    def prices_from(self, day: int) -> tuple[Ints, Ints, npt.NDArray[np.int32]]:
        """Return list prices of `day`, the next ones and when these begin; by category."""
        stands, phase, first = self._terms
        age = day + phase
        # Whole numbers this small divide exactly as floats, in a tenth of the time.
        since = (age / stands).astype(np.int64)
        at = first + since
        following = np.minimum(at + 1, len(self._every_price) - 1)
        begins = (day + stands - (age - since * stands)).astype(np.int32)
        return self._every_price[at], self._every_price[following], begins

    @cached_property
    def _terms(self) -> tuple[Ints, Ints, Ints]:
        """For how long prices stand, since when, and where they begin; by category."""
        order = self.by_category
        return self.stands_days[order], self.phase[order], self._first_price[order]

    @cached_property
    def _first_price(self) -> Ints:
        """Where each product's prices begin in the list of all prices."""
        many = self._price_counts
        return np.asarray(np.cumsum(many) - many)

    @cached_property
    def _price_counts(self) -> Ints:
        return np.asarray((self.until + self.phase) // self.stands_days + 1)

    @cached_property
    def _every_price(self) -> Ints:
        """Every price of every product, in their order."""
        index = np.repeat(np.arange(len(self.base)), self._price_counts)
        nth = np.arange(len(index)) - self._first_price[index]
        step = np.exp(PRICE_STEP * normal(self.demand.parameters.seed, "price", index, nth))
        return charmed(self.base[index] * step, self.ending[index])

    def price_since(self, day: int) -> Ints:
        """Return the day from which each product's price of `day` stands."""
        since = day - (day + self.phase) % self.stands_days
        return np.asarray(np.maximum(since, self.launched))

    def costs(self) -> Ints:
        """Return what each product costs the shop, in hundredths."""
        return np.maximum(1, np.rint(self.base * 100 * (1 - self.margin)).astype(np.int64))


def stock(demand: Demand, until: int) -> Catalogue:
    """Return every product launched before day `until`."""
    p = demand.parameters
    counts = launches(p, until)
    n = int(counts[-1])
    index = np.arange(n)
    old = int(counts[0])
    before = -1 - (hashed(p.seed, "launched", index[:old]) * 900).astype(np.int32)
    launched = np.concatenate(
        [np.sort(before), np.repeat(np.arange(until, dtype=np.int32), np.diff(counts))]
    ).astype(np.int32)
    range_ = np.array([c.range_ for c in p.categories])
    category = pick(hashed(p.seed, "category", index), range_).astype(np.int8)
    rank = hashed(p.seed, "popularity", index)
    first = 1.0 / max(p.products / len(p.categories), 1.0)
    price = np.array([c.price for c in p.categories])[category]
    sigma = np.array([c.price_sigma for c in p.categories])[category]
    ends = pick(hashed(p.seed, "ending", index), ENDING_WEIGHTS)
    shortest, longest = p.price_change_days
    stands = shortest + (hashed(p.seed, "stands", index) * (longest - shortest + 1)).astype(int)
    return Catalogue(
        demand=demand,
        until=until,
        counts=counts,
        launched=launched,
        category=category,
        pull=(rank + first) ** -p.zipf * np.exp(-p.zipf_tail * rank),
        half_life=p.half_life_days * np.exp(0.6 * normal(p.seed, "half-life", index)),
        base=price * np.exp(sigma * normal(p.seed, "base-price", index)),
        ending=ENDINGS[ends],
        stands_days=stands,
        phase=(hashed(p.seed, "price-phase", index) * stands).astype(np.int64),
        margin=0.25 + 0.35 * hashed(p.seed, "margin", index),
        by_category=np.argsort(category, kind="stable"),
    )


def launches(p: Parameters, until: int) -> Ints:
    """Return how many products there are at the end of day -1, 0, ... `until` - 1."""
    old = max(1, p.products - round(p.fresh * p.products))
    share = np.arange(until + 1) / p.days
    return old + np.floor((p.products - old) * share + 1e-9).astype(np.int64)


def charmed(price: Floats, ending: Ints) -> Ints:
    """Return prices in hundredths that end as shops end them: 19.99, 24.95, 7.49, 30.00.

    >>> charmed(np.array([19.2, 0.1]), np.array([99, 99])).tolist()
    [1999, 99]
    """
    return np.asarray(np.maximum(np.floor(price).astype(np.int64) * 100 + ending, LOWEST_PRICE))
