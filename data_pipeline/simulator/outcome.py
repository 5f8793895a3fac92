"""What a batch of sales means for the books, and for the days to come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from data_pipeline.simulator import lateness
from data_pipeline.simulator.answer_key import Totals
from data_pipeline.simulator.batches import Ready, day_of
from data_pipeline.simulator.records import COLUMNS
from data_pipeline.simulator.sales import Business
from data_pipeline.simulator.state import Pending, pending

Progress = Callable[[int, int], None]
"""Called with how many sales are written and about how many there will be."""


@dataclass(frozen=True)
class Made:
    """What was written."""

    out: Path
    files: tuple[str, ...]
    customers: int
    products: int
    sales: int
    defects: int
    """Records that the answer key speaks of."""
    first_day: str
    last_day: str


def count(totals: Totals, ready: Ready) -> None:
    """Add a batch to the true totals."""
    sold = ready.sold
    assert sold is not None
    assert ready.unloaded is not None
    assert ready.amount_more is not None
    amount = sold.quantity * sold.price
    totals.add(sold.second, amount, sold=1, loaded=1)
    totals.add(sold.second[ready.unloaded], amount[ready.unloaded], loaded=-1)
    rows, more = ready.amount_more
    totals.change(sold.second[rows], more)


def corrections_ahead(business: Business, ready: Ready, from_day: int) -> Pending:
    """Return the sales of a batch that daily files from that day on will correct."""
    assert ready.sold is not None
    assert ready.ids is not None
    day = day_of(business, ready.sold.second)
    recent = np.flatnonzero(day >= from_day - lateness.CORRECTED_WITHIN_DAYS)
    sold, ids = ready.sold.take(recent), ready.ids[recent]
    after = lateness.corrected_after_days(business, sold, ids, day[recent])
    due = np.where(after > 0, day[recent] + after, -1)
    goes = np.flatnonzero(due >= from_day)
    return pending(due[goes], ids[goes], ready.starts[recent[goes]], sold.take(goes))


def orphans_ahead(ready: Ready, due: int) -> Pending:
    """Return the sales of a batch that the next day's customers and products bring in."""
    assert ready.sold is not None
    assert ready.ids is not None
    assert ready.waiting is not None
    rows = ready.waiting
    return pending(
        np.full(len(rows), due), ready.ids[rows], ready.starts[rows], ready.sold.take(rows)
    )


def schema_of(table: str, ready: Ready) -> pa.Schema:
    """Return the columns of a raw file whose first content this is."""
    if isinstance(ready.content, pa.Table):
        return ready.content.schema
    return pa.schema([(name, pa.string()) for name in COLUMNS[table]])
