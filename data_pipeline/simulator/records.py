"""The three tables as Arrow records in the columns and the order of their raw files.

Names and order of columns are those of the contract; sales leave `total_sales` to the pipeline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data_pipeline.contract import TABLES
from data_pipeline.simulator.customers import joining_seconds
from data_pipeline.simulator.demand import SECONDS_A_DAY
from data_pipeline.simulator.identities import identify, product_names
from data_pipeline.simulator.randomness import Ints
from data_pipeline.simulator.sales import Business, Lines
from data_pipeline.simulator.sales_csv import sales_csv
from data_pipeline.simulator.writer import csv_field, csv_lines

COLUMNS = {name: tuple(c.name for c in table.raw_columns) for name, table in TABLES.items()}
INSTANT = pa.timestamp("s")


def money(hundredths: Ints) -> pa.Array:
    """Return whole hundredths as exact decimals with two places, without a float on the way."""
    words = np.empty((len(hundredths), 2), dtype=np.int64)
    words[:, 0] = hundredths
    words[:, 1] = hundredths >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(hundredths), [None, pa.py_buffer(words)])


def instants(seconds: Ints) -> pa.Array:
    """Return seconds since 1970 as timestamps."""
    return pa.array(seconds).view(INSTANT)


@dataclass(frozen=True)
class Batch:
    """Records of one table, as a table or as lines of CSV."""

    n: int
    part: Callable[[Ints], pa.Table]
    """Some rows."""
    whole: Callable[[], pa.Table]
    csv: Callable[[], pa.LargeBinaryArray]


def batch_of(records: pa.Table) -> Batch:
    """Return a table as a batch."""
    return Batch(
        len(records),
        lambda rows: records.take(pa.array(rows)),
        lambda: records,
        lambda: csv_lines(records),
    )


def sales_batch(business: Business, lines: Lines, ids: Ints) -> Batch:
    """Return sales as a batch; guests have no customer, none an `updated` second."""
    channels = [csv_field(name) for name, _ in business.parameters.channels]
    return Batch(
        len(lines),
        lambda rows: sales_records(business, lines.take(rows), ids[rows]),
        lambda: sales_records(business, lines, ids),
        lambda: sales_csv(lines, ids, channels),
    )


def sales_records(
    business: Business, lines: Lines, ids: Ints, updated: Ints | None = None
) -> pa.Table:
    """Return sales as the raw file has them; guests have no customer, most no `updated` second."""
    n = len(lines)
    channels = pa.array([name for name, _ in business.parameters.channels])
    return _in_order(
        "sales",
        {
            "transaction_id": pa.array(ids),
            "order_id": pa.array(lines.order),
            "customer_id": pa.array(lines.customer, mask=lines.customer == 0),
            "product_id": pa.array(lines.product),
            "quantity": pa.array(lines.quantity),
            "price": money(lines.price),
            "discount": money(lines.discount),
            "channel": channels.take(pa.array(lines.channel)),
            "timestamp": instants(lines.second),
            "updated_at": pa.nulls(n, INSTANT) if updated is None else instants(updated),
        },
    )


def customer_records(business: Business, index: Ints) -> pa.Table:
    """Return the customers with these indexes, which rise, as the raw file has them."""
    seed = business.parameters.seed
    joined = business.everyone.joined[index].astype(np.int64)
    moment = (joined + business.demand.epoch_day(0)) * SECONDS_A_DAY
    moment = moment + joining_seconds(business.demand, index)
    return _in_order(
        "customers",
        {
            "customer_id": pa.array(index + 1),
            **identify(seed, index),
            "registered_at": instants(moment),
            "updated_at": instants(moment),
        },
    )


def product_records(business: Business, index: Ints, day: int) -> pa.Table:
    """Return products with their prices of `day` as the raw file has them."""
    p, catalogue = business.parameters, business.catalogue
    category = catalogue.category[index].astype(np.int64)
    names = tuple(c.name for c in p.categories)
    since = catalogue.price_since(day)[index] + business.demand.epoch_day(0)
    return _in_order(
        "products",
        {
            "product_id": pa.array(index + 1),
            "name": product_names(p.seed, index, names, category),
            "category": pa.array(names).take(pa.array(category)),
            "price": money(catalogue.prices(index, day)),
            "cost": money(catalogue.costs()[index]),
            "updated_at": instants(since * SECONDS_A_DAY),
        },
    )


def _in_order(table: str, columns: dict[str, pa.Array]) -> pa.Table:
    return pa.table({name: columns[name] for name in COLUMNS[table]})
