"""Places in arrays for what is told apart: keys, codes of cells; and exact sums by place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data_pipeline.sources.arrays import numbers as values_of
from data_pipeline.sources.arrays import of_numbers, of_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_pipeline.warehouses import Warehouse

Numbers = npt.NDArray[np.integer[Any]]

ROOMY = 1 << 20
"""So many places cost nothing to speak of, used or not."""
WIDEST = 1 << 25
"""Codes below this have a table that tells their places; others are searched for."""
SHIFT = 32
"""A sum is high * 2^SHIFT + low."""
FULL = 1 << 62
"""So large a sum is moved from low to high."""


class Keys:
    """Numbers keys from 0 on: by their distance from the lowest when they are dense."""

    def __init__(self, low: int, size: int, keys: Numbers | None = None) -> None:
        self.low, self.size, self._keys = low, size, keys

    @classmethod
    def read(cls, warehouse: Warehouse, column: str, relation: str) -> Keys:
        """The keys in a column of a relation."""
        ((count, low, high),) = warehouse.rows(
            f"SELECT COUNT(*), MIN({column}), MAX({column}) FROM {relation}"
        )
        if not count or high - low < 4 * count + ROOMY:
            return cls(low or 0, high - low + 1 if count else 0)
        (keys,) = read_columns(warehouse, f"SELECT DISTINCT {column} AS item FROM {relation}", 1)
        return cls(low, len(keys), np.sort(keys))

    def places(self, keys: Numbers) -> Numbers:
        """The places of keys, all of which are known."""
        return keys - self.low if self._keys is None else np.searchsorted(self._keys, keys)

    def at(self, places: Numbers) -> Numbers:
        """The keys of places."""
        if self._keys is not None:
            return self._keys[places]
        return places.astype(np.int64, copy=False) + self.low

    def spread(self, keys: Numbers, values: Numbers, nothing: int) -> Numbers:
        """The values in the order of places, `nothing` where there is no key."""
        array = np.full(self.size, nothing, values.dtype)
        array[self.places(keys)] = values
        return array


class Cells:
    """Gives codes of cells places. All codes below `span` have one when these are few; of more, in
    the order in which they turn up.
    """

    def __init__(self, span: int) -> None:
        self._is_roomy = span <= ROOMY
        self.count = span if self._is_roomy else 0
        self._table = np.full(0 if self._is_roomy or span > WIDEST else span, -1, np.int32)
        self._codes: list[Numbers] = []
        self._known, self._recent = _Directory(), _Directory()

    @property
    def codes(self) -> Numbers:
        """The codes in the order of places."""
        if self._is_roomy:
            return np.arange(self.count)
        return np.concatenate([np.zeros(0, np.int64), *self._codes])

    def places(self, codes: Numbers) -> Numbers:
        """The places of codes; new ones get the next."""
        if self._is_roomy:
            return codes
        if not len(self._table):
            return self._search(codes)
        found = self._table[codes]
        is_new = found < 0
        if is_new.any():
            new = np.unique(codes[is_new])
            self._table[new] = self._add(new)
            found = self._table[codes]
        return found.astype(np.intp)

    def _add(self, new: Numbers) -> Numbers:
        self._codes.append(new)
        self.count += len(new)
        return np.arange(self.count - len(new), self.count)

    def _search(self, codes: Numbers) -> Numbers:
        different, inverse = np.unique(codes, return_inverse=True)
        places = self._known.find(different)
        others = places < 0
        places[others] = self._recent.find(different[others])
        is_new = places < 0
        if is_new.any():
            new = different[is_new]
            places[is_new] = self._add(new)
            self._recent.put(new, places[is_new])
            if len(self._recent) > max(ROOMY, len(self._known) // 4):
                self._known.put(self._recent.codes, self._recent.places)
                self._recent = _Directory()
        found: Numbers = places[inverse]
        return found


class _Directory:
    """Codes in order, each with its place. To put more in copies all, so new ones have a small one
    of their own before they come into the large one.
    """

    def __init__(self) -> None:
        self.codes, self.places = np.zeros(0, np.int64), np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self.codes)

    def find(self, codes: Numbers) -> Numbers:
        """The places of codes, -1 for those that are not there."""
        if not len(self.codes):
            return np.full(len(codes), -1)
        at = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[at] == codes, self.places[at], -1)

    def put(self, codes: Numbers, places: Numbers) -> None:
        """Enter codes that are not there yet, which are in order."""
        at = np.searchsorted(self.codes, codes)
        self.codes, self.places = (
            np.insert(old, at, new) for old, new in ((self.codes, codes), (self.places, places))
        )


class Totals:
    """Exact sums of 64-bit numbers by place. No sum of DECIMAL(18,4) is too large for it."""

    def __init__(self, size: int = 0) -> None:
        self._low, self._high = np.zeros(size, np.int64), np.zeros(size, np.int64)
        self._most = 0

    def add(self, places: Numbers, values: Numbers, size: int, largest: int | None = None) -> None:
        """Add each value to the sum at its place; there are now so many places. The largest value,
        whatever its sign, may be known already.
        """
        if not len(values):
            return
        self._grow(size)
        if largest is None:
            largest = max(int(values.max()), -int(values.min()))
        most = largest * len(values)
        if most >= FULL:
            np.add.at(self._high, places, values >> SHIFT)
            values, most = values & ((1 << SHIFT) - 1), len(values) << SHIFT
        if self._most + most >= FULL:
            self._carry()
        np.add.at(self._low, places, values.astype(np.int64, copy=False))
        self._most += most

    def add_products(self, places: Numbers, counts: Numbers, values: Numbers, size: int) -> None:
        """Add each value as often as its count says; counts are below 2^20 either way."""
        self.add(places, counts * (values & ((1 << SHIFT) - 1)), size)
        if (values >> SHIFT).any():
            np.add.at(self._high, places, counts * (values >> SHIFT))

    def parts(self, size: int) -> tuple[Numbers, Numbers]:
        """The sums' high and low parts; the low ones are not negative and below 2^SHIFT."""
        self._grow(size)
        self._carry()
        return self._high[:size], self._low[:size]

    def whole(self, size: int) -> Numbers:
        """The sums, which are known to fit in 64 bits."""
        high, low = self.parts(size)
        return (high << SHIFT) + low

    def _grow(self, size: int) -> None:
        if size > len(self._low):
            room = max(size, 2 * len(self._low)) if len(self._low) else size
            more = np.zeros(room - len(self._low), np.int64)
            self._low = np.concatenate((self._low, more))
            self._high = np.concatenate((self._high, more))

    def _carry(self) -> None:
        self._high += self._low >> SHIFT
        self._low &= (1 << SHIFT) - 1
        self._most = 1 << SHIFT


