"""Sales folded into few rows: by day and kind, by hour, by product.

One pass over the sales feeds all three. Each sale is told its cell by arithmetic on whole numbers,
and its figures are added up there, exactly; NumPy does it on whole columns, in a fraction of what
GROUP BY over joined tables costs (docs/decisions.md). What comes out has the columns of a sale, so
that the measures of the registry are summed from it as from the sales.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from data_pipeline.aggregates.known import read_customers, read_products
from data_pipeline.aggregates.numbering import (
    Cells,
    Numbers,
    Totals,
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
MONEY = ("total_sales", "discount", "cost_of_sale")
FIGURES = ("sale_rows", "numbered_rows", "quantity", *MONEY)
NO_CHANNEL = "Unknown"


@dataclass(frozen=True, slots=True)
class Figure:
    """Numbers to be added up, and the largest of them, whatever its sign."""

    values: Numbers
    largest: int

    @classmethod
    def of(cls, values: Numbers) -> Figure:
        return cls(values, max(int(values.max()), -int(values.min())))


class _Fold:
    """Figures by cell; a cell's code is made of the places of what tells it from others."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = dict(sizes)
        span = prod(sizes.values())
        self._type = np.int32 if span < 1 << 31 else np.int64
        self._cells = Cells(span)
        self.totals = {name: Totals() for name in FIGURES}

    def codes(self, where: Mapping[str, Numbers]) -> Numbers:
        """The codes of some sales' cells; a place that is the only one need not be there."""
        first, *others = self._sizes
        code: Numbers = where[first].astype(self._type)
        for name in others:
            if self._sizes[name] > 1:
                code *= self._sizes[name]
                code += where[name]
        return code

    def add(self, codes: Numbers, figures: Mapping[str, Figure]) -> Numbers:
        """Add the figures of some sales; the places of their cells."""
        places = self._cells.places(codes).astype(np.intp, copy=False)
        for name, figure in figures.items():
            self.totals[name].add(places, figure.values, self._cells.count, figure.largest)
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
        for some in read_ahead(folding.look(batch) for batch in reader if batch.num_rows):
            folding.add(some)
    names = [side.table(what) for what in ("day_cells", "hour_cells", "product_cells")]
    drop_tables(warehouse, names)
    for name, batch in zip(names, folding.batches(), strict=True):
        warehouse.bring(name, [batch], batch.schema)
    return names[0], names[1], names[2]


@dataclass(frozen=True, slots=True)
class _Some:
    """Some sales: the codes of their cells in each fold, what is added up, and what the pieces
    cost, if anything is known to.
    """

    cells: tuple[Numbers, ...]
    figures: dict[str, Figure]
    costs: Numbers | None


class _Folding:
    """The three folds of a side's lines on their way."""

    def __init__(self, warehouse: Warehouse, side: Side) -> None:
        self._products = read_products(warehouse, side)
        self._customers = read_customers(warehouse, side)
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
        self._folds = (self._by_day, self._by_hour, self._by_product)
        self._has_costs = bool(self._products.costs.any())

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

    def look(self, batch: pa.RecordBatch) -> _Some:
        """Tell some sales their places; a thread may do that ahead of `add`."""

        def column(name: str) -> Numbers:
            return values_of(batch.column(name))

        hour = (column("sale_time") // HOUR_US).astype(np.int32) - np.int32(self._low * HOURS)
        day = hour // np.int32(HOURS)
        amount, buyer = column("amount"), column("customer_id")
        customer = self._customers.keys.places(buyer)
        product = self._products.keys.places(column("product_id"))
        is_new = self._customers.first_days[customer] == day + np.int32(self._low)
        where = {
            "day": day,
            "hour": hour,
            "product": product,
            "class": self._products.classes[product],
            "kind": (np.int8(RETURNING) - is_new) * (buyer != 0),
            "direction": np.int8(1) + (amount > 0) - (amount < 0).view(np.int8),
        }
        if self._customers.countries is not None:
            where["country"] = self._customers.countries[customer]
        if self._has_channel:
            where["channel"] = self._places_of_channels(batch)
        figures = {
            "total_sales": Figure.of(amount),
            "quantity": Figure.of(column("quantity").astype(np.int64)),
            "sale_rows": Figure(np.ones(len(amount), np.int64), 1),
        }
        if self._has_discount:
            figures["discount"] = Figure.of(column("discount"))
        if self._has_orders:
            figures["numbered_rows"] = Figure(column("numbered").astype(np.int64), 1)
        cells = tuple(fold.codes(where) for fold in self._folds)
        return _Some(cells, figures, self._products.costs[product] if self._has_costs else None)

    def add(self, some: _Some) -> None:
        """Add some sales to all folds."""
        for fold, cells in zip(self._folds, some.cells, strict=True):
            places = fold.add(cells, some.figures)
            if some.costs is not None and fold is self._by_day:
                sums, pieces = fold.totals["cost_of_sale"], some.figures["quantity"].values
                sums.add_products(places, pieces, some.costs, fold.count)

    def _places_of_channels(self, batch: pa.RecordBatch) -> Numbers:
        found = batch.column("channel").dictionary_encode()
        places = [self._channel_places[name] for name in found.dictionary.to_pylist()]
        by_name: Numbers = np.array(places, np.int32)[values_of(found.indices)]
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
