"""What a number is: its definition, the SQL that gave it, where from, and what was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from data_pipeline.dashboard.answers.analyses import find_analysis
from data_pipeline.dashboard.answers.quality import sentence
from data_pipeline.dashboard.answers.scope import read_scope, source_json
from data_pipeline.dashboard.answers.shape import asked_json, plain
from data_pipeline.dashboard.refusal import wrong_question
from data_pipeline.errors import ConfigError
from data_pipeline.metrics import METRICS, ask, compose, query
from data_pipeline.metrics.behind import condition_of
from data_pipeline.metrics.composing import compose_daily
from data_pipeline.metrics.periods import find_zone
from data_pipeline.metrics.quality import balance, is_balanced

if TYPE_CHECKING:
    from data_pipeline.dashboard.answers.scope import Scope
    from data_pipeline.dashboard.answers.shape import Json
    from data_pipeline.dashboard.asking import ExplainQuestion
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Metric, Question, Reader

WHY = {
    "aggregate": "Sums by day, kept by every load. The same SQL over the sales gives the same.",
    "fact": "All sales of the period, one row a transaction.",
}

VERIFIED = "balanced"


def answer_explain(reader: Reader, store: Store, asked: ExplainQuestion) -> Json:
    """Explain a metric as it was asked, or an analysis in words."""
    if bool(asked.metric) == bool(asked.analysis):
        raise wrong_question("name either a metric or an analysis to explain")
    scope = read_scope(asked, store)
    if asked.analysis:
        return _explain_analysis(reader, store, asked.analysis, scope)
    try:
        question = ask(
            [str(asked.metric)],
            by=asked.by,
            since=scope.since,
            until=scope.until,
            where=scope.where,
        )
    except ConfigError as error:
        raise wrong_question(str(error)) from None
    return _explain_metric(reader, store, question, scope)


def _explain_metric(reader: Reader, store: Store, question: Question, scope: Scope) -> Json:
    (metric,) = question.metrics
    source = source_json(question, store)
    statement = (
        compose_daily(question)
        if source["kind"] == "aggregate"
        else compose(question, find_zone(store.timezone), store.moments)
    )
    value = query(
        reader,
        [metric.name],
        since=scope.since,
        until=scope.until,
        where=scope.where,
        timezone=store.timezone,
    ).rows[0][0]
    return {
        "asked": asked_json(
            scope.since,
            scope.until,
            scope.where,
            metric=metric.name,
            by=[dimension.name for dimension in question.by],
        ),
        "filtered": True,
        "name": metric.name,
        "label": metric.label,
        "description": metric.description,
        "kind": metric.kind.value,
        "formula": metric.formula,
        "made_of": [_part(METRICS[name]) for name in _names_of_parts(metric)],
        "sql": statement.sql,
        "values": {name: _shown(given) for name, given in statement.values.items()},
        "source": source | {"why": WHY[source["kind"]]},
        "counts_rows": condition_of(metric),
        "additive_over": list(metric.additive_over),
        "value": plain(value),
        "checks": _checks(reader, store),
        "rows_url": f"/api/rows?{_rows_query(metric, scope)}",
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


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _rows_query(metric: Metric, scope: Scope) -> str:
    pairs = [("metric", metric.name)]
    pairs += [(k, str(d)) for k, d in (("since", scope.since), ("until", scope.until)) if d]
    pairs += [
        ("where", f"{name}:{_shown(value)}")
        for name, values in scope.where.items()
        for value in values
    ]
    return urlencode(pairs)


def _explain_analysis(reader: Reader, store: Store, name: str, scope: Scope) -> Json:
    analysis = find_analysis(name)
    return {
        "asked": asked_json(scope.since, scope.until, scope.where, analysis=name),
        "filtered": analysis.is_filtered,
        "name": name,
        "label": analysis.label,
        "description": analysis.description,
        "source": {"relation": "sales", "kind": "fact", "why": WHY["fact"]},
        "checks": _checks(reader, store),
        "rows_url": None,
    }


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
