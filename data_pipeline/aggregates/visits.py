"""Buying days of customers, counted: by period, by cohort, by days between two of them.

Distinct customers of many periods, first days and distances all follow from one list: customer and
day of each sale, in order. Sorting it is the work; NumPy does it on whole columns, some millions of
rows at a time, in a tenth of what a window in SQL costs (docs/decisions.md). Each customer is in
one part, so the counts of all parts add up. Days are numbers of days since 1970-01-01.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from data_pipeline.aggregates.buying import in_threads, unpack, without_copies
from data_pipeline.aggregates.numbering import Keys, Numbers, read_columns
from data_pipeline.aggregates.side import Side, drop_tables
from data_pipeline.metrics.rollups import ALL_TIME, PERIODS
from data_pipeline.sources.arrays import of_numbers, of_texts
from data_pipeline.warehouses import Warehouse

Days = tuple[Keys, list[Numbers]]
VISITS = ("periods", "cohorts", "intervals")


@dataclass(frozen=True, slots=True)
class Countries:
    """The country of each customer: numbers in order, and for each the place in `names`."""

    customers: Numbers
    places: Numbers
    names: tuple[str, ...]

    def of(self, customers: Numbers) -> Numbers:
        """The places of some customers; all live in one country when there is but one."""
        if len(self.names) == 1:
            return np.zeros(len(customers), np.int64)
        return self.places[np.searchsorted(self.customers, customers)].astype(np.int64)


@dataclass(slots=True)
class Visits:
    """The counts so far, by (period, its first day, country), (cohort, month) and days."""

    customers: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    new: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    returning: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    cohorts: Counter[tuple[int, int]] = field(default_factory=Counter)
    intervals: Counter[int] = field(default_factory=Counter)

    def add(self, others: Visits) -> None:
        """Add the counts of other customers."""
        self.customers.update(others.customers)
        self.new.update(others.new)
        self.returning.update(others.returning)
        self.cohorts.update(others.cohorts)
        self.intervals.update(others.intervals)


def bring_visits(warehouse: Warehouse, side: Side, parts: Iterable[Days]) -> None:
    """Count the buying days of a side's customers into three temporary tables."""
    visits, countries = Visits(), read_countries(warehouse, side)
    for keys, days in parts:
        visits.add(count_visits(keys, days, countries))
    names = [side.table(what) for what in VISITS]
    drop_tables(warehouse, names)
    for name, batch in zip(names, _batches(visits), strict=True):
        warehouse.bring(name, [batch], batch.schema)


def count_visits(keys: Keys, days: Iterable[Numbers], countries: Countries) -> Visits:
    """Count buying days, packed and in order, in pieces that hold all of a customer; doubled ones
    count once.

    A customer counts in a period on the first buying day there; as returning, on the first buying
    day there that is not the first ever.
    """
    visits = Visits()
    for one in in_threads(lambda piece: _count(keys, piece, countries), days):
        visits.add(one)
    return visits


def _count(keys: Keys, days: Numbers, countries: Countries) -> Visits:
    """Count the buying days of some customers."""
    place, day = unpack(without_copies(days))
    customer, visits = keys.at(place), Visits()
    is_later = np.zeros(len(day), bool)
    np.equal(customer[1:], customer[:-1], out=is_later[1:])
    starts = np.flatnonzero(~is_later)
    sizes = np.diff(starts, append=len(day))
    low, length = int(day.min()), int(np.ptp(day)) + 1
    day -= low
    visits.intervals.update(_counted(np.diff(day)[is_later[1:]]))
    cell = np.repeat(countries.of(customer[starts]) * length, sizes)
    cell += day
    shape = (len(countries.names), length)
    second = np.flatnonzero(is_later[1:] & ~is_later[:-1]) + 1
    new = _count_cells(cell[starts], shape)
    for period in (*PERIODS, ALL_TIME):
        calendar = _Calendar.of(period, low, length)
        number = calendar.numbers[day]
        is_another = is_later.copy()
        is_another[1:] &= number[1:] != number[:-1]
        again = _count_cells(cell[is_another], shape)
        back = again + _count_cells(cell[second[~is_another[second]]], shape)
        calendar.add_up(visits.customers, new + again, countries.names)
        calendar.add_up(visits.new, new, countries.names)
        calendar.add_up(visits.returning, back, countries.names)
        if period == "month":
            cohort = np.repeat(number[starts], sizes)[is_another]
            calendar.pair(visits.cohorts, cohort, number[is_another])
            calendar.pair(visits.cohorts, number[starts], number[starts])
    return visits


