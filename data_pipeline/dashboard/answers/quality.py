"""The books for the page: where every row went, what is in quarantine and why, the runs."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from data_pipeline.contract import LOAD_REASONS, STRUCTURE_REASONS, TABLES, row_reasons
from data_pipeline.dashboard.answers.shape import frame_json, moment_json
from data_pipeline.dashboard.asking import CSV_ROWS
from data_pipeline.inspection import read_status
from data_pipeline.metrics import Field, Frame, Kind
from data_pipeline.metrics.quality import balance, is_balanced, quarantined, repaired

if TYPE_CHECKING:
    from data_pipeline.dashboard.answers.shape import Json
    from data_pipeline.dashboard.asking import QuarantineFile, QuarantineQuestion
    from data_pipeline.dashboard.recall import Recalling
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Reader

MOST_RUNS = 200
COUNTS = ("rows_read", "rows_loaded", "rows_duplicate", "rows_quarantined")

FILE_FIELDS = (
    Field("source_table", "Table", Kind.TEXT),
    Field("source_file", "File", Kind.TEXT),
    Field("rows_read", "Rows read", Kind.COUNT),
    Field("rows_loaded", "Loaded", Kind.COUNT),
    Field("rows_duplicate", "Exact duplicates", Kind.COUNT),
    Field("rows_quarantined", "In quarantine", Kind.COUNT),
    Field("rows_repaired", "Repaired", Kind.COUNT),
    Field("amount_loaded", "Amount loaded", Kind.MONEY),
    Field("amount_quarantined", "Amount in quarantine", Kind.MONEY),
)
RECORD_FIELDS = (
    Field("source_table", "Table", Kind.TEXT),
    Field("source_file", "File", Kind.TEXT),
    Field("source_line", "Line", Kind.WHOLE),
    Field("reason", "Reason", Kind.TEXT),
    Field("detail", "Detail", Kind.TEXT),
    Field("raw", "Record as it came", Kind.TEXT),
    Field("amount", "Amount", Kind.MONEY),
    Field("run_id", "Run", Kind.WHOLE),
)
_RECORDS = (
    "FROM quarantine WHERE (source_table = $source OR $source IS NULL)"
    " AND (reason = $reason OR $reason IS NULL)"
)


def sentence(frame: Frame) -> Json:
    """The balance of all tables in one line."""
    return {name: int(sum(frame[name], 0)) for name in COUNTS}


def answer_quality(reader: Recalling, store: Store) -> Json:
    """The balance sheet by table and file, quarantine, repairs and runs."""
    books, status = balance(reader), read_status(reader.warehouse, MOST_RUNS)
    return {
        "source": {"relation": "ledger", "kind": "books"},
        "filtered": True,
        "balanced": is_balanced(books),
        "loaded_at": moment_json(store.loaded_at),
        "first_sale": moment_json(status.first_sale),
        "last_sale": moment_json(status.last_sale),
        "sentence": sentence(books),
        "balance": frame_json(books),
        "files": frame_json(Frame(FILE_FIELDS, tuple(status.files))),
        "quarantine": frame_json(_described(quarantined(reader))),
        "repairs": frame_json(repaired(reader)),
        "runs": _runs(reader, status.runs),
    }


def _described(frame: Frame) -> Frame:
    """Each reason with what it means."""
    described = Field("description", "What it means", Kind.TEXT)
    rows = tuple(
        (table, reason, describe_reason(table, reason), *rest) for table, reason, *rest in frame
    )
    return Frame((*frame.fields[:2], described, *frame.fields[2:]), rows)


def describe_reason(table: str, reason: str) -> str:
    """What a reason of the quarantine means; nothing for one that the contract does not know."""
    known = STRUCTURE_REASONS | LOAD_REASONS
    if table in TABLES:
        known |= row_reasons(TABLES[table])
    return known.get(reason, "")


def _runs(reader: Reader, runs: list[tuple[object, ...]]) -> Json:
    """The runs, the newest first, with what each of them booked."""
    booked = {
        run: (int(loaded), int(quarantined_rows))
        for run, loaded, quarantined_rows in reader.rows(
            "SELECT run_id, SUM(rows_loaded), SUM(rows_quarantined) FROM ledger"
            " WHERE entry <> 'reversal' GROUP BY run_id"
        )
    }
    fields = [
        {"name": name, "label": label, "kind": kind}
        for name, label, kind in (
            ("run_id", "Run", "whole"),
            ("started_at", "Started", "moment"),
            ("finished_at", "Finished", "moment"),
            ("seconds", "Seconds", "number"),
            ("kind", "Kind", "text"),
            ("status", "Status", "text"),
            ("files", "Files", "count"),
            ("rows_read", "Rows read", "count"),
            ("rows_loaded", "Loaded", "count"),
            ("rows_quarantined", "In quarantine", "count"),
        )
    ]
    rows = []
    for run_id, started, finished, kind, status, files, rows_read in runs:
        assert isinstance(started, datetime)
        assert isinstance(finished, datetime)
        seconds = Decimal(f"{(finished - started).total_seconds():.3f}")
        loaded, held = booked.get(run_id, (0, 0))
        times = (moment_json(started), moment_json(finished), f"{seconds:f}")
        rows.append([run_id, *times, kind, status, files, rows_read, loaded, held])
    return {"fields": fields, "rows": rows}


def answer_quarantine(reader: Reader, _store: Store, asked: QuarantineQuestion) -> Json:
    """Records that are not in the star, page by page."""
    frame = _records(reader, asked, asked.limit, asked.offset)
    ((count,),) = reader.rows(f"SELECT COUNT(*) {_RECORDS}", _only(asked))
    return {
        "source": {"relation": "quarantine", "kind": "books"},
        "filtered": True,
        "asked": {"table": asked.table, "reason": asked.reason},
        **frame_json(frame),
        "row_count": count,
    }


def quarantine_file(reader: Reader, asked: QuarantineFile) -> Frame:
    """The same for a file."""
    return _records(reader, asked, CSV_ROWS, 0)


def _records(reader: Reader, asked: QuarantineFile, limit: int, offset: int) -> Frame:
    rows = reader.rows(
        "SELECT source_table, source_file, source_line, reason, detail, raw, amount, run_id"
        f" {_RECORDS} ORDER BY source_table, source_file, source_line, reason"
        f" LIMIT {int(limit)} OFFSET {int(offset)}",
        _only(asked),
    )
    return Frame(RECORD_FIELDS, tuple(rows))


def _only(asked: QuarantineFile) -> dict[str, str | None]:
    return {"source": asked.table, "reason": asked.reason}
