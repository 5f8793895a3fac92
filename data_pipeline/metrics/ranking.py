"""Items against each other: the best sellers with their classes, and what rose and fell."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from data_pipeline.errors import ConfigError
from data_pipeline.metrics.change import Period, relative_change
from data_pipeline.metrics.frame import Field, Frame, Kind, Row, Value
from data_pipeline.metrics.query import divide, query
from data_pipeline.metrics.registry import find_metric

if TYPE_CHECKING:
    from datetime import date

    from data_pipeline.metrics.question import Where
    from data_pipeline.metrics.reading import Reader

PRODUCT_METRICS = (
    "net_sales",
    "units",
    "average_price",
    "returns",
    "return_rate",
    "gross_margin",
    "margin_rate",
)
A_UP_TO, B_UP_TO = Decimal("0.8"), Decimal("0.95")


def rank_products(
    reader: Reader,
    *,
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
    timezone: str = "UTC",
) -> Frame:
    """A row a product, best seller first, with its ABC class and its share of net sales.

    The class is that of `behaviour.concentration`: A while the products before bring less than
    80 % of net sales, B while less than 95 %, C the rest and whatever brings nothing.
    """
    frame = query(
        reader,
        PRODUCT_METRICS,
        by=["product", "category"],
        since=since,
        until=until,
        where=where,
        timezone=timezone,
    ).sorted_by("net_sales", descending=True)
    total = sum(frame["net_sales"], Decimal(0))
    so_far, done = Decimal(0), list[Row]()
    for number, name, category, net_sales, *rest in frame:
        letter = _class_of(net_sales, so_far, total)
        so_far += net_sales
        shares = (divide(net_sales, total, Kind.SHARE), divide(so_far, total, Kind.SHARE))
        done.append((number, name, category, letter, net_sales, *shares, *rest))
    fields = (
        *frame.fields[:3],
        Field("class", "Class", Kind.TEXT),
        frame.fields[3],
        Field("share", "Share of net sales", Kind.SHARE),
        Field("cumulative_share", "With all before", Kind.SHARE),
        *frame.fields[4:],
    )
    return Frame(fields, tuple(done))


def _class_of(net_sales: Decimal, so_far: Decimal, total: Decimal) -> str:
    if net_sales > 0 and so_far < total * A_UP_TO:
        return "A"
    return "B" if net_sales > 0 and so_far < total * B_UP_TO else "C"


def find_movers(
    reader: Reader,
    name: str,
    by: str,
    now: Period,
    before: Period | None,
    *,
    where: Where | None = None,
    timezone: str = "UTC",
) -> Frame:
    """A row an item with the metric in both periods and its change, the risers first.

    Where an item has nothing in a period, that is 0. Only metrics that may be summed can move so;
    raises ConfigError for a ratio.
    """
    metric = find_metric(name)
    if metric.is_ratio:
        raise ConfigError(f"{name} is a ratio; what rises and falls is a sum or a count")

    def ask(period: Period) -> Frame:
        return query(
            reader,
            [name],
            by=[by],
            since=period.first,
            until=period.last,
            where=where,
            timezone=timezone,
        )

    first = ask(now)
    width = len(first.fields) - 1
    zero = 0 if metric.kind is Kind.COUNT else Decimal(0)
    is_, was = (_by_key(frame, width) for frame in (first, ask(before) if before else None))
    rows = []
    for key in sorted({*is_, *was}, key=lambda key: tuple(map(str, key))):
        new, old = is_.get(key, zero), was.get(key, zero)
        rows.append((*key, new, old, new - old, relative_change(new, old)))  # type: ignore[operator]
    fields = (
        *first.fields[:width],
        Field("now", f"{metric.label} now", metric.kind),
        Field("before", f"{metric.label} before", metric.kind),
        Field("change", "Change", metric.kind),
        Field("change_share", "Change, share", Kind.SHARE),
    )
    return Frame(fields, tuple(rows)).sorted_by("change", descending=True)


def _by_key(frame: Frame | None, width: int) -> dict[Row, Value]:
    return {row[:width]: row[width] for row in frame.rows} if frame else {}
