"""What each customer bought, and on which days: read once, put in order by sorting numbers.

Customer and day of a sale are packed into one number, of 32 bits where that is enough, so that
sorting numbers is all the work. What follows from the days is counted in pieces, each of a range of
customers, which threads share. Days are numbers of days since 1970-01-01.
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


@dataclass(frozen=True, slots=True)
class Packing:
    """How customers' places and days, from `low` on, are one number each: in order by place, then
    day. A day takes `bits` of it.
    """

    low: int
    bits: int
    type: type[np.uint32 | np.int64]

    @classmethod
    def of(cls, customers: int, days: tuple[int, int]) -> Packing:
        """The packing of so many customers and the days from the first to the last one."""
        low, high = days
        bits = (high - low).bit_length()
        return cls(low, bits, np.uint32 if customers.bit_length() + bits <= 32 else np.int64)

    def pack(self, places: Numbers, days: Numbers) -> Numbers:
        packed: Numbers = (places.astype(np.int64, copy=False) << self.bits) | (days - self.low)
        return packed.astype(self.type)

    def unpack(self, packed: Numbers) -> tuple[Numbers, Numbers]:
        """The places, and the days counted from `low` on."""
        places, days = packed >> self.bits, packed & ((1 << self.bits) - 1)
        signed = np.dtype(f"i{packed.itemsize}")
        return places.view(signed), days.view(signed)


@dataclass(frozen=True, slots=True)
class Days:
    """On which days customers bought: packed, in order, one a sale, in pieces that each hold all
    days of their customers.
    """

    keys: Keys
    packing: Packing
    pieces: list[Numbers]

    @classmethod
    def sort(cls, keys: Keys, packing: Packing, lists: Iterable[Numbers]) -> Days:
        """Put lists of packed days in order."""
        days = np.concatenate([np.zeros(0, packing.type), *lists])
        days.sort()
        near = days[DAYS_A_PIECE::DAYS_A_PIECE] >> packing.bits << packing.bits
        cuts = np.unique(np.searchsorted(days, near))
        return cls(keys, packing, [piece for piece in np.split(days, cuts) if len(piece)])

    @property
    def all(self) -> Numbers:
        return np.concatenate([np.zeros(0, self.packing.type), *self.pieces])


@dataclass(frozen=True, slots=True)
class Bought:
    """What some customers bought. But for the days, there is a value a customer, by place: whether
    there is a sale or return, sales without an order number, and net sales.
    """

    days: Days
    is_there: Numbers
    orders: Numbers
    net_sales: Totals


def without_copies(ordered: Numbers) -> Numbers:
    """Numbers in order, each once."""
    is_new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    return ordered[is_new]


def read_parts(
    warehouse: Warehouse, lines: str, sale_time: str, days: tuple[int, int]
) -> Iterator[Bought]:
    """What the customers of some sales bought, guests left out; a part of them at a time. All sales
    are between the first and the last of the `days`.
    """
    known = f'{lines} AS s WHERE s."customer_id" <> 0'
    keys = Keys.read(warehouse, 's."customer_id"', known)
    ((rows,),) = warehouse.rows(f"SELECT COUNT(*) FROM {known}")
    parts = max(1, -(-int(rows) // ROWS_AT_ONCE))
    for part in range(parts):
        chosen = f' AND MOD(s."customer_id", {parts}) = {part}' if parts > 1 else ""
        yield read_bought(warehouse, keys, known + chosen, sale_time, days)


def read_bought(
    warehouse: Warehouse, keys: Keys, known: str, sale_time: str, days: tuple[int, int]
) -> Bought:
    """What customers bought; `known` is what stands behind FROM, their sales `s`."""
    amount_sql = scaled_sql('s."total_sales"')
    unnumbered_sql = 'CASE WHEN s."order_id" IS NULL THEN 1 ELSE 0 END'
    sql = (
        f'SELECT s."customer_id" AS customer_id, {sale_time} AS sale_time,'
        f" {amount_sql} AS amount, {unnumbered_sql} AS unnumbered FROM {known}"
    )
    is_there, orders = np.zeros(keys.size, bool), np.zeros(keys.size, np.int64)
    net_sales, lists = Totals(keys.size), list[Numbers]()
    packing = Packing.of(keys.size, days)
    with warehouse.read(sql) as reader:
        for some in read_ahead(_look(keys, packing, batch) for batch in reader):
            is_there[some.place] = True
            net_sales.add(some.place, some.amount, keys.size)
            np.add.at(orders, some.unnumbered, 1)
            lists.append(some.days)
    return Bought(Days.sort(keys, packing, lists), is_there, orders, net_sales)


@dataclass(frozen=True, slots=True)
class _Some:
    """Some sales: customers' places and amounts; of those that are no returns the packed days, and
    the customers of those without an order number.
    """

    place: Numbers
    amount: Numbers
    days: Numbers
    unnumbered: Numbers


def _look(keys: Keys, packing: Packing, batch: pa.RecordBatch) -> _Some:
    customer, time, amount, unnumbered = (values_of(batch.column(i)) for i in range(4))
    place, is_sold = keys.places(customer), amount > 0
    days = packing.pack(place, time // DAY_US)[is_sold]
    return _Some(place, amount, days, place[is_sold & (unnumbered != 0)])


def in_threads(work: Callable[[Any], Made], items: Iterable[Any]) -> Iterator[Made]:
    """What becomes of each item, in order; two threads share the work."""
    with ThreadPoolExecutor(THREADS) as workers:
        yield from workers.map(work, items)


def without(now: Days, came: Days, gone: Days) -> Days:
    """The days as they were before some sales came and others went; all are packed alike."""
    standing, new = now.all, came.all
    different = np.flatnonzero(np.diff(new, prepend=new[:1] - 1))
    sizes = np.diff(different, append=len(new))
    copy = np.arange(len(new)) - np.repeat(different, sizes)
    stands = np.ones(len(standing), bool)
    stands[np.searchsorted(standing, new) + copy] = False
    return Days.sort(now.keys, now.packing, [standing[stands], gone.all])


def list_buyers(bought: Bought) -> pa.RecordBatch:
    """A row a customer: first and last buying day, orders without number, net sales."""
    days, size = bought.days, bought.days.keys.size
    first, last = np.zeros(size, np.int32), np.zeros(size, np.int32)
    has_sale = np.zeros(size, bool)

    def find_ends(piece: Numbers) -> None:
        place, day = days.packing.unpack(piece)
        is_last = np.ones(len(place), bool)
        np.not_equal(place[1:], place[:-1], out=is_last[:-1])
        ends = np.flatnonzero(is_last)
        buyers, starts = place[ends], np.concatenate(([0], ends[:-1] + 1))
        has_sale[buyers], first[buyers], last[buyers] = True, day[starts], day[ends]

    for _ in in_threads(find_ends, days.pieces):
        pass
    there = np.flatnonzero(bought.is_there)
    high, low = bought.net_sales.parts(size)
    is_known = has_sale[there]

    def dates(of: Numbers) -> pa.Array:
        return valid_where(
            of_numbers(of[there] + np.int32(days.packing.low), pa.date32()), is_known
        )

    return whole_batch(
        {"first_day": dates(first), "last_day": dates(last)},
        {
            "customer_id": days.keys.at(there),
            "orders": bought.orders[there],
            "net_sales_high": high[there],
            "net_sales_low": low[there],
        },
    )
