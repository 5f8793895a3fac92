"""What a set of sales brings to each of the sums, as rows of the same shape as the sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_pipeline.aggregates.visits import bring_visits
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
    names = {"lines": side.lines, "sale_time": side.sale_time}
    who = DIMENSIONS["new_or_returning"].columns[0].sql
    sales = put(
        AGG_SALES,
        render(
            "aggregates/sales",
            **names,
            products=side.products,
            located=side.located,
            new_or_returning=who,
            measures=_measures(SUMS),
        ),
    )
    put(
        AGG_HOURS,
        render(
            "aggregates/hours",
            **names,
            orders=side.orders,
            measures=_measures(PLAIN_SUMS),
            no_measures=", ".join(f"0 AS {m.name}" for m in PLAIN_SUMS),
            sums=", ".join(_cast(f"SUM({m.name})", m) for m in PLAIN_SUMS),
        ),
    )
    put(
        AGG_ORDERS,
        render(
            "aggregates/days_of_orders",
            orders=side.orders,
            located=side.located,
            new_or_returning=who,
            sales_cells=sales,
        ),
    )
    put(AGG_PRODUCTS, render("aggregates/products", **names, measures=_measures(PLAIN_SUMS)))
    for rollup, table in zip(VISITS, bring_visits(warehouse, side), strict=True):
        put(rollup, f"SELECT {', '.join(f.name for f in rollup.relation.fields)} FROM {table}")


def _measures(metrics: tuple[Metric, ...]) -> str:
    return ", ".join(_cast(metric.sql, metric) for metric in metrics)


def _cast(sql: str, metric: Metric) -> str:
    return f"CAST({sql} AS {sum_field(metric).sql}) AS {metric.name}"
