"""Where a reading begins so that no row is missed, and which landed files it may repeat.

A row that a transaction writes at ten and commits at eleven is not to be seen at half past ten. So
no reading begins where the last one ended: it begins at the oldest thing that could then still have
been open. What is read twice that way is taken out again by comparing it with what landed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from data_pipeline.databases.base import Database, Found, Mark, Moment
from data_pipeline.errors import ConfigError
from data_pipeline.sources.declared import OVERLAP, SourceTable
from data_pipeline.sources.landed import Landed
from data_pipeline.urls import place_of

BOUNDLESS = ""
"""The `high` of a landing of which some rows have no place on the scale."""

Begin = tuple[Mark | None, str, list[Landed]]


def since_last(
    database: Database,
    moment: Moment,
    wanted: SourceTable,
    relation: str,
    found: Mapping[str, Found],
    landed: Sequence[Landed],
    *,
    timezone: str,
) -> Begin:
    """Return how far this reading will have come, the condition of the rows to read (nothing:
    all), and the landed files that may hold some of them already.

    A mark holds for the same columns only: one that is added with a default value changes rows that
    no transaction has written.
    """
    declaration = wanted.digest(*(f"{name}={column.name}" for name, column in found.items()))
    scope = f"{declaration}/{place_of(wanted.url)}"
    if wanted.watermark:
        column = _column(database, relation, wanted)
        now = _column_mark(database, relation, column, wanted, moment, timezone)
        now = Mark(now.measure, scope, now.low, now.high)
    elif wanted.query or (told := database.mark(relation)) is None:
        return None, "", list(landed)
    else:
        column = None
        now = Mark(told.measure, f"{declaration}/{told.scope}", told.low, told.high)
    note = landed[-1].note if landed else None
    then = note.mark if note else None
    if then is None or (then.measure, then.scope) != (now.measure, now.scope) or not then.low:
        return now, "", list(landed)
    where = _beyond(database, column, then) if column else database.since(then, now)
    return now, where, _repeated(landed, then) if where else list(landed)


def _column(database: Database, relation: str, wanted: SourceTable) -> Found:
    found = database.columns(relation)
    name = wanted.columns.get(wanted.watermark, wanted.watermark)
    column = next((f for f in found if f.name.casefold() == name.casefold()), None)
    if column is None or not column.measure:
        fit = ", ".join(f.name for f in found if f.measure) or "none"
        raise ConfigError(
            f"[sources.{wanted.table}] watermark = {wanted.watermark!r} is no column of times or "
            f"whole numbers in {wanted.shown}; there are: {fit}"
        )
    return column


def _column_mark(
    database: Database,
    relation: str,
    column: Found,
    wanted: SourceTable,
    moment: Moment,
    timezone: str,
) -> Mark:
    """Find the highest value there is, and stay behind it by the overlap; behind a clock's time
    also by the age of the oldest open transaction.
    """
    name = database.quote(column.name)
    highest = database.rows(f"SELECT {database.as_text(f'MAX({name})')} FROM {relation}")[0][0]
    nowhere = database.rows(f"SELECT 1 FROM {relation} WHERE {name} IS NULL LIMIT 1")
    overlap = OVERLAP[column.measure] if wanted.overlap is None else wanted.overlap
    if column.measure == "number":
        low = "" if highest is None else str(int(highest) - overlap)
        return Mark(column.measure, "", low, BOUNDLESS if nowhere else str(highest or 0))
    latest = _instant(highest)
    if latest is None:
        return Mark(column.measure, "", "", BOUNDLESS)
    clock = moment.now
    if not column.zoned:
        clock = clock.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    low_ = min(latest, clock) - timedelta(seconds=overlap + moment.oldest_s)
    return Mark(column.measure, "", str(low_), BOUNDLESS if nowhere else str(latest))


def _instant(value: str | None) -> datetime | None:
    """Read a time as the server writes it; None for those that Python's calendar has not."""
    try:
        read = datetime.fromisoformat(value or "")
    except ValueError:
        return None
    return read.astimezone(UTC).replace(tzinfo=None) if read.tzinfo else read


def _beyond(database: Database, column: Found, then: Mark) -> str:
    name = database.quote(column.name)
    low = then.low if column.measure == "number" else database.text(then.low)
    return f"({name} >= {low} OR {name} IS NULL)"


def _repeated(landed: Sequence[Landed], then: Mark) -> list[Landed]:
    """The landed files from the first one on that reaches to where the reading begins."""
    for at, file in enumerate(landed):
        mark = file.note.mark if file.note else None
        if mark is None or (mark.measure, mark.scope) != (then.measure, then.scope):
            return list(landed[at:])
        if mark.high == BOUNDLESS or _reaches(mark, then.low):
            return list(landed[at:])
    return []


def _reaches(mark: Mark, low: str) -> bool:
    """Whether a landing may hold rows from `low` on. No row bears the number of the next
    transaction yet; of times and numbers the highest is itself in the file.
    """
    if mark.measure == "transactions":
        return int(mark.high) > int(low)
    if mark.measure == "number":
        return int(mark.high) >= int(low)
    return datetime.fromisoformat(mark.high) >= datetime.fromisoformat(low)
