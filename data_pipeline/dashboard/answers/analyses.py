"""The analyses by name: what each is called, what it takes, and who computes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING

from data_pipeline.dashboard.answers import baskets, customers, products, time
from data_pipeline.dashboard.answers.recording import Recorder, Sent
from data_pipeline.dashboard.answers.scope import Scope, read_scope
from data_pipeline.dashboard.answers.shape import asked_json, frame_json
from data_pipeline.dashboard.refusal import Refusal, wrong_question
from data_pipeline.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_pipeline.dashboard.answers.found import Found
    from data_pipeline.dashboard.answers.shape import Json
    from data_pipeline.dashboard.asking import AnalysisFile, AnalysisQuestion
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Frame, Reader

MOST_REMEMBERED = 64
"""How many results that no filter changes are kept for a version of the data."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """An analysis of the page. `seconds` is what a million sales take on a small machine, about;
    0 when it is read off sums that are kept. One that is not filtered looks at all sales.
    """

    name: str
    label: str
    description: str
    compute: Callable[[Reader, Store, AnalysisQuestion, Scope], Found]
    frames: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    is_filtered: bool = True
    seconds: float = 0.1


_ANALYSES = (
    Analysis(
        "change",
        "Why net sales changed",
        "The change between two periods, split into customers, how often they order, what an order"
        " is worth, guests and returns. The parts add up exactly.",
        time.explain_change,
        ("parts",),
        ("compare", "compare_since", "compare_until"),
        seconds=0.2,
    ),
    Analysis(
        "new_returning",
        "New and returning customers",
        "Customers on the day of their first sale and later ones, and what each bring.",
        time.new_and_returning,
        ("new_returning",),
        ("grain",),
        seconds=0.3,
    ),
    Analysis(
        "week",
        "The week by hour",
        "All 168 hours of the week.",
        time.week_by_hour,
        ("week",),
        ("metric",),
    ),
    Analysis(
        "products",
        "Products",
        "Every product with its share of net sales and its class: A are those that bring the first"
        " 80 %, B the next 15 %, C the rest.",
        products.list_products,
        ("products",),
        ("sort", "search", "limit", "offset"),
    ),
    Analysis(
        "concentration",
        "Concentration",
        "How much of net sales the best products or customers bring.",
        products.concentrate,
        ("curve", "classes"),
        ("item",),
        is_filtered=False,
        seconds=0.2,
    ),
    Analysis(
        "movers",
        "Rising and falling",
        "What rose and fell the most between two periods.",
        products.list_movers,
        ("movers",),
        ("item", "metric", "sort", "limit", "compare", "compare_since", "compare_until"),
        seconds=0.2,
    ),
    Analysis(
        "cohorts",
        "Cohorts",
        "Of the customers who first bought in a month, the share who bought again n months later."
        " Months that the data cover in part are left out.",
        customers.cohorts,
        ("cohorts",),
        is_filtered=False,
        seconds=0.3,
    ),
    Analysis(
        "rfm",
        "Segments",
        "Customers by how recently and how often they bought, scored by fifths.",
        customers.segments,
        ("segments",),
        is_filtered=False,
        seconds=0.5,
    ),
    Analysis(
        "repeat_intervals",
        "Days until the next purchase",
        "How many days lie between one buying day of a customer and the next.",
        customers.intervals,
        ("intervals",),
        is_filtered=False,
        seconds=0.4,
    ),
    Analysis(
        "age_groups",
        "Age groups",
        "Buyers and net sales by age, of those whose year of birth is known.",
        customers.ages,
        ("ages",),
        is_filtered=False,
        seconds=0.1,
    ),
    Analysis(
        "basket_pairs",
        "Bought together",
        "Pairs of products that are bought together more often than chance would have it.",
        baskets.pairs,
        ("pairs",),
        ("min_orders", "limit"),
        is_filtered=False,
        seconds=1.0,
    ),
    Analysis(
        "order_values",
        "What orders are worth",
        "Orders by what they are worth, before returns.",
        baskets.values,
        ("values",),
        seconds=0.3,
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


def estimate_analysis(analysis: Analysis, asked: AnalysisQuestion, store: Store) -> float:
    """Seconds that it takes, about."""
    if _key(analysis, asked) in store.unfiltered:
        return 0.0
    scope = read_scope(asked, store)
    share = store.share_of(scope.period) if analysis.is_filtered else 1.0
    return analysis.seconds * share * store.rows["sales"] / 1e6


def answer_analysis(reader: Reader, store: Store, name: str, asked: AnalysisQuestion) -> Json:
    """The frames of an analysis and its single facts; says when it could not be filtered."""
    analysis, scope = find_analysis(name), read_scope(asked, store)
    found, sent = compute_analysis(analysis, reader, store, asked, scope)
    more = {key: getattr(asked, key) for key in analysis.parameters}
    ignored = [] if analysis.is_filtered else scope.names
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
    found, _ = compute_analysis(analysis, reader, store, asked, read_scope(asked, store))
    return found.frames[frame]


def compute_analysis(
    analysis: Analysis, reader: Reader, store: Store, asked: AnalysisQuestion, scope: Scope
) -> tuple[Found, Sent]:
    """What the analysis finds, and the SQL that was sent for it; names that it does not know
    become a Refusal. What no filter can change is computed once.
    """
    key = _key(analysis, asked)
    if key in store.unfiltered:
        return store.unfiltered[key]
    recorder = Recorder(reader)
    try:
        found = analysis.compute(recorder, store, asked, scope)
    except ConfigError as error:
        raise wrong_question(str(error)) from None
    if not analysis.is_filtered:
        if len(store.unfiltered) >= MOST_REMEMBERED:
            store.unfiltered.clear()
        store.unfiltered[key] = found, recorder.sent
    return found, recorder.sent


def _key(analysis: Analysis, asked: AnalysisQuestion) -> str:
    own = {name: getattr(asked, name) for name in analysis.parameters}
    return f"{analysis.name} {own}"
