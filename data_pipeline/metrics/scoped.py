"""The sales that an analysis looks at: all of them, or those of some days that pass filters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_pipeline.metrics.frame import Value
from data_pipeline.metrics.periods import find_zone, sale_time_sql
from data_pipeline.metrics.planning import open_sales, span
from data_pipeline.metrics.question import Where, ask
from data_pipeline.metrics.reading import columns_of

if TYPE_CHECKING:
    from datetime import date

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.question import Question
    from data_pipeline.metrics.reading import Reader

_COLUMNS = ("transaction_id", "customer_id", "product_id", "total_sales", "order_id", "sale_time")


@dataclass(frozen=True, slots=True)
class Sales:
    """`relation` is what stands behind FROM ... AS s; `sale_time` is the SQL of its local time.

    Where the reader has the sales in memory, these `columns` can be asked the `question` instead.
    """

    question: Question
    relation: str
    sale_time: str
    values: dict[str, Value] = field(default_factory=dict)
    is_all: bool = False
    columns: Columns | None = None


def find_sales(
    reader: Reader,
    *,
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
    timezone: str = "UTC",
    is_stored: bool = False,
) -> Sales:
    """The sales of the days from `since` to `until` that pass the filters; without either, all.

    With `is_stored`, an answer over all of them is kept, and nothing in memory is looked for.
    Raises ConfigError for an unknown dimension or time zone.
    """
    zone = find_zone(timezone)
    question = ask(["net_sales"], since=since, until=until, where=where)
    is_all = not (since or until or question.where)
    columns = None if is_all and is_stored else columns_of(reader, timezone)
    if is_all:
        sale_time = sale_time_sql('s."timestamp"', zone, span(reader))
        return Sales(question, '"sales"', sale_time, is_all=True, columns=columns)
    if columns:
        return Sales(question, "", "", columns=columns)
    head, conditions, values = open_sales(reader, question, timezone)
    kept = f"\nWHERE {' AND '.join(conditions)}" if conditions else ""
    relation = f"(\n{head}SELECT {', '.join(_COLUMNS)}\nFROM sale{kept}\n)"
    return Sales(question, relation, "s.sale_time", values)
