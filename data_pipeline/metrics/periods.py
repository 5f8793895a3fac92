"""Days in the reporting time zone, though the warehouse keeps UTC.

The shift from UTC to local time is written into the SQL as a CASE over the zone's changes between
the first and the last sale, so that every engine gives the same days and none needs a table of
time zones of its own.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data_pipeline.errors import ConfigError


def find_zone(name: str) -> ZoneInfo:
    """The zone called `name`, as in the IANA list; ConfigError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"unknown time zone {name!r}; give an IANA name such as UTC or Europe/Berlin"
        ) from error


@dataclass(frozen=True, slots=True)
class Shift:
    """From `start` on (UTC, without zone) local time is `seconds` ahead of UTC."""

    start: datetime
    seconds: int


def find_shifts(zone: ZoneInfo, first: datetime, last: datetime) -> tuple[Shift, ...]:
    """The zone's offsets that hold between two UTC instants, oldest first; at least one."""
    shifts = [Shift(first, _offset(zone, first))]
    low = first
    while low < last:
        high = min(low + timedelta(days=1), last)
        if _offset(zone, high) != _offset(zone, low):
            start = _bisect(zone, low, high)
            shifts.append(Shift(start, _offset(zone, start)))
        low = high
    return tuple(shifts)


def local_time_sql(column: str, shifts: tuple[Shift, ...]) -> str:
    """SQL for the local time of the UTC timestamp `column`; the column itself in UTC."""
    if all(shift.seconds == 0 for shift in shifts):
        return column
    if len(shifts) == 1:
        return _shifted(column, shifts[0].seconds)
    whens = " ".join(
        f"WHEN {column} < TIMESTAMP '{after.start}' THEN {_shifted(column, before.seconds)}"
        for before, after in itertools.pairwise(shifts)
    )
    return f"CASE {whens} ELSE {_shifted(column, shifts[-1].seconds)} END"


def sale_time_sql(column: str, zone: ZoneInfo, seen: tuple[datetime, datetime] | None) -> str:
    """The same for a column whose first and last instant are `seen`; None when there is no row."""
    return local_time_sql(column, find_shifts(zone, *seen)) if seen else column


def to_utc(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which the local `day` begins, as UTC without zone."""
    local = datetime.combine(day, time.min, tzinfo=zone)
    return local.astimezone(UTC).replace(tzinfo=None)


def _shifted(column: str, seconds: int) -> str:
    sign = "-" if seconds < 0 else "+"
    return f"{column} {sign} INTERVAL '{abs(seconds)}' SECOND"


def _offset(zone: ZoneInfo, instant: datetime) -> int:
    offset = instant.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _bisect(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first whole second after `low` that has the offset of `high`."""
    low, high = low.replace(microsecond=0), high.replace(microsecond=0) + timedelta(seconds=1)
    before = _offset(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high
