"""Where an answer is read from: the shortest tables of sums that hold it, or the sales."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from data_pipeline.metrics.composing import (
    Statement,
    compose,
    compose_rollup,
    compose_sales,
    filter_conditions,
)
from data_pipeline.metrics.frame import Kind, Row, Value
from data_pipeline.metrics.periods import find_zone
from data_pipeline.metrics.reading import columns_of
from data_pipeline.metrics.rollups import (
    AGG_CUSTOMERS,
    AGG_PERIODS,
    AGG_TERMS,
    ALL_TIME,
    PERIODS,
    ROLLUPS,
    Rollup,
)

if TYPE_CHECKING:
    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.metric import Metric
    from data_pipeline.metrics.question import Question
    from data_pipeline.metrics.reading import Reader

FACT = "sales"
MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms the sums of a warehouse were made."""

    timezone: str
    has_countries: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A statement that gives the columns of `measures`, behind those of the dimensions; or the
    sales in memory, which give the same.
    """

    source: str
    measures: tuple[Metric, ...]
    statement: Statement
    columns: Columns | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question is answered. The first part has a row for every row of the answer."""

    question: Question
    parts: tuple[Part, ...]

    @property
    def is_stored(self) -> bool:
        """Whether it is read from sums that loads keep; else from the sales themselves."""
        return all(part.source not in {FACT, MEMORY} for part in self.parts)


def read_terms(reader: Reader) -> Terms | None:
    """The terms of the warehouse's sums; None when it has none."""
    if not reader.has_table(AGG_TERMS.name):
        return None
    found = reader.rows(f"SELECT reporting_timezone, has_countries FROM {AGG_TERMS.name}")
    return Terms(*found[0]) if found else None


def has_rollups(reader: Reader, timezone: str) -> bool:
    """Whether the warehouse keeps sums by the days of `timezone`."""
    terms = read_terms(reader)
    return terms is not None and terms.timezone == timezone


def plan(reader: Reader, question: Question, *, timezone: str = "UTC") -> Plan:
    """Find where the answer is to be read from. ConfigError for an unknown time zone."""
    zone = find_zone(timezone)
    terms = read_terms(reader)
    chosen: list[tuple[Rollup, tuple[Metric, ...]]] = []
    missing = list(question.measures)
    if terms and terms.timezone == timezone:
        chosen, missing = choose(question, terms)
        if not missing:
            return Plan(question, tuple(_part(question, r, m) for r, m in chosen))
    if (columns := columns_of(reader, timezone)) and columns.knows(question.measures):
        kept = Part(MEMORY, tuple(missing), Statement("", {}), columns)
        return Plan(question, (kept, *(_part(question, r, m) for r, m in chosen)))
    statement = compose(question, zone, span(reader), kept_first_days(terms, timezone))
    return Plan(question, (Part(FACT, question.measures, statement),))


def kept_first_days(terms: Terms | None, timezone: str) -> str:
    """The SELECT of each customer's first day, where loads keep it by the days of `timezone`."""
    if terms is None or terms.timezone != timezone:
        return ""
    return f"SELECT customer_id, first_day FROM {AGG_CUSTOMERS.name} WHERE first_day IS NOT NULL"


def open_sales(
    reader: Reader, question: Question, timezone: str
) -> tuple[str, list[str], dict[str, Value]]:
    """The WITH clause that makes `sale` of the question's days, the conditions on it of the
    question's filters, and the parameters of both.
    """
    first_days = kept_first_days(read_terms(reader), timezone)
    head, values = compose_sales(question, find_zone(timezone), span(reader), first_days)
    return head, filter_conditions(question, values), values


def span(reader: Reader) -> tuple[datetime, datetime] | None:
    """The first and the last instant of any sale; None when there is no sale."""
    ((first, last),) = reader.rows('SELECT MIN("timestamp"), MAX("timestamp") FROM "sales"')
    return (first, last) if isinstance(first, datetime) and isinstance(last, datetime) else None


