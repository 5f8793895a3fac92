"""What is bought together."""

from __future__ import annotations

from decimal import Decimal
from heapq import nlargest
from typing import TYPE_CHECKING

from data_pipeline.metrics.frame import Field, Frame, Kind, Row
from data_pipeline.metrics.planning import read_terms
from data_pipeline.metrics.query import divide, query
from data_pipeline.metrics.reading import read_sql
from data_pipeline.metrics.rollups import AGG_PRODUCTS
from data_pipeline.metrics.scoped import find_sales

if TYPE_CHECKING:
    from datetime import date

    from data_pipeline.metrics.question import Where
    from data_pipeline.metrics.reading import Reader

MILLION = 10**6
NEARLY = 200
"""Millionths: more than the difference of two lifts that are rounded to the same."""


def basket_pairs(  # noqa: PLR0913 (three bounds, and what is looked at)
    reader: Reader,
    *,
    min_orders: int = 10,
    count: int = 50,
    most: int = 300,
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
    timezone: str = "UTC",
) -> Frame:
    """The pairs of products that are bought together more often than chance would have it.

    Of n orders, a pair with support s = P(A and B) has the confidence P(B | A) and the lift
    P(A and B) / (P(A) P(B)): 1 is chance. Looks at the `most` products with most sales (so that
    the work stays bounded) and at pairs in at least `min_orders` orders; gives the `count` with the
    highest lift, then those in most orders.
    """
    sales = find_sales(reader, since=since, until=until, where=where, timezone=timezone)
    terms = read_terms(reader)
    zone = terms.timezone if sales.is_all and terms else timezone
    ((orders,),) = query(
        reader, ["orders"], since=since, until=until, where=where, timezone=zone
    ).rows
    if sales.columns:
        found = sales.columns.basket_pairs(sales.question, most, min_orders)
        return _framed(found, orders, count)
    is_stored = sales.is_all and terms is not None
    sold_rows = f"({read_sql('sold_rows').format(sales=sales.relation)})"
    products = AGG_PRODUCTS.name if is_stored else sold_rows
    sql = read_sql("basket_pairs").format(products=products, sales=sales.relation)
    limits = {**sales.values, "min_orders": min_orders, "most": most}
    return _framed(reader.rows(sql, limits), orders, count)


def _framed(found: list[Row], orders: int, count: int) -> Frame:
    rows = []
    for one, one_name, two, two_name, both, with_one, with_two in _near_best(found, orders, count):
        expected = Decimal(str(with_one)) * Decimal(str(with_two))
        rows.append(
            (
                one,
                one_name,
                two,
                two_name,
                both,
                divide(both, orders, Kind.SHARE),
                divide(both, with_one, Kind.SHARE),
                divide(both, with_two, Kind.SHARE),
                divide(Decimal(str(both)) * Decimal(str(orders)), expected, Kind.NUMBER),
            )
        )
    fields = (
        Field("first_id", "Product number", Kind.WHOLE),
        Field("first", "Product", Kind.TEXT),
        Field("second_id", "Bought with number", Kind.WHOLE),
        Field("second", "Bought with", Kind.TEXT),
        Field("orders", "Orders with both", Kind.COUNT),
        Field("support", "Share of all orders", Kind.SHARE),
        Field("confidence", "Of orders with the first", Kind.SHARE),
        Field("confidence_back", "Of orders with the second", Kind.SHARE),
        Field("lift", "Times as often as by chance", Kind.NUMBER),
    )
    by_orders = Frame(fields, tuple(rows)).sorted_by("orders", descending=True)
    return by_orders.sorted_by("lift", descending=True).head(count)


def _near_best(found: list[Row], orders: int, count: int) -> list[Row]:
    """The pairs whose lift, before it is rounded, is among the `count` highest or nearly so."""
    lifts = [
        int(both) * orders * MILLION // (int(with_one) * int(with_two))
        for *_, both, with_one, with_two in found
    ]
    edge = min(nlargest(count, lifts), default=0) - NEARLY
    return [row for row, lift in zip(found, lifts, strict=True) if lift >= edge]
