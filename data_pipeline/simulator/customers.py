"""Who buys: when customers join, how often they buy, when they stop, and what they like.

Buying rates are gamma-distributed and so are the rates of dropping out (Schmittlein, Morrison and
Colombo 1987), so that counts of orders follow the NBD while a customer stays, and activity falls
fast at first and then slowly. A customer is a function of the seed and of the number that he gets
in order of joining: a longer store has the same first customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from data_pipeline.simulator.demand import Demand
from data_pipeline.simulator.guide import Guide
from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.randomness import Floats, Ints, hashed, pick, stream

BLOCK = 65_536
"""How many customers one block of chance makes."""
MAX_BASKET = 40
TASTE_BITS = 8
MOST_ORDERS_A_DAY = 10.0
"""Of a customer with a rate of 1: in a store of a few days nobody gets beyond reason."""
FIRST_ORDERS_AT_MOST = 0.6
"""Of all orders of customers: what is beyond that is left to repeat orders."""


@dataclass(frozen=True)
class Joins:
    """How many customers there are, day by day."""

    demand: Demand

    @cached_property
    def _in_store(self) -> float:
        return float(self._pull(self.demand.parameters.days)[-1])

    def _pull(self, until: int) -> Floats:
        days = np.arange(until)
        growth = (1 + self.demand.parameters.growth) ** (days / 365.0)
        return np.asarray(np.cumsum(self.demand.weights(0, until) * growth))

    @property
    def veterans(self) -> int:
        """Customers who joined before day 0."""
        p = self.demand.parameters
        return min(p.customers, round(p.veterans * p.customers))

    def counts(self, until: int) -> Ints:
        """Return how many customers there are at the end of day -1, 0, ... `until` - 1."""
        p = self.demand.parameters
        share = self._pull(until) / self._in_store
        joined = np.floor((p.customers - self.veterans) * share + 1e-9).astype(np.int64)
        return np.concatenate([[self.veterans], self.veterans + joined])

    def days(self, counts: Ints) -> npt.NDArray[np.int32]:
        """Return the day on which each customer joined."""
        p, veterans = self.demand.parameters, self.veterans
        before = np.floor(
            -p.veteran_days * (1 - (np.arange(veterans) + 0.5) / max(veterans, 1))
        ).astype(np.int32)
        new = np.repeat(np.arange(len(counts) - 1, dtype=np.int32), np.diff(counts))
        return np.concatenate([before, new])


@dataclass(frozen=True)
class Population:
    """Everyone who has joined by a day, in order of joining: customer_id is the index plus 1."""

    counts: Ints
    joined: npt.NDArray[np.int32]
    gone: npt.NDArray[np.float32]
    """The day from which the customer buys no more."""
    reach: Floats
    """The running sum of buying rates, in units of the gamma distribution."""
    guide: Guide
    """The search in it."""
    tastes: npt.NDArray[np.int16]
    """Two categories a customer: the first, and from `TASTE_BITS` the second."""

    def before(self, day: int) -> int:
        """How many customers there are when the day begins."""
        return int(self.counts[day])

    @property
    def rates(self) -> Floats:
        return np.diff(self.reach, prepend=0.0)


def populate(demand: Demand, until: int) -> Population:
    """Return everyone who joins before day `until`."""
    p = demand.parameters
    joins = Joins(demand)
    counts = joins.counts(until)
    joined = joins.days(counts)
    n = len(joined)
    rate = np.empty(n, np.float32)
    gone = np.empty(n, np.float32)
    tastes = np.empty(n, np.int16)
    weights = np.array([c.demand for c in p.categories])
    for first in range(0, n, BLOCK):
        here = slice(first, min(first + BLOCK, n))
        size = here.stop - first
        chance = stream(p.seed, "customers", first // BLOCK)
        rate[here] = chance.standard_gamma(p.rate_shape, BLOCK)[:size]
        dropout = np.maximum(chance.standard_gamma(p.dropout_shape, BLOCK), 1e-12)
        stay = chance.standard_exponential(BLOCK) / (dropout / p.dropout_days)
        gone[here] = joined[here] + np.minimum(stay[:size], 1e6)
        first_taste, second_taste = (pick(chance.random(BLOCK), weights)[:size] for _ in range(2))
        tastes[here] = first_taste | second_taste << TASTE_BITS
    reach = np.cumsum(rate, dtype=np.float64)
    guide = Guide.over(reach, np.array([0, n]))
    return Population(counts, joined, gone, reach, guide, tastes)


@dataclass(frozen=True)
class Volume:
    """How the dials become the number of sales that was asked for."""

    rate: float
    """Orders a weighted day for one unit of a customer's gamma rate: 1 / alpha."""
    first_share: float
    """The share of those who join with an order."""
    guests: float
    """Orders of guests on a plain day at the start."""

    @property
    def alpha(self) -> float:
        """The scale of the NBD in plain days."""
        return 1 / self.rate


