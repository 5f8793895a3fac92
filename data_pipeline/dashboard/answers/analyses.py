"""The analyses by name: what each is called, what it takes, and who computes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING

from data_pipeline.dashboard.answers import baskets, customers, products, time
from data_pipeline.dashboard.answers.recording import Recorder, Sent
from data_pipeline.dashboard.answers.scope import Scope, read_scope
from data_pipeline.dashboard.answers.shape import asked_json, frame_json
from data_pipeline.dashboard.cost import estimate
from data_pipeline.dashboard.refusal import Refusal, wrong_question
from data_pipeline.errors import ConfigError
from data_pipeline.metrics import ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_pipeline.dashboard.answers.found import Found
    from data_pipeline.dashboard.answers.shape import Json
    from data_pipeline.dashboard.asking import AnalysisFile, AnalysisQuestion
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Frame, Reader

MOST_REMEMBERED = 1000
"""How many results over sales of all days are kept for a version of the data."""

Asks = Sequence[tuple[Sequence[str], Sequence[str]]]
"""Metrics, and by what."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """An analysis of the page.

    One that does not heed days looks at the whole life of customers. How long it takes follows from
    the metrics that it `asks` for, by which dimensions; or else a million sales take `seconds` on a
    small machine, about, those in memory that pass the filters `recall_s`, and nothing when all are
    looked at and the answer `is_stored`.
    """

    name: str
    label: str
    description: str
    compute: Callable[[Reader, Store, AnalysisQuestion, Scope], Found]
    frames: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    asks: Callable[[AnalysisQuestion], Asks] | None = None
    heeds_days: bool = True
    seconds: float = 0.0
    recall_s: float = 0.0
    is_stored: bool = False


_ANALYSES = (
    Analysis(
        "change",
        "Why net sales changed",
        "The change between two periods, split into customers, how often they order, what an order"
        " is worth, guests and returns. The parts add up exactly.",
        time.explain_change,
        ("parts",),
        ("compare", "compare_since", "compare_until"),
        asks=time.asks_of_change,
    ),
    Analysis(
        "new_returning",
        "New and returning customers",
        "Customers on the day of their first sale and later ones, and what each bring.",
        time.new_and_returning,
        ("new_returning",),
        ("grain",),
        asks=time.asks_of_new_and_returning,
    ),
    Analysis(
        "week",
        "The week by hour",
        "All 168 hours of the week.",
        time.week_by_hour,
        ("week",),
        ("metric",),
        asks=time.asks_of_week,
    ),
    Analysis(
        "products",
        "Products",
        "Every product with its share of net sales and its class: A are those that bring the first"
        " 80 %, B the next 15 %, C the rest.",
        products.list_products,
        ("products",),
        ("sort", "search", "limit", "offset"),
        asks=products.asks_of_products,
    ),
    Analysis(
        "concentration",
        "Concentration",
        "How much of net sales the best products or customers bring.",
        products.concentrate,
        ("curve", "classes"),
        ("item",),
        seconds=0.2,
        recall_s=0.009,
        is_stored=True,
    ),
    Analysis(
        "movers",
        "Rising and falling",
        "What rose and fell the most between two periods.",
        products.list_movers,
        ("movers",),
        ("item", "metric", "sort", "limit", "compare", "compare_since", "compare_until"),
        asks=products.asks_of_movers,
    ),
    Analysis(
        "cohorts",
        "Cohorts",
        "Of the customers who first bought in a month, the share who bought again n months later."
        " Months that the data cover in part are left out.",
        customers.cohorts,
        ("cohorts",),
        heeds_days=False,
        seconds=0.3,
        recall_s=0.08,
        is_stored=True,
    ),
    Analysis(
        "rfm",
        "Segments",
        "Customers by how recently and how often they bought, scored by fifths.",
        customers.segments,
        ("segments",),
        heeds_days=False,
        seconds=0.5,
        recall_s=0.07,
        is_stored=True,
    ),
    Analysis(
        "repeat_intervals",
        "Days until the next purchase",
        "How many days lie between one buying day of a customer and the next.",
        customers.intervals,
        ("intervals",),
        heeds_days=False,
        seconds=0.4,
        recall_s=0.09,
        is_stored=True,
    ),
    Analysis(
        "age_groups",
        "Age groups",
        "Buyers and net sales by age, of those whose year of birth is known.",
        customers.ages,
        ("ages",),
        seconds=0.2,
        recall_s=0.05,
        is_stored=True,
    ),
    Analysis(
        "basket_pairs",
        "Bought together",
        "Pairs of products that are bought together more often than chance would have it.",
        baskets.pairs,
        ("pairs",),
        ("min_orders", "limit"),
        seconds=0.5,
        recall_s=0.03,
    ),
    Analysis(
        "order_values",
        "What orders are worth",
        "Orders by what they are worth, before returns.",
        baskets.values,
        ("values",),
        seconds=0.1,
    ),
)

ANALYSES: Mapping[str, Analysis] = MappingProxyType({one.name: one for one in _ANALYSES})


def find_analysis(name: str) -> Analysis:
    """The analysis called `name`; a Refusal with the known names when there is none."""
    if name not in ANALYSES:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "not_found",
            f"unknown analysis {name!r}",
            f"Known: {', '.join(sorted(ANALYSES))}.",
        )
    return ANALYSES[name]


def estimate_analysis(
    analysis: Analysis, asked: AnalysisQuestion, store: Store, *, recalls: bool = True
) -> float:
    """Seconds that it takes, about, the memory used if it `recalls`; raises a Refusal for names
    that it does not know.
    """
    scope = _heeded(analysis, read_scope(asked, store))
    if analysis.asks:
        limits = {"since": scope.since, "until": scope.until, "where": scope.where}
        try:
            questions = [ask(names, by=by, **limits) for names, by in analysis.asks(asked)]  # type: ignore[arg-type]
        except ConfigError as error:
            raise wrong_question(str(error)) from None
        return sum(estimate(q, store, scope.period, recalls=recalls) for q in questions)
    is_kept = _key(analysis, asked, scope) in store.remembered
    is_kept = is_kept or (not scope.names and analysis.is_stored and store.keeps_sums)
    if is_kept:
        return 0.0
    share = store.share_of(scope.period) if analysis.heeds_days else 1.0
    millions = share * store.rows["sales"] / 1e6
    if recalls and store.recall.columns:
        return analysis.recall_s * millions * store.recall.columns.share_of(scope.where)
    return analysis.seconds * millions


def _heeded(analysis: Analysis, scope: Scope) -> Scope:
    """What of the question's limits the analysis heeds."""
    return scope if analysis.heeds_days else scope.without_days()