def choose(
    question: Question, terms: Terms
) -> tuple[list[tuple[Rollup, tuple[Metric, ...]]], list[Metric]]:
    """The rollups to read, each with its measures; and the measures that none of them holds, all
    when no rollup has a row for every row of the answer.

    One that holds most of what is left to find comes before others, and a shorter one before a
    longer one.
    """
    fitting = [rollup for rollup in ROLLUPS.values() if fits(question, rollup, terms)]
    missing, chosen = list(question.measures), []
    while missing:
        held = {r.name: [m for m in missing if m.name in r.measures] for r in fitting}
        best = max(fitting, key=lambda rollup: len(held[rollup.name]), default=None)
        if best is None or not held[best.name]:
            break
        chosen.append((best, tuple(held[best.name])))
        missing = [m for m in missing if m not in held[best.name]]
    if not missing and question.by and not any(rollup.is_complete for rollup, _ in chosen):
        complete = [rollup for rollup in fitting if rollup.is_complete]
        if not complete:
            return [], list(question.measures)
        chosen.append((complete[0], ()))
    return sorted(chosen, key=lambda one: not one[0].is_complete), missing


def fits(question: Question, rollup: Rollup, terms: Terms) -> bool:
    """Whether the rollup knows the question's dimensions and days."""
    names = {d.name for d in (*question.by, *(d for d, _ in question.where))}
    lacks_country = "country" in rollup.keys and not terms.has_countries
    if not names <= rollup.dimensions or ("country" in names and lacks_country):
        return False
    if rollup is AGG_PERIODS:
        return find_period(question) is not None
    return rollup.knows_days or not (question.since or question.until)


def find_period(question: Question) -> str | None:
    """The kind of period that the question asks by and whose bounds it keeps; None if none."""
    asked = [d.name for d in question.by if d.name in PERIODS]
    if len(asked) > 1 or any(d.name in PERIODS for d, _ in question.where):
        return None
    since, until = question.since, question.until
    if asked:
        begins = since is None or since == start_of(since, asked[0])
        ends = until is None or until == end_of(until, asked[0])
        return asked[0] if begins and ends else None
    if since is None and until is None:
        return ALL_TIME
    if since is None or until is None:
        return None
    whole = (k for k in PERIODS if start_of(since, k) == since and end_of(since, k) == until)
    return next(whole, None)


def start_of(day: date, period: str) -> date:
    """The first day of the period in which a day lies.

    >>> start_of(date(2025, 5, 20), "quarter")
    datetime.date(2025, 4, 1)
    """
    if period == "week":
        return day - timedelta(days=day.weekday())
    month = {"quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}.get(period, day.month)
    return day if period == "day" else day.replace(month=month, day=1)


def end_of(day: date, period: str) -> date:
    """The last day of the period in which a day lies.

    >>> end_of(date(2024, 2, 5), "month")
    datetime.date(2024, 2, 29)
    """
    start = start_of(day, period)
    if period in {"day", "week"}:
        return start + timedelta(days=6 if period == "week" else 0)
    month = start.month + {"month": 0, "quarter": 2, "year": 11}[period]
    return start.replace(month=month, day=monthrange(start.year, month)[1])


def _part(question: Question, rollup: Rollup, measures: tuple[Metric, ...]) -> Part:
    period = find_period(question) if rollup is AGG_PERIODS else None
    return Part(rollup.name, measures, compose_rollup(question, rollup, measures, period))


def read_measures(reader: Reader, chosen: Plan) -> list[tuple[Row, dict[str, Value]]]:
    """The answer's rows: the values of the dimensions, and each measure by its name."""
    lead = sum(len(dimension.columns) for dimension in chosen.question.by)
    nothing = {m.name: _nothing(m) for m in chosen.question.measures}
    rows: dict[Row, dict[str, Value]] = {}
    for place, part in enumerate(chosen.parts):
        names = [measure.name for measure in part.measures]
        if part.columns:
            rows |= part.columns.measure(chosen.question, part.measures)
            continue
        for row in reader.rows(part.statement.sql, part.statement.values):
            if place == 0:
                rows[row[:lead]] = dict(nothing)
            rows[row[:lead]].update(zip(names, row[lead:], strict=True))
    return list(rows.items())


def _nothing(measure: Metric) -> Value:
    """What a measure is where there is no row of it."""
    return Decimal("0.0000") if measure.kind is Kind.MONEY else 0
