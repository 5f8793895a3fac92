"""Metrics by dimensions: the question behind most of the charts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from data_pipeline.dashboard.answers.recording import Recorder
from data_pipeline.dashboard.answers.scope import Scope, compare_with, read_scope
from data_pipeline.dashboard.answers.shape import asked_json, frame_json
from data_pipeline.dashboard.asking import CSV_ROWS
from data_pipeline.dashboard.periods import GRAINS, describe, end_of, periods_of
from data_pipeline.dashboard.refusal import too_large, wrong_question
from data_pipeline.errors import ConfigError
from data_pipeline.metrics import METRICS, Frame, Kind, ask, query
from data_pipeline.metrics.frame import plain_value
from data_pipeline.metrics.metric import CUSTOMERS, EVERYTHING, PRODUCTS, TIME

if TYPE_CHECKING:
    from datetime import date

    from data_pipeline.dashboard.answers.shape import Json
    from data_pipeline.dashboard.asking import QueryQuestion
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Question, Reader, Row, Value
    from data_pipeline.metrics.change import Period

MOST_GROUPS = 200_000
_AXES = (
    dict.fromkeys((*GRAINS, "weekday", "hour"), TIME)
    | dict.fromkeys(("category", "product"), PRODUCTS)
    | dict.fromkeys(("location", "country", "mail_domain", "cohort"), CUSTOMERS)
)
"""Dimension to the axis along which it divides the sales."""


def read_question(asked: QueryQuestion, scope: Scope) -> Question:
    """Look all names up; raises a Refusal for unknown ones."""
    try:
        return ask(
            asked.metric, by=asked.by, since=scope.since, until=scope.until, where=scope.where
        )
    except ConfigError as error:
        raise wrong_question(str(error)) from None


def answer_query(reader: Reader, store: Store, asked: QueryQuestion) -> Json:
    """The frame, what is cut off, totals, and the same of the period to compare with."""
    scope = read_scope(asked, store)
    question = read_question(asked, scope)
    _refuse_too_many(question, scope, store)
    recorder = Recorder(reader)
    frame = _frame(recorder, store, asked, scope)
    shown = _cut(frame, asked)
    answer: Json = {
        "asked": _asked_json(asked, scope),
        "source": recorder.sent.source(),
        "filtered": True,
        **frame_json(shown),
        "row_count": len(frame),
        "period": describe(scope.period, store.span) if scope.period else None,
    }
    if len(shown) < len(frame):
        answer["others"] = _others(frame, shown, asked)
    if _has_time(asked):
        answer["partial"] = _partial(shown, asked.by[0], scope.period, store.span)
    if asked.totals == "1":
        answer["totals"] = _totals(recorder, store, asked, scope, frame)
    if asked.compare:
        answer |= _compared(reader, store, asked, scope, shown)
    return answer


def query_file(reader: Reader, store: Store, asked: QueryQuestion) -> Frame:
    """All rows, for a file."""
    scope = read_scope(asked, store)
    _refuse_too_many(read_question(asked, scope), scope, store)
    frame = _frame(reader, store, asked, scope)
    return _sorted(frame, asked.sort).head(CSV_ROWS)


def _asked_json(asked: QueryQuestion, scope: Scope) -> Json:
    keys = ("metric", "by", "sort", "limit", "offset", "compare")
    more = {key: getattr(asked, key) for key in keys}
    return asked_json(scope.since, scope.until, scope.where, **more)


def _frame(reader: Reader, store: Store, asked: QueryQuestion, scope: Scope) -> Frame:
    frame = query(
        reader,
        asked.metric,
        by=asked.by,
        since=scope.since,
        until=scope.until,
        where=scope.where,
        timezone=store.timezone,
    )
    if asked.fill == "1" and len(asked.by) == 1 and _has_time(asked) and scope.period:
        return fill_periods(frame, asked.by[0], scope.period)
    return frame


def fill_periods(frame: Frame, grain: str, period: Period) -> Frame:
    """The frame with a row for each period without one: sums and counts 0, ratios missing."""
    known = {row[0]: row for row in frame.rows}
    empty = tuple(
        None if METRICS[f.name].is_ratio else (0 if f.kind is Kind.COUNT else Decimal(0))
        for f in frame.fields[1:]
    )
    rows = tuple(known.get(day, (day, *empty)) for day in periods_of(period, grain))
    return Frame(frame.fields, rows)


def _has_time(asked: QueryQuestion) -> bool:
    return bool(asked.by) and asked.by[0] in GRAINS


def _sorted(frame: Frame, sort: str) -> Frame:
    if not sort:
        return frame
    name = sort.removeprefix("-")
    if name not in frame.names:
        raise wrong_question(f"cannot sort by {name!r}; the answer has {', '.join(frame.names)}")
    return frame.sorted_by(name, descending=sort.startswith("-"))


def _cut(frame: Frame, asked: QueryQuestion) -> Frame:
    rows = _sorted(frame, asked.sort).rows[asked.offset : asked.offset + asked.limit]
    return Frame(frame.fields, rows)


def _others(frame: Frame, shown: Frame, asked: QueryQuestion) -> list[Value]:
    """What the rows that are not shown add up to, where that means something."""
    names = list(dict.fromkeys(asked.metric))
    return [
        plain_value(sum(frame[name]) - sum(shown[name])) if _adds(name, asked) else None
        for name in names
    ]


def _adds(name: str, asked: QueryQuestion) -> bool:
    """Whether the metric's values of all rows add up to that of the whole."""
    axes = {_AXES.get(dimension) for dimension in asked.by}
    over = METRICS[name].additive_over
    return over == EVERYTHING or axes <= set(over)