def answer_analysis(reader: Reader, store: Store, name: str, asked: AnalysisQuestion) -> Json:
    """The frames of an analysis and its single facts; says when it could not be filtered."""
    analysis, scope = find_analysis(name), read_scope(asked, store)
    heeded = _heeded(analysis, scope)
    found, sent = compute_analysis(analysis, reader, store, asked, heeded)
    more = {key: getattr(asked, key) for key in analysis.parameters}
    ignored = [name for name in scope.names if name not in heeded.names]
    return {
        "analysis": name,
        "asked": asked_json(scope.since, scope.until, scope.where, **more),
        "source": sent.source(),
        "filtered": not ignored,
        "ignored": ignored,
        "frames": {key: frame_json(frame) for key, frame in found.frames.items()},
        "facts": found.facts,
    }


def analysis_file(reader: Reader, store: Store, name: str, asked: AnalysisFile) -> Frame:
    """One frame of an analysis, for a file; its first when none is named."""
    analysis = find_analysis(name)
    frame = asked.frame or analysis.frames[0]
    if frame not in analysis.frames:
        raise wrong_question(f"{name} has no frame {frame!r}; it has {', '.join(analysis.frames)}")
    scope = _heeded(analysis, read_scope(asked, store))
    found, _ = compute_analysis(analysis, reader, store, asked, scope)
    return found.frames[frame]


def compute_analysis(
    analysis: Analysis,
    reader: Reader,
    store: Store,
    asked: AnalysisQuestion,
    scope: Scope,
    *,
    recalls: bool = True,
) -> tuple[Found, Sent]:
    """What the analysis finds, and the SQL that was sent for it; names that it does not know
    become a Refusal. What looks at sales of all days is computed once, whatever the period.
    """
    key = _key(analysis, asked, scope) + ("" if recalls else " from the warehouse")
    if known := store.remembered.get(key):
        return known
    recorder = Recorder(reader, recalls=recalls)
    try:
        found = analysis.compute(recorder, store, asked, scope)
    except ConfigError as error:
        raise wrong_question(str(error)) from None
    if scope.since is None and scope.until is None:
        store.remembered[key] = found, recorder.sent
        while len(store.remembered) > MOST_REMEMBERED:
            store.remembered.popitem(last=False)
    return found, recorder.sent


def _key(analysis: Analysis, asked: AnalysisQuestion, scope: Scope) -> str:
    own = {name: getattr(asked, name) for name in analysis.parameters}
    return f"{analysis.name} {own} {scope.since} {scope.until} {scope.where}"
