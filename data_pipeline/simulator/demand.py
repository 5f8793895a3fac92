"""When people buy: how much demand a day has, and how it spreads over the hours.

Days are counted from the store's first day (0); days before it are negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.randomness import Floats, Ints, hashed, stream

EPOCH_TO_MONDAY = 3
"""1970-01-01 was a Thursday."""
BLACK_FRIDAY_OFFSET = 4
"""Where Black Friday stands in `Parameters.black_friday`."""
SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Demand:
    """The demand of a store's days."""

    parameters: Parameters

    def epoch_day(self, day: int) -> int:
        """Return the day as days since 1970-01-01."""
        return int(np.datetime64(self.parameters.start, "D").astype(np.int64)) + day

    def dates(self, first: int, until: int) -> npt.NDArray[np.datetime64]:
        """Return the calendar dates of the days from `first` up to, not with, `until`."""
        return np.datetime64(self.parameters.start, "D") + np.arange(first, until)

    def weights(self, first: int, until: int) -> Floats:
        """Return each day's demand: 1 is a plain day; noise included."""
        p = self.parameters
        calm = self.profile(first, until)
        if p.noise == 0:
            return calm
        days = np.arange(first, until)
        low, high = 1 - p.noise * np.sqrt(3), 1 + p.noise * np.sqrt(3)
        return np.asarray(calm * (low + (high - low) * hashed(p.seed, "day-noise", days)))

    def profile(self, first: int, until: int) -> Floats:
        """Return the same without noise: month x weekday x Black-Friday week."""
        p = self.parameters
        dates = self.dates(first, until)
        month = dates.astype("datetime64[M]")
        into = (dates - month).astype(np.int64) / 30.5 - 0.5
        level = np.array(p.months)
        index = month.astype(np.int64) % 12
        beside = np.where(into < 0, index - 1, index + 1) % 12
        # Half a month's way to the next month's level keeps the curve without steps.
        season = level[index] + np.abs(into) * 0.5 * (level[beside] - level[index])
        weekday = np.array(p.weekdays)[weekdays(dates)]
        return np.asarray(season * weekday * self._black_friday(dates))

    def _black_friday(self, dates: npt.NDArray[np.datetime64]) -> Floats:
        lift = np.array((*self.parameters.black_friday, 1.0))
        offset = days_from_black_friday(dates) + BLACK_FRIDAY_OFFSET
        inside = (offset >= 0) & (offset < len(lift) - 1)
        return lift[np.where(inside, offset, len(lift) - 1)]

    def promotions(self, first: int, until: int) -> Floats:
        """Return what each category has off on each day, as a share of the price; mostly 0."""
        p = self.parameters
        category = np.arange(len(p.categories))
        every = p.promotion_every_days
        phase = (hashed(p.seed, "promotion-phase", category) * every).astype(np.int64)
        round_, into = np.divmod(np.arange(first, until)[:, None] + phase, every)
        length = 4 + (hashed(p.seed, "promotion-length", category, round_) * 6).astype(np.int64)
        off = 0.05 * (2 + (hashed(p.seed, "promotion-off", category, round_) * 5).astype(np.int64))
        running = np.where(into < length, off, 0.0)
        distance = days_from_black_friday(self.dates(first, until))[:, None]
        week = (distance >= -BLACK_FRIDAY_OFFSET) & (
            distance < len(p.black_friday) - BLACK_FRIDAY_OFFSET
        )
        return np.where(week, np.maximum(running, 0.20), running)

    def gifts(self, first: int, until: int) -> Floats:
        """Return how far each day is into the weeks of gifts: from 0 to 1 on 24 December."""
        dates = self.dates(first, until)
        months = dates.astype("datetime64[M]")
        day = (dates - months).astype(np.int64) + 1
        december = months.astype(np.int64) % 12 == 11
        return np.where(december & (day <= 24), day / 24, 0.0)

    def gift_season(self, day: int) -> bool:
        """Whether what is bought that day may be a gift: from 20 November to 24 December."""
        date = self.dates(day, day + 1).astype("datetime64[D]")[0].item()
        return bool((date.month == 11 and date.day >= 20) or (date.month == 12 and date.day <= 24))

    def seconds(self, chance: np.random.Generator, n: int) -> Ints:
        """Return `n` moments of a day in seconds, as the hours are dialled; not sorted."""
        return self.at_hours(chance.random(n))

    def ordered_seconds(self, chance: np.random.Generator, n: int) -> Ints:
        """Return the same in order, without sorting: gaps of uniform numbers are exponential."""
        gaps = np.cumsum(chance.standard_exponential(n + 1))
        return self.at_hours(gaps[:-1] / gaps[-1])

    def at_hours(self, uniform: Floats) -> Ints:
        """Return the second of the day for each uniform number."""
        edges = np.concatenate([[0.0], np.cumsum(self.parameters.hours)])
        moment = np.interp(uniform * edges[-1], edges, np.arange(25) * 3600.0)
        return np.asarray(np.minimum(moment.astype(np.int64), SECONDS_A_DAY - 1))

    def chance(self, name: str, day: int) -> np.random.Generator:
        """Return the generator of one day of one stream."""
        return stream(self.parameters.seed, name, day)


def weekdays(dates: npt.NDArray[np.datetime64]) -> Ints:
    """Return 0 for Monday to 6 for Sunday."""
    return (dates.astype("datetime64[D]").astype(np.int64) + EPOCH_TO_MONDAY) % 7


def days_from_black_friday(dates: npt.NDArray[np.datetime64]) -> Ints:
    """Return how far each date is from the Friday after the fourth Thursday of its November."""
    november = dates.astype("datetime64[Y]").astype("datetime64[M]") + 10
    first = november.astype("datetime64[D]")
    thursday = first + (3 - weekdays(first)) % 7 + 21
    return (dates.astype("datetime64[D]") - (thursday + 1)).astype(np.int64)
