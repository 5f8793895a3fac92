"""Buying days of customers, counted: by period, by cohort, by days between two of them.

Distinct customers of many periods, first days and distances all follow from one list: customer and
day of each sale, in order. Sorting it is the work; NumPy does it on whole columns, some millions of
rows at a time, in a tenth of what a window in SQL costs (docs/decisions.md). Each customer is in
one part, so the counts of all parts add up. Days are numbers of days since 1970-01-01.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data_pipeline.aggregates.side import Side, drop_tables
from data_pipeline.metrics.rollups import ALL_TIME, PERIODS
from data_pipeline.warehouses import Warehouse

Numbers = npt.NDArray[np.integer[Any]]

ROWS_AT_ONCE = 5_000_000
DAY_BITS, SHIFT = 22, 1 << 21
"""A day and SHIFT together are a positive number of so many bits."""
WIDEST = 1 << (62 - DAY_BITS)
"""Customers whose numbers span less are packed into one number with the day."""

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Countries:
    """The country of each customer: numbers in order, and for each the place in `names`."""

    customers: Numbers
    places: Numbers
    names: tuple[str, ...]

    def of(self, customers: Numbers) -> Numbers:
        return self.places[np.searchsorted(self.customers, customers)]


@dataclass(slots=True)
class Visits:
    """The counts so far, by (period, its first day, country), (cohort, month) and days."""

    customers: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    new: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    returning: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    cohorts: Counter[tuple[int, int]] = field(default_factory=Counter)
    intervals: Counter[int] = field(default_factory=Counter)


def bring_visits(warehouse: Warehouse, side: Side) -> tuple[str, str, str]:
    """Count the buying days of a side's customers into three temporary tables; give their names."""
    visits, countries = Visits(), _read_countries(warehouse, side)
    for customers, days in _read_parts(warehouse, side):
        if len(customers):
            count_visits(visits, customers, days, countries)
    names = [side.table(what) for what in ("periods", "cohorts", "intervals")]
    drop_tables(warehouse, names)
    for name, batch in zip(names, _batches(visits), strict=True):
        warehouse.bring(name, [batch], batch.schema)
    return names[0], names[1], names[2]


def count_visits(visits: Visits, customers: Numbers, days: Numbers, countries: Countries) -> None:
    """Add the buying days of some customers to the counts; doubled rows count once.

    A customer counts in a period on the first buying day there; as returning, on the first buying
    day there that is not the first ever.
    """
    customer, day = _in_order(customers, days)
    is_first = np.ones(len(day), bool)
    np.not_equal(customer[1:], customer[:-1], out=is_first[1:])
    starts = np.flatnonzero(is_first)
    sizes = np.diff(starts, append=len(day))
    low, length = int(day.min()), int(np.ptp(day)) + 1
    cell = day - low
    visits.intervals.update(_counted(np.diff(cell)[~is_first[1:]]))
    place = np.repeat((countries.of(customer[starts]) * length).astype(np.int32), sizes)
    is_second = np.zeros(len(day), bool)
    np.greater(is_first[:-1], is_first[1:], out=is_second[1:])
    new, second = place[is_first] + cell[is_first], place[is_second] + cell[is_second]
    for period in (*PERIODS, ALL_TIME):
        begin = _begins(period, low, length)
        start = begin[cell]
        is_another = np.zeros(len(day), bool)
        np.not_equal(start[1:], start[:-1], out=is_another[1:])
        is_another[starts] = False
        another = place[is_another] + cell[is_another]
        unseen = is_another & ~is_second
        kinds = {
            "customers": (new, another),
            "new": (new,),
            "returning": (second, place[unseen] + cell[unseen]),
        }
        for kind, found in kinds.items():
            counts = _by_period(np.concatenate(found), begin, countries.names)
            counter: Counter[tuple[str, int, str]] = getattr(visits, kind)
            counter.update({(period, start_, name): n for (start_, name), n in counts.items()})
        if period == "month":
            cohort = np.repeat(start[starts], sizes)
            pairs = is_first | is_another
            visits.cohorts.update(_counted_pairs(cohort[pairs], start[pairs]))


def _by_period(cells: Numbers, begin: Numbers, names: tuple[str, ...]) -> Counter[tuple[int, str]]:
    """How often each period and country is there; a cell is country * days + day."""
    counts: Counter[tuple[int, str]] = Counter()
    for cell, count in _counted(cells).items():
        country, day = divmod(cell, len(begin))
        counts[int(begin[day]), names[country]] += count
    return counts


