"""Sales folded into few rows: by day and kind, by hour, by product.

One pass over the sales feeds all three. Each sale is told its cell by arithmetic on whole numbers,
and its figures are added up there, exactly; NumPy does it on whole columns, in a fraction of what
GROUP BY over joined tables costs (docs/decisions.md). What comes out has the columns of a sale, so
that the measures of the registry are summed from it as from the sales.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from data_pipeline.aggregates.numbering import (
    Cells,
    Keys,
    Numbers,
    Totals,
    read_columns,
    scaled_sql,
    texts_at,
    whole_batch,
)
from data_pipeline.aggregates.side import drop_tables
from data_pipeline.sources.arrays import numbers as values_of
from data_pipeline.sources.arrays import of_numbers
from data_pipeline.sources.reading import read_ahead

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_pipeline.aggregates.side import Side
    from data_pipeline.warehouses import Warehouse

HOUR_US, HOURS = 3_600_000_000, 24
DIRECTIONS = 3
"""Returns, what moved no money, sales."""
KINDS = 3
GUEST, NEW, RETURNING = range(KINDS)
NEVER = np.iinfo(np.int32).min
MONEY = ("total_sales", "discount", "cost_of_sale")
FIGURES = ("sale_rows", "numbered_rows", "quantity", *MONEY)
NO_CHANNEL = "Unknown"


@dataclass(frozen=True, slots=True)
class _Customers:
    """What is known of customers, by place: first buying day and country's place."""

    keys: Keys
    first_days: Numbers
    countries: Numbers | None
    names: list[str]


@dataclass(frozen=True, slots=True)
class _Products:
    """What is known of products, by place: category's place, cost, and whether it is known."""

    keys: Keys
    classes: Numbers
    costs: Numbers
    names: list[str]


