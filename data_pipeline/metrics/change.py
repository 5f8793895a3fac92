"""Why net sales changed: customers, how often they order, what an order is worth, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import permutations
from typing import TYPE_CHECKING

from data_pipeline.metrics.frame import Field, Frame, Kind, Row, Value
from data_pipeline.metrics.query import divide, query

if TYPE_CHECKING:
    from datetime import date

    from data_pipeline.metrics.question import Where
    from data_pipeline.metrics.reading import Reader

PLACES = Decimal("0.0001")
CHANGE_METRICS = (
    "net_sales",
    "customers",
    "customer_orders",
    "customer_paid_sales",
    "paid_sales",
    "returns",
)
"""What a change is made of."""


@dataclass(frozen=True, slots=True)
class Period:
    """Local days from `first` to `last`, both included."""

    first: date
    last: date


def decompose(
    reader: Reader,
    now: Period,
    before: Period,
    *,
    where: Where | None = None,
    timezone: str = "UTC",
) -> Frame:
    """What the change of net sales between two periods is made of; the parts add up exactly.

    Customers' sales are customers x orders per customer x order value. Each factor's part is its
    Shapley value, the mean of what its change adds over all orders in which the factors can
    change. Guests' sales and returns are parts of their own. Rounding goes to the order value.
    """
    old, new = (
        query(
            reader, CHANGE_METRICS, since=p.first, until=p.last, where=where, timezone=timezone
        ).rows[0]
        for p in (before, now)
    )
    was, is_ = (dict(zip(CHANGE_METRICS, map(_exact, row), strict=True)) for row in (old, new))
    customers, often, value = shapley(_factors(was), _factors(is_))
    guests = (is_["paid_sales"] - is_["customer_paid_sales"]) - (
        was["paid_sales"] - was["customer_paid_sales"]
    )
    parts = {
        "Customers": customers,
        "Orders per customer": often,
        "Order value": value,
        "Guests": guests,
        "Returns": was["returns"] - is_["returns"],
    }
    rounded = {name: _money(part) for name, part in parts.items()}
    change = _money(is_["net_sales"] - was["net_sales"])
    rounded["Order value"] += change - sum(rounded.values(), Decimal(0))
    rows: list[Row] = [("Before", _money(was["net_sales"]))]
    rows += rounded.items()
    rows.append(("Now", _money(is_["net_sales"])))
    fields = (Field("part", "Part", Kind.TEXT), Field("net_sales", "Net sales", Kind.MONEY))
    return Frame(fields, tuple(rows))


def relative_change(now: Value, before: Value) -> Decimal | None:
    """The change as a share of what was before; None over nothing, 0 or less.

    >>> relative_change(110, 100)
    Decimal('0.100000')
    """
    if not isinstance(now, int | Decimal) or not isinstance(before, int | Decimal) or before <= 0:
        return None
    return divide(Decimal(now) - Decimal(before), before, Kind.SHARE)


def shapley(before: tuple[Fraction, ...], now: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    """How much of the change of a product each of its factors brings; exact, adds up.

    >>> shapley((Fraction(2), Fraction(5)), (Fraction(3), Fraction(5)))
    (Fraction(5, 1), Fraction(0, 1))
    """
    parts = [Fraction(0)] * len(before)
    orders = list(permutations(range(len(before))))
    for order in orders:
        factors = list(before)
        for place in order:
            old = _product(factors)
            factors[place] = now[place]
            parts[place] += (_product(factors) - old) / len(orders)
    return tuple(parts)


def _factors(of: dict[str, Fraction]) -> tuple[Fraction, Fraction, Fraction]:
    customers, orders = of["customers"], of["customer_orders"]
    often = orders / customers if customers else Fraction(0)
    return customers, often, of["customer_paid_sales"] / orders if orders else Fraction(0)


def _product(factors: list[Fraction]) -> Fraction:
    product = Fraction(1)
    for factor in factors:
        product *= factor
    return product


def _exact(value: object) -> Fraction:
    assert isinstance(value, int | Decimal), value
    return Fraction(value)


def _money(value: Fraction) -> Decimal:
    quotient = Decimal(value.numerator) / Decimal(value.denominator)
    return quotient.quantize(PLACES, ROUND_HALF_EVEN)
