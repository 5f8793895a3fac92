"""What a metric is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_pipeline.metrics.frame import Kind

TIME, PRODUCTS, CUSTOMERS = "time", "products", "customers"
EVERYTHING = (TIME, PRODUCTS, CUSTOMERS)


@dataclass(frozen=True, slots=True)
class Metric:
    """One number with a name.

    Either `sql` aggregates rows of `sale`; or the metric is the sum of the metrics in `adds`; or
    it is `numerator` / `denominator`, both names of metrics. `additive_over` says along what its
    values may be summed.
    """

    name: str
    label: str
    description: str
    kind: Kind
    sql: str = ""
    adds: tuple[str, ...] = ()
    numerator: str = ""
    denominator: str = ""
    additive_over: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def is_ratio(self) -> bool:
        return bool(self.denominator)

    @property
    def formula(self) -> str:
        """How it is computed, for people who read SQL."""
        if self.adds:
            return " + ".join(self.adds)
        return f"{self.numerator} / {self.denominator}" if self.is_ratio else self.sql
