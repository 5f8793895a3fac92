"""What a set of sales brings to each of the sums, as rows of the same shape as the sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_pipeline.aggregates import visits
from data_pipeline.aggregates.folding import MONEY, fold_sales
from data_pipeline.aggregates.numbering import money_sql
from data_pipeline.metrics.dimensions import DIMENSIONS
from data_pipeline.metrics.rollups import (
    AGG_COHORTS,
    AGG_HOURS,
    AGG_INTERVALS,
    AGG_ORDERS,
    AGG_PERIODS,
    AGG_PRODUCTS,
    AGG_SALES,
    PLAIN_SUMS,
    SUMS,
    Rollup,
    sum_field,
)
from data_pipeline.sql import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from data_pipeline.aggregates.side import Side
    from data_pipeline.metrics.metric import Metric
    from data_pipeline.warehouses import Warehouse

VISITS = (AGG_PERIODS, AGG_COHORTS, AGG_INTERVALS)
CELLS = (AGG_SALES, AGG_HOURS, AGG_ORDERS, AGG_PRODUCTS, *VISITS)
"""All sums that change by differences."""


def put_cells(warehouse: Warehouse, side: Side, put: Callable[[Rollup, str], str]) -> None:
    """Hand the SELECT of each rollup's cells to `put`, which gives the name of what it made."""
    who = DIMENSIONS["new_or_returning"].columns[0].sql
    by_day, by_hour, by_product = fold_sales(warehouse, side)
    money = {name: money_sql(name) for name in MONEY}
    sales = put(
        AGG_SALES,
        render(
            "aggregates/sales",
            cells=by_day,
            new_or_returning=who,
            measures=_measures(SUMS),
            **money,
        ),
    )
    put(
        AGG_HOURS,
        render(
            "aggregates/hours",
            cells=by_hour,
            orders=side.orders,
            measures=_measures(PLAIN_SUMS),
            no_measures=", ".join(f"0 AS {m.name}" for m in PLAIN_SUMS),
            sums=", ".join(_cast(f"SUM({m.name})", m) for m in PLAIN_SUMS),
            **money,
        ),
    )
    put(
        AGG_ORDERS,
        render(
            "aggregates/days_of_orders",
            orders=side.orders,
            places=side.places,
            buyers=side.buyers,
            new_or_returning=who,
            sales_cells=sales,
        ),
    )
    products = render(
        "aggregates/products", cells=by_product, measures=_measures(PLAIN_SUMS), **money
    )
    put(AGG_PRODUCTS, products)
    for rollup, name in zip(VISITS, visits.VISITS, strict=True):
        names = ", ".join(f.name for f in rollup.relation.fields)
        put(rollup, f"SELECT {names} FROM {side.table(name)}")


def _measures(metrics: tuple[Metric, ...]) -> str:
    return ", ".join(_cast(metric.sql, metric) for metric in metrics)


def _cast(sql: str, metric: Metric) -> str:
    return f"CAST({sql} AS {sum_field(metric).sql}) AS {metric.name}"
