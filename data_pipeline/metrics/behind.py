"""The sales behind a number: those that the metric counts, page by page."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from data_pipeline.metrics.frame import Field, Frame, Kind, Value
from data_pipeline.metrics.planning import open_sales
from data_pipeline.metrics.reading import read_sql
from data_pipeline.metrics.registry import measures_of

if TYPE_CHECKING:
    from data_pipeline.metrics.metric import Metric
    from data_pipeline.metrics.question import Question
    from data_pipeline.metrics.reading import Reader

FIELDS = (
    Field("transaction_id", "Transaction", Kind.WHOLE),
    Field("time", "Time", Kind.TEXT),
    Field("order_id", "Order", Kind.TEXT),
    Field("customer_id", "Customer number", Kind.WHOLE),
    Field("product_id", "Product number", Kind.WHOLE),
    Field("product", "Product", Kind.TEXT),
    Field("category", "Category", Kind.TEXT),
    Field("quantity", "Quantity", Kind.WHOLE),
    Field("price", "Price", Kind.MONEY),
    Field("discount", "Discount", Kind.MONEY),
    Field("total_sales", "Amount", Kind.MONEY),
    Field("channel", "Channel", Kind.TEXT),
    Field("location", "Location", Kind.TEXT),
    Field("source_file", "File", Kind.TEXT),
    Field("source_line", "Line", Kind.WHOLE),
    Field("repairs", "Repairs", Kind.TEXT),
)
PLACE_OF_TIME = 1

Mark = tuple[datetime, int]
"""Where a page ended: local time and transaction of its last row."""


def condition_of(metric: Metric) -> str:
    """Which rows of `sale` the metric counts; those of all its parts for a sum or a ratio."""
    parts = dict.fromkeys(measure.aggregate.rows for measure in measures_of(metric))
    return " OR ".join(f"({part})" for part in parts)


def read_behind(
    reader: Reader,
    question: Question,
    *,
    most: int,
    after: Mark | None = None,
    timezone: str = "UTC",
) -> tuple[Frame, Mark | None]:
    """The `most` newest sales that the question's metrics count, and where the next page begins.

    With `after`, those that come after that place. Times are local, as text.
    """
    head, condition, values = _compose(reader, question, timezone)
    if after:
        condition += (
            " AND (sale_time < $after_time"
            " OR (sale_time = $after_time AND transaction_id < $after_id))"
        )
        values |= {"after_time": after[0], "after_id": after[1]}
    sql = head + read_sql("rows_behind").format(condition=condition)
    rows = reader.rows(sql, values | {"most": most + 1})
    shown = tuple(
        (*row[:PLACE_OF_TIME], str(row[PLACE_OF_TIME]), *row[PLACE_OF_TIME + 1 :])
        for row in rows[:most]
    )
    last = rows[most - 1] if len(rows) > most else None
    return Frame(FIELDS, shown), (last[PLACE_OF_TIME], last[0]) if last else None


def count_behind(
    reader: Reader, question: Question, *, timezone: str = "UTC"
) -> tuple[int, Decimal]:
    """How many sales the question's metrics count, and what they add up to."""
    head, condition, values = _compose(reader, question, timezone)
    sql = f"{head}SELECT COUNT(*), COALESCE(SUM(total_sales), 0) FROM sale WHERE {condition}"
    ((count, amount),) = reader.rows(sql, values)
    return int(count), Decimal(amount)


def _compose(
    reader: Reader, question: Question, timezone: str
) -> tuple[str, str, dict[str, Value]]:
    head, conditions, values = open_sales(reader, question, timezone)
    counted = " OR ".join(condition_of(metric) for metric in question.metrics)
    return head, " AND ".join([f"({counted})", *conditions]), values