def money_sql(name: str) -> str:
    """The SQL of a sum of money that came in two parts; its unit was the fourth decimal."""
    high, low = (f"CAST({name}_{part} AS DECIMAL(19, 0))" for part in ("high", "low"))
    return f"({high} * 429496.7296 + {low} * 0.0001)"


def scaled_sql(column: str) -> str:
    """The SQL of a column of money as a whole number of its fourth decimal.

    DuckDB multiplies in as many digits as the column has: too few from ten billion on, but fast.
    """
    wide = f"CAST({column} AS DECIMAL(22, 4))"
    return (
        f"CASE WHEN {column} BETWEEN -9999999999 AND 9999999999"
        f" THEN CAST({column} * 10000 AS BIGINT) ELSE CAST({wide} * 10000 AS BIGINT) END"
    )


def read_columns(warehouse: Warehouse, sql: str, count: int) -> tuple[Numbers, ...]:
    """The first columns of a SELECT, all of whole numbers; those that are NULL may be anything."""
    with warehouse.read(sql) as reader:
        parts = [[values_of(batch.column(i)) for i in range(count)] for batch in reader]
    none = [np.zeros(0, np.int64)]
    return tuple(np.concatenate([p[i] for p in parts] or none) for i in range(count))


def texts_at(places: Numbers, texts: list[str]) -> pa.Array:
    """The texts at places, as Arrow has them."""
    return of_texts(texts).take(of_numbers(places.astype(np.int64), pa.int64()))


def whole_batch(columns: Mapping[str, pa.Array], numbers: Mapping[str, Numbers]) -> pa.RecordBatch:
    """A batch of some columns, and of whole numbers behind them."""
    whole = {n: of_numbers(v.astype(np.int64, copy=False), pa.int64()) for n, v in numbers.items()}
    arrays = {**columns, **whole}
    return pa.RecordBatch.from_arrays([*arrays.values()], [*arrays])
