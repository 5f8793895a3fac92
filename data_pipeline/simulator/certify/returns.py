"""What comes back, how late, and when."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from data_pipeline.simulator.certify.evidence import Evidence
from data_pipeline.simulator.certify.part import Part
from data_pipeline.simulator.certify.statistics import ranks
from data_pipeline.simulator.demand import SECONDS_A_DAY, Demand
from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.randomness import Ints

FEWEST_RETURNS = 300


def returns(evidence: Evidence, parameters: Parameters) -> Iterator[Part]:
    """Rates by category against the dials, the lag, and January against other months."""
    back = np.flatnonzero(~evidence.sold)
    if len(back) < FEWEST_RETURNS:
        yield Part("order of categories (rank correlation)", _few(evidence), 0.9)
        return
    n = len(parameters.categories)
    category = evidence.category[evidence.product]
    known = category >= 0
    sold = np.bincount(category[known & evidence.sold], minlength=n)
    came = np.bincount(category[known & ~evidence.sold], minlength=n)
    rate = came / np.maximum(sold, 1)
    dialled = np.array([c.return_rate for c in parameters.categories])
    alike = np.corrcoef(ranks(rate), ranks(dialled))[0, 1]
    yield Part("order of categories (rank correlation)", float(alike), 0.9)
    yield from _lag(evidence, parameters, back)
    yield _january(evidence, parameters, back)


def _few(evidence: Evidence) -> float:
    """Return what no returns mean: too little to judge in a small store, a failure in a large."""
    return 0.0 if len(evidence.order) >= 50_000 else math.nan


def _lag(evidence: Evidence, parameters: Parameters, back: Ints) -> Iterator[Part]:
    """The days from sale to return, where neither Christmas nor the end cuts in."""
    key = evidence.order * 10_000_019 + evidence.product
    sold = np.flatnonzero(evidence.sold)
    order = sold[np.argsort(key[sold], kind="stable")]
    at = np.minimum(np.searchsorted(key[order], key[back]), len(order) - 1)
    found = key[order[at]] == key[back]
    bought, came = order[at[found]], back[found]
    demand = Demand(parameters)
    day = evidence.second[bought] // SECONDS_A_DAY - demand.epoch_day(0)
    lag = evidence.second[came] // SECONDS_A_DAY - evidence.second[bought] // SECONDS_A_DAY
    month = demand.dates(0, parameters.days).astype("datetime64[M]").astype(np.int64) % 12
    calm = (day >= 0) & (day < parameters.days - parameters.return_within_days)
    # A planted date that no calendar has may be read as another day; it tells nothing of lags.
    calm &= (lag >= 0) & (lag <= 2 * parameters.return_within_days)
    calm &= month[np.clip(day, 0, parameters.days - 1)] < 10
    enough = calm.sum() >= FEWEST_RETURNS
    mean = float(lag[calm].mean()) if enough else math.nan
    yield Part("mean lag over its dial", mean / (parameters.return_lag_days - 0.5), 0.9, 1.1)
    spread = float(lag[calm].std() / mean) if enough else math.nan
    yield Part("lag's spread over its mean", spread, 0.45, 0.9)


def _january(evidence: Evidence, parameters: Parameters, back: Ints) -> Part:
    """January's returns for December's sales, over the same of other months."""
    demand = Demand(parameters)
    first = demand.dates(0, 1).astype("datetime64[M]").astype(np.int64)[0]

    def by_month(rows: Ints) -> Ints:
        month = evidence.second[rows].astype("datetime64[s]").astype("datetime64[M]")
        return np.bincount(np.maximum(month.astype(np.int64) - first, 0), minlength=2)

    came, sold = by_month(back), by_month(np.flatnonzero(evidence.sold))
    months = min(len(came), len(sold))
    ratio = came[2:months] / np.maximum(sold[1 : months - 1], 1)
    january = (np.arange(2, months) + first) % 12 == 0
    if not january.any() or january.all():
        return Part("January's returns over other months", math.nan, 1.2)
    bump = ratio[january].mean() / ratio[~january].mean()
    return Part("January's returns over other months", float(bump), 1.2)
