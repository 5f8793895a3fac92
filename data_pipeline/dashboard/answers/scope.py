"""Which sales a question looks at, what they are compared with, and where the answer comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from data_pipeline.dashboard.asking import read_comparison, read_days, read_where
from data_pipeline.dashboard.periods import common_part, days_in, period_before, year_before
from data_pipeline.metrics.change import Period
from data_pipeline.metrics.wording import write_day

if TYPE_CHECKING:
    from datetime import date

    from data_pipeline.dashboard.asking import Compared, Scoped
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Value


@dataclass(frozen=True, slots=True)
class Scope:
    """The days and filters of a question. `period` has both ends; None when there are no sales."""

    since: date | None
    until: date | None
    where: dict[str, list[Value]]
    period: Period | None

    @property
    def names(self) -> list[str]:
        """What the question is limited by."""
        days = (("since", self.since), ("until", self.until))
        return [*(name for name, day in days if day), *self.where]

    def moved_to(self, period: Period) -> Scope:
        """The same filters in another period."""
        return replace(self, since=period.first, until=period.last, period=period)

    def without_days(self) -> Scope:
        """The same filters over all days."""
        return replace(self, since=None, until=None)

    def days(self, store: Store) -> int:
        """How many days there can be data of."""
        covered = common_part(self.period, store.span) if self.period else None
        return days_in(covered) if covered else 0


def read_scope(asked: Scoped, store: Store) -> Scope:
    """The days that were asked for, the rest filled in from the data."""
    since, until = read_days(asked)
    period = None
    if store.span:
        first = since or min(store.span.first, until or store.span.first)
        period = Period(first, until or max(store.span.last, first))
    return Scope(since, until, read_where(asked), period)


def compare_with(asked: Compared, scope: Scope, store: Store) -> tuple[Period | None, str]:
    """The period to compare with, or None and why there is none."""
    named = read_comparison(asked)
    if scope.period is None or store.span is None:
        return None, "There are no sales."
    moves = {"previous": period_before, "year": year_before}
    period = named or moves[asked.compare or "previous"](scope.period)
    if common_part(period, store.span) is None:
        begins = period.last < store.span.first
        edge = "begin" if begins else "end"
        day = store.span.first if begins else store.span.last
        return None, f"The data {edge} on {write_day(day)}."
    return period, ""
