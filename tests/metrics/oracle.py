"""Every metric and dimension once more, in plain Python with Decimal, row by row.

Shares nothing with the package: neither SQL nor definitions nor its time zone arithmetic.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.metrics.store import Customer, Product, Sale, Store

MONEY, SHARE = Decimal("0.0001"), Decimal("0.000001")


@dataclass(frozen=True)
class Line:
    """A sale with all that can be asked about it."""

    sale: Sale
    product: Product
    customer: Customer
    day: date
    hour: int
    first_day: date | None


def make_lines(store: Store, timezone: str = "UTC") -> list[Line]:
    zone = ZoneInfo(timezone)
    products = {p.product_id: p for p in store.products}
    customers = {c.customer_id: c for c in store.customers}
    locals_ = [s.timestamp.replace(tzinfo=UTC).astimezone(zone) for s in store.sales]
    first: dict[int, date] = {}
    for sale, local in zip(store.sales, locals_, strict=True):
        if sale.quantity > 0 and sale.price > 0 and sale.customer_id:
            known = first.get(sale.customer_id, date.max)
            first[sale.customer_id] = min(known, local.date())
    return [
        Line(
            s,
            products[s.product_id],
            customers[s.customer_id],
            local.date(),
            local.hour,
            first.get(s.customer_id),
        )
        for s, local in zip(store.sales, locals_, strict=True)
    ]


def sold(lines: Sequence[Line]) -> list[Line]:
    return [x for x in lines if x.sale.quantity > 0 and x.sale.price > 0]


def returned(lines: Sequence[Line]) -> list[Line]:
    return [x for x in lines if x.sale.quantity < 0 and x.sale.price > 0]


def worth(lines: Sequence[Line]) -> Decimal:
    return sum((x.sale.quantity * x.sale.price for x in lines), Decimal(0))


def net_sales(lines: Sequence[Line]) -> Decimal:
    return worth(lines)


def paid_sales(lines: Sequence[Line]) -> Decimal:
    return worth(sold(lines))


def returns(lines: Sequence[Line]) -> Decimal:
    return -worth(returned(lines))


def discounts(lines: Sequence[Line]) -> Decimal:
    return sum((x.sale.discount or Decimal(0) for x in sold(lines)), Decimal(0))


def gross_sales(lines: Sequence[Line]) -> Decimal:
    return paid_sales(lines) + discounts(lines)


def orders(lines: Sequence[Line]) -> int:
    return len({x.sale.order_id or x.sale.transaction_id for x in sold(lines)})


def units(lines: Sequence[Line]) -> int:
    return sum(x.sale.quantity for x in sold(lines))


def returned_units(lines: Sequence[Line]) -> int:
    return -sum(x.sale.quantity for x in returned(lines))


def free_units(lines: Sequence[Line]) -> int:
    return sum(x.sale.quantity for x in lines if x.sale.price == 0)


def buyers(lines: Sequence[Line]) -> set[int]:
    return {x.sale.customer_id for x in sold(lines)} - {0}


def customers(lines: Sequence[Line]) -> int:
    return len(buyers(lines))


def new_customers(lines: Sequence[Line]) -> int:
    return len(buyers([x for x in lines if x.day == x.first_day]))


def returning_customers(lines: Sequence[Line]) -> int:
    return len(buyers([x for x in lines if x.first_day and x.day > x.first_day]))


def customer_sales(lines: Sequence[Line]) -> Decimal:
    return worth([x for x in lines if x.sale.customer_id])


def guest_orders(lines: Sequence[Line]) -> int:
    return orders([x for x in lines if not x.sale.customer_id])


def costed_sales(lines: Sequence[Line]) -> Decimal:
    return worth([x for x in lines if x.product.cost is not None])


def gross_margin(lines: Sequence[Line]) -> Decimal:
    margin = Decimal(0)
    for x in sold(lines) + returned(lines):
        if x.product.cost is not None:
            margin += x.sale.quantity * (x.sale.price - x.product.cost)
    return margin


def over(top: Decimal | int, bottom: Decimal | int, places: Decimal) -> Decimal | None:
    return (Decimal(top) / Decimal(bottom)).quantize(places) if bottom else None


METRICS: dict[str, Callable[[Sequence[Line]], Decimal | int | None]] = {
    "net_sales": net_sales,
    "gross_sales": gross_sales,
    "discounts": discounts,
    "paid_sales": paid_sales,
    "returns": returns,
    "orders": orders,
    "units": units,
    "returned_units": returned_units,
    "free_units": free_units,
    "customers": customers,
    "new_customers": new_customers,
    "returning_customers": returning_customers,
    "customer_sales": customer_sales,
    "customer_paid_sales": lambda x: paid_sales([y for y in x if y.sale.customer_id]),
    "customer_orders": lambda x: orders([y for y in x if y.sale.customer_id]),
    "guest_orders": guest_orders,
    "costed_sales": costed_sales,
    "gross_margin": gross_margin,
    "average_order_value": lambda x: over(paid_sales(x), orders(x), MONEY),
    "average_price": lambda x: over(paid_sales(x), units(x), MONEY),
    "units_per_order": lambda x: over(units(x), orders(x), MONEY),
    "revenue_per_customer": lambda x: over(customer_sales(x), customers(x), MONEY),
    "repeat_rate": lambda x: over(returning_customers(x), customers(x), SHARE),
    "margin_rate": lambda x: over(gross_margin(x), costed_sales(x), SHARE),
    "guest_share": lambda x: over(guest_orders(x), orders(x), SHARE),
    "return_rate": lambda x: over(returns(x), paid_sales(x), SHARE),
    "discount_rate": lambda x: over(discounts(x), gross_sales(x), SHARE),
}


def segment(line: Line) -> str:
    if not line.sale.customer_id:
        return "Guest"
    return "New" if line.day == line.first_day else "Returning"


DIMENSIONS: dict[str, Callable[[Line], tuple[object, ...]]] = {
    "day": lambda x: (x.day,),
    "week": lambda x: (x.day - timedelta(days=x.day.weekday()),),
    "month": lambda x: (x.day.replace(day=1),),
    "quarter": lambda x: (x.day.replace(day=1, month=(x.day.month - 1) // 3 * 3 + 1),),
    "year": lambda x: (x.day.replace(day=1, month=1),),
    "weekday": lambda x: (x.day.isoweekday(),),
    "hour": lambda x: (x.hour,),
    "category": lambda x: (x.product.category,),
    "product": lambda x: (x.product.product_id, x.product.name),
    "location": lambda x: (x.customer.location,),
    "country": lambda x: (x.customer.location.rsplit(",", 1)[-1].strip() or "Unknown",),
    "mail_domain": lambda x: ((x.customer.email or "").rpartition("@")[2] or "Unknown",),
    "cohort": lambda x: (x.first_day.replace(day=1) if x.first_day else None,),
    "channel": lambda x: (x.sale.channel or "Unknown",),
    "new_or_returning": lambda x: (segment(x),),
}


def answer(lines: Sequence[Line], metrics: Sequence[str], by: Sequence[str]) -> set[tuple]:
    """The rows that a query by these names must give, in any order."""
    groups: dict[tuple[object, ...], list[Line]] = defaultdict(list)
    for line in lines:
        groups[tuple(part for name in by for part in DIMENSIONS[name](line))].append(line)
    return {key + tuple(METRICS[name](group) for name in metrics) for key, group in groups.items()}
