"""What each customer bought, and on which days: read once, put in order by one sort.

Customer and day of a sale are packed into one number, so that sorting numbers is all the work.
Days are numbers of days since 1970-01-01.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from data_pipeline.aggregates.numbering import Keys, Numbers, Totals, scaled_sql, whole_batch
from data_pipeline.sources.arrays import numbers as values_of
from data_pipeline.sources.arrays import of_numbers, valid_where
from data_pipeline.sources.reading import read_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data_pipeline.warehouses import Warehouse

ROWS_AT_ONCE = 20_000_000
"""With more sales than these, a part of the customers is read at a time."""
DAY_US = 86_400_000_000
DAY_BITS, DAY_SHIFT = 22, 1 << 21
"""A day and DAY_SHIFT together are a positive number of so many bits."""


@dataclass(frozen=True, slots=True)
class Bought:
    """What some customers bought. `days` holds a number a sale, packed and in order; the others
    have a value a customer, by place: whether there is a sale or return, sales without an order
    number, and net sales.
    """

    keys: Keys
    days: Numbers
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
        for batch in read_ahead(iter(reader)):
            customer, time, amount, unnumbered = (values_of(batch.column(i)) for i in range(4))
            place = keys.places(customer)
            is_there[place] = True
            net_sales.add(place, amount, keys.size)
            is_sold = amount > 0
            sold = place[is_sold]
            np.add.at(orders, sold, unnumbered[is_sold].astype(np.int64))
            days.append(pack(sold, time[is_sold] // DAY_US))
    packed = np.concatenate([np.zeros(0, np.int64), *days])
    packed.sort()
    return Bought(keys, packed, is_there, orders, net_sales)


def without(now: Bought, came: Bought, gone: Bought) -> Numbers:
    """The days as they were before some sales came and others went; all have the same keys."""
    different = np.flatnonzero(np.diff(came.days, prepend=came.days[:1] - 1))
    sizes = np.diff(different, append=len(came.days))
    copy = np.arange(len(came.days)) - np.repeat(different, sizes)
    stands = np.ones(len(now.days), bool)
    stands[np.searchsorted(now.days, came.days) + copy] = False
    packed = np.concatenate((now.days[stands], gone.days))
    packed.sort()
    return packed


def list_buyers(bought: Bought) -> pa.RecordBatch:
    """A row a customer: first and last buying day, orders without number, net sales."""
    size = bought.keys.size
    place, day = unpack(bought.days)
    first, last = np.zeros(size, np.int32), np.zeros(size, np.int32)
    has_sale = np.zeros(size, bool)
    has_sale[place] = True
    is_first, is_last = np.ones(len(place), bool), np.ones(len(place), bool)
    np.not_equal(place[1:], place[:-1], out=is_first[1:])
    is_last[:-1] = is_first[1:]
    first[place[is_first]], last[place[is_last]] = day[is_first], day[is_last]
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
