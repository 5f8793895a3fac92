"""Keys looked at in byte maps, a byte a key that may be: which are there, which more than once."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from data_pipeline.engines.duckdb import arrow_batches
from data_pipeline.sources.arrays import numbers, of_numbers
from data_pipeline.sources.scan import Mask
from data_pipeline.sources.sorting import sort_numbers

LARGEST_MAP = 1 << 29


def is_dense(count: int, low: int, high: int) -> bool:
    """Whether so many keys lie so near to each other that a byte for each that may be is cheap."""
    return high - low < min(LARGEST_MAP, 64 * count + 1_000_000)


def find_there(keys: duckdb.DuckDBPyRelation, low: int, high: int) -> Mask | None:
    """Which of the keys from `low` to `high` are there; None when there are others too."""
    there = np.zeros(high - low + 1, bool)
    for batch in arrow_batches(keys):
        at = numbers(batch.column(0)) - low
        if len(at) and not 0 <= at.min() <= at.max() < len(there):
            return None
        there[at] = True
    return there


def find_missing(keys: duckdb.DuckDBPyRelation, name: str, there: Mask, low: int) -> pa.RecordBatch:
    """The keys, once each, that are not there; `there` says it of each from `low` on."""
    missing: list[np.ndarray] = [np.zeros(0, np.int64)]
    for batch in arrow_batches(keys):
        at = numbers(batch.column(0)) - low
        is_near = (at >= 0) & (at < len(there))
        is_there = is_near & there[np.where(is_near, at, 0)]
        if not is_there.all():
            missing.append(np.unique(at[~is_there]))
    return pa.RecordBatch.from_arrays(
        [of_numbers(np.unique(np.concatenate(missing)) + low, pa.int64())], [name]
    )


def find_doubled(keys: duckdb.DuckDBPyRelation, name: str, low: int, high: int) -> pa.RecordBatch:
    """The keys that come more than once, found in a byte map in one pass."""
    seen, highest = np.zeros(high - low + 1, bool), -1
    again: list[np.ndarray] = []
    for batch in arrow_batches(keys):
        at = numbers(batch.column(0)) - low
        is_rising = bool((at[1:] > at[:-1]).all())
        if not (is_rising and at.size and at[0] > highest):
            again.append(at[seen[at]])
        seen[at] = True
        highest = max(highest, int(at.max(initial=-1)))
        if not is_rising:
            ordered = sort_numbers(at)
            again.append(ordered[1:][ordered[1:] == ordered[:-1]])
    found = np.unique(np.concatenate(again)) if again else np.zeros(0, np.int64)
    return pa.RecordBatch.from_arrays([of_numbers(found + low, pa.int64())], [name])
