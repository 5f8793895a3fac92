"""What orders look like, and when they come."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from data_pipeline.simulator.certify.evidence import Evidence
from data_pipeline.simulator.certify.part import Part
from data_pipeline.simulator.certify.statistics import CHI_SQUARE_LIMIT, chi_square, skewness
from data_pipeline.simulator.demand import (
    SECONDS_A_DAY,
    Demand,
    days_from_black_friday,
    weekdays,
)
from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.randomness import Ints

FEWEST_ORDERS = 5_000
LONG_BASKET = 5
WEEK = 7


def order_values(evidence: Evidence, parameters: Parameters) -> Iterator[Part]:
    """The skewness of log values, and the commonest cents of unit prices."""
    del parameters
    value = evidence.orders.value
    enough = len(value) >= 500
    logs = np.log(value[value > 0] / 100)
    yield Part("size of log-skewness", abs(skewness(logs)) if enough else math.nan, high=0.6)
    cents = np.bincount(evidence.price[evidence.sold] % 100, minlength=100)
    yield Part("commonest cents", float(cents.argmax()) if enough else math.nan, 99, 99)
    yield Part("their share", float(cents.max() / cents.sum()) if enough else math.nan, 0.3)


def baskets(evidence: Evidence, parameters: Parameters) -> Iterator[Part]:
    """Lines in an order."""
    del parameters
    lines = evidence.orders.lines
    if len(lines) < FEWEST_ORDERS:
        yield Part("commonest number of lines", math.nan, 1, 1)
        return
    yield Part("commonest number of lines", float(np.bincount(lines).argmax()), 1, 1)
    more = lines - 1
    spread = float(more.var() / more.mean()) if more.any() else 0.0
    yield Part("spread of further lines (1 is Poisson)", spread, 1.3)
    yield Part("share with 5 lines or more", float((lines >= LONG_BASKET).mean()), 0.01, 0.30)


def hours_and_weekdays(evidence: Evidence, parameters: Parameters) -> Iterator[Part]:
    """Chi-square against the dials; weekdays in whole weeks without Black Friday."""
    second = evidence.orders.second
    enough = len(second) >= FEWEST_ORDERS
    hours = np.bincount(second % SECONDS_A_DAY // 3600, minlength=24)
    found = chi_square(hours, np.array(parameters.hours)) if enough else math.nan
    yield Part("chi-square of hours", found, high=CHI_SQUARE_LIMIT[23])
    counts, dates, demand = _by_day(evidence, parameters)
    weeks = len(counts) // WEEK
    calm = np.abs(days_from_black_friday(dates)) > WEEK
    calm = np.repeat(calm[: weeks * WEEK].reshape(weeks, WEEK).all(1), WEEK)
    expected = demand.profile(0, len(counts))[: weeks * WEEK]
    orders = counts[: weeks * WEEK]
    # Each week's own level is taken out: what is left is how it spreads over its days.
    weekly = orders.reshape(weeks, WEEK).sum(1) / expected.reshape(weeks, WEEK).sum(1)
    expected = expected * np.repeat(weekly, WEEK)
    day = weekdays(dates[: weeks * WEEK])[calm]
    ready = enough and calm.any()
    found = (
        chi_square(np.bincount(day, orders[calm], 7), np.bincount(day, expected[calm], 7))
        if ready
        else math.nan
    )
    spread = np.bincount(day, orders[calm], 7) if ready else np.array([1.0])
    yield Part("chi-square of weekdays", found, high=CHI_SQUARE_LIMIT[6])
    yield Part(
        "busiest weekday over quietest",
        float(spread.max() / spread.min()) if ready else math.nan,
        1.05,
    )


def black_friday(evidence: Evidence, parameters: Parameters) -> Iterator[Part]:
    """Orders on the busiest day around Black Friday over the mean day from October to December."""
    counts, dates, _ = _by_day(evidence, parameters)
    month = dates.astype("datetime64[M]").astype(np.int64) % 12
    year = dates.astype("datetime64[Y]")
    off = days_from_black_friday(dates)
    seen = False
    for one in np.unique(year):
        season = (year == one) & (month >= 9)
        week = season & (off >= -1) & (off <= 3)
        if season.sum() == 92 and counts[season].mean() >= 20:
            seen = True
            peak = float(counts[week].max() / counts[season].mean())
            yield Part(f"peak of {one}", peak, 2.5, 6)
    if not seen:
        yield Part("peak", math.nan, 2.5, 6)


def _by_day(
    evidence: Evidence, parameters: Parameters
) -> tuple[Ints, np.ndarray[tuple[int], np.dtype[np.datetime64]], Demand]:
    demand = Demand(parameters)
    day = evidence.orders.second // SECONDS_A_DAY - demand.epoch_day(0)
    day = day[(day >= 0) & (day < parameters.days)]
    counts = np.bincount(day, minlength=parameters.days)
    return counts, demand.dates(0, parameters.days), demand
