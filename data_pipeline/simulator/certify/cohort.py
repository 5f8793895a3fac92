"""The customers who joined while the store was watched, and their repeat orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_pipeline.simulator.certify.evidence import Evidence
from data_pipeline.simulator.demand import SECONDS_A_DAY, Demand
from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.randomness import Floats, Ints

WATCHED_DAYS = 30
"""Who joined later than so long before the end tells nothing yet."""


@dataclass(frozen=True)
class Cohort:
    """One row a customer, then one row a repeat order."""

    joined_day: Ints
    repeats: Ints
    last_day: Ints
    """The day of the last repeat order; that of joining if there is none."""
    end_day: int
    exposure: Floats
    """The weighted days from joining to the end."""
    running: Floats
    """The running sum of the days' weights, from 0 before day 0."""
    order_row: Ints
    order_day: Ints

    def __len__(self) -> int:
        return len(self.joined_day)


def joined_cohort(evidence: Evidence, parameters: Parameters) -> Cohort:
    """Return who joined in the store's days, with orders after the day of joining."""
    demand = Demand(parameters)
    zero = demand.epoch_day(0)
    orders = evidence.orders
    joined = evidence.joined // SECONDS_A_DAY - zero
    chosen = (joined >= 0) & (joined < parameters.days - WATCHED_DAYS)
    member, joined = evidence.member[chosen], joined[chosen]
    row = np.searchsorted(member, orders.customer)
    known = (row < len(member)) & (orders.customer > 0)
    known[known] = member[row[known]] == orders.customer[known]
    row, day = row[known], orders.second[known] // SECONDS_A_DAY - zero
    again = (day > joined[row]) & (day < parameters.days)
    row, day = row[again], day[again]
    last = joined.copy()
    np.maximum.at(last, row, day)
    running = np.concatenate([[0.0], np.cumsum(demand.weights(0, parameters.days))])
    return Cohort(
        joined,
        np.bincount(row, minlength=len(member)),
        last,
        parameters.days - 1,
        running[parameters.days] - running[joined + 1],
        running,
        row,
        day,
    )
