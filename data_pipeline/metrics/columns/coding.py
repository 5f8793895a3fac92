"""How the values of dimensions are numbered."""

from __future__ import annotations

from bisect import bisect_left
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_pipeline.metrics.planning import start_of
from data_pipeline.metrics.rollups import PERIODS
from data_pipeline.sources.arrays import numbers
from data_pipeline.sources.sorting import DIGIT_BITS, order_by_digit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_pipeline.metrics.frame import Row, Value

Numbers = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Coding:
    """A dimension: its values in their order, and the place of each number of a column in them."""

    column: str
    values: tuple[Row, ...]
    places: Numbers

    def find(self, value: Value) -> int | None:
        """The place of a value; None when no sale has it."""
        there = len(self.values) - (self.values[-1:] == ((None,),))
        if value is None:
            return there if there < len(self.values) else None
        with suppress(TypeError):  # a value of another kind
            place = bisect_left(self.values, value, hi=there, key=itemgetter(0))
            if place < there and self.values[place][0] == value:
                return place
        return None


@dataclass(frozen=True, slots=True)
class Index:
    """The rows of each place of a dimension: `rows[bounds[i]:bounds[i + 1]]`, in their order."""

    rows: Numbers
    bounds: Numbers


def make_index(places: Numbers, size: int) -> Index:
    """The index of a column of places below `size`."""
    counts = np.bincount(places, minlength=size)
    return Index(put_in_order(places, size), np.concatenate(([0], np.cumsum(counts))))


def put_in_order(places: Numbers, size: int) -> Numbers:
    """The rows of a column of places below `size` by place, those of one in their order."""
    rows = order_by_digit(places, 0).astype(np.int32)
    if size <= 1 << DIGIT_BITS:
        return rows
    found: Numbers = rows[order_by_digit(places[rows], DIGIT_BITS)]
    return found


def every(size: int) -> Numbers:
    """The places of a dimension whose values are numbered as the column is."""
    return np.arange(size, dtype=np.int32)


def narrowest(size: int) -> type[np.signedinteger[Any]]:
    """The shortest type of numbers below `size`: the shorter, the more of them are near at hand."""
    return next(kind for kind in (np.int8, np.int16, np.int32) if size <= np.iinfo(kind).max)


def code_values(column: str, values: Sequence[Value]) -> Coding:
    """A dimension whose value is known for each number of a column; None comes last."""
    there = {value for value in values if value is not None}
    known: list[Value] = [*sorted(there), *([None] if None in values else [])]
    place = {value: number for number, value in enumerate(known)}
    places = np.fromiter((place[value] for value in values), narrowest(len(known)), len(values))
    return Coding(column, tuple((value,) for value in known), places)


def code_texts(column: str, texts: pa.ChunkedArray) -> Coding:
    """The same for many texts, without one that is missing."""
    found = pa.concat_arrays(texts.chunks).dictionary_encode()
    names = found.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), narrowest(len(names)))
    place[order] = np.arange(len(names))
    return Coding(column, tuple((names[i],) for i in order), place[numbers(found.indices)])


def code_days(first: date, days: int) -> dict[str, Coding]:
    """The dimensions that follow from a day."""
    all_days = [first + timedelta(days=n) for n in range(days)]
    found = {name: code_values("day", [start_of(d, name) for d in all_days]) for name in PERIODS}
    return found | {"weekday": code_values("day", [d.isoweekday() for d in all_days])}
