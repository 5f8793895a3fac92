"""The best and the worst of selected sales: products by rank, and what rose and fell.

Only the rows that are shown become values; the rest stay numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_pipeline.metrics.columns.measuring import as_value, measure, money
from data_pipeline.metrics.frame import Kind
from data_pipeline.metrics.registry import find_metric, measures_of
from data_pipeline.sources.arrays import mask

if TYPE_CHECKING:
    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.frame import Row
    from data_pipeline.metrics.metric import Metric
    from data_pipeline.metrics.question import Question
    from data_pipeline.metrics.ranking import Cut

Numbers = NDArray[Any]
MONEY_UNITS = 10_000


def rank_products(columns: Columns, question: Question, cut: Cut) -> list[Row]:
    """Number, name, category, the question's measures, net sales with all before, those of all, and
    how many rows there are; the rows of the cut only.
    """
    found = measure(columns, question, question.measures, by_column="product")
    (product,), measured = found.place, found.measured
    net_sales = measured["net_sales"]
    kept = np.arange(len(product))
    if cut.search:
        kept = np.flatnonzero(_names_with(columns, cut.search.lower())[product])
    key, is_missing = _key(columns, measured, product, cut.column)
    shown = _best(kept, (key, is_missing), cut, (-net_sales, product))
    category = columns.codings["category"]
    everything = money(int(net_sales.sum()))
    rows: list[Row] = []
    for at in shown.tolist():
        own = net_sales[at]
        is_before = (net_sales > own) | ((net_sales == own) & (product <= product[at]))
        number = int(product[at])
        values = [as_value(one, int(measured[one.name][at])) for one in question.measures]
        so_far = money(int(net_sales[is_before].sum()))
        names = (*columns.codings["product"].values[number],)
        names += category.values[int(category.places[number])]
        rows.append((*names, *values, so_far, everything, len(kept)))
    return rows


def find_movers(columns: Columns, now: Question, before: Question | None, cut: Cut) -> list[Row]:
    """The values of the dimension, the metric now, before and its change, and how many rows there
    are; the rows of the cut only.
    """
    (metric,), (dimension,) = now.metrics, now.by
    values = columns.codings[dimension.name].values
    is_, there = _by_place(columns, now, metric, len(values))
    was, were = np.zeros_like(is_), np.zeros_like(there)
    if before:
        was, were = _by_place(columns, before, metric, len(values))
    place = np.flatnonzero(there | were)
    key = {"now": is_, "before": was, "change": is_ - was}[cut.column][place]
    shown = _best(np.arange(len(place)), (key, np.zeros(len(place), bool)), cut, (place,))
    return [
        (
            *values[at],
            *(_exact(metric, int(side[at])) for side in (is_, was, is_ - was)),
            len(place),
        )
        for at in place[shown].tolist()
    ]


def _by_place(
    columns: Columns, question: Question, metric: Metric, size: int
) -> tuple[Numbers, Numbers]:
    """The metric of each value of the dimension, and whether it has a row."""
    found = measure(columns, question, measures_of(metric))
    sums, there = np.zeros(size, np.int64), np.zeros(size, bool)
    sums[found.place[0]] = _added(metric, found.measured)
    there[found.place[0]] = True
    return sums, there


def _exact(metric: Metric, number: int) -> Any:
    return money(number) if metric.kind is Kind.MONEY else number


def _added(metric: Metric, measured: dict[str, Numbers]) -> Numbers:
    """A metric that is no ratio, from its measures."""
    if not metric.adds:
        return measured[metric.name]
    parts = [_added(find_metric(name), measured) for name in metric.adds]
    total: Numbers = np.sum(parts, axis=0)
    return total


def _key(
    columns: Columns, measured: dict[str, Numbers], product: Numbers, name: str
) -> tuple[Numbers, Numbers]:
    """What products are ordered by, and where it is missing."""
    if name == "product":
        names = [name for _, name in columns.codings["product"].values]
        rank = {text: number for number, text in enumerate(sorted(set(names)))}
        key = np.fromiter((rank[text] for text in names), np.int64, len(names))[product]
        return key, np.zeros(len(product), bool)
    if name == "category":
        return columns.codings["category"].places[product], np.zeros(len(product), bool)
    metric = find_metric(name)
    if not metric.is_ratio:
        return _added(metric, measured), np.zeros(len(product), bool)
    top, bottom = (_as_warehouse(find_metric(n), measured) for n in _two_sides(metric))
    is_missing = bottom == 0
    return top / np.where(is_missing, 1, bottom), is_missing


def _two_sides(metric: Metric) -> tuple[str, str]:
    return metric.numerator, metric.denominator


def _as_warehouse(metric: Metric, measured: dict[str, Numbers]) -> Numbers:
    """What a warehouse divides, for the order only; so nearly equal quotients are as near there."""
    added = _added(metric, measured)
    shown: Numbers = added / MONEY_UNITS if metric.kind is Kind.MONEY else added
    return shown


def _best(
    kept: Numbers, key: tuple[Numbers, Numbers], cut: Cut, then: tuple[Numbers, ...]
) -> Numbers:
    """The places of the cut's rows among those that are kept, in order; what is missing last."""
    values, is_missing = key[0][kept], key[1][kept]
    if cut.descending:
        values = -values
    end = cut.offset + cut.limit
    there = np.flatnonzero(~is_missing)
    if len(there) > end:
        edge = np.partition(values[there], end - 1)[end - 1]
        near = there[values[there] <= edge]
    else:
        near = np.arange(len(kept))
    ties = tuple(one[kept[near]] for one in reversed(then))
    order = np.lexsort((*ties, values[near], is_missing[near]))
    found: Numbers = kept[near[order[cut.offset : end]]]
    return found


def _names_with(columns: Columns, text: str) -> Numbers:
    """For each product, whether its name has the text in it, without case."""
    names = pa.array([name for _, name in columns.codings["product"].values], pa.string())
    return mask(pc.match_substring(pc.utf8_lower(names), text))
