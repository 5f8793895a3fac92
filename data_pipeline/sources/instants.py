"""Times in their plain ISO form, read a column at a time: digits at fixed places, nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_pipeline.sources.arrays import of_mask
from data_pipeline.sources.letters import Letters
from data_pipeline.sources.scan import Mask, Positions

FIRST_YEAR, LAST_YEAR = 1970, 9999
MONTH_STARTS: NDArray[np.int64] = (
    np.arange(f"{FIRST_YEAR}-01", f"{LAST_YEAR + 1}-02", dtype="datetime64[M]")
    .astype("datetime64[D]")
    .astype(np.int64)
)
"""The day, counted from 1970-01-01, on which each month begins."""

DAY, MINUTE, SECOND = "0000-00-00", "0000-00-00 00:00", "0000-00-00 00:00:00"
SHAPES = {
    len(shape): shape
    for shape in (DAY, MINUTE, SECOND, *(f"{SECOND}.{'0' * n}" for n in range(1, 7)))
}
"""The forms by their length; a T may stand for the blank, and a Z behind a time."""


def read_instants(texts: pa.StringArray) -> tuple[Positions, Mask]:
    """Read texts as microseconds since 1970-01-01 UTC, and say which of them are plain ISO.

    Days are real days of 1970 to 9999. A time with an offset other than Z is not plain.
    """
    read, good = np.zeros(len(texts), np.int64), np.zeros(len(texts), bool)
    lengths = Letters.of(texts).lengths
    for length in np.flatnonzero(np.bincount(np.minimum(lengths, 99))).tolist():
        for shape, zone in ((SHAPES.get(length), ""), (SHAPES.get(length - 1), "Z")):
            if shape and not (zone and shape == DAY):
                _read_shape(texts, lengths == length, shape + zone, read, good)
    return read, good


def micros(moment: datetime) -> int:
    """The microseconds from 1970-01-01 to a moment (UTC, without zone)."""
    return (moment - datetime(FIRST_YEAR, 1, 1)) // timedelta(microseconds=1)


def _read_shape(
    texts: pa.StringArray, chosen: Mask, shape: str, read: Positions, good: Mask
) -> None:
    """Read the chosen texts, all as long as `shape`; enter those that have it."""
    part = texts if chosen.all() else texts.filter(of_mask(chosen))
    letters = np.ascontiguousarray(Letters.of(part).data.reshape(-1, len(shape)).T)
    fits = np.ones(len(part), bool)
    for place, sign in enumerate(shape):
        if sign == "0":
            fits &= letters[place] - ord("0") <= 9
        elif sign == " ":
            fits &= (letters[place] == ord(" ")) | (letters[place] == ord("T"))
        else:
            fits &= letters[place] == ord(sign)
    values, real = _to_micros(letters, shape.removesuffix("Z"))
    rows = np.flatnonzero(chosen)[fits & real]
    read[rows] = values[fits & real]
    good[rows] = True


def _to_micros(letters: NDArray[np.uint8], shape: str) -> tuple[Positions, Mask]:
    def number(first: int, last: int) -> Positions:
        value: Positions = letters[first].astype(np.int64) - ord("0")
        for place in range(first + 1, last):
            value = value * 10 + (letters[place] - np.uint8(ord("0")))
        return value

    year, month, day = number(0, 4), number(5, 7), number(8, 10)
    real = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    at = np.where(real, (year - FIRST_YEAR) * 12 + month - 1, 0)
    days = MONTH_STARTS[at] + day - 1
    real &= days < MONTH_STARTS[at + 1]
    seconds = days * 86_400
    for first, limit, worth in ((11, 24, 3600), (14, 60, 60), (17, 60, 1)):
        if first < len(shape):
            value = number(first, first + 2)
            real &= value < limit
            seconds += value * worth
    values = seconds * 1_000_000
    places = len(shape) - len(SECOND) - 1
    if places > 0:
        values += number(len(SECOND) + 1, len(shape)) * 10 ** (6 - places)
    return values, real