class _Fold:
    """Figures by cell; a cell's code is made of the places of what tells it from others."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = dict(sizes)
        span = 1
        for size in sizes.values():
            span *= size
        self._cells = Cells(span)
        self.totals = {name: Totals() for name in FIGURES}

    def add(self, where: Mapping[str, Numbers | int], figures: Mapping[str, Numbers]) -> Numbers:
        """Add the figures of some sales; the places of their cells."""
        code: Numbers | int = 0
        for name, size in self._sizes.items():
            code = code * size + where[name]
        assert isinstance(code, np.ndarray)
        places = self._cells.places(code)
        for name, values in figures.items():
            self.totals[name].add(places, values, self._cells.count)
        return places

    @property
    def count(self) -> int:
        return self._cells.count

    def where(self) -> dict[str, Numbers]:
        """Of each cell, the places of what tells it from others."""
        code, found = self._cells.codes[self._there()], {}
        for name, size in reversed(self._sizes.items()):
            code, found[name] = np.divmod(code, size)
        return found

    def columns(self) -> dict[str, Numbers]:
        """The sums of each cell, money in two parts."""
        there, done = self._there(), dict[str, Numbers]()
        for name, totals in self.totals.items():
            if name in MONEY:
                high, low = totals.parts(self.count)
                done[f"{name}_high"], done[f"{name}_low"] = high[there], low[there]
            else:
                done[name] = totals.whole(self.count)[there]
        return done

    def _there(self) -> Numbers:
        """The places of cells that have a sale."""
        return np.flatnonzero(self.totals["sale_rows"].whole(self.count))


def fold_sales(warehouse: Warehouse, side: Side) -> tuple[str, str, str]:
    """Fold a side's lines into three temporary tables (by day and kind, by hour, by product); give
    their names.
    """
    folding = _Folding(warehouse, side)
    with warehouse.read(folding.sql) as reader:
        for batch in read_ahead(iter(reader)):
            if batch.num_rows:
                folding.add(batch)
    names = [side.table(what) for what in ("day_cells", "hour_cells", "product_cells")]
    drop_tables(warehouse, names)
    for name, batch in zip(names, folding.batches(), strict=True):
        warehouse.bring(name, [batch], batch.schema)
    return names[0], names[1], names[2]


class _Folding:
    """The three folds of a side's lines on their way."""

    def __init__(self, warehouse: Warehouse, side: Side) -> None:
        self._products = _read_products(warehouse, side)
        self._customers = _read_customers(warehouse, side)
        (has,) = warehouse.rows(
            'SELECT COUNT(s."channel"), COUNT(s."discount"), COUNT(s."order_id") '
            f"FROM {side.lines} AS s"
        )
        self._has_channel, self._has_discount, self._has_orders = map(bool, has)
        self._channels = [NO_CHANNEL]
        if self._has_channel:
            found = warehouse.rows(
                f'SELECT DISTINCT s."channel" FROM {side.lines} AS s'
                f' WHERE s."channel" IS NOT NULL AND s."channel" <> \'{NO_CHANNEL}\''
            )
            self._channels += sorted(name for (name,) in found)
        self._channel_places = {name: i for i, name in enumerate(self._channels)}
        self.sql = self._select(side)
        self._low, high = side.days
        days, channels = high - self._low + 1, len(self._channels)
        by_day = {
            "day": days,
            "class": 2 * len(self._products.names),
            "country": len(self._customers.names),
        }
        tail = {"channel": channels, "direction": DIRECTIONS}
        self._by_day = _Fold(by_day | {"kind": KINDS} | tail)
        self._by_hour = _Fold({"hour": days * HOURS} | tail)
        self._by_product = _Fold({"product": self._products.keys.size, "direction": DIRECTIONS})

    def _select(self, side: Side) -> str:
        discount = scaled_sql('s."discount"')
        columns = {
            "customer_id": 's."customer_id"',
            "product_id": 's."product_id"',
            "sale_time": side.sale_time,
            "amount": scaled_sql('s."total_sales"'),
            "quantity": 's."quantity"',
        }
        if self._has_discount:
            columns["discount"] = f"COALESCE({discount}, 0)"
        if self._has_orders:
            columns["numbered"] = 'CASE WHEN s."order_id" IS NULL THEN 0 ELSE 1 END'
        if self._has_channel:
            columns["channel"] = f"COALESCE(s.\"channel\", '{NO_CHANNEL}')"
        listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        return f"SELECT {listed} FROM {side.lines} AS s"

    def add(self, batch: pa.RecordBatch) -> None:
        """Add some sales to all folds."""

        def column(name: str) -> Numbers:
            return values_of(batch.column(name)).astype(np.int64, copy=False)

        hour = column("sale_time") // HOUR_US - self._low * HOURS
        day = hour // HOURS
        amount, quantity = column("amount"), column("quantity")
        customer = self._customers.keys.places(column("customer_id"))
        product = self._products.keys.places(column("product_id"))
        kind = np.where(self._customers.first_days[customer] == day + self._low, NEW, RETURNING)
        kind[column("customer_id") == 0] = GUEST
        countries = self._customers.countries
        where = {
            "day": day,
            "hour": hour,
            "product": product,
            "class": self._products.classes[product],
            "country": 0 if countries is None else countries[customer],
            "kind": kind,
            "channel": self._places_of_channels(batch),
            "direction": np.sign(amount) + 1,
        }
        figures = {"total_sales": amount, "quantity": quantity, "sale_rows": np.ones_like(amount)}
        if self._has_discount:
            figures["discount"] = column("discount")
        places = self._by_day.add(where, figures)
        if self._has_orders:
            numbered = column("numbered")
            self._by_day.totals["numbered_rows"].add(places, numbered, self._by_day.count)
            figures["numbered_rows"] = numbered
        costs = self._products.costs[product]
        if costs.any():
            sums = self._by_day.totals["cost_of_sale"]
            sums.add_products(places, quantity, costs, self._by_day.count)
        self._by_hour.add(where, figures)
        self._by_product.add(where, figures)

    def _places_of_channels(self, batch: pa.RecordBatch) -> Numbers | int:
        if not self._has_channel:
            return 0
        found = batch.column("channel").dictionary_encode()
        places = [self._channel_places[name] for name in found.dictionary.to_pylist()]
        by_name: Numbers = np.array(places, np.int64)[values_of(found.indices)]
        return by_name

    def batches(self) -> tuple[pa.RecordBatch, pa.RecordBatch, pa.RecordBatch]:
        """What the folds hold, as rows."""
        by_day, by_hour = self._by_day.where(), self._by_hour.where()
        class_, has_cost = np.divmod(by_day["class"], 2)
        hour_day, hour = np.divmod(by_hour["hour"], HOURS)
        product = self._products.keys.at(self._by_product.where()["product"])
        return (
            whole_batch(
                {
                    "day": self._days(by_day["day"]),
                    "category": texts_at(class_, self._products.names),
                    "country": texts_at(by_day["country"], self._customers.names),
                    "channel": texts_at(by_day["channel"], self._channels),
                },
                {"kind": by_day["kind"], "has_cost": has_cost, **self._by_day.columns()},
            ),
            whole_batch(
                {
                    "day": self._days(hour_day),
                    "channel": texts_at(by_hour["channel"], self._channels),
                },
                {"hour": hour, **self._by_hour.columns()},
            ),
            whole_batch({}, {"product_id": product, **self._by_product.columns()}),
        )

    def _days(self, places: Numbers) -> pa.Array:
        return of_numbers((places + self._low).astype(np.int32), pa.date32())


def _read_products(warehouse: Warehouse, side: Side) -> _Products:
    keys = Keys.read(warehouse, '"product_id"', side.products)
    names = [n for (n,) in warehouse.rows(f'SELECT DISTINCT "category" FROM {side.products}')]
    names.sort()
    classes = np.zeros(keys.size, np.int64)
    costs = np.zeros(keys.size, np.int64)
    cost = scaled_sql('COALESCE("cost", 0)')
    has_cost = 'CASE WHEN "cost" IS NULL THEN 0 ELSE 1 END'
    sql = f'SELECT "product_id", {cost} AS cost, {has_cost} AS has_cost, "category" FROM'
    places_of = {name: place for place, name in enumerate(names)}
    with warehouse.read(f"{sql} {side.products}") as reader:
        for batch in reader:
            place = keys.places(values_of(batch.column(0)))
            found = batch.column(3).dictionary_encode()
            by_name = np.array([places_of[n] for n in found.dictionary.to_pylist()], np.int64)
            classes[place] = by_name[values_of(found.indices)] * 2 + values_of(batch.column(2))
            costs[place] = values_of(batch.column(1))
    return _Products(keys, classes, costs, names)


def _read_customers(warehouse: Warehouse, side: Side) -> _Customers:
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
        return _Customers(keys, first_days, None, [""])
    customers, numbers = read_columns(
        warehouse, f"SELECT customer_id, country_number FROM {side.places}", 2
    )
    return _Customers(keys, first_days, keys.spread(customers, numbers, 0), listed)
