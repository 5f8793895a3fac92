"""What a metric is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_pipeline.metrics.frame import Kind

TIME, PRODUCTS, CUSTOMERS = "time", "products", "customers"
EVERYTHING = (TIME, PRODUCTS, CUSTOMERS)

PRODUCT_METRICS = (
    "net_sales",
    "units",
    "average_price",
    "returns",
    "return_rate",
    "gross_margin",
    "margin_rate",
)
"""What products are listed with."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """SQL over the CTE `sale`: what is computed, and the condition of the rows that count in it.

    The condition changes nothing in the number: it is what the rows behind it are found by.
    """

    sql: str = ""
    rows: str = "1 = 1"


@dataclass(frozen=True, slots=True)
class Metric:
    """One number with a name.

    Either `aggregate` looks at rows of `sale`; or it is the sum of the metrics in `adds`; or it is
    `numerator` / `denominator`, both names of metrics. `additive_over` says along what its values
    may be summed.
    """

    name: str
    label: str
    description: str
    kind: Kind
    aggregate: Aggregate = Aggregate()
    adds: tuple[str, ...] = ()
    numerator: str = ""
    denominator: str = ""
    additive_over: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """The SQL of a metric that is neither sum nor ratio of others; else empty."""
        return self.aggregate.sql

    @property
    def is_ratio(self) -> bool:
        return bool(self.denominator)

    @property
    def formula(self) -> str:
        """How it is computed, for people who read SQL."""
        if self.adds:
            return " + ".join(self.adds)
        return f"{self.numerator} / {self.denominator}" if self.is_ratio else self.sql
