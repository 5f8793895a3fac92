"""The state of the data as the books tell it: the balance, the quarantine, the repairs."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from data_pipeline.contract import TABLES
from data_pipeline.metrics.frame import Field, Frame, Kind
from data_pipeline.metrics.reading import read_sql

if TYPE_CHECKING:
    from data_pipeline.metrics.reading import Reader

_TABLE = Field("source_table", "Table", Kind.TEXT)


def balance(reader: Reader) -> Frame:
    """Where every row that was read has ended, a row a table, over all runs."""
    fields = (
        _TABLE,
        Field("rows_read", "Rows read", Kind.COUNT),
        Field("rows_loaded", "Loaded", Kind.COUNT),
        Field("rows_duplicate", "Exact duplicates", Kind.COUNT),
        Field("rows_quarantined", "In quarantine", Kind.COUNT),
        Field("rows_repaired", "Repaired", Kind.COUNT),
        Field("amount_loaded", "Amount loaded", Kind.MONEY),
        Field("amount_quarantined", "Amount in quarantine", Kind.MONEY),
    )
    return Frame(fields, tuple(reader.rows(read_sql("balance"))))


def is_balanced(frame: Frame) -> bool:
    """Whether read = loaded + exact duplicates + quarantined holds in every row of a balance."""
    return all(row[1] == row[2] + row[3] + row[4] for row in frame.rows)


def quarantined(reader: Reader) -> Frame:
    """How many rows are in quarantine for which reason, and what of them can be valued."""
    fields = (
        _TABLE,
        Field("reason", "Reason", Kind.TEXT),
        Field("quarantined", "Rows", Kind.COUNT),
        Field("amount", "Amount", Kind.MONEY),
    )
    return Frame(fields, tuple(reader.rows(read_sql("quarantined"))))


def repaired(reader: Reader) -> Frame:
    """How many loaded rows have had which repair."""
    counts: Counter[tuple[str, str]] = Counter()
    for table in TABLES:
        for _, names, rows in reader.rows(read_sql("repaired").format(table=table)):
            counts.update(dict.fromkeys(((table, name) for name in names.split()), rows))
    fields = (
        _TABLE,
        Field("repair", "Repair", Kind.TEXT),
        Field("repaired", "Rows", Kind.COUNT),
    )
    rows = [(*key, count) for key, count in sorted(counts.items())]
    return Frame(fields, tuple(rows)).sorted_by("repaired", descending=True)


def loaded_at(reader: Reader) -> datetime | None:
    """When the last run finished (UTC); None when there was none."""
    ((moment,),) = reader.rows('SELECT MAX("finished_at") FROM "runs"')
    return moment if isinstance(moment, datetime) else None
