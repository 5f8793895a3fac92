"""How much orders are worth: how many lie in which band."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from data_pipeline.metrics.frame import Field, Frame, Kind, Row
from data_pipeline.metrics.planning import open_sales
from data_pipeline.metrics.question import Where, ask
from data_pipeline.metrics.reading import columns_of, read_sql

if TYPE_CHECKING:
    from datetime import date

    from data_pipeline.metrics.reading import Reader

BANDS = (0, *(step * 10**power for power in range(7) for step in (1, 2, 3, 5)))
"""The lower bounds: 0, 1, 2, 3, 5, 10, 20, 30, 50, ..., 5 million."""


def order_values(
    reader: Reader,
    *,
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
    timezone: str = "UTC",
) -> Frame:
    """Orders and their sales before returns by what the order is worth: `low` <= value < `high`.

    An order is worth what its sales of the period that pass the filters add up to; a sale without
    order number is its own order. The bands run from the first to the last with an order, those
    between without one included; the last band has no `high`.
    """
    question = ask(["orders"], since=since, until=until, where=where)
    if columns := columns_of(reader, timezone):
        return _framed(columns.order_values(question, BANDS))
    head, conditions, values = open_sales(reader, question, timezone)
    (orders,) = question.metrics
    condition = " AND ".join([orders.aggregate.rows, *conditions])
    cases = " ".join(f"WHEN order_value >= {low} THEN {low}" for low in reversed(BANDS))
    sql = head + read_sql("order_values").format(band_cases=cases, condition=condition)
    return _framed(reader.rows(sql, values))


def _framed(rows: list[Row]) -> Frame:
    found = {int(row[0]): (int(row[1]), Decimal(row[2])) for row in rows}
    fields = (
        Field("low", "From", Kind.MONEY),
        Field("high", "To below", Kind.MONEY),
        Field("orders", "Orders", Kind.COUNT),
        Field("paid_sales", "Sales before returns", Kind.MONEY),
    )
    return Frame(fields, tuple(_filled(found)))


def _filled(found: dict[int, tuple[int, Decimal]]) -> list[Row]:
    if not found:
        return []
    return [
        (Decimal(low), None if high is None else Decimal(high), *found.get(low, (0, Decimal(0))))
        for low, high in pairwise((*BANDS, None))
        if low is not None and min(found) <= low <= max(found)
    ]


def median_band(frame: Frame) -> tuple[Decimal, Decimal | None] | None:
    """The band in which the lower median of the order values lies; None without orders."""
    half, seen = sum(frame["orders"]), 0
    for low, high, orders, _ in frame:
        seen += orders
        if orders and seen * 2 >= half:
            return low, high
    return None
