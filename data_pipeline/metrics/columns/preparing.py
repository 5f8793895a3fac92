"""What is made as soon as the columns are read: else the first questions would wait for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from data_pipeline.metrics.columns.formulas import is_known, read_formula
from data_pipeline.metrics.columns.measuring import measure
from data_pipeline.metrics.columns.parts import ALL_SALES, parts_by
from data_pipeline.metrics.columns.selection import Selection
from data_pipeline.metrics.columns.sums import SUMMED, keep_sums
from data_pipeline.metrics.columns.traits import TRAITS
from data_pipeline.metrics.metric import PRODUCT_METRICS
from data_pipeline.metrics.order_values import BANDS
from data_pipeline.metrics.question import ask
from data_pipeline.metrics.registry import METRICS, find_metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from data_pipeline.metrics.columns.formulas import Formula
    from data_pipeline.metrics.columns.parts import Part
    from data_pipeline.metrics.columns.sales import Columns

DIVIDES_CUSTOMERS = ("category", "channel")
"""What divides the sales of a customer, and has few values."""
KEPT_BY = (*DIVIDES_CUSTOMERS, "country")
"""Of whose values tables are kept, where many sales have them; and of which two together."""
PAIRS = (("category", "channel"), ("category", "country"), ("channel", "country"))
MOST_BYTES = 135
"""Bytes a sale that all columns and tables may take, about; reading them takes as much."""
ORDERS_BY = "category"
"""By what orders are counted in memory; by others, loads keep sums of them."""


def prepare(columns: Columns) -> None:
    """Make the sums of products and customers by months, the orders of days by bands, and the days
    before.
    """
    for column in SUMMED:
        _sum_up(columns, column, ALL_SALES)
    columns.order_values(ask(PRODUCT_METRICS), BANDS)
    everything = Selection(columns, slice(0, int(columns.starts[-1])))
    for of in ("", *DIVIDES_CUSTOMERS):
        columns.firsts.prepare(everything, of, "customer", _when_customers_count())
    if "customer" in columns.of_order:
        columns.firsts.prepare(everything, ORDERS_BY, "order", _when_orders_count())


def prepare_parts(columns: Columns) -> Iterator[Callable[[], None]]:
    """The steps that make what is kept of parts with many sales, those for all sales first; they
    end early when more than `MOST_BYTES` a sale would be in memory.
    """
    for step in _steps(columns):
        if columns.size > MOST_BYTES * int(columns.starts[-1]):
            return
        yield step


def _steps(columns: Columns) -> Iterator[Callable[[], None]]:
    firsts, customers = columns.firsts, _when_customers_count()
    orders = _when_orders_count() if "customer" in columns.of_order else []
    for of in ("", *KEPT_BY):
        for part in parts_by(columns, of):
            for condition in customers:
                yield partial(firsts.make_table, columns, part, "customer", condition)
            for condition in orders if of == ORDERS_BY else ():
                yield partial(firsts.make_table, columns, part, "order", condition)
            for name in TRAITS:
                yield partial(columns.traits.prepare, columns, part, name)
                yield partial(firsts.make_table_by, columns, part, name, customers[0])
            for column in SUMMED if of else ():
                yield partial(_sum_up, columns, column, part)
    for one, other in PAIRS:
        for part in parts_by(columns, one) if parts_by(columns, other) else ():
            of_two = partial(firsts.make_tables_of_two, columns, part, other)
            yield partial(of_two, "customer", customers)
            if one == ORDERS_BY and orders:
                yield partial(of_two, "order", orders)


def _sum_up(columns: Columns, column: str, part: Part) -> None:
    """Keep the sums of a part, if it is to have some."""
    if not keep_sums(columns, column, part):
        return
    value = columns.codings[part.of].values[part.place][:1] if part.of else ()
    question = ask(PRODUCT_METRICS, by=["product"], where={part.of: value} if value else None)
    if column == "product":
        measure(columns, question, question.measures)
    columns.concentration(question, column)


def _when_orders_count() -> list[Formula]:
    """The conditions under which the metrics of orders that are asked for most count them."""
    return [read_formula(find_metric(name).sql)[1] for name in ("orders", "customer_orders")]


def _when_customers_count() -> list[Formula]:
    """The conditions under which metrics count different customers."""
    formulas = [read_formula(m.sql) for m in METRICS.values() if m.sql and is_known(m.sql)]
    return [f[1] for f in formulas if f[0] == "distinct" and f[2] == ("column", "customer_id")]
