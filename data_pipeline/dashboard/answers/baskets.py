"""Analyses of orders: what is bought together, and what orders are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_pipeline.dashboard.answers.found import Found
from data_pipeline.metrics.baskets import basket_pairs
from data_pipeline.metrics.frame import plain_value
from data_pipeline.metrics.order_values import median_band, order_values

if TYPE_CHECKING:
    from data_pipeline.dashboard.answers.scope import Scope
    from data_pipeline.dashboard.asking import AnalysisQuestion
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Reader


def pairs(reader: Reader, store: Store, asked: AnalysisQuestion, scope: Scope) -> Found:
    """Pairs of products, those with the highest lift first."""
    frame = basket_pairs(
        reader,
        min_orders=asked.min_orders,
        count=asked.limit,
        since=scope.since,
        until=scope.until,
        where=scope.where,
        timezone=store.timezone,
    )
    return Found({"pairs": frame}, {"min_orders": asked.min_orders})


def values(reader: Reader, store: Store, _asked: AnalysisQuestion, scope: Scope) -> Found:
    """Orders by band of value, and the band in which the median lies."""
    frame = order_values(
        reader,
        since=scope.since,
        until=scope.until,
        where=scope.where,
        timezone=store.timezone,
    )
    middle = median_band(frame)
    facts = {
        "orders": sum(frame["orders"]),
        "median_band": [plain_value(bound) for bound in middle] if middle else None,
    }
    return Found({"values": frame}, facts)
