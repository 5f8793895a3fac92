"""A store of the metrics' tests as raw files, with names that try to be code."""

from __future__ import annotations

import csv
import io
from dataclasses import astuple, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.metrics.store import Store

NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=HYPERLINK(0)",
    "'; DROP TABLE sales; --",
    "{{7*7}} ${7*7} %s",
    "Zażółć 好 \u202egnp",
)
HOSTILE_FILES = {
    "sales-bad.csv": (
        b"transaction_id,customer_id,product_id,quantity,price,timestamp\n"
        b"900001,1,1,1,<script>alert(2)</script>,2025-01-01\n"
        b"900002,1,99999,1,5.00,2025-01-02\n"
        b"900003,1,1,0,5.00,2025-01-03\n"
    )
}
"""Three records for the quarantine: a bad price, an orphan worth 5.00 and a quantity of 0."""


def hostile_store(store: Store) -> Store:
    """Give some products and customers names that no page and no spreadsheet may run."""
    products = tuple(
        replace(
            product,
            name=NAMES[place % len(NAMES)] if place < 12 else product.name,
            category="'; DROP TABLE sales; --"
            if product.category == "Garden"
            else product.category,
        )
        for place, product in enumerate(store.products)
    )
    customers = tuple(
        replace(
            customer,
            email=customer.email if (customer.email or "").count("@") == 1 else None,
            location="<b>Köln</b>, =Germany" if customer.customer_id == 7 else customer.location,
        )
        for customer in store.customers
    )
    customers = tuple(
        replace(c, email=None) if (c.email or "").endswith("@") else c for c in customers
    )
    return replace(store, products=products, customers=customers)


def write_raw(store: Store, *, only_sales: slice = slice(None)) -> dict[str, bytes]:
    """File name to content; total_sales is left to the pipeline, the guest to the missing value."""
    customers = [c for c in store.customers if c.customer_id]
    sales = store.sales[only_sales]
    return {
        "customers.csv": _csv(customers),
        "products.csv": _csv(store.products),
        "sales.csv": _csv(sales, leave_out="total_sales"),
    }


def _csv(rows: Sequence[Any], leave_out: str = "") -> bytes:
    names = [f.name for f in fields(rows[0])]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    kept = [place for place, name in enumerate(names) if name != leave_out]
    writer.writerow([names[place] for place in kept])
    for row in rows:
        values = astuple(row)
        writer.writerow([_text(names[place], values[place]) for place in kept])
    return out.getvalue().encode()


def _text(name: str, value: object) -> str:
    return "" if value is None or (name == "customer_id" and value == 0) else str(value)
