"""What a number, a key, an address can look like: the column, what becomes of its record, and the
texts that come to that.
"""

from __future__ import annotations

from tests.hostile.variant import GOOD, Keys, Variant, in_column

KEYS = Keys(6_000_000)

NUMBERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("sales.price", GOOD): (
        "0",
        "0.0001",
        "00012.5000",
        "0.10",
        "99999999999999.9999",
        "12.340000000000",
        "99999999999999.9999" + "0" * 40,
        "$5",
        "€1,234.5",
        "£1,234,567.8900",
        "+3.5",
        "$-0",
        " 5 ",
        "\t5\u00a0",
        "1,234",
        "-0",
    ),
    ("sales.price", "invalid_price"): (
        "7.",
        "1e3",
        "1E-2",
        "12,34",
        "1.234,50",
        "1,23",
        "1,,234",
        ",123",
        "1,2345",
        "0x1F",
        "1_000",
        "①",
        "٣",
        "１２",
        "NaN",
        "inf",
        "Infinity",
        "-inf",
        "--1",
        "+-1",
        "1-",
        "(5.00)",
        "5 EUR",
        "5€",
        "$ 5",
        "$$5",
        "¥5",
        "R$5",
        "1 000",
        "1'000",
        "1.2.3",
        ".",
        ".5",
        "0.00001",
        "1.23456",
        "=1+1",
        "5%",
        "1/2",
        "true",
        "five",
        "5\u200b",
        "\u20095",
        "\u22125",
        "\uff0b5",
        "5\u0660",
        "1.\u0665",
        "²",
        "½",
        "Ⅷ",
        "1e",
        "0b1",
        "0o7",
        "1d",
        "1f",
        "5;",
        '"5"',
        "5\n6",
        "''",
        "x" * 50,
    ),
    ("sales.price", "out_of_range_price"): (
        "-1",
        "-0.0001",
        "100000000000000",
        "9" * 38,
        "9" * 39,
        "9" * 300,
        "1" + "0" * 5000,
    ),
    ("sales.price", "missing_price"): (
        "",
        " ",
        "NULL",
        "null",
        "N/A",
        "NA",
        "None",
        "nan",
        "-",
        "\u3000",
    ),
    ("sales.quantity", GOOD): (
        "2",
        "-1",
        "1000000",
        "-1000000",
        "+7",
        "3.0",
        "3.000000000000",
        "0003",
        "1,000",
        " 2",
    ),
    ("sales.quantity", "invalid_quantity"): (
        "1.5",
        "0.1",
        "1e1",
        "two",
        "1 2",
        "1,0",
        "1.0.0",
        "NaN",
        "0x1",
        "1/1",
        "--2",
        "2-",
    ),
    ("sales.quantity", "out_of_range_quantity"): (
        "0",
        "-0",
        "0.0",
        "1000001",
        "-1000001",
        "2147483648",
        "-2147483649",
        "9223372036854775808",
        "9" * 60,
    ),
    ("sales.quantity", "missing_quantity"): ("", "-", "nan"),
    ("sales.discount", GOOD): ("", "1", "0.5", "-1", "1e3", "NaN", "99999999999999.9999", "9" * 40),
    ("products.price", GOOD): ("", "-", "0", "1e3", "-5", "free", "$9.99", "9" * 40, "NaN"),
    ("products.cost", GOOD): ("", "0.0001", "0.00001", "twelve"),
    ("customers.birth_year", GOOD): (
        "",
        "1900",
        "2100",
        "1899",
        "2101",
        "85",
        "1984.0",
        "1,984",
        "MCMLXXXIV",
    ),
}
"""A value that the row can do without becomes NULL: such rows are good, too."""

