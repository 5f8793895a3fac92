"""What is for sale on a day: which products, how much each is wanted, and at what price.

How much products are wanted against each other is looked at once for some days (a span), what is
launched, promoted or gets a new price in between counts from its day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from data_pipeline.simulator.guide import Guide
from data_pipeline.simulator.products import Catalogue
from data_pipeline.simulator.randomness import Floats, Ints

LONGEST_SPAN_DAYS = 8
SPANS_KEPT = 4
LAUNCH_DAYS = 30
FADED = 0.12
"""What is left of a product's pull in the end."""

Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Span:
    """Some days, on which no product gets more than one new price."""

    guide: Guide
    """Running sums of what products are wanted, by category and launch."""
    launched: npt.NDArray[np.int32]
    """The same products' launch."""
    order: Ints
    """Their indexes."""
    price: Ints
    new_price: Ints
    new_from: npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Shelf:
    """One day's offer."""

    span: Span
    day: int
    known: Ints
    """How many products of each category are launched."""
    high: Floats
    """How much they are wanted together."""
    wanted: Floats
    """The weight of each category; 0 where nothing is for sale."""
    off: Ints
    """What each category has off, in hundredths of the price."""

    def choose(self, category: npt.NDArray[np.int8], uniform: Floats) -> tuple[Ints, Ints]:
        """Return the index of the product bought, and its list price, for each line."""
        span = self.span
        found = span.guide.find(uniform * self.high[category], category)
        at = np.minimum(found, (span.guide.edges[:-1] + self.known - 1)[category])
        price = np.where(span.new_from[at] > self.day, span.price[at], span.new_price[at])
        return span.order[at], price


@dataclass(frozen=True, eq=False)
class Offers:
    """The offers of all days of a catalogue; the last few spans are kept."""

    catalogue: Catalogue
    _kept: dict[int, Span] = field(default_factory=dict)

    @property
    def span_days(self) -> int:
        """How many days a span has."""
        return min(LONGEST_SPAN_DAYS, self.catalogue.demand.parameters.price_change_days[0])

    def on(self, day: int) -> Shelf:
        """Return what draws buyers that day."""
        p, demand = self.catalogue.demand.parameters, self.catalogue.demand
        span = self._span(day // self.span_days)
        edges = span.guide.edges
        known = np.array(
            [np.searchsorted(span.launched[a:b], day, side="right")
             for a, b in pairwise(edges)]
        )  # fmt: skip
        last = np.maximum(edges[:-1] + known - 1, 0)
        high = np.where(known > 0, span.guide.running[last], 0.0)
        off = demand.promotions(day)
        date = demand.dates(day, day + 1)[0].item()
        gifts = date.day / 24 if date.month == 12 and date.day <= 24 else 0.0
        wanted = np.array([c.demand * (1 + (c.gift - 1) * gifts) for c in p.categories])
        wanted = wanted * np.where(off > 0, p.promotion_lift, 1.0)
        wanted = np.where(high > 0, wanted, 0.0)
        return Shelf(span, day, known, high, wanted, np.rint(off * 100).astype(np.int64))

    def _span(self, number: int) -> Span:
        found = self._kept.get(number)
        if found is None:
            found = self._made(number * self.span_days)
            self._kept[number] = found
            for old in sorted(self._kept)[:-SPANS_KEPT]:
                self._kept.pop(old, None)
        return found

    def _made(self, day: int) -> Span:
        c = self.catalogue
        order = c.by_category
        edges = np.searchsorted(
            c.category[order], np.arange(len(c.demand.parameters.categories) + 1)
        )
        launched = c.launched[order]
        age = np.maximum(np.float32(day) - launched.astype(np.float32), np.float32(0))
        fade = np.exp(age * (np.float32(-np.log(2)) / c.half_life[order].astype(np.float32)))
        fade = np.float32(FADED) + np.float32(1 - FADED) * fade
        ramp = np.minimum((age + np.float32(8)) / np.float32(LAUNCH_DAYS), np.float32(1))
        pull = (c.pull[order].astype(np.float32) * fade * ramp).astype(np.float64)
        running = np.concatenate([np.cumsum(pull[a:b]) for a, b in pairwise(edges)])
        price, new_price, new_from = c.prices_from(order, day)
        return Span(Guide.over(running, edges), launched, order, price, new_price, new_from)
