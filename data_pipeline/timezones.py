"""Times as a source writes them: in a declared format, and in its own time zone; as SQL.

Zones are made from their own transitions, and so are the same on every engine: each stretch of
local time with one offset becomes a branch; hours that a change skips or doubles belong to none.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from re import findall, split
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data_pipeline.errors import ConfigError
from data_pipeline.sql import text

_DECLARED_PARTS = {
    "%d": "([0-9]{1,2})",
    "%m": "([0-9]{1,2})",
    "%Y": "([0-9]{4})",
    "%H": "([0-9]{1,2})",
    "%M": "([0-9]{2})",
    "%S": "([0-9]{2})",
}

FIRST_YEAR, LAST_YEAR = 1970, 2100

Stretch = tuple[datetime, datetime | None, int]
"""Local times with one offset: from, before (None: to the end of time), seconds ahead of UTC."""


def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name, or ConfigError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f"unknown time zone {name!r}; use an IANA name such as 'Europe/London' or 'UTC'"
        ) from None


def local_offset(local: str, name: str) -> str:
    """Make SQL for the seconds that local time `local` is ahead of UTC: NULL where the clock was
    changed and the time does not exist, or exists twice.
    """
    stretches = _stretches(name)
    if len(stretches) == 1:
        return str(stretches[0][2])
    return _search(local, stretches)


@lru_cache
def _stretches(name: str) -> tuple[Stretch, ...]:
    """Local times that are there exactly once."""
    place = zone(name)
    if name == "UTC":  # the usual one, and the only one that needs no look at 300 years of days
        return ((datetime(1, 1, 1), None, 0),)
    start = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) - timedelta(days=2)
    end = datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    changes, offset = [(start, _ahead(place, start))], _ahead(place, start)
    day = start
    while day < end:
        following = day + timedelta(days=1)
        while (then := _ahead(place, following)) != offset:
            moment = _change(place, day, following, offset)
            offset = _ahead(place, moment)
            changes.append((moment, offset))
            day = moment
            if offset == then:
                break
        day = following
    stretches: list[Stretch] = []
    for i, (moment, ahead) in enumerate(changes):
        before = changes[i - 1][1] if i else ahead
        first = _local(moment, max(ahead, before))
        last = None
        if i + 1 < len(changes):
            last_moment, after = changes[i + 1]
            last = _local(last_moment, min(ahead, after))
        stretches.append((datetime(1, 1, 1) if i == 0 else first, last, ahead))
    return tuple(stretches)


def _local(moment: datetime, ahead: int) -> datetime:
    return (moment + timedelta(seconds=ahead)).replace(tzinfo=None)


def _ahead(place: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(place).utcoffset()
    assert offset is not None
    return round(offset.total_seconds())


def _change(place: ZoneInfo, before: datetime, after: datetime, offset: int) -> datetime:
    """The first second in (before, after] at which the offset is another."""
    seconds = int((after - before).total_seconds())
    low, high = 0, seconds
    while high - low > 1:
        middle = (low + high) // 2
        if _ahead(place, before + timedelta(seconds=middle)) == offset:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


def _search(local: str, stretches: tuple[Stretch, ...]) -> str:
    """A binary search over the stretches, as nested CASE."""
    if len(stretches) == 1:
        first, last, ahead = stretches[0]
        inside = f"{local} >= TIMESTAMP '{first.isoformat(' ')}'"
        if last is not None:
            inside += f" AND {local} < TIMESTAMP '{last.isoformat(' ')}'"
        return f"CASE WHEN {inside} THEN {ahead} END"
    half = len(stretches) // 2
    pivot = stretches[half][0].isoformat(" ")
    return (
        f"CASE WHEN {local} < TIMESTAMP '{pivot}' THEN {_search(local, stretches[:half])} "
        f"ELSE {_search(local, stretches[half:])} END"
    )


def from_declared(value: str, declared: str) -> str:
    """Rewrite a time of the declared format as ISO 8601; anything else becomes NULL."""
    order = findall("%[dmYHMS]", declared)
    literals = ["".join(f"[{c}]" for c in s) for s in split("%[dmYHMS]", declared)]
    pattern = "^" + literals[0]
    for part, literal in zip(order, literals[1:], strict=True):
        pattern += _DECLARED_PARTS[part] + literal
    pattern += "$"

    def part_of(name: str) -> str:
        if name not in order:
            return "'00'"
        group = f"REGEXP_EXTRACT({value}, {text(pattern)}, {order.index(name) + 1})"
        return group if name == "%Y" else f"LPAD({group}, 2, '0')"

    pieces = f"{part_of('%Y')} || '-' || {part_of('%m')} || '-' || {part_of('%d')}"
    pieces += f" || ' ' || {part_of('%H')} || ':' || {part_of('%M')} || ':' || {part_of('%S')}"
    return f"(CASE WHEN REGEXP_MATCHES({value}, {text(pattern)}) THEN {pieces} END)"
