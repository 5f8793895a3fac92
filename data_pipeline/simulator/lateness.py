"""What does not come in time: sales that arrive a day late, and sales whose customer or product
does; and what is put right later.

All of it belongs to records by their numbers, so that it is known before it happens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data_pipeline.simulator.dirt.sheet import hit
from data_pipeline.simulator.randomness import Ints, hashed
from data_pipeline.simulator.sales import Business, Lines

CORRECTED_WITHIN_DAYS = 7
MOVES_WITHIN_DAYS = 365

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Orphans:
    """Which sales come before their customer or product."""

    customer: Mask
    product: Mask


def late_customers(business: Business, index: Ints) -> Mask:
    """Return which of the customers with these indexes arrive a day after they joined.

    In daily files only: who joined within the first days of the store and before its last one
    stands in the first file.
    """
    joined = business.everyone.joined[index]
    return _late(business, "late-customer", index, joined)


def late_products(business: Business, index: Ints) -> Mask:
    """Return the same for products and their launch."""
    return _late(business, "late-product", index, business.catalogue.launched[index])


def _late(business: Business, name: str, index: Ints, since: npt.NDArray[np.int32]) -> Mask:
    p = business.parameters
    if p.defects == 0:
        return np.zeros(len(index), np.bool_)
    chosen = hashed(p.seed, name, index) < p.late_dimensions
    return np.asarray(chosen & (since >= p.days - 1))


def orphans(business: Business, sold: Lines, day: Ints) -> Orphans:
    """Return which sales, in files of these days, come before their customer or product."""
    p = business.parameters
    n = len(sold)
    customer, product = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    rows = np.flatnonzero(day >= p.days - 1)
    if p.defects == 0 or len(rows) == 0:
        return Orphans(customer, product)
    member = rows[sold.customer[rows] > 0]
    who, what = sold.customer[member] - 1, sold.product[rows] - 1
    customer[member] = late_customers(business, who) & (
        business.everyone.joined[who] == day[member]
    )
    product[rows] = late_products(business, what) & (business.catalogue.launched[what] == day[rows])
    return Orphans(customer, product)


def late_sales(business: Business, ids: Ints) -> Mask:
    """Return which sales arrive in the file of the day after."""
    p = business.parameters
    return np.asarray(hashed(p.seed, "late-sale", ids) < p.late_sales)


def corrected_after_days(business: Business, sold: Lines, ids: Ints, day: Ints) -> Ints:
    """Return after how many days each sale is corrected; 0 is never. Only clean ones are."""
    p = business.parameters
    chosen = hashed(p.seed, "corrected", ids) < p.corrections
    chosen &= ~hit(p.seed, "sales", ids, p.defects) & ~late_sales(business, ids)
    waiting = orphans(business, sold, day)
    chosen &= (sold.quantity > 0) & ~waiting.customer & ~waiting.product
    after = 1 + (hashed(p.seed, "corrected-after", ids) * CORRECTED_WITHIN_DAYS).astype(np.int64)
    return np.where(chosen, after, 0)


def moving_days(business: Business, index: Ints) -> Ints:
    """Return the day on which each customer of the first file moves; -1 is never."""
    p = business.parameters
    chance = hashed(p.seed, "moves", index)
    after = np.floor(np.log1p(-chance) / np.log1p(-p.moves)).astype(np.int64)
    moves = (after < MOVES_WITHIN_DAYS) & ~hit(p.seed, "customers", index + 1, p.defects)
    moves &= ~late_customers(business, index)
    return np.where(moves, p.days + after, -1)
