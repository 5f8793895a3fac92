"""What the page has to know before it asks: the span, the names, what this shop has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_pipeline.dashboard.answers.analyses import ANALYSES
from data_pipeline.dashboard.answers.headlines import HEADLINES, better
from data_pipeline.dashboard.answers.quality import sentence
from data_pipeline.dashboard.answers.shape import moment_json
from data_pipeline.dashboard.asking import CSV_ROWS, MOST_VALUES, ROWS_A_PAGE
from data_pipeline.dashboard.periods import GRAINS
from data_pipeline.metrics import DIMENSIONS, METRICS
from data_pipeline.metrics.metric import EVERYTHING
from data_pipeline.metrics.quality import balance, is_balanced

if TYPE_CHECKING:
    from data_pipeline.dashboard.answers.shape import Json
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Reader
    from data_pipeline.metrics.change import Period

SMALL = ("category", "channel", "new_or_returning", "weekday", "hour", "country", "cohort")
"""Dimensions with so few values that a page can list them all."""


def answer_meta(reader: Reader, store: Store) -> Json:
    """All names with their meaning, and the facts of this state of the data."""
    books = balance(reader)
    return {
        "warehouse": store.url,
        "currency": store.currency,
        "timezone": store.timezone,
        "week_start": 1,
        "loaded_at": moment_json(store.loaded_at),
        "run_id": store.run_id,
        "span": _span(store.span),
        "rows": store.rows,
        "balance": {**sentence(books), "balanced": is_balanced(books)},
        "default_period": _days(store.default_period),
        "metrics": [
            {
                "name": metric.name,
                "label": metric.label,
                "description": metric.description,
                "kind": metric.kind.value,
                "better": better(metric.name),
                "formula": metric.formula,
                "additive": metric.additive_over == EVERYTHING,
            }
            for metric in METRICS.values()
        ],
        "dimensions": [
            {
                "name": dimension.name,
                "label": dimension.columns[-1].label,
                "description": dimension.description,
                "kind": dimension.columns[0].kind.value,
                "is_time": dimension.name in GRAINS,
                "values_known": dimension.name in SMALL,
            }
            for dimension in DIMENSIONS.values()
        ],
        "grains": list(GRAINS),
        "analyses": [
            {
                "name": analysis.name,
                "label": analysis.label,
                "description": analysis.description,
                "frames": list(analysis.frames),
                "filters": "all" if analysis.heeds_days else "all but days",
                "parameters": list(analysis.parameters),
            }
            for analysis in ANALYSES.values()
        ],
        "headlines": [name for name in HEADLINES if store.has["cost"] or name != "margin_rate"],
        "has": store.has,
        "limits": {
            "rows_page": ROWS_A_PAGE,
            "csv_rows": CSV_ROWS,
            "where_values": MOST_VALUES,
        },
    }


def _span(period: Period | None) -> Json | None:
    if period is None:
        return None
    return {"first_day": period.first.isoformat(), "last_day": period.last.isoformat()}


def _days(period: Period | None) -> Json | None:
    if period is None:
        return None
    return {"since": period.first.isoformat(), "until": period.last.isoformat()}
