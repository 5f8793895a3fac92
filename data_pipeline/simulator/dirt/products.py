"""What goes wrong with products."""

from __future__ import annotations

import numpy as np

from data_pipeline.simulator.dirt import dimensions
from data_pipeline.simulator.dirt.sheet import Plant, Sheet
from data_pipeline.simulator.randomness import Ints


def missing_category(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "category", sheet.choose(at, b"", b"N/A", b"null", b"-"))
    value = np.full(len(at), b"Uncategorised", dtype=object)
    sheet.keep(at, "missing_category", "category", value, "default_category")


def padded_category(sheet: Sheet, at: Ints) -> None:
    value = sheet.text["category"][at]
    sheet.write(at, "category", b" " + value + b" ")
    sheet.keep(at, "padded_category", "category", value, "trimmed_category")


def list_price_sign(sheet: Sheet, at: Ints) -> None:
    value = sheet.text["price"][at]
    sheet.write(at, "price", sheet.choose(at, b"$", "£".encode()) + value)
    sheet.keep(at, "list_price_sign", "price", value, "currency_price")


def bad_list_price(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "price", sheet.choose(at, b"19,99", b"-1", b"tbd", b"1.23456", b"5 EUR"))
    sheet.keep(at, "bad_list_price", "price", None, "invalid_price")


def missing_list_price(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "price", sheet.choose(at, b"", b"None", b"nan"))
    sheet.keep(at, "missing_list_price", "price", None)


def bad_cost(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "cost", sheet.choose(at, b"?", b"-3.00", b"1.000,50"))
    sheet.keep(at, "bad_cost", "cost", None, "invalid_cost")


PLANTS: dict[str, tuple[float, Plant]] = {
    **dimensions.PLANTS,
    "missing_category": (4, missing_category),
    "padded_category": (3, padded_category),
    "list_price_sign": (3, list_price_sign),
    "bad_list_price": (3, bad_list_price),
    "missing_list_price": (2, missing_list_price),
    "bad_cost": (2, bad_cost),
}
