"""The sales behind a number, and the choices of a filter."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from data_pipeline.dashboard.answers.recording import Recorder
from data_pipeline.dashboard.answers.scope import read_scope
from data_pipeline.dashboard.answers.shape import asked_json, frame_json
from data_pipeline.dashboard.asking import CSV_ROWS
from data_pipeline.dashboard.refusal import wrong_question
from data_pipeline.errors import ConfigError
from data_pipeline.metrics import DIMENSIONS, Field, Frame, Kind, ask, query
from data_pipeline.metrics.behind import count_behind, read_behind

if TYPE_CHECKING:
    from data_pipeline.dashboard.answers.scope import Scope
    from data_pipeline.dashboard.answers.shape import Json
    from data_pipeline.dashboard.asking import RowsFile, RowsQuestion, ValuesQuestion
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Question, Reader
    from data_pipeline.metrics.behind import Mark


def answer_rows(reader: Reader, store: Store, asked: RowsQuestion) -> Json:
    """A page of sales, and of all of them the number and the sum."""
    question, scope = rows_question(asked, store), read_scope(asked, store)
    after = _read_mark(asked.after) if asked.after else None
    frame, following = read_behind(
        reader, question, most=asked.limit, after=after, timezone=store.timezone
    )
    count, amount = count_behind(reader, question, timezone=store.timezone)
    return {
        "asked": asked_json(scope.since, scope.until, scope.where, metric=asked.metric),
        "source": {"relation": "sales", "kind": "fact"},
        "filtered": True,
        **frame_json(frame),
        "next": _write_mark(following) if following else None,
        "row_count": count,
        "amount": f"{amount:f}",
    }


def rows_file(reader: Reader, store: Store, asked: RowsFile) -> tuple[Frame, bool]:
    """The newest of them for a file, and whether there are more."""
    frame, following = read_behind(
        reader, rows_question(asked, store), most=CSV_ROWS, timezone=store.timezone
    )
    return frame, following is not None


def rows_question(asked: RowsFile | RowsQuestion, store: Store) -> Question:
    """The metric whose rows are asked for; raises a Refusal for an unknown one."""
    scope = read_scope(asked, store)
    try:
        return ask([asked.metric], since=scope.since, until=scope.until, where=scope.where)
    except ConfigError as error:
        raise wrong_question(str(error)) from None


def _write_mark(mark: Mark) -> str:
    return f"{mark[0].isoformat()}_{mark[1]}"


def _read_mark(text: str) -> Mark:
    moment, _, number = text.partition("_")
    try:
        return datetime.fromisoformat(moment).replace(tzinfo=None), int(number)
    except ValueError:
        raise wrong_question(f"after={text!r} is no mark", "Send `next` as it came.") from None


def values_question(name: str, scope: Scope) -> Question:
    """Net sales by the dimension called `name`."""
    return ask(["net_sales"], by=[name], since=scope.since, until=scope.until, where=scope.where)


def answer_values(reader: Reader, store: Store, name: str, asked: ValuesQuestion) -> Json:
    """The values of a dimension that sales have, those with most net sales first."""
    scope = read_scope(asked, store)
    recorder = Recorder(reader)
    frame = query(
        recorder,
        ["net_sales"],
        by=[name],
        since=scope.since,
        until=scope.until,
        where=scope.where,
        timezone=store.timezone,
    ).sorted_by("net_sales", descending=True)
    wanted = asked.search.casefold()
    rows = [(value, *(rest if len(rest) == 2 else (value, *rest))) for value, *rest in frame]
    kept = [row for row in rows if wanted in str(row[1]).casefold()] if wanted else rows
    column = DIMENSIONS[name].columns
    fields = (
        Field("value", column[0].label, column[0].kind),
        Field("label", column[-1].label, column[-1].kind),
        Field("net_sales", "Net sales", Kind.MONEY),
    )
    return {
        "asked": asked_json(scope.since, scope.until, scope.where, dimension=name),
        "source": recorder.sent.source(),
        "filtered": True,
        **frame_json(Frame(fields, tuple(kept[: asked.limit]))),
        "row_count": len(kept),
        "more": len(kept) > asked.limit,
    }
