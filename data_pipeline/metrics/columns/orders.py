"""What orders are worth and what is bought together, of selected sales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.bands import count_orders
from data_pipeline.metrics.columns.counting import unique
from data_pipeline.metrics.columns.measuring import ROWS, SOLD, measure_column, money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.frame import Row
    from data_pipeline.metrics.question import Question

Numbers = NDArray[Any]


def order_values(columns: Columns, question: Question, bands: Sequence[int]) -> list[Row]:
    """Lower bound, orders, their sales: as sql/metrics/order_values.sql has it."""
    found = count_orders(columns, question, bands)
    return [
        (bands[at], int(found.counts[at]), money(int(found.sums[at])))
        for at in np.flatnonzero(found.counts).tolist()
    ]


def basket_pairs(columns: Columns, question: Question, most: int, min_orders: int) -> list[Row]:
    """Two products with their names, the orders with both and with each: as
    sql/metrics/basket_pairs.sql has it.
    """
    selection = columns.select(question)
    counted = measure_column(columns, question, {"sold": SOLD, "rows": ROWS}, "product")
    there = np.flatnonzero(counted["rows"])
    frequent = there[np.argsort(-counted["sold"][there], kind="stable")[:most]]
    frequent.sort()
    local = np.full(len(counted["rows"]), -1, np.int32)
    local[frequent] = np.arange(len(frequent))
    product, sold = selection.take("product"), selection.take("sign") > 0
    kept = np.flatnonzero((local >= 0)[product] & sold)
    bits = len(frequent).bit_length()
    width = 1 << bits
    bought = unique((selection.take("order")[kept].astype(np.int64) << bits) + local[product[kept]])
    bought = bought[: np.searchsorted(bought, columns.order_numbers << bits)]
    order, one = bought >> bits, bought & (width - 1)
    alone = np.bincount(one, minlength=width)
    pairs = np.zeros(width * width, np.int64)
    step = 1
    while len(same := np.flatnonzero(order[step:] == order[:-step])):
        pairs += np.bincount(one[same] * width + one[same + step], minlength=width * width)
        step += 1
    values = columns.codings["product"].values
    found = np.flatnonzero(pairs >= max(min_orders, 1)).tolist()
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
