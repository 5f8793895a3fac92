"""Metrics by name, and what each is made of."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from data_pipeline.errors import ConfigError
from data_pipeline.metrics.definitions import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_pipeline.metrics.metric import Metric

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in DEFINITIONS})


def find_metric(name: str) -> Metric:
    """The metric called `name`; ConfigError with the known names when there is none."""
    if name not in METRICS:
        raise ConfigError(f"unknown metric {name!r}; known: {', '.join(sorted(METRICS))}")
    return METRICS[name]


def measures_of(metric: Metric) -> tuple[Metric, ...]:
    """The metrics that SQL computes for `metric`: itself, or those that it is made of."""
    made_of = metric.adds or ((metric.numerator, metric.denominator) if metric.is_ratio else ())
    return tuple(m for name in made_of for m in measures_of(find_metric(name))) or (metric,)