OVERFLOWS: tuple[tuple[str, str, str], ...] = (
    ("1000000", "99999999.9999", GOOD),
    ("1000000", "99999999.99999", "invalid_price"),
    ("1000000", "100000000", "amount_overflow"),
    ("-1000000", "99999999.9999", GOOD),
    ("-1000000", "100000000", "amount_overflow"),
    ("2", "50000000000000", "amount_overflow"),
    ("2", "49999999999999.9999", GOOD),
    ("3", "33333333333333.3333", GOOD),
    ("3", "33333333333333.3334", "amount_overflow"),
    ("-1", "99999999999999.9999", GOOD),
    ("999999", "99999999.9999", GOOD),
)
"""Quantity, price, and whether their product can be held."""

KEY_TEXTS: dict[str, tuple[str, ...]] = {
    GOOD: ("0042", "+43", "44.0", "$45", "1,046", " 47 ", "9223372036854775807", "0" * 200 + "48"),
    "invalid": (
        "1.5",
        "1e3",
        "C-17",
        "0x1F",
        "1_000",
        "①",
        "٣٤",
        "५",
        "Ⅻ",
        "true",
        "5 4",
        "--6",
        "=1+1",
        "1;2",
        "12,34",
        "550e8400-e29b-41d4-a716-446655440000",
        "'1",
        "#1",
        "1/1",
        "\u200b9",
        "9\u00ad",
    ),
    "out_of_range": (
        "0",
        "-0",
        "-1",
        "0.0",
        "9223372036854775808",
        "18446744073709551616",
        "9" * 100,
    ),
    "missing": ("", " ", "NULL", "N/A", "-", "nan", "\ufeff"),
}
"""What the key of a table may be."""

FOREIGN: dict[tuple[str, str], tuple[str, ...]] = {
    ("sales.customer_id", GOOD): ("2", "", "NULL", "-", "01", "1.0", " 2 "),
    ("sales.customer_id", "orphan_customer"): ("999999999", "9223372036854775805"),
    ("sales.customer_id", "out_of_range_customer_id"): ("0", "-1", "9223372036854775808"),
    ("sales.customer_id", "invalid_customer_id"): ("Ann", "1e0", "①", "guest"),
    ("sales.product_id", GOOD): ("2", "+1", "$2"),
    ("sales.product_id", "orphan_product"): ("999999999", "9223372036854775805"),
    ("sales.product_id", "out_of_range_product_id"): ("0", "-1"),
    ("sales.product_id", "missing_product_id"): ("", "NA", "nan"),
    ("sales.product_id", "invalid_product_id"): ("SKU-1", "1.5", "1,2"),
}

EMAILS = (
    "ANN@SHOP.EXAMPLE", "a+b@c.example", "a@b", "@b.c", "a@", "a@@b.c", "a b@c.d", "a@b..c", "a@.b.c",
    "a@b.c.", "<a@b.c>", "Ann <a@b.c>", "mailto:a@b.c", "a@b.c,d@e.f", "ü@ü.example", "İ@B.example",
    "a@b.c\nbcc: d@e.f", "'; DROP TABLE customers; --@x.y", "\"a b\"@c.d", "a@[127.0.0.1]",
    "a" * 5000 + "@b.c", "ẞ@x.example", "a@xn--p1ai", "a@b.c\u200b", "a@b\u3002c",
)  # fmt: skip
"""Good, repaired or left out: the row is loaded in any case."""


def variants() -> list[Variant]:
    found = [
        in_column(KEYS, place, raw, outcome)
        for (place, outcome), raws in (NUMBERS | FOREIGN).items()
        for raw in raws
    ]
    for table, key in (
        ("customers", "customer_id"),
        ("products", "product_id"),
        ("sales", "transaction_id"),
    ):
        for outcome, raws in KEY_TEXTS.items():
            said = outcome if outcome == GOOD else f"{outcome}_{key}"
            found += [in_column(KEYS, f"{table}.{key}", raw, said) for raw in raws]
    found += [in_column(KEYS, "customers.email", raw, GOOD) for raw in EMAILS]
    for quantity, price, outcome in OVERFLOWS:
        found.append(in_column(KEYS, "sales.quantity", quantity, outcome, price=price))
    return found
