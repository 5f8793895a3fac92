"""A shop whose every name wants to be something else than text."""

from __future__ import annotations

from tests.rawfiles import to_csv

NAMES = (
    "<script>window.hacked = 1</script>",
    '<img src=x onerror="window.hacked = 2">',
    "</script><svg onload=window.hacked=3>",
    '" onmouseover="window.hacked=4',
    '=HYPERLINK("http://outside.example","x")',
    "+1+1",
    "@SUM(A1:A9)",
    "-2+3",
    "javascript:window.hacked=5",
    "{{constructor.constructor('window.hacked=6')()}}",
    "\u202ereversed \u0645\u062a\u062c\u0631",
    "\u05d7\u05e0\u05d5\u05ea: 12",
    "__proto__",
    "W" * 200,
    "a:b,c|d",
    "'; DROP TABLE sales; --",
)
"""Markup, formulas, right-to-left text, an override, a word without end, separators."""

FORMULA_SIGNS = ("=", "+", "-", "@")

HEADER = "transaction_id,customer_id,product_id,quantity,price,timestamp,order_id,channel"


def sale(number: int) -> list[str]:
    """One sale of the nine months: customers, products and channels by turns."""
    keys = [str(number), str(number % 16 + 1), str(number * 7 % 16 + 1), str(number % 3 + 1)]
    day = f"2025-0{number % 9 + 1}-1{number % 8}"
    return [*keys, f"{number}.0{number % 10}", day, f"<b>{number // 2}</b>", NAMES[number % 16]]


NO_SALE = ["x<script>window.hacked=7</script>", "1", "1", "1", "=1+1", "2025-03-03", "o", "c"]

HOSTILE_STORE: dict[str, bytes] = {
    "customers.csv": to_csv(
        [["customer_id", "name", "email", "location"]]
        + [[str(i), text, f"c{i}@shop.example", text] for i, text in enumerate(NAMES, 1)]
    ),
    "products.csv": to_csv(
        [["product_id", "name", "category", "price", "cost"]]
        + [[str(i), text, text, "10.00", "4"] for i, text in enumerate(NAMES, 1)]
    ),
    "sales.csv": to_csv([HEADER.split(","), *map(sale, range(1, 320)), NO_SALE]),
}
"""Some 320 sales over nine months, and one row for the quarantine."""
