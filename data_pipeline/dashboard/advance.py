"""What is computed before anybody asks: analyses of whole lives, by each value of a few dimensions.

They look at the sales of all days, so they take the longest, and no period makes another of them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from data_pipeline.dashboard.answers.analyses import ANALYSES, compute_analysis
from data_pipeline.dashboard.answers.scope import Scope
from data_pipeline.dashboard.asking import AnalysisQuestion

if TYPE_CHECKING:
    from collections.abc import Callable

    from data_pipeline.dashboard.recall import Recalling
    from data_pipeline.dashboard.store import Store

BY = ("category", "country", "channel")
MOST_VALUES = 20
"""A dimension with more of them is left out: none of its values holds many sales."""


def answer_in_advance(reader: Recalling, store: Store, go_on: Callable[[], bool]) -> None:
    """Have the answers remembered, until `go_on` says no; nothing without sales in memory."""
    columns = reader.columns()
    if columns is None:
        return
    known = {name: columns.codings[name].values for name in BY}
    wheres = [
        {name: [value]}
        for name, values in known.items()
        if len(values) <= MOST_VALUES
        for (value,) in values
    ]
    lives = [analysis for analysis in ANALYSES.values() if not analysis.heeds_days]
    for where in wheres:
        for analysis in lives:
            if not go_on():
                return
            start = time.perf_counter()
            scope = Scope(None, None, where, None)
            compute_analysis(analysis, reader, store, AnalysisQuestion.model_validate({}), scope)
            time.sleep(time.perf_counter() - start)  # who asks meanwhile has the other half