def _in_order(customers: Numbers, days: Numbers) -> tuple[Numbers, Numbers]:
    """Each customer's days, once each, by customer and day."""
    low = int(customers.min())
    if int(customers.max()) - low < WIDEST:
        codes, names = customers - low, None
    else:
        names, codes = np.unique(customers, return_inverse=True)
    packed = (codes.astype(np.int64) << DAY_BITS) | (days + SHIFT)
    packed.sort()
    new = np.ones(len(packed), bool)
    np.not_equal(packed[1:], packed[:-1], out=new[1:])
    packed = packed[new]
    day = ((packed & ((1 << DAY_BITS) - 1)) - SHIFT).astype(np.int32)
    packed >>= DAY_BITS
    return (packed + low if names is None else names[packed]), day


def _begins(period: str, low: int, length: int) -> Numbers:
    """The first day of the period of each of so many days, from `low` on."""
    days = np.arange(low, low + length)
    if period == ALL_TIME:
        return np.zeros(len(days), np.int32)
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    begins: dict[str, Any] = {
        "day": dates,
        "week": dates - (days + 3) % 7,
        "month": months,
        "quarter": months - months.astype(np.int64) % 3,
        "year": dates.astype("datetime64[Y]"),
    }
    begin: Numbers = begins[period].astype("datetime64[D]").astype(np.int32)
    return begin


def _counted(values: Numbers) -> dict[int, int]:
    """How often each value is there; values are small."""
    if not len(values):
        return {}
    low = int(values.min())
    counts = np.bincount(values - low)
    there = np.flatnonzero(counts)
    return dict(zip((there + low).tolist(), counts[there].tolist(), strict=True))


def _counted_pairs(one: Numbers, two: Numbers) -> dict[tuple[int, int], int]:
    """How often each pair is there; both values are small."""
    if not len(one):
        return {}
    low, width = int(two.min()), int(two.max()) - int(two.min()) + 1
    counted = _counted(one.astype(np.int64) * width + (two - low))
    return {(code // width, code % width + low): count for code, count in counted.items()}


def _read_countries(warehouse: Warehouse, side: Side) -> Countries:
    sql = f"SELECT customer_id, country FROM {side.located} ORDER BY customer_id"
    with warehouse.read(sql) as reader:
        table = reader.read_all()
    encoded = table.column("country").combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return Countries(
        table.column("customer_id").to_numpy(),
        encoded.indices.to_numpy(),
        tuple(encoded.dictionary.to_pylist()),
    )


def _read_parts(warehouse: Warehouse, side: Side) -> Iterator[tuple[Numbers, Numbers]]:
    """Customer and day of each sale, a part of the customers at a time."""
    sold = 's."total_sales" > 0 AND s."customer_id" <> 0'
    lines = f"{side.customer_lines} AS s WHERE {sold}"
    ((rows,),) = warehouse.rows(f"SELECT COUNT(*) FROM {lines}")
    parts = max(1, -(-int(rows) // ROWS_AT_ONCE))
    day = f"DATE_DIFF('day', DATE '1970-01-01', CAST({side.sale_time} AS DATE))"
    for part in range(parts):
        chosen = f' AND MOD(s."customer_id", {parts}) = {part}' if parts > 1 else ""
        sql = f'SELECT s."customer_id" AS customer_id, {day} AS day FROM {lines}{chosen}'
        with warehouse.read(sql) as reader:
            columns = [(b.column(0).to_numpy(), b.column(1).to_numpy()) for b in reader]
        customers, days = zip(*columns, strict=True) if columns else ([np.zeros(0, int)],) * 2
        yield np.concatenate(customers), np.concatenate(days).astype(np.int64)


def _batches(visits: Visits) -> Iterable[pa.RecordBatch]:
    cells = sorted(visits.customers)
    yield pa.RecordBatch.from_pydict(
        {
            "period": pa.array([period for period, _, _ in cells], pa.string()),
            "period_start": _days(start for _, start, _ in cells),
            "country": pa.array([country for _, _, country in cells], pa.string()),
            "customers": _whole(visits.customers[cell] for cell in cells),
            "new_customers": _whole(visits.new[cell] for cell in cells),
            "returning_customers": _whole(visits.returning[cell] for cell in cells),
        }
    )
    pairs = sorted(visits.cohorts)
    yield pa.RecordBatch.from_pydict(
        {
            "cohort": _days(cohort for cohort, _ in pairs),
            "month": _days(month for _, month in pairs),
            "customers": _whole(visits.cohorts[pair] for pair in pairs),
        }
    )
    steps = sorted(visits.intervals)
    yield pa.RecordBatch.from_pydict(
        {"days": _whole(steps), "purchases": _whole(visits.intervals[step] for step in steps)}
    )


def _days(numbers: Iterable[int]) -> pa.Array:
    return pa.array([EPOCH + timedelta(days=number) for number in numbers], pa.date32())


def _whole(numbers: Iterable[int]) -> pa.Array:
    return pa.array(list(numbers), pa.int64())