def _count_cells(cells: Numbers, shape: tuple[int, int]) -> Numbers:
    """How often each cell is there; a cell is country * days + day."""
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)


@dataclass(frozen=True, slots=True)
class _Calendar:
    """Days in order, in periods: `numbers` is the place of each day's period in `begins`."""

    period: str
    begins: Numbers
    edges: Numbers
    numbers: Numbers

    @classmethod
    def of(cls, period: str, low: int, length: int) -> _Calendar:
        begins = _begins(period, low, length)
        is_edge = np.ones(length, bool)
        np.not_equal(begins[1:], begins[:-1], out=is_edge[1:])
        edges = np.flatnonzero(is_edge)
        return cls(period, begins[edges], edges, (np.cumsum(is_edge) - 1).astype(np.int32))

    def add_up(
        self, counter: Counter[tuple[str, int, str]], by_day: Numbers, names: tuple[str, ...]
    ) -> None:
        """Add counts by country and day to the counter, by period."""
        sums = np.add.reduceat(by_day, self.edges, axis=1)
        for country, number in zip(*(place.tolist() for place in np.nonzero(sums)), strict=True):
            key = (self.period, int(self.begins[number]), names[country])
            counter[key] += int(sums[country, number])

    def pair(self, counter: Counter[tuple[int, int]], one: Numbers, two: Numbers) -> None:
        """Count pairs of periods."""
        width = len(self.begins)
        for code, count in _counted(one.astype(np.int64) * width + two).items():
            first, second = divmod(code, width)
            counter[int(self.begins[first]), int(self.begins[second])] += count


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


def read_countries(warehouse: Warehouse, side: Side) -> Countries:
    """The countries of a side's customers."""
    if not side.has_countries:
        return Countries(np.zeros(0, np.int64), np.zeros(0, np.int64), ("",))
    names = warehouse.rows(f"SELECT DISTINCT country_number, country FROM {side.places}")
    by_number: dict[int, str] = dict(names) or {1: ""}
    if len(by_number) == 1:
        return Countries(np.zeros(0, np.int64), np.zeros(0, np.int64), (*by_number.values(),))
    sql = f"SELECT customer_id, country_number FROM {side.places}"
    customers, numbers = read_columns(warehouse, sql, 2)
    order = np.argsort(customers, kind="stable")
    places = tuple(by_number.get(number, "") for number in range(max(by_number) + 1))
    return Countries(customers[order], numbers[order], places)


def _batches(visits: Visits) -> Iterable[pa.RecordBatch]:
    cells = sorted(visits.customers)
    yield _batch(
        {
            "period": of_texts([period for period, _, _ in cells]),
            "period_start": _days(start for _, start, _ in cells),
            "country": of_texts([country for _, _, country in cells]),
            "customers": _whole(visits.customers[cell] for cell in cells),
            "new_customers": _whole(visits.new[cell] for cell in cells),
            "returning_customers": _whole(visits.returning[cell] for cell in cells),
        }
    )
    pairs = sorted(visits.cohorts)
    yield _batch(
        {
            "cohort": _days(cohort for cohort, _ in pairs),
            "month": _days(month for _, month in pairs),
            "customers": _whole(visits.cohorts[pair] for pair in pairs),
        }
    )
    steps = sorted(visits.intervals)
    yield _batch(
        {"days": _whole(steps), "purchases": _whole(visits.intervals[step] for step in steps)}
    )


def _batch(columns: dict[str, pa.Array]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([*columns.values()], [*columns])


def _days(numbers: Iterable[int]) -> pa.Array:
    return of_numbers(np.array([*numbers], np.int32), pa.date32())


def _whole(numbers: Iterable[int]) -> pa.Array:
    return of_numbers(np.array([*numbers], np.int64), pa.int64())
