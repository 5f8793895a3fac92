"""About how long an answer will take, so that a long one is offered before it is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_pipeline.metrics.planning import choose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Metric, Question
    from data_pipeline.metrics.change import Period

SCAN_S, JOIN_S, FIRST_DAYS_S, DISTINCT_S = 0.015, 0.02, 0.05, 0.03
"""Seconds a million sales on two small cores: reading them, each join, the day of each customer's
first sale (which reads all sales), each count of different customers or orders."""
RECALL_S = 0.005
"""Seconds a million sales that pass the filters, from memory."""


def estimate(
    question: Question,
    store: Store,
    period: Period | None,
    *,
    times: int = 1,
    recalls: bool = True,
) -> float:
    """Seconds that the sales of the period need for the question, asked `times` times; none when
    sums answer it that are kept, few when the memory does, unless it is not to be asked.
    """
    measures: Sequence[Metric] = question.measures
    if store.terms and store.keeps_sums:
        _, measures = choose(question, store.terms)
    if not measures:
        return 0.0
    millions = times * store.rows["sales"] / 1e6
    share = store.share_of(period)
    columns = store.recall.columns if recalls else None
    if columns and columns.knows(measures):
        if columns.are_counted(question, measures):
            return 0.0
        where = {dimension.name: values for dimension, values in question.where}
        return millions * share * columns.share_of(where) * RECALL_S
    needs = question.needs
    distinct = sum("DISTINCT" in measure.sql for measure in measures)
    seconds = SCAN_S + JOIN_S * len(needs) + DISTINCT_S * distinct
    whole = FIRST_DAYS_S if "first_days" in needs else 0.0
    return millions * (seconds * share + whole)
