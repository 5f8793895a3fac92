"""What is known of customers and products, by place, to tell a sale its cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data_pipeline.aggregates.numbering import Keys, Numbers, read_columns, scaled_sql
from data_pipeline.sources.arrays import numbers as values_of

if TYPE_CHECKING:
    from data_pipeline.aggregates.side import Side
    from data_pipeline.warehouses import Warehouse

NEVER = np.iinfo(np.int32).min
"""The first buying day of those who never bought."""


@dataclass(frozen=True, slots=True)
class Customers:
    """What is known of customers, by place: first buying day and country's place."""

    keys: Keys
    first_days: Numbers
    countries: Numbers | None
    names: list[str]


@dataclass(frozen=True, slots=True)
class Products:
    """What is known of products, by place: category's place, cost, and whether it is known."""

    keys: Keys
    classes: Numbers
    costs: Numbers
    names: list[str]


def read_products(warehouse: Warehouse, side: Side) -> Products:
    """What is known of a side's products."""
    keys = Keys.read(warehouse, '"product_id"', side.products)
    names = [n for (n,) in warehouse.rows(f'SELECT DISTINCT "category" FROM {side.products}')]
    names.sort()
    classes = np.zeros(keys.size, np.int32)
    costs = np.zeros(keys.size, np.int64)
    cost = scaled_sql('COALESCE("cost", 0)')
    has_cost = 'CASE WHEN "cost" IS NULL THEN 0 ELSE 1 END'
    sql = f'SELECT "product_id", {cost} AS cost, {has_cost} AS has_cost, "category" FROM'
    places_of = {name: place for place, name in enumerate(names)}
    with warehouse.read(f"{sql} {side.products}") as reader:
        for batch in reader:
            place = keys.places(values_of(batch.column(0)))
            found = batch.column(3).dictionary_encode()
            by_name = np.array([places_of[n] for n in found.dictionary.to_pylist()], np.int32)
            classes[place] = by_name[values_of(found.indices)] * 2 + values_of(batch.column(2))
            costs[place] = values_of(batch.column(1))
    return Products(keys, classes, costs, names)


def read_customers(warehouse: Warehouse, side: Side) -> Customers:
    """What is known of a side's customers."""
    keys = Keys.read(warehouse, '"customer_id"', side.customers)
    day = "DATE_DIFF('day', DATE '1970-01-01', first_day)"
    sql = f"SELECT customer_id, {day} AS day FROM {side.buyers} WHERE first_day IS NOT NULL"
    buyers, days = read_columns(warehouse, sql, 2)
    first_days = keys.spread(buyers, days.astype(np.int32), NEVER)
    names: dict[int, str] = dict(
        warehouse.rows(f"SELECT DISTINCT country_number, country FROM {side.places}")
    )
    listed = [str(names.get(number, "")) for number in range(max(names, default=0) + 1)]
    if not side.has_countries:
        return Customers(keys, first_days, None, [""])
    customers, numbers = read_columns(
        warehouse, f"SELECT customer_id, country_number FROM {side.places}", 2
    )
    countries = keys.spread(customers, numbers.astype(np.int32), 0)
    return Customers(keys, first_days, countries, listed)
