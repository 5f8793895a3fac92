"""What is computed before anybody asks: what takes the longest and no period changes.

Tables of parts with many sales, from which much is answered at once that would else be counted.
Analyses of whole lives, by each value of a few dimensions and by two of them; and what orders are
worth and their hours, whose sums by day answer for some days too.
"""

from __future__ import annotations

import math
import time
from functools import partial
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from data_pipeline.dashboard.answers.analyses import ANALYSES, compute_analysis
from data_pipeline.dashboard.answers.scope import Scope
from data_pipeline.dashboard.asking import AnalysisQuestion
from data_pipeline.heap import give_back_freed_memory
from data_pipeline.metrics import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from data_pipeline.dashboard.recall import Recalling
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.frame import Value

BY = ("category", "channel", "country")
MOST_VALUES = 20
"""A dimension with more of them is left out: none of its values holds many sales."""
MANY_SALES = 100_000
"""Of fewer sales, about, an answer is computed in no time."""
BREATH_S = 0.01
QUIET_S = 5.0
"""When nobody has asked for so long, nobody is taken to be looking."""

Where = dict[str, list[Any]]


def answer_in_advance(
    reader: Recalling,
    store: Store,
    go_on: Callable[[], bool],
    is_busy: Callable[[], bool] = lambda: False,
    asked_at: Callable[[], float] = lambda: -math.inf,
) -> None:
    """Have the answers remembered, until `go_on` says no; nothing without sales in memory. While
    others ask, they come first; when they last did, `asked_at` says by the monotonic clock.
    """
    columns = reader.columns()
    if columns is None:
        return
    for step in _steps(reader, store, columns):
        if not go_on():
            return
        start = time.monotonic()
        step()
        if asked_at() > start - QUIET_S:
            time.sleep(time.monotonic() - start)  # who asks meanwhile has the other half
        while is_busy() and go_on():
            time.sleep(BREATH_S)


def _steps(reader: Recalling, store: Store, columns: Columns) -> Iterator[Callable[[], Any]]:
    yield from columns.prepare_parts()
    yield give_back_freed_memory  # to make the tables took more of it than answers do
    computed = [analysis for analysis in ANALYSES.values() if not analysis.heeds_days]
    computed.append(ANALYSES["order_values"])
    asked = AnalysisQuestion.model_validate({})
    for where in find_filters(columns):
        scope = Scope(None, None, where, None)
        for analysis in computed:
            yield partial(compute_analysis, analysis, reader, store, asked, scope)
        yield partial(columns.prepare_hours, ask(["orders"], where=where))


def find_filters(columns: Columns) -> list[Where]:
    """Each value, and each two of two dimensions that many sales have, about; those of which there
    are most sales first.
    """
    sizes = {name: _sizes(columns, name) for name in BY}
    everything = int(columns.starts[-1])
    found = [(size, {name: [value]}) for name in BY for value, size in sizes[name]]
    for one, other in combinations(BY, 2):
        for (value, size), (with_value, with_size) in product(sizes[one], sizes[other]):
            about = size * with_size // everything
            if about >= MANY_SALES:
                found.append((about, {one: [value], other: [with_value]}))
    return [where for _, where in sorted(found, key=lambda pair: -pair[0])]


def _sizes(columns: Columns, name: str) -> list[tuple[Value, int]]:
    """The values of a dimension with few of them, and how many sales each has."""
    values, bounds = columns.codings[name].values, columns.indexes[name].bounds
    if len(values) > MOST_VALUES:
        return []
    return [(row[0], size) for row, size in zip(values, np.diff(bounds).tolist(), strict=True)]
