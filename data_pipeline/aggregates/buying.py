"""What each customer bought, and on which days: read once, put in order by sorting numbers.

Customer and day of a sale are packed into one number, so that sorting numbers is all the work. They
are sorted in pieces, each of a range of customers, which threads share. Days are numbers of days
since 1970-01-01.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from data_pipeline.aggregates.numbering import Keys, Numbers, Totals, scaled_sql, whole_batch
from data_pipeline.sources.arrays import numbers as values_of
from data_pipeline.sources.arrays import of_numbers, valid_where
from data_pipeline.sources.reading import read_ahead
from data_pipeline.sources.sorting import DIGIT_BITS, order_by_digit, sort_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from data_pipeline.warehouses import Warehouse

Made = TypeVar("Made")

ROWS_AT_ONCE = 20_000_000
"""With more sales than these, a part of the customers is read at a time."""
DAYS_A_PIECE = 500_000
"""About so many packed days are in a piece."""
THREADS = 2
DAY_US = 86_400_000_000
DAY_BITS, DAY_SHIFT = 22, 1 << 21
"""A day and DAY_SHIFT together are a positive number of so many bits."""
_NONE: Numbers = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Bought:
    """What some customers bought. `days` holds a number a sale, packed and in order, in pieces: all
    of a customer are in one. The others have a value a customer, by place: whether there is a sale
    or return, sales without an order number, and net sales.
    """

    keys: Keys
    days: list[Numbers]
    is_there: Numbers
    orders: Numbers
    net_sales: Totals


def pack(places: Numbers, days: Numbers) -> Numbers:
    """Customers' places and days as one number each, whose order is by place, then day."""
    packed: Numbers = (places.astype(np.int64, copy=False) << DAY_BITS) | (days + DAY_SHIFT)
    return packed


def unpack(packed: Numbers) -> tuple[Numbers, Numbers]:
    """The places and days again."""
    return packed >> DAY_BITS, (packed & ((1 << DAY_BITS) - 1)) - DAY_SHIFT


def without_copies(ordered: Numbers) -> Numbers:
    """Numbers in order, each once."""
    is_new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    return ordered[is_new]


