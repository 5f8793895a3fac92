"""From days of selling to content for a raw file, with its answers: the work of one thread."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data_pipeline.simulator import lateness
from data_pipeline.simulator.answer_key import KEY_SCHEMA, answers, in_order, key_rows
from data_pipeline.simulator.demand import SECONDS_A_DAY
from data_pipeline.simulator.dirt import KINDS, Chance, Dirty, Kind, Marks, soil
from data_pipeline.simulator.dirt.sheet import QUARANTINED
from data_pipeline.simulator.parameters import Parameters
from data_pipeline.simulator.randomness import Ints
from data_pipeline.simulator.records import (
    Batch,
    batch_of,
    customer_records,
    product_records,
    sales_batch,
)
from data_pipeline.simulator.sales import Business, Lines
from data_pipeline.simulator.state import no_lines
from data_pipeline.simulator.writer import data_of, dirty_table, spliced, text_table


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


@dataclass(frozen=True)
class Target:
    """The raw file that content is for."""

    table: str
    file: str
    as_text: bool
    """Whether it has lines; if not, it is Parquet."""
    fewest: int = 0
    """Fewer records than these get no defects."""


def prepare_sales(business: Business, target: Target, sold: Lines, ids: Ints, day: Ints) -> Ready:
    """Return the content of some sales, in order of the `day` with which they arrive."""
    p = business.parameters
    late = lateness.orphans(business, sold, day)
    waiting = late.customer | late.product
    planting = _Planting(
        ids, np.searchsorted(day, day, side="right"), sold.quantity * sold.price, waiting
    )
    ready, dirty = _prepared(sales_batch(business, sold, ids), target, p, planting)
    parts = [ready.key]
    for kind, mask in (("customer", late.customer), ("product", late.product & ~late.customer)):
        rows = np.flatnonzero(mask)
        marks = Marks(rows, f"late_{kind}", QUARANTINED, f"orphan_{kind}", f"{kind}_id", None)
        parts.append(key_rows("sales", target.file, ready.starts[rows], ids[rows], marks))
    waits = np.flatnonzero(waiting)
    none = np.zeros(0, np.int64)
    return replace(
        ready,
        key=in_order(pa.concat_tables(parts)),
        sold=sold,
        ids=ids,
        unloaded=waits if dirty is None else np.union1d(dirty.lost, waits),
        waiting=waits,
        amount_more=(none, none) if dirty is None else dirty.amount_more,
    )


def prepare_customers(business: Business, target: Target, index: Ints) -> Ready:
    """Return the content of the customers with these indexes, which rise."""
    records = customer_records(business, index)
    return _prepared(batch_of(records), target, business.parameters, _dimension(index))[0]


def prepare_products(business: Business, target: Target, index: Ints, day: int) -> Ready:
    """Return the content of the products with these indexes and their prices of `day`."""
    records = product_records(business, index, day)
    return _prepared(batch_of(records), target, business.parameters, _dimension(index))[0]


@dataclass(frozen=True)
class _Planting:
    """What defects have to know of records: see `soil`."""

    keys: Ints
    until: Ints
    amount: Ints
    spare: npt.NDArray[np.bool_] | None = None


def _dimension(index: Ints) -> _Planting:
    n = len(index)
    return _Planting(index + 1, np.full(n, n), np.zeros(n, np.int64))


def kinds(table: str, as_text: bool) -> tuple[Kind, ...]:
    """Return the kinds of defects that a file can have; Parquet has no lines to break."""
    return tuple(k for k in KINDS[table] if as_text or not k.structural)


def merged(sold: list[Lines], due: list[Lines]) -> Lines:
    """Return the sales of some days and the returns of earlier ones that come in them, by time."""
    back = Lines.join([no_lines(), *due])
    both = Lines.join([*sold, back.take(_in_order_of_return(back))])
    return both.take(np.argsort(both.second, kind="stable"))


def _in_order_of_return(back: Lines) -> Ints:
    """Return the order of returns by second; those of one second by order, product, quantity."""
    rows = np.argsort(back.second, kind="stable")
    second = back.second[rows]
    again = np.diff(second) == 0
    at = np.flatnonzero(np.append(again, False) | np.insert(again, 0, False))
    tied = rows[at]
    keys = (back.quantity[tied], back.product[tied], back.order[tied], back.second[tied])
    rows[at] = tied[np.lexsort(keys)]
    return rows


def day_of(business: Business, seconds: Ints) -> Ints:
    """Return the store's day of each moment."""
    return seconds // SECONDS_A_DAY - business.demand.epoch_day(0)


def _prepared(
    batch: Batch, target: Target, p: Parameters, planting: _Planting
) -> tuple[Ready, Dirty | None]:
    """Return records as content with defects, and what these are."""
    n, table, file, keys = batch.n, target.table, target.file, planting.keys
    share = p.defects if n >= target.fewest else 0.0
    dirty = soil(
        batch.part,
        kinds(table, target.as_text),
        Chance(share, p.seed, table, keys),
        planting.until,
        planting.amount,
        planting.spare,
    )
    if dirty is None:
        key = KEY_SCHEMA.empty_table()
        return Ready(clean_content(batch, target, p), n, n, key, np.arange(n)), None
    if target.as_text:
        content = data_of(spliced(batch.csv(), dirty))
    else:
        content = dirty_table(batch.whole(), dirty)
    lines = dirty.lines(target.as_text)
    key = answers(table, file, lines.of_planted, dirty, keys)
    return Ready(content, lines.total, dirty.records, key, lines.of_rows), dirty


def clean_content(batch: Batch, target: Target, p: Parameters) -> pa.Buffer | pa.Table:
    """Return records as content without defects; a Parquet file that may have some is text."""
    if target.as_text:
        return data_of(batch.csv())
    return text_table(batch.whole()) if p.defects > 0 else batch.whole()
