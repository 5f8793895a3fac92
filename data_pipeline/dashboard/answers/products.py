"""Analyses of products and other items: the list with its classes, concentration, movers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from data_pipeline.dashboard.answers.found import Found
from data_pipeline.dashboard.answers.scope import compare_with
from data_pipeline.dashboard.periods import describe
from data_pipeline.dashboard.refusal import wrong_question
from data_pipeline.metrics import Frame
from data_pipeline.metrics.behaviour import concentration
from data_pipeline.metrics.metric import PRODUCT_METRICS
from data_pipeline.metrics.ranking import Cut, find_movers, rank_products

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data_pipeline.dashboard.answers.analyses import Asks
    from data_pipeline.dashboard.answers.scope import Scope
    from data_pipeline.dashboard.asking import AnalysisQuestion
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Reader

MOVING = ("product", "category", "location", "country", "channel")
CONCENTRATED = ("product", "customer")
ORDERS = {
    "": ("change", True),
    "rise": ("change", True),
    "fall": ("change", False),
    "now": ("now", True),
    "before": ("before", True),
}
"""Order of movers: the column, and whether the largest come first."""


def concentrate(reader: Reader, store: Store, asked: AnalysisQuestion, scope: Scope) -> Found:
    """The curve and the classes."""
    item = _one_of(asked.item or "product", CONCENTRATED, "item")
    curve, classes = concentration(
        reader,
        item,
        since=scope.since,
        until=scope.until,
        where=scope.where,
        timezone=store.timezone,
    )
    facts = {
        "items": sum(classes["items"]),
        "net_sales": f"{sum(classes['net_sales'], Decimal(0)):f}",
    }
    return Found({"curve": curve, "classes": classes}, facts)


def asks_of_products(_: AnalysisQuestion) -> Asks:
    return [(PRODUCT_METRICS, ["product", "category"])]


def asks_of_movers(asked: AnalysisQuestion) -> Asks:
    return [([asked.metric or "net_sales"], [asked.item or "product"])] * 2


def list_products(reader: Reader, store: Store, asked: AnalysisQuestion, scope: Scope) -> Found:
    """Products, best sellers first or sorted as asked, with class and shares of what is asked."""
    column = asked.sort.removeprefix("-") or "net_sales"
    descending = not asked.sort or asked.sort.startswith("-")
    frame, count = rank_products(
        reader,
        Cut(column, asked.limit, asked.offset, descending=descending, search=asked.search),
        since=scope.since,
        until=scope.until,
        where=scope.where,
        timezone=store.timezone,
    )
    return Found({"products": frame}, {"row_count": count})


def list_movers(reader: Reader, store: Store, asked: AnalysisQuestion, scope: Scope) -> Found:
    """Items with the metric now and before, those that rose (or fell, or are) the most first."""
    item = _one_of(asked.item or "product", MOVING, "item")
    column, descending = ORDERS[_one_of(asked.sort, ORDERS, "order")]
    other, note = compare_with(asked, scope, store)
    facts = {"compared": describe(other, store.span) if other else None, "compared_note": note}
    if scope.period is None:
        return Found({"movers": Frame((), ())}, facts | {"row_count": 0})
    frame, count = find_movers(
        reader,
        asked.metric or "net_sales",
        item,
        (scope.period, other),
        Cut(column, asked.limit, asked.offset, descending=descending),
        where=scope.where,
        timezone=store.timezone,
    )
    return Found({"movers": frame}, facts | {"row_count": count})


def _one_of(name: str, known: Iterable[str], what: str) -> str:
    names = list(known)
    if name not in names:
        said = ", ".join(one for one in names if one)
        raise wrong_question(f"unknown {what} {name!r}; known: {said}")
    return name
