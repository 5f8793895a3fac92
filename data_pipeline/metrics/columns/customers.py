"""What customers bought, of selected sales: the whole lives behind cohorts, segments and ages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_pipeline.metrics.columns.measuring import Groups, add_up, measure, places_of, unique
from data_pipeline.metrics.question import Question
from data_pipeline.metrics.registry import find_metric
from data_pipeline.sources.arrays import of_numbers, valid_where

if TYPE_CHECKING:
    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.columns.selection import Selection
    from data_pipeline.metrics.frame import Row

Numbers = NDArray[Any]
GUEST = 0


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


def bought(columns: Columns, question: Question) -> pa.Table:
    """A row a customer with sales or returns: days, orders, and net sales in ten-thousandths."""
    selection = columns.select(question)
    size = columns.size_of("customer")
    customer = selection.take("customer")
    groups = Groups(size, customer.astype(np.int64), (), ())
    net_sales = add_up(groups, selection.take("total_sales"), None)
    there = np.zeros(size, bool)
    there[customer] = True
    there[GUEST] = False
    kept = np.flatnonzero(there)
    rows = _bought(selection)
    first, last = np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    who, day = customer[rows], selection.take("day")[rows]
    first[who[::-1]] = day[::-1]
    last[who] = day
    orders = np.zeros(size, np.int64)
    by_customer = Question(
        (find_metric("orders"),), (), question.since, question.until, question.where
    )
    found = measure(columns, by_customer, by_customer.measures, by_column="customer")
    orders[found.place[0]] = found.measured["orders"]
    years = columns.of_customer["birth_year"]
    return pa.table(
        {
            "customer_id": of_numbers(columns.of_customer["customer_id"][kept], pa.int64()),
            "first_day": _days(first[kept]),
            "last_day": _days(last[kept]),
            "orders": of_numbers(orders[kept], pa.int64()),
            "net_sales": of_numbers(net_sales[kept], pa.int64()),
            "birth_year": valid_where(of_numbers(years[kept], pa.int64()), years[kept] > 0),
        }
    )


def _bought(selection: Selection) -> Numbers:
    """The rows with a sale to a known customer."""
    is_sale = selection.take("total_sales") > 0
    return np.flatnonzero(is_sale & (selection.take("customer") != GUEST))


def _days(numbers: Numbers) -> pa.Array:
    days = of_numbers(numbers.astype(np.int32), pa.date32())
    return valid_where(days, numbers >= 0)
