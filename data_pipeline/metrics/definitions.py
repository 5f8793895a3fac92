"""What the shop's numbers mean: each metric, once.

Two words carry the rest. A *sale* is a row whose `total_sales` is above 0, a *return* one whose
`total_sales` is below 0. A row with price 0 (a gift, a sample, a stock correction) moves no money
and counts nowhere but in `free_units`. Returns count on the day on which they happen, not on the
day of the sale that they undo. Guests are left out of every metric of customers. `price` is what
one unit really cost at the sale: a discount has been taken off already, and gross sales add it
back.

The SQL of a measure is an aggregate over the CTE `sale`, one row a transaction (composing.py). A
measure that may be summed over everything looks at a row only through the sign of `total_sales`,
whether `customer_id` is 0, whether `cost_of_sale` is there, and sums: so the same SQL makes the
sums that loads keep (rollups.py), from rows folded by those.
"""

from __future__ import annotations

from data_pipeline.metrics.frame import Kind
from data_pipeline.metrics.metric import CUSTOMERS, EVERYTHING, TIME, Aggregate, Metric


def _sum_if(condition: str, value: str) -> Aggregate:
    return Aggregate(f"COALESCE(SUM(CASE WHEN {condition} THEN {value} ELSE 0 END), 0)", condition)


def _customers_if(condition: str) -> Aggregate:
    bought = f"total_sales > 0 AND customer_id <> 0{condition}"
    return Aggregate(f"COUNT(DISTINCT CASE WHEN {bought} THEN customer_id END)", bought)


def _orders_if(condition: str) -> Aggregate:
    sold = f"total_sales > 0{condition}"
    numbered = f"COUNT(DISTINCT CASE WHEN {sold} THEN order_id END)"
    others = f"COUNT(CASE WHEN {sold} AND order_id IS NULL THEN 1 END)"
    return Aggregate(f"{numbered} + {others}", sold)


