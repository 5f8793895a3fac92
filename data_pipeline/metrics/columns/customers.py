"""What customers did, of selected sales: cohorts, and what segments, intervals and ages count."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_pipeline.metrics.columns.counting import flag, sum_by, unique
from data_pipeline.metrics.columns.formulas import read_formula
from data_pipeline.metrics.columns.measuring import Groups, add_up, measure_column
from data_pipeline.metrics.registry import find_metric
from data_pipeline.sources.arrays import of_numbers, valid_where

if TYPE_CHECKING:
    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.columns.selection import Selection
    from data_pipeline.metrics.frame import Row
    from data_pipeline.metrics.question import Question

Numbers = NDArray[Any]
GUEST = 0
EPOCH = date(1970, 1, 1).toordinal()


def cohorts(columns: Columns, question: Question) -> list[Row]:
    """Cohort, months since, customers: as sql/metrics/cohort_retention.sql has it."""
    selection, size = columns.select(question), columns.size_of("customer")
    buyer = selection.take("buyer")
    months = [day for (day,) in columns.codings["month"].values]
    edges = selection.find_rows(columns.months.bounds).tolist()
    cohort = np.full(size, len(months), np.int16)
    counts = np.zeros((len(months), len(months)), np.int64)
    for month, (begin, end) in enumerate(pairwise(edges)):
        bought = flag(buyer[begin:end], size, None)
        bought[GUEST] = False
        cohort[bought & (cohort == len(months))] = month
        counts[:, month] = np.bincount(cohort[bought], minlength=len(months))
    number = [day.year * 12 + day.month for day in months]
    return [
        (months[first], number[month] - number[first], int(counts[first, month]))
        for first, month in np.argwhere(counts).tolist()
    ]


def intervals(columns: Columns, question: Question) -> list[Row]:
    """Days and purchases: as sql/metrics/repeat_intervals.sql has it."""
    selection = columns.select(question)
    bought, width = _bought(selection), columns.size_of("day")
    customer = selection.take("buyer")[bought].astype(np.int64)
    visits = unique(customer * width + selection.take("day")[bought])
    is_same = visits[1:] // width == visits[:-1] // width
    counts = np.bincount(np.diff(visits)[is_same])
    return [(days, int(counts[days])) for days in np.flatnonzero(counts).tolist()]


def rfm_cells(columns: Columns, question: Question) -> pa.Table:
    """The rows of sql/metrics/rfm_cells.sql, net sales in ten-thousandths."""
    selection, size = columns.select(question), columns.size_of("customer")
    last = np.zeros(size, np.int32)
    last[selection.take("buyer")] = selection.take("day")
    formulas = {"orders": read_formula(find_metric("orders").sql)}
    orders = measure_column(columns, question, formulas, "customer")["orders"]
    orders[GUEST] = 0
    kept = np.flatnonzero(orders)
    most = int(orders.max(initial=0)) + 1
    cell = last[kept].astype(np.int64) * most + orders[kept]
    cells, customers, net_sales = _counted(cell, _net_sales(selection, size)[kept])
    first = columns.first_day.toordinal() - EPOCH
    return pa.table(
        {
            "last_day": of_numbers((cells // most + first).astype(np.int32), pa.date32()),
            "orders": of_numbers(cells % most, pa.int64()),
            "customers": of_numbers(customers, pa.int64()),
            "net_sales": of_numbers(net_sales, pa.int64()),
        }
    )


def age_cells(columns: Columns, question: Question) -> pa.Table:
    """The rows of sql/metrics/age_cells.sql, net sales in ten-thousandths."""
    selection, size = columns.select(question), columns.size_of("customer")
    there, buys = (flag(selection.take(name), size, None) for name in ("customer", "buyer"))
    there[GUEST] = False
    kept = np.flatnonzero(there)
    years = columns.of_customer["birth_year"][kept]
    cells, _, net_sales = _counted(years, _net_sales(selection, size)[kept])
    _, _, customers = _counted(years, buys[kept])
    return pa.table(
        {
            "birth_year": valid_where(of_numbers(cells, pa.int64()), cells > 0),
            "customers": of_numbers(customers, pa.int64()),
            "net_sales": of_numbers(net_sales, pa.int64()),
        }
    )


def _net_sales(selection: Selection, customers: int) -> Numbers:
    """What each customer brought."""
    groups = Groups(customers, lambda: selection.take("customer"))
    return add_up(groups, selection.take("total_sales"), None)


def _counted(cells: Numbers, amounts: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The different cells in order, how often each is there, and what its amounts add up to."""
    counts = np.bincount(cells)
    sums = sum_by(cells, amounts, len(counts))
    there = np.flatnonzero(counts)
    return there, counts[there], sums[there]


def _bought(selection: Selection) -> Numbers:
    """The rows with a sale to a known customer."""
    return np.flatnonzero(selection.take("buyer") != GUEST)
