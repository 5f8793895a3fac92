"""How the values of dimensions are numbered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_pipeline.metrics.planning import start_of
from data_pipeline.metrics.rollups import PERIODS
from data_pipeline.sources.arrays import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_pipeline.metrics.frame import Row, Value

Numbers = NDArray[Any]
HALF = 2**16


@dataclass(frozen=True, slots=True)
class Coding:
    """A dimension: its values in their order, and the place of each number of a column in them."""

    column: str
    values: tuple[Row, ...]
    places: Numbers


@dataclass(frozen=True, slots=True)
class Index:
    """The rows of each place of a dimension: `rows[bounds[i]:bounds[i + 1]]`, in their order."""

    rows: Numbers
    bounds: Numbers


def make_index(places: Numbers, size: int) -> Index:
    """The index of a column of places below `size`."""
    if size <= HALF:
        rows = np.argsort(places.astype(np.uint16), kind="stable").astype(np.int32)
    else:  # NumPy sorts 16 bits at a time without comparing
        rows = np.argsort((places % HALF).astype(np.uint16), kind="stable").astype(np.int32)
        upper = (places // HALF).astype(np.uint16)[rows]
        rows = rows[np.argsort(upper, kind="stable")]
    counts = np.bincount(places, minlength=size)
    return Index(rows, np.concatenate(([0], np.cumsum(counts))))


def code_values(column: str, values: Sequence[Value]) -> Coding:
    """A dimension whose value is known for each number of a column; None comes last."""
    there = {value for value in values if value is not None}
    known: list[Value] = [*sorted(there), *([None] if None in values else [])]
    place = {value: number for number, value in enumerate(known)}
    places = np.fromiter((place[value] for value in values), np.int32, len(values))
    return Coding(column, tuple((value,) for value in known), places)


def code_texts(column: str, texts: pa.ChunkedArray) -> Coding:
    """The same for many texts, without one that is missing."""
    found = pa.concat_arrays(texts.chunks).dictionary_encode()
    names = found.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), np.int32)
    place[order] = np.arange(len(names), dtype=np.int32)
    return Coding(column, tuple((names[i],) for i in order), place[numbers(found.indices)])


def code_days(first: date, days: int) -> dict[str, Coding]:
    """The dimensions that follow from a day."""
    all_days = [first + timedelta(days=n) for n in range(days)]
    found = {name: code_values("day", [start_of(d, name) for d in all_days]) for name in PERIODS}
    return found | {"weekday": code_values("day", [d.isoweekday() for d in all_days])}
