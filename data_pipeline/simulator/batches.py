"""From days of selling to content for a raw file, with its answers: the work of one thread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data_pipeline.simulator import lateness
from data_pipeline.simulator.answer_key import answers, in_order, key_rows
from data_pipeline.simulator.demand import SECONDS_A_DAY
from data_pipeline.simulator.dirt import KINDS, Dirty, Kind, Marks, soil
from data_pipeline.simulator.dirt.sheet import QUARANTINED
from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.randomness import Ints
from data_pipeline.simulator.records import customer_records, product_records, sales_records
from data_pipeline.simulator.sales import Business, Lines
from data_pipeline.simulator.writer import csv_buffer, dirty_csv, dirty_table, text_table


@dataclass(frozen=True)
class Ready:
    """Content for a raw file; lines in `key` and `starts` count from 0, the content's first."""

    content: pa.Buffer | pa.Table
    lines: int
    rows: int
    key: pa.Table
    starts: Ints
    """The line of each record of the batch."""
    sold: Lines | None = None
    ids: Ints | None = None
    unloaded: Ints | None = None
    """Rows of the batch that are not loaded as they are, or not yet."""
    waiting: Ints | None = None
    """Those of them that the next day's customers and products bring in."""
    amount_more: tuple[Ints, Ints] | None = None


def prepare_sales(
    business: Business, sold: Lines, ids: Ints, file: str, as_text: bool, day: Ints, fewest: int = 0
) -> Ready:
    """Return the content of some sales, in order of the `day` with which they arrive.

    Fewer records than `fewest` get no defects.
    """
    p = business.parameters
    share = p.defects if len(ids) >= fewest else 0.0
    records = sales_records(business, sold, ids)
    amount = sold.quantity * sold.price
    late = lateness.orphans(business, sold, day)
    waiting = late.customer | late.product
    dirty = soil(
        records, kinds("sales", as_text), share, p.seed, "sales", ids,
        np.searchsorted(day, day, side="right"), amount, waiting,
    )  # fmt: skip
    ready = _ready(records, dirty, "sales", file, ids, p.defects, as_text, plain=True)
    parts = [ready.key]
    for kind, mask in (("customer", late.customer), ("product", late.product & ~late.customer)):
        rows = np.flatnonzero(mask)
        marks = Marks(rows, f"late_{kind}", QUARANTINED, f"orphan_{kind}", f"{kind}_id", None)
        parts.append(key_rows("sales", file, ready.starts[rows], ids[rows], marks))
    lost = np.flatnonzero(waiting) if dirty is None else np.union1d(dirty.lost, waiting.nonzero()[0])
    none = np.zeros(0, np.int64)
    return Ready(
        ready.content,
        ready.lines,
        ready.rows,
        in_order(pa.concat_tables(parts)),
        ready.starts,
        sold,
        ids,
        lost,
        np.flatnonzero(waiting),
        (none, none) if dirty is None else dirty.amount_more,
    )


def prepare_customers(
    business: Business, index: Ints, file: str, as_text: bool, fewest: int = 0
) -> Ready:
    """Return the content of the customers with these indexes, which rise."""
    p = business.parameters
    records = customer_records(business, index)
    return _prepare_dimension(records, "customers", index, file, as_text, p, fewest)


def prepare_products(
    business: Business, index: Ints, day: int, file: str, as_text: bool, fewest: int = 0
) -> Ready:
    """Return the content of the products with these indexes and their prices of `day`."""
    p = business.parameters
    records = product_records(business, index, day)
    return _prepare_dimension(records, "products", index, file, as_text, p, fewest)


def _prepare_dimension(
    records: pa.Table,
    table: str,
    index: Ints,
    file: str,
    as_text: bool,
    p: Parameters,
    fewest: int,
) -> Ready:
    n = len(index)
    share = p.defects if n >= fewest else 0.0
    dirty = soil(
        records, kinds(table, as_text), share, p.seed, table, index + 1,
        np.full(n, n), np.zeros(n, np.int64),
    )  # fmt: skip
    return _ready(records, dirty, table, file, index + 1, p.defects, as_text, plain=False)


def kinds(table: str, as_text: bool) -> tuple[Kind, ...]:
    """Return the kinds of defects that a file can have; Parquet has no lines to break."""
    return tuple(k for k in KINDS[table] if as_text or not k.structural)


def merged(sold: Lines, due: Lines) -> Lines:
    """Return a day's sales and the returns of earlier ones, by time."""
    both = Lines.join([sold, due.take(np.lexsort((due.quantity, due.product, due.order, due.second)))])
    return both.take(np.argsort(both.second, kind="stable"))


def day_of(business: Business, seconds: Ints) -> Ints:
    """Return the store's day of each moment."""
    return seconds // SECONDS_A_DAY - business.demand.epoch_day(0)


def _ready(
    records: pa.Table,
    dirty: Dirty | None,
    table: str,
    file: str,
    keys: Ints,
    share: float,
    as_text: bool,
    plain: bool,
) -> Ready:
    n = len(records)
    if dirty is None:
        typed = records if share == 0 else text_table(records)
        content = csv_buffer(records, plain) if as_text else typed
        key = key_rows(table, file, keys[:0], keys[:0], Marks(keys[:0], "", "", None, None, None))
        return Ready(content, n, n, key, np.arange(n))
    content = dirty_csv(records, dirty, plain) if as_text else dirty_table(records, dirty)
    height = dirty.lines if as_text else np.ones_like(dirty.lines)
    starts = np.cumsum(height) - height
    place = np.empty(int(dirty.order.max()) + 1, np.int64)
    place[dirty.order] = np.arange(len(dirty.order))
    # A changed record stands where its clean one would; the clean one is not in the order.
    source = np.arange(n)
    source[dirty.rows] = n + np.arange(len(dirty.rows))
    key = answers(table, file, starts, dirty, keys)
    return Ready(content, int(height.sum()), len(dirty.order), key, starts[place[source]])
