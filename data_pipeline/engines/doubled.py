"""Keys that come more than once."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from data_pipeline.engines.duckdb import arrow_batches
from data_pipeline.sources.arrays import numbers, of_numbers


def find_doubled(keys: duckdb.DuckDBPyRelation, name: str, low: int, high: int) -> pa.RecordBatch:
    """The keys that come more than once, found in a byte map in one pass."""
    seen = np.zeros(high - low + 1, bool)
    again: list[np.ndarray] = []
    for batch in arrow_batches(keys):
        at = numbers(batch.column(0)) - low
        before = seen[at]
        if before.any():
            again.append(at[before])
        seen[at] = True
        if not (at[1:] > at[:-1]).all():
            ordered = np.sort(at)
            again.append(ordered[1:][ordered[1:] == ordered[:-1]])
    found = np.unique(np.concatenate(again)) if again else np.zeros(0, np.int64)
    return pa.RecordBatch.from_arrays([of_numbers(found + low, pa.int64())], [name])
