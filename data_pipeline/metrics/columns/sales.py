"""What is in memory: a column a fact of the sales, and what each dimension makes of them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns import customers, items, orders, ranks
from data_pipeline.metrics.columns.bands import Bands
from data_pipeline.metrics.columns.firsts import Firsts
from data_pipeline.metrics.columns.formulas import is_known, read_formula
from data_pipeline.metrics.columns.hours import Hours
from data_pipeline.metrics.columns.measuring import money, rows_of
from data_pipeline.metrics.columns.preparing import prepare, prepare_parts
from data_pipeline.metrics.columns.running import Runner
from data_pipeline.metrics.columns.selection import find_whole, select
from data_pipeline.metrics.columns.traits import Traits
from data_pipeline.metrics.registry import find_metric
from data_pipeline.metrics.rollups import PERIODS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from data_pipeline.metrics.columns.coding import Coding, Index
    from data_pipeline.metrics.columns.parts import Part
    from data_pipeline.metrics.columns.selection import Selection
    from data_pipeline.metrics.columns.spans import Spans
    from data_pipeline.metrics.frame import Row, Value
    from data_pipeline.metrics.metric import Metric
    from data_pipeline.metrics.question import Question
    from data_pipeline.metrics.ranking import Cut

Numbers = NDArray[Any]
SELECTIONS_BYTES = 256 * 2**20
"""How much of what was selected last is kept, for the next question about the same sales."""


@dataclass(frozen=True)
class Columns:
    """All sales by time. Days count from `first_day`; products and customers are numbered in the
    order of their numbers, guest 0 first; orders in that of their first sale, those without a
    number from `order_numbers` on.
    """

    timezone: str
    first_day: date
    starts: Numbers
    """The first row of each day, and behind the last one the number of rows."""
    of_sale: Mapping[str, Numbers]
    of_product: Mapping[str, Numbers]
    of_customer: Mapping[str, Numbers]
    of_order: Mapping[str, Numbers]
    """What is the same in all rows of an order, whichever it is."""
    order_numbers: int
    order_count: int
    codings: Mapping[str, Coding]
    indexes: Mapping[str, Index]
    sums: dict[tuple[str, Part], Spans] = field(default_factory=dict)
    """Those of products and customers by months or more, of all sales and of parts with many."""
    firsts: Firsts = field(default_factory=Firsts)
    traits: Traits = field(default_factory=Traits)
    hours: Hours = field(default_factory=Hours)
    bands: Bands = field(default_factory=Bands)
    _kept: OrderedDict[object, Selection] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _runner: Runner = field(default_factory=Runner)

    @property
    def size(self) -> int:
        """Bytes of the columns and indexes, and of what was made of them to be kept."""
        tables = (self.of_sale, self.of_product, self.of_customer, self.of_order)
        held = sum(column.nbytes for table in tables for column in table.values())
        held += sum(one.rows.nbytes + one.bounds.nbytes for one in self.indexes.values())
        held += sum(spans.size for spans in tuple(self.sums.values()))
        return held + self.firsts.size + self.traits.size + self.hours.size + self.bands.size

    def first_days(self, period: str) -> Numbers:
        """The first day of each day, week, month, quarter or year; behind the last one, of days."""
        coding = self.codings[period]
        days = np.searchsorted(coding.places, np.arange(len(coding.values)))
        return np.append(days, len(self.starts) - 1)

    def size_of(self, name: str) -> int:
        """How many different numbers a column of sales has."""
        sizes = {"day": len(self.starts) - 1, "hour": 24, "who": 3, "order": self.order_count}
        sizes |= {"product": len(self.of_product["product_id"])}
        sizes |= {"customer": len(self.of_customer["customer_id"])}
        return sizes[name] if name in sizes else len(self.codings[name].values)

    def select(self, question: Question) -> Selection:
        """The sales that a question looks at; those of the last questions are remembered."""
        key = (question.since, question.until, question.where)
        with self._lock:
            if found := self._kept.get(key):
                self._kept.move_to_end(key)
                return found
        found = select(self, question)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > 1 and self._bytes() > SELECTIONS_BYTES:
                self._kept.popitem(last=False)
        return found

    def are_counted(self, question: Question, measures: Sequence[Metric]) -> bool:
        """Whether tables count the measures, in any days, without a look at the sales."""
        whole = find_whole(self, question)
        if whole is None or any(dimension.name not in PERIODS for dimension in question.by):
            return False
        formulas = [read_formula(measure.sql) for measure in measures]
        return all(f[0] == "distinct" and self.firsts.has_table(whole.parts, f) for f in formulas)

    def share_of(self, where: Mapping[str, Sequence[Value]]) -> float:
        """About how much of the sales passes filters, from 0 to 1; those without an index are taken
        to keep all.
        """
        share = 1.0
        for name in where.keys() & self.indexes.keys():
            found = [self.codings[name].find(value) for value in where[name]]
            places = np.array([place for place in found if place is not None], np.int64)
            bounds = self.indexes[name].bounds
            share *= int((bounds[places + 1] - bounds[places]).sum()) / int(self.starts[-1])
        return share

    def prepare_hours(self, question: Question) -> None:
        """Have the orders of a question about all days counted by the hours of the week."""
        _, condition, _ = read_formula(find_metric("orders").sql)
        self.hours.prepare(self.select(question), condition)

    def prepare(self) -> None:
        """Make what the first questions would else have to wait for."""
        prepare(self)

    def prepare_parts(self) -> Iterator[Callable[[], None]]:
        """The steps that make what is kept beside of values of dimensions that many sales have."""
        return prepare_parts(self)

    def knows(self, measures: Sequence[Metric]) -> bool:
        """Whether all of the measures can be computed from the columns."""
        return all(is_known(measure.sql) for measure in measures)

    def measure(
        self, question: Question, measures: Sequence[Metric]
    ) -> dict[Row, dict[str, Value]]:
        """The answer's rows: the values of the dimensions to each measure by its name."""
        return rows_of(self, question, measures)

    def cohorts(self, question: Question) -> list[Row]:
        """The rows of sql/metrics/cohort_retention.sql."""
        return customers.cohorts(self, question)

    def intervals(self, question: Question) -> list[Row]:
        """The rows of sql/metrics/repeat_intervals.sql."""
        return customers.intervals(self, question)

    def over_cells(
        self, question: Question, cells: str, sql: str, parts: Mapping[str, str]
    ) -> list[Row]:
        """The rows of SQL over the customers counted by cells; net sales stand last in it."""
        table = {"rfm_cells": customers.rfm_cells, "age_cells": customers.age_cells}[cells]
        rows = self._runner.run(sql.format(cells=cells, **parts), cells, table(self, question))
        return [(*row, money(int(net_sales))) for *row, net_sales in rows]

    def concentration(self, question: Question, item: str) -> list[Row]:
        """The rows of sql/metrics/concentration.sql."""
        return items.concentration(self, question, item)

    def order_values(self, question: Question, bands: Sequence[int]) -> list[Row]:
        """The rows of sql/metrics/order_values.sql."""
        return orders.order_values(self, question, bands)

    def basket_pairs(self, question: Question, most: int, min_orders: int) -> list[Row]:
        """The rows of sql/metrics/basket_pairs.sql."""
        return orders.basket_pairs(self, question, most, min_orders)

    def rank_products(self, question: Question, cut: Cut) -> list[Row]:
        """The rows that ranking.rank_products makes its frame of."""
        return ranks.rank_products(self, question, cut)

    def find_movers(self, now: Question, before: Question | None, cut: Cut) -> list[Row]:
        """The rows that ranking.find_movers makes its frame of."""
        return ranks.find_movers(self, now, before, cut)

    def _bytes(self) -> int:
        return sum(one.size for one in self._kept.values())
