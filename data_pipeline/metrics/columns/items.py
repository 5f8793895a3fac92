"""Products and customers against each other, of selected sales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.counting import sum_by
from data_pipeline.metrics.columns.formulas import read_formula
from data_pipeline.metrics.columns.measuring import SOLD, measure_column, money
from data_pipeline.metrics.registry import find_metric

if TYPE_CHECKING:
    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.frame import Row
    from data_pipeline.metrics.question import Question

Numbers = NDArray[Any]
HUNDREDTHS = 100
A_PERCENT, B_PERCENT = 80, 95


def concentration(columns: Columns, question: Question, item: str) -> list[Row]:
    """Hundredth, class, items, net sales: as sql/metrics/concentration.sql has it."""
    formulas = {"net_sales": read_formula(find_metric("net_sales").sql), "sold": SOLD}
    found = measure_column(columns, question, formulas, item)
    net_sales, sold = found["net_sales"], found["sold"] > 0
    if item == "customer":
        sold[0] = False
    ranked = -np.sort(-net_sales[sold])
    size, everything = len(ranked), int(ranked.sum())
    before = np.cumsum(ranked) - ranked
    hundredth = _buckets(size)
    classes = np.select(
        [
            (ranked > 0) & (before * 100 < everything * A_PERCENT),
            (ranked > 0) & (before * 100 < everything * B_PERCENT),
        ],
        [0, 1],
        2,
    )
    cell = hundredth * 3 + classes
    items = np.bincount(cell, minlength=3 * HUNDREDTHS)
    sums = sum_by(cell, ranked, 3 * HUNDREDTHS)
    return [
        (at // 3 + 1, "ABC"[at % 3], int(items[at]), money(int(sums[at])))
        for at in np.flatnonzero(items).tolist()
    ]


def _buckets(size: int) -> Numbers:
    """The hundredth of each place, from 0; the first have one more where it does not divide."""
    each, more = divmod(size, HUNDREDTHS)
    sizes = np.full(HUNDREDTHS, each)
    sizes[:more] += 1
    buckets: Numbers = np.repeat(np.arange(HUNDREDTHS), sizes)
    return buckets