DEFINITIONS = (
    Metric(
        "net_sales",
        "Net sales",
        "What the shop took: sales after discounts, less returns. The sum of total_sales.",
        Kind.MONEY,
        Aggregate("COALESCE(SUM(total_sales), 0)", "total_sales <> 0"),
        additive_over=EVERYTHING,
    ),
    Metric(
        "gross_sales",
        "Gross sales",
        "What was sold, before discounts and returns.",
        Kind.MONEY,
        adds=("paid_sales", "discounts"),
        additive_over=EVERYTHING,
    ),
    Metric(
        "discounts",
        "Discounts",
        "What was taken off the gross sales.",
        Kind.MONEY,
        _sum_if("total_sales > 0", "COALESCE(discount, 0)"),
        additive_over=EVERYTHING,
    ),
    Metric(
        "paid_sales",
        "Sales before returns",
        "What customers paid: net sales with the returns added back.",
        Kind.MONEY,
        adds=("net_sales", "returns"),
        additive_over=EVERYTHING,
    ),
    Metric(
        "returns",
        "Returns",
        "What was paid back, on the day of the return.",
        Kind.MONEY,
        _sum_if("total_sales < 0", "-total_sales"),
        additive_over=EVERYTHING,
    ),
    Metric(
        "orders",
        "Orders",
        "Different order numbers with at least one sale; a sale without one is its own order.",
        Kind.COUNT,
        _orders_if(""),
        additive_over=(CUSTOMERS,),
    ),
    Metric(
        "units",
        "Units",
        "Pieces sold; returned pieces are not taken off.",
        Kind.COUNT,
        _sum_if("total_sales > 0", "quantity"),
        additive_over=EVERYTHING,
    ),
    Metric(
        "returned_units",
        "Returned units",
        "Pieces that came back, on the day of the return.",
        Kind.COUNT,
        _sum_if("total_sales < 0", "-quantity"),
        additive_over=EVERYTHING,
    ),
    Metric(
        "free_units",
        "Free units",
        "Pieces that left at price 0, less those that came back so.",
        Kind.COUNT,
        _sum_if("total_sales = 0", "quantity"),
        additive_over=EVERYTHING,
    ),
    Metric(
        "customers",
        "Customers",
        "Different customers with at least one sale; guests are not counted.",
        Kind.COUNT,
        _customers_if(""),
        additive_over=(CUSTOMERS,),
    ),
    Metric(
        "new_customers",
        "New customers",
        "Customers on the day of their first sale ever.",
        Kind.COUNT,
        _customers_if(" AND day = first_day"),
        additive_over=(TIME, CUSTOMERS),
        needs=("first_days",),
    ),
    Metric(
        "returning_customers",
        "Returning customers",
        "Customers with a sale on a later day than that of their first.",
        Kind.COUNT,
        _customers_if(" AND day > first_day"),
        additive_over=(CUSTOMERS,),
        needs=("first_days",),
    ),
    Metric(
        "customer_sales",
        "Net sales to customers",
        "Net sales without those to guests.",
        Kind.MONEY,
        _sum_if("customer_id <> 0", "total_sales"),
        additive_over=EVERYTHING,
    ),
    Metric(
        "customer_paid_sales",
        "Sales to customers before returns",
        "Sales before returns without those to guests.",
        Kind.MONEY,
        _sum_if("customer_id <> 0 AND total_sales > 0", "total_sales"),
        additive_over=EVERYTHING,
    ),
    Metric(
        "customer_orders",
        "Customers' orders",
        "Orders that are not of guests.",
        Kind.COUNT,
        _orders_if(" AND customer_id <> 0"),
        additive_over=(CUSTOMERS,),
    ),
    Metric(
        "guest_orders",
        "Guest orders",
        "Orders that nobody signed in for.",
        Kind.COUNT,
        _orders_if(" AND customer_id = 0"),
        additive_over=(CUSTOMERS,),
    ),
    Metric(
        "costed_sales",
        "Net sales with known cost",
        "Net sales of products whose cost is known.",
        Kind.MONEY,
        _sum_if("cost_of_sale IS NOT NULL", "total_sales"),
        additive_over=EVERYTHING,
        needs=("products",),
    ),
    Metric(
        "gross_margin",
        "Gross margin",
        "Net sales less what the pieces cost the shop, where the cost is known.",
        Kind.MONEY,
        _sum_if("cost_of_sale IS NOT NULL AND total_sales <> 0", "total_sales - cost_of_sale"),
        additive_over=EVERYTHING,
        needs=("products",),
    ),
    Metric(
        "average_order_value",
        "Average order value",
        "Sales before returns, per order.",
        Kind.MONEY,
        numerator="paid_sales",
        denominator="orders",
    ),
    Metric(
        "average_price",
        "Average price",
        "Sales before returns, per piece sold.",
        Kind.MONEY,
        numerator="paid_sales",
        denominator="units",
    ),
    Metric(
        "units_per_order",
        "Units per order",
        "Pieces sold, per order.",
        Kind.NUMBER,
        numerator="units",
        denominator="orders",
    ),
    Metric(
        "revenue_per_customer",
        "Revenue per customer",
        "Net sales to customers, per customer.",
        Kind.MONEY,
        numerator="customer_sales",
        denominator="customers",
    ),
    Metric(
        "repeat_rate",
        "Repeat rate",
        "Of the customers, the share who bought again after the day of their first sale.",
        Kind.SHARE,
        numerator="returning_customers",
        denominator="customers",
    ),
    Metric(
        "margin_rate",
        "Margin rate",
        "Gross margin as a share of the net sales with known cost.",
        Kind.SHARE,
        numerator="gross_margin",
        denominator="costed_sales",
    ),
    Metric(
        "guest_share",
        "Guest share",
        "Guest orders as a share of all orders.",
        Kind.SHARE,
        numerator="guest_orders",
        denominator="orders",
    ),
    Metric(
        "return_rate",
        "Return rate",
        "Returns as a share of the sales before returns of the same period, in money.",
        Kind.SHARE,
        numerator="returns",
        denominator="paid_sales",
    ),
    Metric(
        "discount_rate",
        "Discount rate",
        "Discounts as a share of gross sales.",
        Kind.SHARE,
        numerator="discounts",
        denominator="gross_sales",
    ),
)
