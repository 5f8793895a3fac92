"""What goes wrong with sales."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.simulator.dirt import structure
from data_pipeline.simulator.dirt.sheet import Plant, Sheet, Words, strings, text_of
from data_pipeline.simulator.randomness import Ints

NOBODY = 9_000_000_000_000
"""Ids from here on belong to no customer and no product."""


def _spoil(kind: str, column: str, reason: str, *texts: bytes) -> Plant:
    """Return the kind that writes one of `texts` over the column, which costs the record."""

    def plant(sheet: Sheet, at: Ints) -> None:
        sheet.write(at, column, sheet.choose(at, *texts))
        sheet.quarantine(at, kind, f"{reason}_{column}", column)

    return plant


def missing_value(sheet: Sheet, at: Ints) -> None:
    for index, column in enumerate(
        ("transaction_id", "product_id", "quantity", "price", "timestamp")
    ):
        here = at[sheet.salt[at] % 5 == index]
        sheet.write(here, column, sheet.choose(here, b"", b"NULL", b"N/A", b"-", b"  "))
        sheet.quarantine(here, "missing_value", f"missing_{column}", column)


def padded(sheet: Sheet, at: Ints) -> None:
    for index, column in enumerate(("price", "quantity", "channel", "order_id", "timestamp")):
        here = at[sheet.salt[at] % 5 == index]
        value = sheet.text[column][here]
        before = sheet.choose(here, b" ", b"", b"\t", "\u00a0".encode())
        sheet.write(here, column, before + value + b" ")
        sheet.keep(here, "padded", column, value, f"trimmed_{column}")


def currency_sign(sheet: Sheet, at: Ints) -> None:
    value = sheet.text["price"][at]
    sheet.write(at, "price", sheet.choose(at, b"$", "€".encode(), "£".encode()) + value)
    sheet.keep(at, "currency_sign", "price", value, "currency_price")


def thousands(sheet: Sheet, at: Ints) -> None:
    """Group the thousands of the price; of the transaction's number where the price has none."""
    for column in ("price", "transaction_id"):
        long = sheet.text[column][at].astype("S").astype(np.float64) >= 1000
        here, at = at[long], at[~long]
        value = sheet.text[column][here]
        sheet.write(here, column, _grouped(value))
        sheet.keep(here, "thousands", column, value, f"thousands_{column}")
    padded(sheet, at)


def decimal_comma(sheet: Sheet, at: Ints) -> None:
    commas = pc.replace_substring(strings(sheet.text["price"][at]), ".", ",")
    sheet.write(at, "price", text_of(commas))
    sheet.quarantine(at, "decimal_comma", "invalid_price", "price")


def five_decimals(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "price", sheet.text["price"][at] + b"001")
    sheet.quarantine(at, "five_decimals", "invalid_price", "price")


def trailing_zeros(sheet: Sheet, at: Ints) -> None:
    value = sheet.text["price"][at]
    sheet.write(at, "price", value + b"0000")
    sheet.keep(at, "trailing_zeros", "price", value)


def leading_zeros(sheet: Sheet, at: Ints) -> None:
    value = sheet.text["product_id"][at]
    sheet.write(at, "product_id", b"000" + value)
    sheet.keep(at, "leading_zeros", "product_id", value)


def scientific(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "price", sheet.text["price"][at] + b"e0")
    sheet.quarantine(at, "scientific", "invalid_price", "price")


def negative_price(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "price", b"-" + sheet.text["price"][at])
    sheet.quarantine(at, "negative_price", "out_of_range_price", "price")


def amount_overflow(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "price", b"99999999999999.99")
    sheet.write(at, "quantity", sheet.choose(at, b"1000", b"-77", b"1000000"))
    sheet.quarantine(at, "amount_overflow", "amount_overflow")


