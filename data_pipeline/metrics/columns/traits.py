"""Sales of known customers by what follows from each, a trait, added up by days."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.counting import sum_by
from data_pipeline.metrics.columns.parts import ALL_SALES, Part

if TYPE_CHECKING:
    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.columns.selection import Whole

Numbers = NDArray[Any]
GUEST = 0
TRAITS = ("birth_year", "mail_domain", "country")
"""What has few values. No dimension is the year of birth: only ages are made of it."""
SALES_A_CELL = 16
"""With fewer sales for each cell of a table, it is as quick to look at them."""


@dataclass(frozen=True, slots=True)
class ByTrait:
    """By place of the trait, how many sales there are, and net sales in ten-thousandths; behind the
    last place those of guests.
    """

    rows: Numbers
    net_sales: Numbers


@dataclass
class Traits:
    """The tables of parts: a row a day and one more, what lies before that day."""

    _kept: dict[tuple[Part, str], ByTrait] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(one.rows.nbytes + one.net_sales.nbytes for one in self._kept.values())

    def prepare(self, columns: Columns, part: Part, name: str) -> None:
        """Make the table of a part, unless it has few sales."""
        coding, days = columns.codings[name], len(columns.starts) - 1
        size = len(coding.values)
        if part.size(columns) < SALES_A_CELL * days * size:
            return
        of = coding.places.astype(np.int32)
        of[GUEST] = size
        edges, rows = part.find_days(columns, np.arange(days + 1)), part.rows(columns)
        counts, sums = (np.zeros((days + 1, size + 1), np.int64) for _ in range(2))
        for day in range(days):
            some = slice(int(edges[day]), int(edges[day + 1]))
            chosen = some if rows is None else rows[some]
            place = of[columns.of_sale["customer"][chosen]]
            counts[day + 1] = np.bincount(place, minlength=size + 1)
            sums[day + 1] = sum_by(place, columns.of_sale["total_sales"][chosen], size + 1)
        self._kept[part, name] = ByTrait(counts.cumsum(axis=0), sums.cumsum(axis=0))

    def find(self, whole: Whole | None, name: str) -> ByTrait | None:
        """Those of a part in some days; None without a table."""
        if whole is None or len(whole.parts) > 1:
            return None
        kept = self._kept.get((next(iter(whole.parts), ALL_SALES), name))
        if kept is None:
            return None
        tables = (kept.rows, kept.net_sales)
        return ByTrait(*(table[whole.end] - table[whole.first] for table in tables))