def _partial(frame: Frame, grain: str, period: Period | None, span: Period | None) -> list[int]:
    """The rows whose day, week or month lies partly outside of the period or of the data."""
    if period is None or span is None:
        return []
    first, last = max(period.first, span.first), min(period.last, span.last)

    def is_cut(day: date) -> bool:
        return day < first or end_of(day, grain) > last

    return [place for place, row in enumerate(frame.rows) if is_cut(row[0])]


def _totals(
    reader: Reader, store: Store, asked: QueryQuestion, scope: Scope, frame: Frame
) -> list[Value]:
    """Each metric over everything: added up where that is right, asked for where it is not."""
    names = list(dict.fromkeys(asked.metric))
    if not asked.by:
        return [plain_value(value) for value in frame.rows[0]]
    if frame.rows and all(_adds(name, asked) for name in names):
        return [plain_value(sum(frame[name])) for name in names]
    whole = asked.model_copy(update={"by": [], "fill": "0"})
    return [plain_value(value) for value in _frame(reader, store, whole, scope).rows[0]]


def _compared(
    reader: Reader, store: Store, asked: QueryQuestion, scope: Scope, shown: Frame
) -> Json:
    """The same question of the period that it is compared with."""
    other, note = compare_with(asked, scope, store)
    if other is None:
        return {"compared": None, "compared_note": note}
    there = scope.moved_to(other)
    frame = _sorted(_frame(reader, store, asked, there), asked.sort)
    rows: tuple[Row, ...] = frame.rows
    if not _has_time(asked):
        keys = set(_keys(shown))
        rows = tuple(row for row, key in zip(rows, _keys(frame), strict=True) if key in keys)
    compared = Frame(frame.fields, rows[: asked.limit])
    answer = {"period": describe(other, store.span), **frame_json(compared)}
    if _has_time(asked):
        answer["partial"] = _partial(compared, asked.by[0], other, store.span)
    if asked.totals == "1":
        answer["totals"] = _totals(reader, store, asked, there, frame)
    return {"compared": answer, "compared_note": note}


def _keys(frame: Frame) -> list[Row]:
    width = len([f for f in frame.fields if f.name not in METRICS])
    return [row[:width] for row in frame.rows]


def _refuse_too_many(question: Question, scope: Scope, store: Store) -> None:
    """Refuse what could come to more groups than a page can show or this process should hold."""
    days = scope.days(store)
    sizes = {"day": days, "week": days // 7 + 2, "month": days // 28 + 2, "product": 0}
    sizes["product"] = store.rows["products"]
    wide = {"location", "mail_domain", "country"}
    groups = 1
    for dimension in question.by:
        many = store.rows["customers"] if dimension.name in wide else 40
        groups *= max(1, sizes.get(dimension.name, many))
    if min(groups, store.rows["sales"]) > MOST_GROUPS and len(question.by) > 1:
        raise too_large(
            "This could come to more groups than can be shown.",
            "Ask for a shorter period, a coarser grain or fewer dimensions.",
        )
