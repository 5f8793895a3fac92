"""What orders are worth and what is bought together, of selected sales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.counting import flag, sum_by, unique
from data_pipeline.metrics.columns.measuring import money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.frame import Row
    from data_pipeline.metrics.question import Question

Numbers = NDArray[Any]
SCALE = 10_000
MOST_SPREAD = 4
"""With fewer than one in so many orders selected, these are numbered anew."""
MOST_LOOKED_UP = 2**20
"""Up to there a table has the band of each whole amount; it is quicker than to search."""


def order_values(columns: Columns, question: Question, bands: Sequence[int]) -> list[Row]:
    """Lower bound, orders, their sales: as sql/metrics/order_values.sql has it."""
    selection = columns.select(question)
    order, sold = selection.take("order"), selection.take("sign") > 0
    if len(order) == 0:
        return []
    amount = selection.take("total_sales") * sold
    low, size = int(order.min()), int(np.ptp(order)) + 1
    at = order - low
    if size > MOST_SPREAD * len(order):
        known = unique(order)
        at, size = np.searchsorted(known, order), len(known)
    sums = sum_by(at, amount, size)
    none = len(bands)
    band = np.where(sums > 0, _bands_of(sums // SCALE, bands), none)
    counts, money_in = np.bincount(band, minlength=none + 1)[:none], sum_by(band, sums, none + 1)
    return [
        (bands[at], int(counts[at]), money(int(money_in[at])))
        for at in np.flatnonzero(counts).tolist()
    ]


def _bands_of(amounts: Numbers, bands: Sequence[int]) -> Numbers:
    """The place of the last band that begins at or below each amount; any, for those below all."""
    if bands[-1] > MOST_LOOKED_UP:
        return np.searchsorted(bands, amounts, side="right") - 1
    known = np.searchsorted(bands, np.arange(bands[-1] + 1), side="right") - 1
    found: Numbers = known[np.clip(amounts, 0, bands[-1])]
    return found


def basket_pairs(columns: Columns, question: Question, most: int, min_orders: int) -> list[Row]:
    """Two products with their names, the orders with both and with each: as
    sql/metrics/basket_pairs.sql has it.
    """
    selection = columns.select(question)
    product, sold = selection.take("product"), selection.take("sign") > 0
    size = columns.size_of("product")
    counts = np.bincount(np.where(sold, product, size), minlength=size + 1)[:size]
    there = np.flatnonzero(flag(product, size, None))
    frequent = there[np.argsort(-counts[there], kind="stable")[:most]]
    frequent.sort()
    local = np.full(len(counts), -1, np.int32)
    local[frequent] = np.arange(len(frequent))
    at = local[product]
    kept = np.flatnonzero((at >= 0) & sold & (selection.take("order") < columns.order_numbers))
    width = max(len(frequent), 1)
    bought = unique(selection.take("order")[kept].astype(np.int64) * width + at[kept])
    order, one = bought // width, bought % width
    alone = np.bincount(one, minlength=width)
    pairs = np.zeros(width * width, np.int64)
    step = 1
    while len(same := np.flatnonzero(order[step:] == order[:-step])):
        pairs += np.bincount(one[same] * width + one[same + step], minlength=width * width)
        step += 1
    values = columns.codings["product"].values
    found = np.flatnonzero(pairs >= min_orders).tolist()
    return [
        (
            *values[frequent[pair // width]],
            *values[frequent[pair % width]],
            int(pairs[pair]),
            int(alone[pair // width]),
            int(alone[pair % width]),
        )
        for pair in found
    ]
