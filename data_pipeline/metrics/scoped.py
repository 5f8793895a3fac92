"""The sales that an analysis looks at: all of them, or those of some days that pass filters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_pipeline.metrics.frame import Value
from data_pipeline.metrics.periods import find_zone, sale_time_sql
from data_pipeline.metrics.planning import open_sales, span
from data_pipeline.metrics.question import Where, ask

if TYPE_CHECKING:
    from datetime import date

    from data_pipeline.metrics.reading import Reader

_COLUMNS = ("transaction_id", "customer_id", "product_id", "total_sales", "order_id", "sale_time")


@dataclass(frozen=True, slots=True)
class Sales:
    """`relation` is what stands behind FROM ... AS s; `sale_time` is the SQL of its local time."""

    relation: str
    sale_time: str
    values: dict[str, Value] = field(default_factory=dict)
    is_all: bool = False


def find_sales(
    reader: Reader,
    *,
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
    timezone: str = "UTC",
) -> Sales:
    """The sales of the days from `since` to `until` that pass the filters; without either, all.

    Raises ConfigError for an unknown dimension or time zone.
    """
    zone = find_zone(timezone)
    question = ask(["net_sales"], since=since, until=until, where=where)
    if not (since or until or question.where):
        return Sales('"sales"', sale_time_sql('s."timestamp"', zone, span(reader)), is_all=True)
    head, conditions, values = open_sales(reader, question, timezone)
    kept = f"\nWHERE {' AND '.join(conditions)}" if conditions else ""
    relation = f"(\n{head}SELECT {', '.join(_COLUMNS)}\nFROM sale{kept}\n)"
    return Sales(relation, "s.sale_time", values)
