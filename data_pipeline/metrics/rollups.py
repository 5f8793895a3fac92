"""What is summed up beside the sales, and what each of these tables can be asked.

Each rollup states its grain, the dimensions that it knows and the metrics that it holds, with the
SQL that sums them up further. Loads keep them exact (aggregates/); `planning.py` picks the ones
that fit a question. Columns and sums come from the registry, so nothing is defined twice.

A distinct count cannot be summed. Two things make it possible all the same: an order number that
stands in one customer, hour and channel is counted in the cell of those; the few that stand in
several have rows of their own, which bring the number along and are counted as distinct. And
customers are counted for whole days, weeks, months, quarters and years, a row a period.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from data_pipeline.layout import Field, Relation
from data_pipeline.metrics.frame import Kind
from data_pipeline.metrics.metric import EVERYTHING
from data_pipeline.metrics.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_pipeline.metrics.metric import Metric

MOST_COUNTRIES = 100
"""With more of them, what stands behind the last comma is no country: it is left out of the sums
(and of agg_periods), which would otherwise be nearly as long as the sales."""

PERIODS = ("day", "week", "month", "quarter", "year")
ALL_TIME = "all"
DAYS = frozenset({*PERIODS, "weekday"})
"""The dimensions that follow from a day."""

SUMS = tuple(m for m in METRICS.values() if m.sql and m.additive_over == EVERYTHING)
PLAIN_SUMS = tuple(m for m in SUMS if not m.needs and "customer_id" not in m.sql)
"""Those that look at nothing but the sale itself, and not at who bought."""


@dataclass(frozen=True, slots=True)
class Rollup:
    """One table of sums. Its first sum counts: a cell in which it is 0 is not kept.

    `measures` maps a metric to the SQL that sums it up over cells; `is_complete` says that there is
    a cell for whatever has a sale, so that an answer has all its rows. `source` is what stands
    behind FROM.
    """

    relation: Relation
    keys: tuple[str, ...]
    dimensions: frozenset[str]
    measures: Mapping[str, str]
    is_complete: bool = False
    source: str = ""

    @property
    def name(self) -> str:
        return self.relation.name

    @property
    def sums(self) -> tuple[Field, ...]:
        return tuple(f for f in self.relation.fields if f.name not in self.keys)

    @property
    def knows_days(self) -> bool:
        return "day" in self.dimensions


def sum_field(metric: Metric) -> Field:
    """The column that holds a metric."""
    sql = "DECIMAL(38,4)" if metric.kind is Kind.MONEY else "BIGINT"
    return Field(metric.name, sql, metric.description, nullable=False)


def _key(name: str, sql: str, description: str) -> Field:
    return Field(name, sql, description, nullable=False)


def _count(name: str, description: str) -> Field:
    return Field(name, "BIGINT", description, nullable=False)


def _summed(names: tuple[str, ...]) -> dict[str, str]:
    return {name: f"COALESCE(SUM({name}), 0)" for name in names}


def _orders_if(condition: str = "1 = 1") -> str:
    whole = f"CAST(COALESCE(SUM(CASE WHEN {condition} THEN orders ELSE 0 END), 0) AS BIGINT)"
    return f"{whole} + COUNT(DISTINCT CASE WHEN order_id <> '' AND {condition} THEN order_id END)"


_DAY = _key("day", "DATE", "The day in the reporting time zone.")
_COUNTRY = _key("country", "VARCHAR", "The customer's country; empty when there are too many.")
_CHANNEL = _key("channel", "VARCHAR", "Where the sale was made.")
_WHO = _key("new_or_returning", "VARCHAR", "New, Returning or Guest.")
_ORDER = _key("order_id", "VARCHAR", "An order that stands in several cells; else empty.")
_ORDERS = _count("orders", "Orders that stand in this cell only.")
_ROWS = _count("row_count", "Sales and returns.")

AGG_SALES = Rollup(
    Relation(
        "agg_sales",
        "one row a day, category, country, channel, and new, returning or guest",
        (
            _DAY,
            _key("category", "VARCHAR", "The product's category."),
            _COUNTRY,
            _CHANNEL,
            _WHO,
            _ROWS,
            _count("single_orders", "Sales without an order number."),
            *map(sum_field, SUMS),
        ),
    ),
    ("day", "category", "country", "channel", "new_or_returning"),
    DAYS | {"category", "country", "channel", "new_or_returning"},
    _summed(tuple(m.name for m in SUMS)),
    is_complete=True,
)
AGG_HOURS = Rollup(
    Relation(
        "agg_hours",
        "one row a day, hour, channel, and order that stands in several cells",
        (
            _DAY,
            _key("hour", "BIGINT", "0 to 23, in the reporting time zone."),
            _CHANNEL,
            _ORDER,
            _ROWS,
            _ORDERS,
            *map(sum_field, PLAIN_SUMS),
        ),
    ),
    ("day", "hour", "channel", "order_id"),
    DAYS | {"hour", "channel"},
    _summed(tuple(m.name for m in PLAIN_SUMS)) | {"orders": _orders_if()},
    is_complete=True,
)
AGG_ORDERS = Rollup(
    Relation(
        "agg_orders",
        "one row a day, country, channel, new, returning or guest, and order in several cells",
        (_DAY, _COUNTRY, _CHANNEL, _WHO, _ORDER, _count("row_count", "Orders."), _ORDERS),
    ),
    ("day", "country", "channel", "new_or_returning", "order_id"),
    DAYS | {"country", "channel", "new_or_returning"},
    {
        "orders": _orders_if(),
        "customer_orders": _orders_if("new_or_returning <> 'Guest'"),
        "guest_orders": _orders_if("new_or_returning = 'Guest'"),
    },
)
_CUSTOMER_COUNTS = ("customers", "new_customers", "returning_customers")
AGG_PERIODS = Rollup(
    Relation(
        "agg_periods",
        "one row a day, week, month, quarter, year or all time, and country",
        (
            _key("period", "VARCHAR", "day, week, month, quarter, year or all."),
            _key("period_start", "DATE", "Its first day; 1970-01-01 for all time."),
            _COUNTRY,
            *(sum_field(METRICS[name]) for name in _CUSTOMER_COUNTS),
        ),
    ),
    ("period", "period_start", "country"),
    frozenset({*PERIODS, "country"}),
    _summed(_CUSTOMER_COUNTS),
)
AGG_COHORTS = Rollup(
    Relation(
        "agg_cohorts",
        "one row a month of first sales and a month, with those customers' buyers in it",
        (
            _key("cohort", "DATE", "The month of the customers' first sale."),
            _key("month", "DATE", "The month in which they bought."),
            _count("customers", "Customers."),
        ),
    ),
    ("cohort", "month"),
    frozenset(),
    {},
)
AGG_INTERVALS = Rollup(
    Relation(
        "agg_intervals",
        "one row a number of days between two following buying days of one customer",
        (_key("days", "BIGINT", "Days."), _count("purchases", "How often.")),
    ),
    ("days",),
    frozenset(),
    {},
)
AGG_PRODUCTS = Rollup(
    Relation(
        "agg_products",
        "one row a product with sales or returns",
        (
            _key("product_id", "BIGINT", "The product."),
            _ROWS,
            _count("sold_rows", "Sales."),
            *map(sum_field, PLAIN_SUMS),
        ),
    ),
    ("product_id",),
    frozenset({"product"}),
    _summed(tuple(m.name for m in PLAIN_SUMS)),
    is_complete=True,
    source='(SELECT a.*, p."name" AS product_name FROM agg_products AS a'
    ' JOIN "products" AS p ON p."product_id" = a.product_id) AS sold',
)
_LOCATED = (
    "(SELECT a.*, l.location AS location, l.country AS country, l.mail_domain AS mail_domain"
    " FROM (SELECT customer_id, first_day, last_day, net_sales FROM agg_customers"
    " UNION ALL SELECT 0, NULL, NULL, SUM(net_sales) FROM agg_sales"
    " WHERE new_or_returning = 'Guest' HAVING COUNT(*) > 0) AS a"
    " JOIN ({located}) AS l ON l.customer_id = a.customer_id) AS bought"
)
AGG_CUSTOMERS = Rollup(
    Relation(
        "agg_customers",
        "one row a customer with sales or returns, guests left out",
        (
            _key("customer_id", "BIGINT", "The customer."),
            Field("first_day", "DATE", "The day of the first sale."),
            Field("last_day", "DATE", "The day of the last sale."),
            _count("orders", "Orders."),
            sum_field(METRICS["net_sales"]),
        ),
    ),
    ("customer_id", "first_day", "last_day"),
    frozenset({"location", "country", "mail_domain", "cohort"}),
    {
        "net_sales": "COALESCE(SUM(net_sales), 0)",
        "customer_sales": "COALESCE(SUM(CASE WHEN customer_id <> 0 THEN net_sales ELSE 0 END), 0)",
        "customers": "COUNT(first_day)",
        "new_customers": "COUNT(first_day)",
        "returning_customers": "COUNT(CASE WHEN last_day > first_day THEN 1 END)",
    },
    is_complete=True,
    source=_LOCATED,
)

ROLLUPS: Mapping[str, Rollup] = MappingProxyType(
    {
        rollup.name: rollup
        for rollup in (
            AGG_PERIODS,
            AGG_HOURS,
            AGG_ORDERS,
            AGG_SALES,
            AGG_PRODUCTS,
            AGG_CUSTOMERS,
            AGG_COHORTS,
            AGG_INTERVALS,
        )
    }
)
"""All of them; those that are asked first, because they are shorter, stand first."""

AGG_TERMS = Relation(
    "agg_terms",
    "one row: under which terms the sums beside the sales were made",
    (
        Field("reporting_timezone", "VARCHAR", "The time zone of their days.", nullable=False),
        Field("has_countries", "BOOLEAN", "Whether they know countries.", nullable=False),
    ),
)
