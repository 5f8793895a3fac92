"""One day of selling: who orders, what is in the basket, and what of it comes back later.

Orders are Poisson with each customer's rate while he stays, drawn all at once: a point of the
running sum of rates picks the customer (beyond it is a guest), and those who have stopped are
thinned out. So a day needs no other day, and days can be made in any order by any thread.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from data_pipeline.simulator.customers import (
    TASTE_BITS,
    Population,
    Volume,
    basket_weights,
    joining_seconds,
    orders_at_once,
    populate,
    volume,
)
from data_pipeline.simulator.demand import SECONDS_A_DAY, Demand
from data_pipeline.simulator.guide import Guide
from data_pipeline.simulator.offer import Offers
from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.products import Catalogue, stock
from data_pipeline.simulator.randomness import Floats, Ints, pick

ORDERS_A_DAY = 10_000_000
"""order_id is the date as YYMMDD and the order's number of the day in seven digits."""
MOST_UNITS = 24


@dataclass(frozen=True)
class Lines:
    """Sales, a line each; money in hundredths, moments in seconds since 1970, guest = 0."""

    second: Ints
    order: Ints
    customer: Ints
    product: Ints
    quantity: Ints
    price: Ints
    discount: Ints
    channel: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.second)

    def take(self, index: npt.NDArray[np.int64 | np.bool_]) -> Self:
        return type(self)(*(getattr(self, f.name)[index] for f in fields(Lines)))

    @classmethod
    def join(cls, parts: list[Lines]) -> Lines:
        """Return the lines of all parts, in their order."""
        if len(parts) == 1:
            return parts[0]
        return Lines(
            *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Lines))
        )


@dataclass(frozen=True)
class Business:
    """A store's customers and products up to a day, and the scale of its sales."""

    demand: Demand
    everyone: Population
    offers: Offers
    scale: Volume
    weights: Floats
    """The demand of each day."""
    baskets: Guide
    """How many lines orders have, from 1."""

    @property
    def parameters(self) -> Parameters:
        return self.demand.parameters

    @property
    def catalogue(self) -> Catalogue:
        return self.offers.catalogue


def open_business(parameters: Parameters, until: int) -> Business:
    """Return the store with all that is known before day `until` (at least its own days)."""
    demand = Demand(parameters)
    until = max(until, parameters.days)
    everyone = populate(demand, until)
    return Business(
        demand,
        everyone,
        Offers(stock(demand, until)),
        volume(demand, everyone),
        demand.weights(0, until),
        Guide.of(basket_weights(parameters)),
    )


def sell(business: Business, day: int) -> tuple[Lines, Lines]:
    """Return the day's sales in order of time, and the returns that they will lead to."""
    p, demand = business.parameters, business.demand
    chance = demand.chance("sales", day)
    who, moments = _orders(business, day, chance)
    size = 1 + business.baskets.pick(chance.random(len(who)))
    order = np.repeat(np.arange(len(who)), size)
    buyer = who[order]
    n = len(order)
    shelf = business.offers.on(day)
    category = _categories(business, shelf.wanted, who, order, chance)
    product, listed = shelf.choose(category, chance.random(n))
    # A line has one more unit with the chance `more`, and again: an exponential, cut to whole ones.
    more = np.array([-1 / np.log(max(c.more, 1e-300)) for c in p.categories])[category]
    units = (chance.standard_exponential(n) * more).astype(np.int64)
    quantity = 1 + np.minimum(units, MOST_UNITS - 1)
    off = listed * shelf.off[category] // 100
    date = demand.dates(day, day + 1)[0].item()
    number = (date.year % 100 * 10_000 + date.month * 100 + date.day) * ORDERS_A_DAY
    channel = pick(chance.random(len(who)), np.array([w for _, w in p.channels])).astype(np.int8)
    sold = Lines(
        second=moments[order] + demand.epoch_day(day) * SECONDS_A_DAY,
        order=order + number + 1,
        customer=buyer + 1,
        product=product + 1,
        quantity=quantity,
        price=listed - off,
        discount=quantity * off,
        channel=channel[order],
    )
    return sold, _returns(business, day, sold, category, chance)


