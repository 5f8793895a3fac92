"""What metrics can be broken down by, each dimension once.

The SQL stands on one row a transaction: `sale_time` is its time in the reporting zone, `day` the
date of that, `first_day` the day of its customer's first sale; `products` and `customers` are
joined when a dimension needs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from data_pipeline.errors import ConfigError
from data_pipeline.metrics.frame import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class DimensionColumn:
    """A column of the answer that a dimension brings."""

    name: str
    label: str
    kind: Kind
    sql: str


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something to break metrics down by. Its first column is the one to filter on."""

    name: str
    description: str
    columns: tuple[DimensionColumn, ...]
    needs: tuple[str, ...] = ()


def _single(
    name: str, label: str, description: str, kind: Kind, sql: str, *needs: str
) -> Dimension:
    return Dimension(name, description, (DimensionColumn(name, label, kind, sql),), needs)


def _period(name: str, label: str, description: str) -> Dimension:
    sql = f"CAST(DATE_TRUNC('{name}', day) AS DATE)"
    return _single(name, label, description, Kind.DAY, sql)


COUNTRY_SQL = "COALESCE(NULLIF(REGEXP_REPLACE(\"location\", '^([^,]*,)+ *', ''), ''), 'Unknown')"
"""What stands behind the last comma of a location: 'Lyon, France' lies in France."""

MAIL_DOMAIN_SQL = "COALESCE(NULLIF(SUBSTR(\"email\", STRPOS(\"email\", '@') + 1), ''), 'Unknown')"
"""What stands behind the @ of a mail address; the contract lets only one @ in."""

_DIMENSIONS = (
    _single("day", "Day", "The day of the sale.", Kind.DAY, "day"),
    _period("week", "Week", "The Monday on which the week begins."),
    _period("month", "Month", "The first day of the month."),
    _period("quarter", "Quarter", "The first day of the quarter."),
    _period("year", "Year", "The first day of the year."),
    _single(
        "weekday",
        "Weekday",
        "1 is Monday, 7 is Sunday.",
        Kind.WHOLE,
        "MOD(DATE_DIFF('day', DATE '1969-12-29', day), 7) + 1",
    ),
    _single("hour", "Hour", "0 to 23.", Kind.WHOLE, "EXTRACT(HOUR FROM sale_time)"),
    _single("category", "Category", "The product's.", Kind.TEXT, "category", "products"),
    Dimension(
        "product",
        "The product, by its number; the name is shown.",
        (
            DimensionColumn("product_id", "Product number", Kind.WHOLE, "product_id"),
            DimensionColumn("product", "Product", Kind.TEXT, "product_name"),
        ),
        ("products",),
    ),
    _single("location", "Location", "The customer's.", Kind.TEXT, "location", "customers"),
    _single(
        "country",
        "Country",
        "What stands behind the last comma of the location.",
        Kind.TEXT,
        "country",
        "customers",
    ),
    _single(
        "mail_domain",
        "Mail domain",
        "What stands behind the @ of the customer's mail address.",
        Kind.TEXT,
        "mail_domain",
        "customers",
    ),
    _single(
        "cohort",
        "Cohort",
        "The month of the customer's first sale; none for guests.",
        Kind.DAY,
        "CAST(DATE_TRUNC('month', first_day) AS DATE)",
        "first_days",
    ),
    _single(
        "channel",
        "Channel",
        "Where the sale was made.",
        Kind.TEXT,
        "COALESCE(channel, 'Unknown')",
    ),
    _single(
        "new_or_returning",
        "New or returning",
        "New on the day of a customer's first sale, Returning later; Guest for guests.",
        Kind.TEXT,
        "CASE WHEN customer_id = 0 THEN 'Guest' WHEN day = first_day THEN 'New'"
        " ELSE 'Returning' END",
        "first_days",
    ),
)


def find_dimension(name: str) -> Dimension:
    """The dimension called `name`; ConfigError with the known names when there is none."""
    if name not in DIMENSIONS:
        raise ConfigError(f"unknown dimension {name!r}; known: {', '.join(sorted(DIMENSIONS))}")
    return DIMENSIONS[name]


DIMENSIONS: Mapping[str, Dimension] = MappingProxyType({d.name: d for d in _DIMENSIONS})
