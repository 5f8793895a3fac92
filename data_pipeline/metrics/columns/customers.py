"""What customers did, of selected sales: cohorts, and what segments, intervals and ages count."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_pipeline.metrics.columns.counting import find_different, flag, sum_by, unique
from data_pipeline.metrics.columns.firsts import count_firsts_by, find_firsts
from data_pipeline.metrics.columns.formulas import read_formula
from data_pipeline.metrics.columns.groups import Groups
from data_pipeline.metrics.columns.measuring import add_up, measure_column
from data_pipeline.metrics.columns.sums import are_sums_quicker
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
    edges = selection.find_rows(columns.starts[columns.first_days("month")]).tolist()
    none = len(months)
    cohort, place = np.full(size, none, np.int16), np.empty(size, np.int32)
    counts = np.zeros((none, none), np.int64)
    for month, (begin, end) in enumerate(pairwise(edges)):
        sold = buyer[begin:end]
        numbers = np.arange(len(sold), dtype=np.int32)
        place[sold] = numbers  # of each buyer the last one stays
        bought = sold[(place[sold] == numbers) & (sold != GUEST)]
        found = cohort[bought]
        found[found == none] = month
        cohort[bought] = found
        counts[:, month] = np.bincount(found, minlength=none)
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
    cells, customers, net_sales = _counted(cell, _net_sales(columns, question)[kept])
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
    selection, coding = columns.select(question), columns.codings["birth_year"]
    years, size, whole = coding.places, len(coding.values), selection.whole
    _, condition, _ = read_formula(find_metric("customers").sql)
    customers = count_firsts_by(columns, whole, "birth_year", condition)
    if customers is None:
        customers = np.bincount(years[find_buyers(selection)], minlength=size)
    if kept := columns.traits.find(whole, "birth_year"):
        net_sales, is_there = kept.net_sales[:-1], kept.rows[:-1] != 0
    else:
        net_sales = _net_sales_by(columns, question, years, size)
        is_there = (customers != 0) | (net_sales != 0)
        if not is_there[years[GUEST + 1 :]].all():  # somebody's returns may make up for the sales
            buys = flag(selection.take("customer"), columns.size_of("customer"), None)
            buys[GUEST] = False
            is_there[years[buys]] = True
    cells = np.flatnonzero(is_there)
    born = np.array(coding.values, np.int64)[cells, 0]
    return pa.table(
        {
            "birth_year": valid_where(of_numbers(born, pa.int64()), born > 0),
            "customers": of_numbers(customers[cells], pa.int64()),
            "net_sales": of_numbers(net_sales[cells], pa.int64()),
        }
    )


def find_buyers(selection: Selection) -> Numbers:
    """The known customers with a sale, each once."""
    _, condition, _ = read_formula(find_metric("customers").sql)
    found = find_firsts(selection, "customer", condition)
    if found is None:
        buyers = selection.take("buyer")
        found = find_different(buyers, selection.columns.size_of("customer"), None)
        found = found[found != GUEST]
    return found


def _net_sales_by(columns: Columns, question: Question, of: Numbers, size: int) -> Numbers:
    """What the customers of each group brought, where `of` has the group of each customer."""
    if are_sums_quicker(columns, "customer", question):
        return sum_by(of, _net_sales(columns, question), size)
    selection = columns.select(question)
    of = of.astype(np.int32)
    of[GUEST] = size
    groups = Groups(size + 1, lambda: of.take(selection.take("customer")))
    return add_up(groups, selection.take("total_sales"), None)[:size]


def _net_sales(columns: Columns, question: Question) -> Numbers:
    """What each known customer brought."""
    formulas = {"net_sales": read_formula(find_metric("net_sales").sql)}
    found = measure_column(columns, question, formulas, "customer")["net_sales"]
    found[GUEST] = 0
    return found


def _counted(cells: Numbers, amounts: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The different cells in order, how often each is there, and what its amounts add up to."""
    counts = np.bincount(cells)
    sums = sum_by(cells, amounts, len(counts))
    there = np.flatnonzero(counts)
    return there, counts[there], sums[there]


def _bought(selection: Selection) -> Numbers:
    """The rows with a sale to a known customer."""
    return np.flatnonzero(selection.take("buyer") != GUEST)
