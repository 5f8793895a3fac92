"""What is for sale on a day: which products, how much each is wanted, and at what price.

How much products are wanted against each other is looked at once for some days (a span), what is
launched, promoted or gets a new price in between counts from its day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from data_pipeline.simulator.guide import Guide
from data_pipeline.simulator.products import Catalogue
from data_pipeline.simulator.randomness import Floats, Ints

LONGEST_SPAN_DAYS = 14
SPANS_KEPT = 4
INDEX_BITS = 24
"""There are at most 10 million products."""
LAUNCH_DAYS = 30
FADED = 0.12
"""What is left of a product's pull in the end."""

Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Span:
    """Some days, on which no product gets more than one new price."""

    guide: Guide
    """Running sums of what products are wanted, by category and launch."""
    item: Ints
    """Their indexes and, above `INDEX_BITS`, their prices: one look finds both."""
    new_price: Ints
    new_from: npt.NDArray[np.int32]
    last: Ints
    """The last product that is launched; in this and the following a row a day, by category."""
    high: Floats
    """How much all that are launched are wanted together."""
    wanted: Floats
    """The weight of each category; 0 where nothing is for sale."""
    off: Ints
    """What a category has off, in hundredths of the price."""


@dataclass(frozen=True, eq=False)
class Shelf:
    """One day's offer; see `Span`."""

    span: Span
    day: int
    last: Ints
    high: Floats
    wanted: Floats
    off: Ints

    def choose(self, category: npt.NDArray[np.int8], uniform: Floats) -> tuple[Ints, Ints]:
        """Return the index of the product bought, and its list price, for each line."""
        span = self.span
        found = span.guide.find(uniform * self.high[category], category)
        at = np.minimum(found, self.last[category])
        item = span.item[at]
        price = item >> INDEX_BITS
        new = np.flatnonzero(span.new_from[at] <= self.day)
        price[new] = span.new_price[at[new]]
        return item & ((1 << INDEX_BITS) - 1), price


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
        number, row = divmod(day, self.span_days)
        span = self._span(number)
        return Shelf(span, day, span.last[row], span.high[row], span.wanted[row], span.off[row])

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
        launched, half_life, pull, edges = self._by_category
        age = np.maximum(np.float32(day) - launched, np.float32(0))
        fade = np.exp(age * (np.float32(-np.log(2)) / half_life))
        fade = np.float32(FADED) + np.float32(1 - FADED) * fade
        ramp = np.minimum((age + np.float32(8)) / np.float32(LAUNCH_DAYS), np.float32(1))
        wanted = (pull * fade * ramp).astype(np.float64)
        for begin, end in pairwise(edges):
            np.cumsum(wanted[begin:end], out=wanted[begin:end])
        price, new_price, new_from = c.prices_from(day)
        item = c.by_category | price << INDEX_BITS
        days = np.arange(day, day + self.span_days)
        known = np.stack(
            [np.searchsorted(launched[a:b], days, side="right") for a, b in pairwise(edges)], axis=1
        )
        last = np.maximum(edges[:-1] + known - 1, 0)
        high = np.where(known > 0, wanted[last], 0.0)
        off, weights = self._in_demand(day)
        return Span(
            Guide.over(wanted, edges), item, new_price, new_from,
            last, high, np.where(high > 0, weights, 0.0), np.rint(off * 100).astype(np.int64),
        )  # fmt: skip

    def _in_demand(self, day: int) -> tuple[Floats, Floats]:
        """Return what each category has off on each day of a span, and its weight."""
        p, demand = self.catalogue.demand.parameters, self.catalogue.demand
        off = demand.promotions(day, day + self.span_days)
        gifts = demand.gifts(day, day + self.span_days)[:, None]
        plain, gift = (np.array([getattr(c, n) for c in p.categories]) for n in ("demand", "gift"))
        return off, plain * (1 + (gift - 1) * gifts) * np.where(off > 0, p.promotion_lift, 1.0)

    @cached_property
    def _by_category(self) -> tuple[Singles, Singles, Singles, Ints]:
        """Launch, half-life and pull by category, and where each category begins."""
        c = self.catalogue
        order, categories = c.by_category, len(c.demand.parameters.categories)
        edges = np.searchsorted(c.category[order], np.arange(categories + 1))
        columns = (c.launched, c.half_life, c.pull)
        launched, half_life, pull = (column[order].astype(np.float32) for column in columns)
        return launched, half_life, pull, edges