def _orders(business: Business, day: int, chance: np.random.Generator) -> tuple[Ints, Ints]:
    """Return each order's customer (its index; -1 is a guest) and second of the day, by time."""
    everyone, scale, demand = business.everyone, business.scale, business.demand
    weight = float(business.weights[day])
    known = everyone.before(day)
    growth = (1 + business.parameters.growth) ** (day / 365.0)
    members = float(everyone.reach[known - 1]) * weight * scale.rate if known else 0.0
    together = members + scale.guests * weight * growth
    points = chance.random(chance.poisson(together)) * together
    moments = demand.ordered_seconds(chance, len(points))
    again = np.full(len(points), -1, dtype=np.int64)
    member = np.flatnonzero(points < members)
    found = everyone.guide.find(points[member] / max(weight * scale.rate, 1e-300))
    again[member] = np.minimum(found, known - 1)
    stays = (everyone.gone[again] > day) | (again < 0)
    again, moments = again[stays], moments[stays]
    new = orders_at_once(demand, scale, known, everyone.before(day + 1))
    first = joining_seconds(demand, new)
    moments = np.concatenate([np.sort(first), moments])
    who = np.concatenate([new[np.argsort(first, kind="stable")], again])
    # Two rows that rise, behind each other: the stable sort joins them in one pass.
    by_time = np.argsort(moments, kind="stable")
    return who[by_time], moments[by_time]


def _categories(
    business: Business, wanted: Floats, who: Ints, order: Ints, chance: np.random.Generator
) -> npt.NDArray[np.int8]:
    """Return each line's category: the buyer's own taste, or what is wanted that day."""
    p, everyone = business.parameters, business.everyone
    mood = chance.random(len(order))
    category = np.full(len(order), -1, np.int8)
    if len(everyone.tastes):
        tastes = np.where(who >= 0, everyone.tastes[who], np.int16(0))[order]
        own = np.where(mood < p.loyalty, tastes & ((1 << TASTE_BITS) - 1), tastes >> TASTE_BITS)
        loyal = (who >= 0)[order] & (mood < p.loyalty + p.second) & (wanted[own] > 0)
        category = np.where(loyal, own, np.int16(-1)).astype(np.int8)
    any_ = np.flatnonzero(category < 0)
    category[any_] = pick(chance.random(len(any_)), wanted)
    return category


def _returns(
    business: Business,
    day: int,
    sold: Lines,
    category: npt.NDArray[np.int8],
    chance: np.random.Generator,
) -> Lines:
    """Return what comes back of a day's sales: whole lines, later, at the price paid."""
    p, demand = business.parameters, business.demand
    rate = np.array([c.return_rate for c in p.categories])[category]
    back = np.flatnonzero(chance.random(len(sold)) < rate)
    n = len(back)
    lag = 1 + chance.gamma(2.0, (p.return_lag_days - 1) / 2.0, n).astype(np.int64)
    if demand.gift_season(day):
        year = demand.dates(day, day + 1).astype("datetime64[Y]")[0] + 1
        january = int((year.astype("datetime64[D]") - demand.dates(day, day + 1)[0]).astype(int))
        after = january + 1 + np.minimum(chance.geometric(0.15, n), 24)
        lag = np.where(chance.random(n) < p.holiday_returns, after, lag)
    lag = np.minimum(lag, p.return_within_days)
    lines = sold.take(back)
    moment = (demand.epoch_day(day) + lag) * SECONDS_A_DAY + demand.seconds(chance, n)
    return Lines(
        moment,
        lines.order,
        lines.customer,
        lines.product,
        -lines.quantity,
        lines.price,
        np.zeros(n, dtype=np.int64),
        lines.channel,
    )