def read_parts(warehouse: Warehouse, lines: str, sale_time: str) -> Iterator[Bought]:
    """What the customers of some sales bought, guests left out; a part of them at a time."""
    known = f'{lines} AS s WHERE s."customer_id" <> 0'
    keys = Keys.read(warehouse, 's."customer_id"', known)
    ((rows,),) = warehouse.rows(f"SELECT COUNT(*) FROM {known}")
    parts = max(1, -(-int(rows) // ROWS_AT_ONCE))
    for part in range(parts):
        chosen = f' AND MOD(s."customer_id", {parts}) = {part}' if parts > 1 else ""
        yield read_bought(warehouse, keys, known + chosen, sale_time)


def read_bought(warehouse: Warehouse, keys: Keys, known: str, sale_time: str) -> Bought:
    """What customers bought; `known` is what stands behind FROM, their sales `s`."""
    amount_sql = scaled_sql('s."total_sales"')
    unnumbered_sql = 'CASE WHEN s."order_id" IS NULL THEN 1 ELSE 0 END'
    sql = (
        f'SELECT s."customer_id" AS customer_id, {sale_time} AS sale_time,'
        f" {amount_sql} AS amount, {unnumbered_sql} AS unnumbered FROM {known}"
    )
    is_there, orders = np.zeros(keys.size, bool), np.zeros(keys.size, np.int64)
    net_sales, days = Totals(keys.size), list[Numbers]()
    with warehouse.read(sql) as reader:
        for some in read_ahead(_look(keys, batch) for batch in reader):
            is_there[some.place] = True
            net_sales.add(some.place, some.amount, keys.size)
            np.add.at(orders, some.sold, some.unnumbered)
            days.append(some.days)
    return Bought(keys, sort_days(days, keys.size), is_there, orders, net_sales)


@dataclass(frozen=True, slots=True)
class _Some:
    """Some sales: customers' places and amounts; of those that are no returns the customers,
    whether they lack an order number, and the packed days, in order of the customers' ranges.
    """

    place: Numbers
    amount: Numbers
    sold: Numbers
    unnumbered: Numbers
    days: Numbers


def _look(keys: Keys, batch: pa.RecordBatch) -> _Some:
    customer, time, amount, unnumbered = (values_of(batch.column(i)) for i in range(4))
    place = keys.places(customer)
    is_sold = amount > 0
    sold = place[is_sold]
    days = pack(sold, time[is_sold] // DAY_US)
    days = days[order_by_digit(days, DAY_BITS + _range_bits(keys.size))]
    return _Some(place, amount, sold, unnumbered[is_sold].astype(np.int64), days)


def _range_bits(customers: int) -> int:
    """Ranges hold two to the power of so many customers; a number of 16 bits tells them apart."""
    return max(0, customers.bit_length() - DIGIT_BITS)


def sort_days(lists: list[Numbers], customers: int) -> list[Numbers]:
    """Packed days of so many customers in order, in pieces, from lists that are in order at least
    of the customers' ranges.
    """
    pieces = -(-sum(map(len, lists)) // DAYS_A_PIECE)
    bits = _range_bits(customers)
    ranges = np.arange(pieces + 1) * ((customers >> bits) + 1) // max(pieces, 1)
    edges = ranges << (bits + DAY_BITS)
    cuts = [np.searchsorted(days, edges) for days in lists]

    def sort(piece: int) -> Numbers:
        parts = zip(lists, cuts, strict=True)
        return sort_numbers(np.concatenate([d[c[piece] : c[piece + 1]] for d, c in parts]))

    return [piece for piece in in_threads(sort, range(pieces)) if len(piece)]


def in_threads(work: Callable[[Any], Made], items: Iterable[Any]) -> Iterator[Made]:
    """What becomes of each item, in order; two threads share the work."""
    with ThreadPoolExecutor(THREADS) as workers:
        yield from workers.map(work, items)


def without(now: Bought, came: Bought, gone: Bought) -> list[Numbers]:
    """The days as they were before some sales came and others went; all have the same keys."""
    standing, new, old = (np.concatenate([_NONE, *bought.days]) for bought in (now, came, gone))
    different = np.flatnonzero(np.diff(new, prepend=new[:1] - 1))
    sizes = np.diff(different, append=len(new))
    copy = np.arange(len(new)) - np.repeat(different, sizes)
    stands = np.ones(len(standing), bool)
    stands[np.searchsorted(standing, new) + copy] = False
    return sort_days([standing[stands], old], now.keys.size)


def list_buyers(bought: Bought) -> pa.RecordBatch:
    """A row a customer: first and last buying day, orders without number, net sales."""
    size = bought.keys.size
    first, last = np.zeros(size, np.int32), np.zeros(size, np.int32)
    has_sale = np.zeros(size, bool)

    def find_ends(days: Numbers) -> None:
        place, day = unpack(days)
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        ends = np.append(starts[1:], len(place)) - 1
        buyers = place[starts]
        has_sale[buyers], first[buyers], last[buyers] = True, day[starts], day[ends]

    for _ in in_threads(find_ends, bought.days):
        pass
    there = np.flatnonzero(bought.is_there)
    high, low = bought.net_sales.parts(size)
    is_known = has_sale[there]
    return whole_batch(
        {
            "first_day": valid_where(of_numbers(first[there], pa.date32()), is_known),
            "last_day": valid_where(of_numbers(last[there], pa.date32()), is_known),
        },
        {
            "customer_id": bought.keys.at(there),
            "orders": bought.orders[there],
            "net_sales_high": high[there],
            "net_sales_low": low[there],
        },
    )
