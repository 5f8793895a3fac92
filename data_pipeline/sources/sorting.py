"""Whole numbers put in order 16 bits at a time.

NumPy sorts numbers of 16 bits by counting them, and keeps equal ones in order; that takes 4 ns a
number, and to compare numbers of 64 bits 40 to 60. So larger ones are sorted by their lowest 16
bits, then by the next, and so on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.integer[Any]]

DIGIT_BITS = 16
MOST_DIGITS = 3
"""With more of them, to compare is as quick."""
FEW = 2000
"""So few numbers are compared: to count them would take longer."""


def sort_numbers(values: Numbers) -> Numbers:
    """Numbers of 64 bits in order, as a copy."""
    if len(values) < FEW:
        return np.sort(values)
    low, high = int(values.min()), int(values.max())
    bits = (high - low).bit_length()
    if bits > MOST_DIGITS * DIGIT_BITS:
        return np.sort(values)
    above = values - low
    for shift in range(0, bits, DIGIT_BITS):
        above = above[order_by_digit(above, shift)]
    ordered: Numbers = above + low
    return ordered


def order_by_digit(values: Numbers, shift: int) -> Numbers:
    """The places of the numbers in the order of the 16 bits above `shift`; equal ones stay."""
    return np.argsort((values >> shift).astype(np.uint16), kind="stable")
