"""Recovering the buying rates: the likelihood of the Pareto/NBD model with known dropout.

A customer who joined at 0, ordered x times up to a day t and was watched to T has the likelihood
Gamma(r + x) / Gamma(r) alpha^r [S(T) (alpha + W(T))^-(r + x) + integral over dropout in (t, T) of
(alpha + W)^-(r + x)], with S the survival of the dropout and W the weighted days lived through
(Schmittlein, Morrison and Colombo 1987, with a clock that runs as demand does).
"""

from __future__ import annotations

import numpy as np

from data_pipeline.simulator.certify.cohort import Cohort
from data_pipeline.simulator.certify.statistics import smallest
from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.randomness import Floats

NODES = 12
DAYS_ONE_BY_ONE = 30
MOST_CUSTOMERS = 30_000


def fit(cohort: Cohort, p: Parameters) -> tuple[float, float]:
    """Return the likeliest r and alpha (in weighted days)."""
    use = slice(0, None, 1 + len(cohort) // MOST_CUSTOMERS)
    joined, repeats = cohort.joined_day[use], cohort.repeats[use]
    watched = (cohort.end_day - joined).astype(np.float64)
    heard = (cohort.last_day[use] - joined).astype(np.float64)
    at_end = _survival(watched, p)
    left, weight = _dropouts(heard, watched, p)
    lived = cohort.running[joined[:, None] + 1 + left.astype(np.int64)]
    lived = lived - cohort.running[joined + 1][:, None]
    exposure = cohort.exposure[use]
    most = int(repeats.max()) + 1

    def misfit(logs: Floats) -> float:
        shape, alpha = np.exp(np.clip(logs, -12, 12))
        rising = np.concatenate([[0.0], np.cumsum(np.log(shape + np.arange(most)))])
        power = -(shape + repeats)[:, None]
        # Relative to the day of the last order, so that nothing underflows for any count.
        least = np.log1p(lived[:, :1] / alpha)
        dropped = (weight * np.exp(power * (np.log1p(lived / alpha) - least))).sum(1)
        stayed = at_end * np.exp(power[:, 0] * (np.log1p(exposure / alpha) - least[:, 0]))
        each = rising[repeats] - repeats * np.log(alpha) + np.log(dropped + stayed)
        return -float((each + power[:, 0] * least[:, 0]).mean())

    start = np.log([1.0, max(float(exposure.mean() / max(repeats.mean(), 1e-6)), 1e-3)])
    shape, alpha = np.exp(smallest(misfit, start))
    return float(shape), float(alpha)


def _dropouts(heard: Floats, watched: Floats, p: Parameters) -> tuple[Floats, Floats]:
    """Return moments at which each customer may have dropped out, and the chance of each.

    Day by day at first, where the likelihood of one who ordered often falls steeply, then at the
    nodes of Gauss and Legendre, evenly in the chance of having stayed.
    """
    bounds = np.minimum(heard[:, None] + np.arange(DAYS_ONE_BY_ONE + 1), watched[:, None])
    daily = -np.diff(_survival(bounds, p), axis=1)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    at_first, at_end = _survival(bounds[:, -1:], p), _survival(watched[:, None], p)
    share = at_end + (at_first - at_end) * (nodes + 1) / 2
    later = np.minimum(p.dropout_days * (share ** (-1 / p.dropout_shape) - 1), watched[:, None])
    return (
        np.concatenate([bounds[:, :-1], later], axis=1),
        np.concatenate([daily, (at_first - at_end) * weights / 2], axis=1),
    )


def _survival(days: Floats, p: Parameters) -> Floats:
    return np.asarray((p.dropout_days / (p.dropout_days + days)) ** p.dropout_shape)