def iso_time(sheet: Sheet, at: Ints) -> None:
    """Write the moment in another ISO form, without another meaning."""
    value = sheet.text["timestamp"][at]
    day = value.astype("S10").astype(object)
    clock = text_of(pc.utf8_slice_codeunits(strings(value), 11))
    tail = sheet.choose(at, b"", b"Z", b".000", b".000000Z", b"+00:00")
    sheet.write(at, "timestamp", day + b"T" + clock + tail)
    sheet.keep(at, "iso_time", "timestamp", value)


def offset_time(sheet: Sheet, at: Ints) -> None:
    """Write the moment in the time of another place."""
    value = sheet.text["timestamp"][at]
    minutes = np.array([120, -300, 330, -210, 840])[sheet.salt[at] // 7 % 5]
    moved = value.astype("S19").astype("datetime64[s]") + minutes * np.timedelta64(60, "s")
    offset = sheet.choose(at, b"+02:00", b"-05:00", b"+05:30", b"-03:30", b"+14:00")
    sheet.write(at, "timestamp", text_of(pa.array(moved)) + offset)
    sheet.keep(at, "offset_time", "timestamp", value)


def guest_mark(sheet: Sheet, at: Ints) -> None:
    """Say in words that there is no customer; for records of customers, pad a value instead."""
    guest = sheet.text["customer_id"][at] == b""
    here = at[guest]
    sheet.write(here, "customer_id", sheet.choose(here, b"NULL", b"N/A", b"None", b"nan"))
    sheet.keep(here, "guest_mark", "customer_id", np.full(len(here), b"0", dtype=object))
    padded(sheet, at[~guest])


def bad_option(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "discount", sheet.choose(at, b"ten", b"5%", b"-1", b"1,5"))
    sheet.keep(at, "bad_option", "discount", None, "invalid_discount")


def orphan_customer(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "customer_id", _strangers(sheet, at))
    sheet.quarantine(at, "orphan_customer", "orphan_customer", "customer_id")


def orphan_product(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "product_id", _strangers(sheet, at))
    sheet.quarantine(at, "orphan_product", "orphan_product", "product_id")


def quoted_newline(sheet: Sheet, at: Ints) -> None:
    value = sheet.choose(at, b"phone\ncall", b'the "old", shop\nin town')
    sheet.write(at, "channel", value)
    sheet.lines_more[at] = 1
    sheet.keep(at, "quoted_newline", "channel", value)


def dressed_duplicate(sheet: Sheet, at: Ints) -> None:
    """Add a copy that differs only in what cleaning takes away."""
    copies, rows = sheet.copy(at, price=b"$" + sheet.text["price"][at] + b" ")
    copies.duplicate(rows, "dressed_duplicate")


def correction(sheet: Sheet, at: Ints) -> None:
    """Add a newer version further down: with a date of change, or just by standing later."""
    more = 1 + sheet.salt[at] % 3
    quantity = _sum(sheet.text["quantity"][at], np.where(_negative(sheet, at), -more, more))
    changed = np.where(sheet.salt[at] % 2 == 0, _later(sheet, at, 2), b"")
    newer, rows = sheet.copy(at, quantity=quantity, updated_at=changed)
    sheet.supersede(at, "correction")
    newer.keep(rows, "correction", "quantity", quantity)
    old = sheet.text["quantity"][at].astype(np.int64)
    sheet.amount_more[at] = sheet.amount[at] // old * (quantity.astype(np.int64) - old)


def stale_version(sheet: Sheet, at: Ints) -> None:
    """Add an older version further down."""
    value = sheet.text["quantity"][at]
    older = _sum(value, np.where(_negative(sheet, at), -1, 1))
    sheet.write(at, "updated_at", _later(sheet, at, 3))
    copies, rows = sheet.copy(at, quantity=older, updated_at=_later(sheet, at, 1))
    copies.supersede(rows, "stale_version")
    sheet.keep(at, "stale_version", "quantity", value)


def _grouped(numbers: Words) -> Words:
    """Return 1234567.89 as 1,234,567.89."""
    text = strings(numbers)
    whole = pc.utf8_lpad(pc.list_element(pc.split_pattern(text, "."), 0), 18, " ")
    commas = pc.utf8_trim(pc.replace_substring_regex(whole, "(...)", r"\1,"), " ,")
    fraction = pc.replace_substring_regex(text, "^[0-9]+", "")
    return text_of(pc.binary_join_element_wise(commas, fraction, ""))


def _negative(sheet: Sheet, at: Ints) -> Ints:
    return np.asarray(sheet.text["quantity"][at].astype(np.int64) < 0)


def _sum(text: Words, more: Ints) -> Words:
    return text_of(pa.array(text.astype(np.int64) + more))


def _later(sheet: Sheet, at: Ints, days: int) -> Words:
    sold = sheet.text["timestamp"][at].astype("S19").astype("datetime64[s]")
    return text_of(pa.array(sold + np.timedelta64(days * 86_400, "s")))


def _strangers(sheet: Sheet, at: Ints) -> Words:
    return text_of(pa.array(NOBODY + sheet.salt[at] % 1_000_000))


PLANTS: dict[str, tuple[float, Plant]] = {
    "missing_value": (6, missing_value),
    "padded": (8, padded),
    "currency_sign": (5, currency_sign),
    "thousands": (4, thousands),
    "decimal_comma": (4, decimal_comma),
    "five_decimals": (2, five_decimals),
    "trailing_zeros": (2, trailing_zeros),
    "leading_zeros": (2, leading_zeros),
    "scientific": (2, scientific),
    "negative_price": (2, negative_price),
    "amount_overflow": (1, amount_overflow),
    "zero_quantity": (
        3,
        _spoil("zero_quantity", "quantity", "out_of_range", b"0", b"-0", b"0.0"),
    ),
    "absurd_quantity": (
        3,
        _spoil("absurd_quantity", "quantity", "out_of_range", b"9999999", b"-1000001", b"9" * 30),
    ),
    "bad_quantity": (
        3,
        _spoil("bad_quantity", "quantity", "invalid", b"two", b"1.5", "①".encode(), b"1 000"),
    ),
    "bad_price": (3, _spoil("bad_price", "price", "invalid", b"free", b"12.", b"$ 5", b"inf")),
    "bad_customer_id": (
        2,
        _spoil("bad_customer_id", "customer_id", "invalid", b"C-1001", b"12a", b"1.5"),
    ),
    "impossible_date": (
        4,
        _spoil(
            "impossible_date", "timestamp", "invalid",
            b"2025-02-30 10:00:00", b"2025-13-01", b"2023-02-29", b"2025-01-01 24:00:00",
        ),
    ),
    "ambiguous_date": (
        3,
        _spoil(
            "ambiguous_date", "timestamp", "invalid",
            b"03/04/2025", b"31.12.2024 09:30", b"now", b"20250304",
        ),
    ),
    "future_date": (
        3,
        _spoil(
            "future_date", "timestamp", "out_of_range",
            b"2999-01-01 00:00:00", b"9999-12-31T23:59:59Z", b"2525-05-05",
        ),
    ),
    "ancient_date": (
        2,
        _spoil(
            "ancient_date", "timestamp", "out_of_range",
            b"1900-01-01", b"1969-12-31 23:59:59", b"0001-01-01 00:00:00",
        ),
    ),
    "iso_time": (5, iso_time),
    "offset_time": (5, offset_time),
    "guest_mark": (3, guest_mark),
    "bad_option": (2, bad_option),
    "orphan_customer": (5, orphan_customer),
    "orphan_product": (5, orphan_product),
    "exact_duplicate": (9, structure.exact_duplicate),
    "dressed_duplicate": (3, dressed_duplicate),
    "correction": (7, correction),
    "stale_version": (3, stale_version),
    "quoted_newline": (3, quoted_newline),
    "empty_record": (1, structure.empty_record),
    **structure.in_column("channel"),
}  # fmt: skip
