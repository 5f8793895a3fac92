"""What all answers are made of."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from data_pipeline.metrics import Frame, Kind
from data_pipeline.metrics.frame import plain_value, safe_cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from data_pipeline.metrics import Value

Json = dict[str, Any]


def frame_json(frame: Frame) -> Json:
    """Fields and rows; decimals and days as text."""
    fields = [{"name": f.name, "label": f.label, "kind": f.kind.value} for f in frame.fields]
    return {"fields": fields, "rows": frame.to_lists()}


def moment_json(moment: datetime | None) -> str | None:
    """A UTC instant as JavaScript reads it."""
    return moment.isoformat(timespec="seconds") + "Z" if moment else None


def asked_json(
    since: date | None, until: date | None, where: Mapping[str, Sequence[Value]], **more: Any
) -> Json:
    """The question as it was understood."""
    return more | {
        "since": plain_value(since),
        "until": plain_value(until),
        "where": {name: [plain_value(value) for value in values] for name, values in where.items()},
    }


def safe_csv(frame: Frame) -> str:
    """The frame as CSV in which no cell of the data is a formula: such get a leading quote."""
    texts = [field.kind is Kind.TEXT for field in frame.fields]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(frame.names)
    for row in frame.to_lists():
        cells = zip(row, texts, strict=True)
        writer.writerow([safe_cell(v) if is_text else v for v, is_text in cells])
    return out.getvalue()
