"""One measured number of a fact."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """What was measured, and the band that it has to lie in; NaN is too little to judge."""

    name: str
    measured: float
    low: float = -math.inf
    high: float = math.inf

    @property
    def holds(self) -> bool | None:
        if math.isnan(self.measured):
            return None
        return self.low <= self.measured <= self.high

    @property
    def band(self) -> str:
        """The band in words.

        >>> Part("x", 1.0, 0.6, 1.1).band
        '0.6 to 1.1'
        """
        if self.low == self.high:
            return f"{self.low:g}"
        if self.low == -math.inf:
            return f"at most {self.high:g}"
        if self.high == math.inf:
            return f"at least {self.low:g}"
        return f"{self.low:g} to {self.high:g}"
