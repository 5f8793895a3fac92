"""Which sums of products and customers are kept, and what of them answers a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.parts import ALL_SALES, Part
from data_pipeline.metrics.columns.selection import find_days, find_wanted
from data_pipeline.metrics.columns.spans import MOST_CELLS, find_spans

if TYPE_CHECKING:
    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.columns.spans import Spans
    from data_pipeline.metrics.question import Question

Numbers = NDArray[Any]
PERIODS = ("month", "quarter", "year")
SUMMED = {"product": 8, "customer": 2}
"""What sums are kept of, and about how many different ones."""
MOST_BYTES = 8
"""For each sale of a value of a dimension, at most so many bytes of sums of its own."""
CELL = 4
"""Bytes of a sum, nearly always."""
SUMS_A_SALE = 8
"""About so many sums are added in the time that one sale takes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Sums that answer a question: from place `low` to `high` of the sales that they add up, of the
    numbers that pass.
    """

    spans: Spans
    low: int
    high: int
    passes: Numbers | None

    def reads(self, size: int) -> int:
        """How many sales could be read in about the same time."""
        first, last = self.spans.whole(self.low, self.high)
        if first >= last:
            return self.high - self.low
        bounds = self.spans.bounds
        inside = int(bounds[last] - bounds[first])
        return self.high - self.low - inside + (last - first) * size // SUMS_A_SALE


def keep_sums(columns: Columns, column: str, part: Part) -> bool:
    """Keep the sums of a part from now on; False when it is to have none: it has too few sales, or
    the number of the column says by itself whether a sale is in it.
    """
    if part.of and columns.codings[part.of].column == column:
        return False
    sales, rows = part.size(columns), part.rows(columns)
    most = sales * MOST_BYTES // CELL // SUMMED[column] if part.of else max(MOST_CELLS, sales)
    bounds = (part.find_days(columns, columns.first_days(period)) for period in PERIODS)
    spans = find_spans(bounds, columns.size_of(column), most, rows)
    if spans:
        columns.sums[column, part] = spans
    return spans is not None


def are_sums_quicker(columns: Columns, column: str, question: Question) -> bool:
    """Whether they answer the question, sooner than the sales would."""
    kept = find_sums(columns, column, question)
    size = columns.size_of(column)
    return kept is not None and kept.reads(size) < len(columns.select(question))


def find_sums(columns: Columns, column: str, question: Question) -> Kept | None:
    """The sums for the numbers of a column; None when there are none of such sales. Filters on
    what follows from the number say which of them pass.
    """
    passes, part = None, ALL_SALES
    for dimension, values in question.where:
        coding = columns.codings[dimension.name]
        wanted = find_wanted(coding, values)
        if coding.column == column:
            own = wanted[coding.places]
            passes = own if passes is None else passes & own
            continue
        places = np.flatnonzero(wanted)
        if part != ALL_SALES or len(places) != 1:
            return None
        part = Part(dimension.name, int(places[0]))
    spans = columns.sums.get((column, part))
    if spans is None:
        return None
    low, high = part.find_days(columns, np.array(find_days(columns, question))).tolist()
    return Kept(spans, low, high, passes)
