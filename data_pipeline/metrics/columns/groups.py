"""How selected sales are divided by dimensions, or by the numbers of a column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_pipeline.metrics.columns.counting import find_different
from data_pipeline.metrics.rollups import PERIODS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from data_pipeline.metrics.columns.sales import Columns
    from data_pipeline.metrics.columns.selection import Selection
    from data_pipeline.metrics.dimensions import Dimension

Numbers = NDArray[Any]
GUEST = 0
MOST_CELLS = 2**21
"""With more possible groups than that, those that are there are numbered anew."""

FEW = 2**14
"""Among so many sales, whoever is often there is found."""


@dataclass(frozen=True)
class Groups:
    """Which group each selected sale is in; `of` is None when all are in one.

    `place` has for each group its places in the values of the dimensions; or groups are the numbers
    of a `column`. Groups of which one ends before the next begins have their first `days`.
    """

    count: int
    find: Callable[[], Numbers] | None
    place: tuple[Numbers, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    column: str = ""
    days: Numbers | None = None

    @cached_property
    def of(self) -> Numbers | None:
        """Found when it is first asked for: what follows from the customer does without."""
        return self.find() if self.find else None


def places_of(selection: Selection, name: str) -> Numbers:
    """The place of each selected sale in the values of a dimension."""
    coding = selection.columns.codings[name]
    places: Numbers = coding.places[selection.take(coding.column)]
    return places


def group(columns: Columns, selection: Selection, by: Sequence[Dimension]) -> Groups:
    """Divide the selected sales by the dimensions."""
    if not by:
        return Groups(1, None)
    sizes = [len(columns.codings[d.name].values) for d in by]

    def find() -> Numbers:
        of = places_of(selection, by[0].name).astype(np.int64)
        for dimension, size in zip(by[1:], sizes[1:], strict=True):
            of = of * size + places_of(selection, dimension.name)
        return of

    count = int(np.prod(sizes, dtype=np.int64))
    if count <= MOST_CELLS:
        place = tuple(np.unravel_index(np.arange(count), sizes))
        return Groups(count, find, place, tuple(by), days=_first_days(columns, by))
    cells, of = np.unique(find(), return_inverse=True)
    return Groups(len(cells), lambda: of, tuple(np.unravel_index(cells, sizes)), tuple(by))


def _first_days(columns: Columns, by: Sequence[Dimension]) -> Numbers | None:
    """The first day of each group by day, week, month, quarter or year; None by anything else."""
    if len(by) != 1 or by[0].name not in PERIODS:
        return None
    coding = columns.codings[by[0].name]
    return np.searchsorted(coding.places, np.arange(len(coding.values)))


def find_edges(selection: Selection, groups: Groups) -> Numbers:
    """How many selected sales stand before each group by periods; behind the last one, all."""
    assert groups.days is not None
    starts = selection.columns.starts
    return selection.find_rows(np.append(starts[groups.days], starts[-1]))


def find_groups(selection: Selection, groups: Groups, found: Sequence[Numbers]) -> Numbers:
    """Which groups have a sale. In one of which something is not 0 there is one; only if there are
    others, the sales are looked at, and at first a few of them.
    """
    columns, there = selection.columns, np.zeros(groups.count, bool)
    for values in found:
        there |= values != 0
    name = groups.dimensions[0].name if len(groups.dimensions) == 1 else ""
    if not there.all() and (kept := columns.traits.find(selection.whole, name)):
        there |= kept.rows[:-1] != 0
        there[columns.codings[name].places[GUEST]] |= kept.rows[-1] != 0
        return np.flatnonzero(there)
    if not there.all() and follow_customers(columns, groups):
        there |= count_customers(columns, groups, selection.take("customer")[:FEW]) > 0
    return np.flatnonzero(there if there.all() else _sizes(selection, groups))


def _sizes(selection: Selection, groups: Groups) -> Numbers:
    """Of each group a number that is 0 when no sale is in it."""
    columns = selection.columns
    if groups.days is not None:
        return np.diff(find_edges(selection, groups))
    if not follow_customers(columns, groups):
        return np.bincount(groups.of, minlength=groups.count)  # type: ignore[arg-type]
    customers = find_different(selection.take("customer"), columns.size_of("customer"), None)
    return count_customers(columns, groups, customers)


def follow_customers(columns: Columns, groups: Groups) -> bool:
    """Whether the groups follow from the customer."""
    if groups.column == "customer":
        return True
    followed = (columns.codings[d.name].column == "customer" for d in groups.dimensions)
    return bool(groups.dimensions) and all(followed)


def count_customers(columns: Columns, groups: Groups, customers: Numbers) -> Numbers:
    """How many of the customers are in each group, where each is in one only."""
    if groups.column == "customer":
        return np.bincount(customers, minlength=groups.count)
    sizes = [len(columns.codings[d.name].values) for d in groups.dimensions]
    places = [columns.codings[d.name].places[customers] for d in groups.dimensions]
    if len(places) == 1:
        return np.bincount(places[0], minlength=groups.count)
    cells = np.ravel_multi_index(places, sizes) if len(customers) else customers
    numbered = np.ravel_multi_index(groups.place, sizes)
    if len(numbered) < np.prod(sizes, dtype=np.int64):
        cells = np.searchsorted(numbered, cells)
    return np.bincount(cells, minlength=groups.count)
