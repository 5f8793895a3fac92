"""What orders are worth and what is bought together, of selected sales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.counting import unique
from data_pipeline.metrics.columns.measuring import money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.frame import Row
    from data_pipeline.metrics.question import Question

Numbers = NDArray[Any]
SCALE = 10_000


def order_values(columns: Columns, question: Question, bands: Sequence[int]) -> list[Row]:
    """Lower bound, orders, their sales: as sql/metrics/order_values.sql has it."""
    selection = columns.select(question)
    sold = selection.take("total_sales") > 0
    order, amount = selection.take("order")[sold], selection.take("total_sales")[sold]
    if len(order) == 0:
        return []
    low = int(order.min())
    sums = np.zeros(int(order.max()) - low + 1, np.int64)
    np.add.at(sums, order - low, amount)
    worth = sums[sums > 0]
    bounds = np.array(bands, np.int64) * SCALE
    band = np.searchsorted(bounds, worth, side="right") - 1
    counts, money_in = np.bincount(band), np.zeros(len(bands), np.int64)
    np.add.at(money_in, band, worth)
    return [
        (bands[at], int(counts[at]), money(int(money_in[at])))
        for at in np.flatnonzero(counts).tolist()
    ]


def basket_pairs(columns: Columns, question: Question, most: int, min_orders: int) -> list[Row]:
    """Two products with their names, the orders with both and with each: as
    sql/metrics/basket_pairs.sql has it.
    """
    selection = columns.select(question)
    product, sold = selection.take("product"), selection.take("total_sales") > 0
    counts = np.bincount(product[sold], minlength=columns.size_of("product"))
    there = np.flatnonzero(np.bincount(product, minlength=len(counts)))
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
        np.add.at(pairs, one[same] * width + one[same + step], 1)
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
