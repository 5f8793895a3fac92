"""What is asked of the warehouse, with every name looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from data_pipeline.contract import MAX_BIGINT
from data_pipeline.errors import ConfigError
from data_pipeline.metrics.dimensions import Dimension, find_dimension
from data_pipeline.metrics.frame import Field, Kind, Value
from data_pipeline.metrics.registry import find_metric, measures_of

if TYPE_CHECKING:
    from data_pipeline.metrics.metric import Metric

Where = Mapping[str, Value | Sequence[Value]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: metrics, by what, from `since` to `until` (local days, both included)."""

    metrics: tuple[Metric, ...]
    by: tuple[Dimension, ...] = ()
    since: date | None = None
    until: date | None = None
    where: tuple[tuple[Dimension, tuple[Value, ...]], ...] = ()

    @property
    def measures(self) -> tuple[Metric, ...]:
        """The metrics that SQL has to compute, each once."""
        return tuple(dict.fromkeys(m for metric in self.metrics for m in measures_of(metric)))

    @property
    def needs(self) -> frozenset[str]:
        dimensions = (*self.by, *(dimension for dimension, _ in self.where))
        needs = [need for one in self.measures for need in one.needs]
        return frozenset(needs + [need for one in dimensions for need in one.needs])

    @property
    def fields(self) -> tuple[Field, ...]:
        columns = [column for dimension in self.by for column in dimension.columns]
        return tuple(
            [Field(column.name, column.label, column.kind) for column in columns]
            + [Field(metric.name, metric.label, metric.kind) for metric in self.metrics]
        )


def ask(
    names: Sequence[str],
    *,
    by: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
) -> Question:
    """Look the names up; ConfigError with the known ones when one is unknown."""
    if not names:
        raise ConfigError("no metric was named; 'sales metrics' lists them")
    if since and until and until < since:
        raise ConfigError(f"the last day {until} lies before the first day {since}")
    filters = tuple((find_dimension(n), _values(v)) for n, v in (where or {}).items())
    metrics = tuple(find_metric(name) for name in dict.fromkeys(names))
    dimensions = tuple(find_dimension(name) for name in dict.fromkeys(by))
    return Question(metrics, dimensions, since, until, filters)


def read_value(dimension: str, text: str) -> Value:
    """The value of a filter on `dimension`, read from text; ConfigError when it cannot be one."""
    kind = find_dimension(dimension).columns[0].kind
    try:
        if kind is Kind.DAY:
            return date.fromisoformat(text)
        return _whole(text) if kind is Kind.WHOLE else text
    except ValueError:
        wanted = "a day such as 2025-01-31" if kind is Kind.DAY else "a whole number"
        raise ConfigError(f"{text!r} is not {wanted}") from None


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) > MAX_BIGINT:
        raise ValueError(text)
    return number


def _values(given: Value | Sequence[Value]) -> tuple[Value, ...]:
    if isinstance(given, Sequence) and not isinstance(given, str):
        return tuple(given)
    return (given,)
