"""What can be asked: the parameters of each kind of question, as typed models."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from data_pipeline.dashboard.refusal import wrong_question
from data_pipeline.errors import ConfigError
from data_pipeline.metrics import Value, find_dimension
from data_pipeline.metrics.change import Period
from data_pipeline.metrics.question import read_value

MOST_VALUES = 50
MOST_ROWS = 5000
ROWS_A_PAGE = 200
CSV_ROWS = 100_000
EARLIEST, LATEST = date(1900, 1, 1), date(2299, 12, 31)

Day = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    Field(json_schema_extra={"format": "date"}),
]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
Filter = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}:[^\x00]*$", max_length=500)]
Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,40}$")]
Sort = Annotated[str, StringConstraints(pattern=r"^(-?[a-z_]{1,40})?$")]
Flag = Literal["0", "1"]
Compare = Literal["", "previous", "year", "custom"]


class Versioned(BaseModel):
    """Of which state of the data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Version | None = Field(None, description="Version of the data that the page shows.")


class Scoped(Versioned):
    """Which sales are looked at."""

    since: Day | None = Field(None, description="The first day.")
    until: Day | None = Field(None, description="The last day; it is included.")
    where: list[Filter] = Field(
        default=[], max_length=MOST_VALUES, description="dimension:value; can be repeated."
    )
    compute: Flag = Field("0", description="1: compute it though it takes long.")


class Compared(Scoped):
    """And with what they are compared."""

    compare: Compare = ""
    compare_since: Day | None = None
    compare_until: Day | None = None


class QueryQuestion(Compared):
    """Metrics by dimensions."""

    metric: list[Name] = Field(min_length=1, max_length=12)
    by: list[Name] = Field(default=[], max_length=3)
    sort: Sort = ""
    limit: int = Field(1000, ge=1, le=MOST_ROWS)
    offset: int = Field(0, ge=0, le=10_000_000)
    fill: Flag = "0"
    totals: Flag = "0"


class HeadlinesQuestion(Compared):
    """Metrics against the period before, or the one to compare with, and the year before."""

    metric: list[Name] = Field(default=[], max_length=16)
    spark: Flag = "0"


class AnalysisQuestion(Compared):
    """An analysis; which of the parameters it takes is said in /api/meta."""

    item: Name | None = None
    metric: Name | None = None
    grain: Name | None = None
    sort: Sort = ""
    search: str = Field("", max_length=100, pattern=r"^[^\x00]*$")
    limit: int = Field(50, ge=1, le=MOST_ROWS)
    offset: int = Field(0, ge=0, le=10_000_000)
    min_orders: int = Field(10, ge=1, le=1_000_000)


class AnalysisFile(AnalysisQuestion):
    """A frame of an analysis as a file."""

    frame: Name | None = None


class ExplainQuestion(AnalysisQuestion):
    """What a number is made of: a metric, or an analysis with its parameters."""

    analysis: Name | None = None
    by: list[Name] = Field(default=[], max_length=3)


class RowsQuestion(Scoped):
    """The sales behind a number."""

    metric: Name = "net_sales"
    limit: int = Field(50, ge=1, le=ROWS_A_PAGE)
    after: str | None = Field(None, max_length=80, pattern=r"^[0-9T:. -]{1,60}_[0-9]{1,19}$")


class RowsFile(Scoped):
    """The same as a file."""

    metric: Name = "net_sales"


class ValuesQuestion(Scoped):
    """Choices for a filter."""

    search: str = Field("", max_length=100, pattern=r"^[^\x00]*$")
    limit: int = Field(50, ge=1, le=500)


class QuarantineFile(Versioned):
    """Records that are not in the star."""

    table: Name | None = None
    reason: Name | None = None


class QuarantineQuestion(QuarantineFile):
    """The same, page by page."""

    limit: int = Field(20, ge=1, le=ROWS_A_PAGE)
    offset: int = Field(0, ge=0, le=100_000_000)


def read_day(text: str | None) -> date | None:
    """The day; refuses what no calendar has."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise wrong_question(f"{text!r} is no day", "Write days as 2025-01-31.") from None
    if not EARLIEST <= day <= LATEST:
        raise wrong_question(f"{text} is too far away", f"Ask for {EARLIEST} to {LATEST}.")
    return day


def read_days(asked: Scoped) -> tuple[date | None, date | None]:
    """The first and the last day asked for; refuses a period that ends before it begins."""
    return _in_order(read_day(asked.since), read_day(asked.until))


def read_comparison(asked: Compared) -> Period | None:
    """The period that was named to compare with; None when none was named."""
    since, until = _in_order(read_day(asked.compare_since), read_day(asked.compare_until))
    if asked.compare == "custom" and since and until:
        return Period(since, until)
    if asked.compare == "custom" or since or until:
        raise wrong_question(
            "a period to compare with has two days",
            "Give compare=custom with compare_since and compare_until.",
        )
    return None


def read_where(asked: Scoped) -> dict[str, list[Value]]:
    """Dimension to the values that are kept; an empty value is the missing one."""
    found: dict[str, list[Value]] = {}
    for pair in asked.where:
        name, _, text = pair.partition(":")
        try:
            find_dimension(name)
            value = read_value(name, text) if text else None
        except ConfigError as error:
            raise wrong_question(f"where={pair!r}: {error}") from None
        found.setdefault(name, []).append(value)
    return {name: list(dict.fromkeys(values)) for name, values in sorted(found.items())}


def _in_order(first: date | None, last: date | None) -> tuple[date | None, date | None]:
    if first and last and last < first:
        raise wrong_question(f"the last day {last} lies before the first day {first}")
    return first, last
