"""Buying days of customers, counted: by period, by cohort, by days between two of them.

Distinct customers of many periods, first days and distances all follow from one list: customer and
day of each sale, in order. NumPy makes and reads it on whole columns, some millions of rows at a
time, in a tenth of what a window in SQL costs (docs/decisions.md). Each customer is in one part, so
the counts of all parts add up. Days are numbers of days since 1970-01-01.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from data_pipeline.aggregates.buying import in_threads, without_copies
from data_pipeline.aggregates.numbering import read_columns, texts_at, whole_batch
from data_pipeline.aggregates.side import Side, drop_tables
from data_pipeline.metrics.rollups import ALL_TIME, PERIODS
from data_pipeline.sources.arrays import of_numbers, of_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from data_pipeline.aggregates.buying import Days
    from data_pipeline.aggregates.numbering import Numbers
    from data_pipeline.warehouses import Warehouse

VISITS = ("periods", "cohorts", "intervals")
COUNTED = ("customers", "new_customers", "returning_customers")


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
        return self.places[np.searchsorted(self.customers, customers)]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days one after the other in periods: `begins` are the first days of these, `numbers` says of
    each day the place of its period there.
    """

    begins: Numbers
    numbers: Numbers

    @classmethod
    def of(cls, period: str, days: tuple[int, int]) -> Calendar:
        """The periods of the days from the first to the last one."""
        begins, numbers = np.unique(_begins(period, *days), return_inverse=True)
        return cls(begins, numbers.astype(np.int32))


@dataclass(slots=True)
class Visits:
    """Customers counted. `periods` has for each kind of period those who bought, those who were new
    and those who returned, by country and period; `cohorts` those who bought by the month of their
    first day and a month, `intervals` the days between two buying days of one customer.
    """

    periods: dict[str, Numbers]
    cohorts: Numbers
    intervals: Numbers

    @classmethod
    def none(cls, calendars: dict[str, Calendar], countries: Countries) -> Visits:
        """Nobody yet."""
        sizes = {name: len(calendar.begins) for name, calendar in calendars.items()}
        shapes = {name: (3, len(countries.names), size) for name, size in sizes.items()}
        cohorts = np.zeros((sizes["month"], sizes["month"]), np.int64)
        periods: dict[str, Numbers] = {n: np.zeros(shape, np.int64) for n, shape in shapes.items()}
        return cls(periods, cohorts, np.zeros(sizes["day"], np.int64))

    def add(self, others: Visits) -> None:
        """Add the counts of other customers."""
        for name, counts in others.periods.items():
            self.periods[name] += counts
        self.cohorts += others.cohorts
        self.intervals += others.intervals


def make_calendars(days: tuple[int, int]) -> dict[str, Calendar]:
    """The calendars of all kinds of periods."""
    return {period: Calendar.of(period, days) for period in (*PERIODS, ALL_TIME)}


def bring_visits(warehouse: Warehouse, side: Side, parts: Iterable[Days]) -> None:
    """Count the buying days of a side's customers into three temporary tables."""
    calendars, countries = make_calendars(side.days), read_countries(warehouse, side)
    visits = Visits.none(calendars, countries)
    for days in parts:
        visits.add(count_visits(days, calendars, countries))
    names = [side.table(what) for what in VISITS]
    drop_tables(warehouse, names)
    for name, batch in zip(names, list_visits(visits, calendars, countries), strict=True):
        warehouse.bring(name, [batch], batch.schema)


def count_visits(days: Days, calendars: dict[str, Calendar], countries: Countries) -> Visits:
    """Count buying days, packed from the calendars' first day on; doubled ones count once.

    A customer counts in a period on the first buying day there; as returning, on the first buying
    day there that is not the first ever.
    """
    visits = Visits.none(calendars, countries)
    for one in in_threads(lambda piece: _count(days, piece, calendars, countries), days.pieces):
        visits.add(one)
    return visits


def _count(
    days: Days, piece: Numbers, calendars: dict[str, Calendar], countries: Countries
) -> Visits:
    """Count the buying days of some customers."""
    place, day = days.packing.unpack(without_copies(piece))
    is_later = np.zeros(len(day), bool)
    np.equal(place[1:], place[:-1], out=is_later[1:])
    starts = np.flatnonzero(~is_later)
    sizes = np.diff(starts, append=len(day))
    seconds = starts[sizes > 1] + 1
    country = countries.of(days.keys.at(place[starts])).astype(np.int32)
    countries_of_rows = np.repeat(country, sizes) if len(countries.names) > 1 else np.int32(0)
    visits = Visits.none(calendars, countries)
    steps = np.where(is_later[1:], day[1:] - day[:-1], 0)
    visits.intervals += np.bincount(steps, minlength=len(visits.intervals))
    visits.intervals[0] = 0
    who = (country, country, country[sizes > 1])
    ever = np.stack([np.bincount(some, minlength=len(countries.names)) for some in who])
    visits.periods[ALL_TIME] += ever[:, :, np.newaxis]
    for period in PERIODS:
        calendar, (_, *shape) = calendars[period], visits.periods[period].shape
        number = calendar.numbers.take(day)
        cell = countries_of_rows * np.int32(shape[1]) + number
        is_another = is_later.copy()
        is_another[1:] &= number[1:] != number[:-1]
        new = _count_cells(cell[starts], shape)
        again = _count_cells(np.where(is_another, cell, shape[0] * shape[1]), shape)
        back = again + _count_cells(cell[seconds[~is_another[seconds]]], shape)
        visits.periods[period] += (new + again, new, back)
        if period == "month":
            pair = np.repeat(number[starts], sizes) * np.int32(shape[1]) + number
            there = np.where(is_another | ~is_later, pair, shape[1] ** 2)
            visits.cohorts += _count_cells(there, visits.cohorts.shape)
    return visits


def _count_cells(cells: Numbers, shape: Sequence[int]) -> Numbers:
    """How often each cell is there; cells behind the last are not counted."""
    rows, columns = shape
    size = rows * columns
    return np.bincount(cells, minlength=size)[:size].reshape(rows, columns)


def _begins(period: str, low: int, high: int) -> Numbers:
    """The first day of the period of each day from `low` to `high`."""
    days = np.arange(low, high + 1)
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


def list_visits(
    visits: Visits, calendars: dict[str, Calendar], countries: Countries
) -> Iterator[pa.RecordBatch]:
    """The counts as rows, of each of the three tables."""
    names, starts, places, counts = list[str](), [], [], []
    for period, found in sorted(visits.periods.items()):
        start, place = np.nonzero(found[0].T)
        names += [period] * len(start)
        starts.append(calendars[period].begins[start])
        places.append(place)
        counts.append(found[:, place, start])
    who = dict(zip(COUNTED, np.concatenate(counts, axis=1), strict=True))
    yield whole_batch(
        {
            "period": of_texts(names),
            "period_start": _dates(np.concatenate(starts)),
            "country": texts_at(np.concatenate(places), list(countries.names)),
        },
        who,
    )
    months = calendars["month"].begins
    cohort, month = np.nonzero(visits.cohorts)
    yield whole_batch(
        {"cohort": _dates(months[cohort]), "month": _dates(months[month])},
        {"customers": visits.cohorts[cohort, month]},
    )
    steps = np.flatnonzero(visits.intervals)
    yield whole_batch({}, {"days": steps, "purchases": visits.intervals[steps]})


def _dates(days: Numbers) -> pa.Array:
    return of_numbers(days.astype(np.int32, copy=False), pa.date32())
