"""What customers did, of selected sales: cohorts, and what segments, intervals and ages count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_pipeline.metrics.columns.counting import unique
from data_pipeline.metrics.columns.measuring import Groups, add_up, measure, places_of
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
    selection = columns.select(question)
    months = columns.codings["month"].values
    bought = _bought(selection)
    width = len(months)
    month = places_of(selection, "month")[bought]
    flags = np.zeros(columns.size_of("customer") * width, bool)
    flags[selection.take("customer")[bought].astype(np.int64) * width + month] = True
    active = np.flatnonzero(flags)
    customer, month = active // width, active % width
    is_first = np.concatenate(([True], customer[1:] != customer[:-1]))[: len(active)]
    cohort = month[is_first][np.cumsum(is_first) - 1]
    number = np.array([day.year * 12 + day.month for (day,) in months])
    since = number[month] - number[cohort]
    span = int(number[-1] - number[0]) + 1
    counts = np.bincount(cohort * span + since)
    return [
        (months[cell // span][0], cell % span, int(counts[cell]))
        for cell in np.flatnonzero(counts).tolist()
    ]


def intervals(columns: Columns, question: Question) -> list[Row]:
    """Days and purchases: as sql/metrics/repeat_intervals.sql has it."""
    selection = columns.select(question)
    bought, width = _bought(selection), columns.size_of("day")
    customer = selection.take("customer")[bought].astype(np.int64)
    visits = unique(customer * width + selection.take("day")[bought])
    is_same = visits[1:] // width == visits[:-1] // width
    counts = np.bincount(np.diff(visits)[is_same])
    return [(days, int(counts[days])) for days in np.flatnonzero(counts).tolist()]


def rfm_cells(columns: Columns, question: Question) -> pa.Table:
    """The rows of sql/metrics/rfm_cells.sql, net sales in ten-thousandths."""
    selection, size = columns.select(question), columns.size_of("customer")
    last, orders = np.zeros(size, np.int64), np.zeros(size, np.int64)
    rows = _bought(selection)
    last[selection.take("customer")[rows]] = selection.take("day")[rows]
    counted = replace(question, metrics=(find_metric("orders"),), by=())
    found = measure(columns, counted, counted.measures, by_column="customer")
    orders[found.place[0]] = found.measured["orders"]
    orders[GUEST] = 0
    kept = np.flatnonzero(orders)
    most = int(orders.max(initial=0)) + 1
    cell = last[kept] * most + orders[kept]
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
    customer = selection.take("customer")
    there, buys = np.zeros(size, bool), np.zeros(size, np.int64)
    there[customer] = True
    there[GUEST] = False
    buys[customer[_bought(selection)]] = 1
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
    groups = Groups(customers, selection.take("customer"), (), ())
    return add_up(groups, selection.take("total_sales"), None)


def _counted(cells: Numbers, amounts: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The different cells in order, how often each is there, and what its amounts add up to."""
    counts = np.bincount(cells)
    sums = np.zeros(len(counts), np.int64)
    np.add.at(sums, cells, amounts)
    there = np.flatnonzero(counts)
    return there, counts[there], sums[there]


def _bought(selection: Selection) -> Numbers:
    """The rows with a sale to a known customer."""
    is_sale = selection.take("total_sales") > 0
    return np.flatnonzero(is_sale & (selection.take("customer") != GUEST))
