"""How customers behave: counts, concentration, activity, places."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from data_pipeline.simulator.certify.cohort import Cohort, joined_cohort
from data_pipeline.simulator.certify.evidence import Evidence
from data_pipeline.simulator.certify.nbd import fit
from data_pipeline.simulator.certify.part import Part
from data_pipeline.simulator.certify.statistics import evenness
from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.randomness import Floats, Ints
from data_pipeline.simulator.sales import open_business

FEWEST_CUSTOMERS = 5_000
LONGEST_RUN = 5
MONTH_DAYS = 30

Mask = npt.NDArray[np.bool_]


def repeat_counts(evidence: Evidence, parameters: Parameters) -> Iterator[Part]:
    """Fit rates, given the dialled dropout, and compare with the dials."""
    cohort = joined_cohort(evidence, parameters)
    if len(cohort) < FEWEST_CUSTOMERS:
        yield Part("r over its dial", math.nan, 0.9, 1.1)
        return
    scale = open_business(parameters, parameters.days).scale
    shape, alpha = fit(cohort, parameters)
    yield Part("r over its dial", shape / parameters.rate_shape, 0.9, 1.1)
    yield Part("alpha over its dial", alpha / scale.alpha, 0.9, 1.1)
    expected = cohort.exposure * cohort.repeats.sum() / cohort.exposure.sum()
    pearson = (cohort.repeats - expected) ** 2 / np.maximum(expected, 1e-9)
    yield Part("dispersion (1 is Poisson)", float(pearson.mean()), 1.5)


def another_order(evidence: Evidence, parameters: Parameters) -> Iterator[Part]:
    """The smallest step in P(another order | n orders), n from 1 to 5."""
    cohort = joined_cohort(evidence, parameters)
    orders = cohort.repeats + 1
    reached = np.array([(orders >= n).sum() for n in range(1, LONGEST_RUN + 2)])
    if len(cohort) < FEWEST_CUSTOMERS or reached[-1] < 100:
        yield Part("smallest step", math.nan, 0.001)
        return
    again = reached[1:] / reached[:-1]
    yield Part("after the first order", float(again[0]), 0.2, 0.8)
    yield Part("smallest step up to the fifth", float(np.diff(again).min()), 0.001)


def concentration(evidence: Evidence, parameters: Parameters) -> Iterator[Part]:
    """The share of revenue that the best fifth of those who bought brings."""
    del parameters
    mine = evidence.sold & (evidence.customer > 0)
    value = np.zeros(int(evidence.customer.max(initial=0)) + 1, np.int64)
    np.add.at(value, evidence.customer[mine], (evidence.quantity * evidence.price)[mine])
    value = np.sort(value[value > 0])[::-1]
    share = value[: len(value) // 5].sum() / value.sum() if len(value) >= 500 else math.nan
    yield Part("share of revenue", float(share), 0.55, 0.80)


def activity(evidence: Evidence, parameters: Parameters) -> Iterator[Part]:
    """Orders a customer by months since joining, freed of the calendar's effect."""
    cohort = joined_cohort(evidence, parameters)
    level = _by_age(cohort, parameters)
    if len(cohort) < FEWEST_CUSTOMERS or len(level) < 12:
        yield Part("fall in the first months over later", math.nan, 1.5)
        return
    early = -math.log(level[3] / level[0]) / 3
    late = -math.log(level[11] / level[5]) / 6
    yield Part("activity in month 12 over month 1", float(level[11] / level[0]), 0.15, 0.75)
    yield Part("monthly fall to month 4 over that from 6 to 12", early / max(late, 1e-6), 1.5)


def _by_age(cohort: Cohort, parameters: Parameters) -> Floats:
    """Return activity by month since joining, from orders = customers x age x calendar month."""
    months = parameters.days // MONTH_DAYS
    joined = np.minimum(cohort.joined_day // MONTH_DAYS, months - 1)
    now = cohort.order_day // MONTH_DAYS
    grid = np.zeros((months, months))
    keep = now < months
    np.add.at(grid, (joined[cohort.order_row][keep], now[keep]), 1)
    size = np.bincount(joined, minlength=months).astype(np.float64)
    since = np.arange(months)[None, :] - np.arange(months)[:, None]
    # The month of joining and the next one are mixed in length, so full months count from there.
    usable = (since >= 1) & (size[:, None] > 0)
    age, calendar = np.ones(months), np.ones(months)
    for _ in range(60):
        base = np.where(usable, size[:, None] * calendar[None, :], 0.0)
        age = _ratio(since, usable, grid, base, months)
        fitted = np.where(usable, size[:, None] * age[np.clip(since, 0, None)], 0.0)
        calendar = np.where(usable, grid, 0).sum(0) / np.maximum(fitted.sum(0), 1e-12)
        calendar = np.where(calendar > 0, calendar, 1.0)
    return np.asarray(age[1:13])


def _ratio(since: Ints, usable: Mask, grid: Floats, base: Floats, months: int) -> Floats:
    where = np.where(usable, since, 0).ravel().astype(np.int64)
    found = np.bincount(where, np.where(usable, grid, 0).ravel(), months)
    return np.asarray(found / np.maximum(np.bincount(where, base.ravel(), months), 1e-12))


def places(evidence: Evidence, parameters: Parameters) -> Iterator[Part]:
    """The effective number of values over their number; 1 is uniform."""
    del parameters
    for name, values in (("places", evidence.place), ("mail domains", evidence.mail)):
        _, counts = np.unique(values.astype(str), return_counts=True)
        counts = counts[counts >= max(1, len(values) // 5_000)]
        enough = len(values) >= 1_000 and len(counts) > 1
        yield Part(f"evenness of {name}", evenness(counts) if enough else math.nan, high=0.75)