def volume(demand: Demand, everyone: Population) -> Volume:
    """Return the rates with which the first `days` days have `sales` sales on average.

    The rates fit these very customers, not an average of possible ones, so the total misses only
    by the chance of single orders.
    """
    p = demand.parameters
    days = p.days
    weights = demand.weights(0, days)
    running = np.concatenate([[0.0], np.cumsum(weights)])
    known = int(everyone.counts[days])
    wanted = sum(
        _wanted(everyone, slice(first, min(first + 16 * BLOCK, known)), running)
        for first in range(0, known, 16 * BLOCK)
    )
    orders = p.sales / (lines_an_order(p) * (1 + return_share(p)))
    members = (1 - p.guests) * orders
    new = known - everyone.before(0)
    first_share = min(1.0, FIRST_ORDERS_AT_MOST * members / max(new, 1))
    growth = (1 + p.growth) ** (np.arange(days) / 365.0)
    return Volume(
        rate=min(max(0.0, members - first_share * new) / max(wanted, 1.0), MOST_ORDERS_A_DAY),
        first_share=first_share,
        guests=p.guests * orders / float(np.dot(weights, growth)),
    )


def _wanted(everyone: Population, some: slice, running: Floats) -> float:
    """Return the orders that these customers would have at a rate of 1, from joining to the end."""
    days = len(running) - 1
    begins = np.minimum(np.maximum(everyone.joined[some] + 1, 0), days)
    ends = np.clip(np.ceil(everyone.gone[some]), begins, days).astype(np.int64)
    before = everyone.reach[some.start - 1] if some.start else 0.0
    rates = np.diff(everyone.reach[some], prepend=before)
    return float(np.dot(rates, running[ends] - running[begins]))


def orders_at_once(demand: Demand, scale: Volume, first: int, until: int) -> Ints:
    """Return which of the customers from index `first` up to `until` join with an order."""
    index = np.arange(first, until)
    return index[hashed(demand.parameters.seed, "first-order", index) < scale.first_share]


def joining_seconds(demand: Demand, index: Ints) -> Ints:
    """Return the second of the day in which each customer joins; a first order comes with it."""
    return demand.at_hours(hashed(demand.parameters.seed, "joining-second", index))


def basket_weights(p: Parameters) -> Floats:
    """Return the logarithmic distribution of lines in an order, from 1."""
    k = np.arange(1, MAX_BASKET + 1)
    weights = p.basket**k / k
    return np.asarray(weights / weights.sum())


def lines_an_order(p: Parameters) -> float:
    """The mean number of lines in an order."""
    return float(np.dot(basket_weights(p), np.arange(1, MAX_BASKET + 1)))


def return_share(p: Parameters) -> float:
    """The mean chance that a line comes back."""
    demand = np.array([c.demand for c in p.categories])
    return float(np.dot(demand, [c.return_rate for c in p.categories]) / demand.sum())
