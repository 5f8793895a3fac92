"""What a number is: its definition, the SQL that gave it, where from, and what was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from data_pipeline.dashboard.answers.analyses import compute_analysis, find_analysis
from data_pipeline.dashboard.answers.quality import sentence
from data_pipeline.dashboard.answers.recording import WHY, Recorder, Sent
from data_pipeline.dashboard.answers.scope import read_scope
from data_pipeline.dashboard.answers.shape import asked_json
from data_pipeline.dashboard.refusal import wrong_question
from data_pipeline.errors import ConfigError
from data_pipeline.metrics import METRICS, ask, query
from data_pipeline.metrics.behind import condition_of
from data_pipeline.metrics.frame import plain_value
from data_pipeline.metrics.quality import balance, is_balanced

if TYPE_CHECKING:
    from data_pipeline.dashboard.answers.scope import Scope
    from data_pipeline.dashboard.answers.shape import Json
    from data_pipeline.dashboard.asking import ExplainQuestion
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Frame, Metric, Question, Reader

VERIFIED = "balanced"


def answer_explain(reader: Reader, store: Store, asked: ExplainQuestion) -> Json:
    """Explain a metric as it was asked, or an analysis: what it is, and the SQL that was sent."""
    scope = read_scope(asked, store)
    if asked.analysis:
        return _explain_analysis(reader, store, asked, scope)
    return _explain_metric(reader, store, read_question(asked, scope), scope)


def read_question(asked: ExplainQuestion, scope: Scope) -> Question:
    """The metric as it was asked; raises a Refusal for unknown names, or for none."""
    if not asked.metric:
        raise wrong_question("name a metric or an analysis to explain")
    try:
        return ask(
            [asked.metric],
            by=asked.by,
            since=scope.since,
            until=scope.until,
            where=scope.where,
        )
    except ConfigError as error:
        raise wrong_question(str(error)) from None


def _explain_metric(reader: Reader, store: Store, question: Question, scope: Scope) -> Json:
    (metric,) = question.metrics
    recorder, shown = Recorder(reader, recalls=False), Recorder(reader)
    by = [dimension.name for dimension in question.by]
    frame = _query(recorder, store, metric, by, scope)
    recalled = _query(shown, store, metric, by, scope)
    whole = _query(reader, store, metric, [], scope) if by else frame
    return {
        "asked": asked_json(scope.since, scope.until, scope.where, metric=metric.name, by=by),
        "filtered": True,
        "name": metric.name,
        "label": metric.label,
        "description": metric.description,
        "kind": metric.kind.value,
        "formula": metric.formula,
        "made_of": [_part(METRICS[name]) for name in _names_of_parts(metric)],
        **_said(recorder.sent, shown.sent),
        "counts_rows": condition_of(metric),
        "additive_over": list(metric.additive_over),
        "value": plain_value(whole.rows[0][0]),
        "checks": [*_agrees(shown.sent, recalled == frame), *_checks(reader, store)],
        "rows_url": f"/api/rows?{_rows_query(metric, scope)}",
    }


def _query(reader: Reader, store: Store, metric: Metric, by: list[str], scope: Scope) -> Frame:
    return query(
        reader,
        [metric.name],
        by=by,
        since=scope.since,
        until=scope.until,
        where=scope.where,
        timezone=store.timezone,
    )


def _said(sent: Sent, shown: Sent) -> Json:
    """The SQL that was sent, its parameters, and what the number on the page was read from."""
    source = shown.source()
    return {
        "sql": sent.sql(),
        "values": sent.values(),
        "source": source | {"why": WHY[source["kind"]]},
    }


def _names_of_parts(metric: Metric) -> list[str]:
    """All parts of a sum or ratio, and theirs."""
    direct = metric.adds or ((metric.numerator, metric.denominator) if metric.is_ratio else ())
    found = list(direct)
    for name in direct:
        found += _names_of_parts(METRICS[name])
    return list(dict.fromkeys(found))


def _part(metric: Metric) -> Json:
    return {"name": metric.name, "label": metric.label, "formula": metric.formula}


def _rows_query(metric: Metric, scope: Scope) -> str:
    pairs = [("metric", metric.name)]
    pairs += [(k, str(d)) for k, d in (("since", scope.since), ("until", scope.until)) if d]
    pairs += [
        ("where", f"{name}:{'' if value is None else value}")
        for name, values in scope.where.items()
        for value in values
    ]
    return urlencode(pairs)


def _explain_analysis(reader: Reader, store: Store, asked: ExplainQuestion, scope: Scope) -> Json:
    analysis = find_analysis(str(asked.analysis))
    heeded = scope if analysis.heeds_days else scope.without_days()
    shown, how = compute_analysis(analysis, reader, store, asked, heeded)
    found, sent = shown, how
    if how.recalled:
        found, sent = compute_analysis(analysis, reader, store, asked, heeded, recalls=False)
    return {
        "asked": asked_json(scope.since, scope.until, scope.where, analysis=analysis.name),
        "filtered": heeded.names == scope.names,
        "name": analysis.name,
        "label": analysis.label,
        "description": analysis.description,
        **_said(sent, how),
        "checks": [*_agrees(how, shown == found), *_checks(reader, store)],
        "rows_url": None,
    }


def _agrees(shown: Sent, is_same: bool) -> list[Json]:
    """That the memory gave what the warehouse gives."""
    if not shown.recalled:
        return []
    detail = (
        "The SQL below was sent to the warehouse just now; its answer was held against that one."
    )
    return [{"name": "The warehouse gives the same as the memory", "ok": is_same, "detail": detail}]


def _checks(reader: Reader, store: Store) -> list[Json]:
    """What holds of the data that the number was computed from."""
    books = balance(reader)
    says = sentence(books)
    loaded, duplicate = says["rows_loaded"], says["rows_duplicate"]
    return [
        {
            "name": "The books balance",
            "ok": is_balanced(books),
            "detail": f"{says['rows_read']:,} rows read = {loaded:,} loaded + {duplicate:,} exact"
            f" duplicates + {says['rows_quarantined']:,} in quarantine",
        },
        _amounts_agree(reader, store),
        {
            "name": "Keys were verified by the load",
            "ok": store.run_status == VERIFIED,
            "detail": f"Run {store.run_id} ended as {store.run_status}: a run commits only after"
            " every key was found unique and every foreign key was found.",
        },
    ]


def _amounts_agree(reader: Reader, store: Store) -> Json:
    """The money of the ledger against net sales, which the metrics read."""
    ((booked,),) = reader.rows(
        "SELECT COALESCE(SUM(amount_loaded), 0) FROM ledger WHERE source_table = 'sales'"
    )
    (net_sales,) = query(reader, ["net_sales"], timezone=store.timezone).rows[0]
    return {
        "name": "Net sales are what the ledger booked",
        "ok": net_sales == booked,
        "detail": f"{net_sales:,f} in the metrics, {booked:,f} by the ledger, over all days",
    }
