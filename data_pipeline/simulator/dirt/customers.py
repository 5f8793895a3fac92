"""What goes wrong with customers."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from data_pipeline.simulator.dirt import dimensions
from data_pipeline.simulator.dirt.sheet import Plant, Sheet, strings, text_of
from data_pipeline.simulator.randomness import Ints


def upper_email(sheet: Sheet, at: Ints) -> None:
    value = sheet.text["email"][at]
    sheet.write(at, "email", text_of(pc.utf8_upper(strings(value))))
    sheet.keep(at, "upper_email", "email", value, "lowercased_email")


def padded_email(sheet: Sheet, at: Ints) -> None:
    value = sheet.text["email"][at]
    sheet.write(at, "email", b" " + value + b"  ")
    sheet.keep(at, "padded_email", "email", value, "trimmed_email")


def bad_email(sheet: Sheet, at: Ints) -> None:
    value = sheet.text["email"][at]
    broken = (value + b".", value + b" x", b"@" + value, b"a@b", b"no mail", b"x@y@example.com")
    for index, text in enumerate(broken):
        here = sheet.salt[at] % len(broken) == index
        sheet.write(at[here], "email", text[here] if isinstance(text, np.ndarray) else text)
    sheet.keep(at, "bad_email", "email", None, "invalid_email")


def missing_email(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "email", sheet.choose(at, b"", b"NULL", b"-", b"N/A"))
    sheet.keep(at, "missing_email", "email", None)


def missing_location(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "location", sheet.choose(at, b"", b"null", b"NA", b"None"))
    value = np.full(len(at), b"Unknown", dtype=object)
    sheet.keep(at, "missing_location", "location", value, "default_location")


def bad_birth_year(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "birth_year", sheet.choose(at, b"1066", b"85", b"unknown", b"1985.5"))
    sheet.keep(at, "bad_birth_year", "birth_year", None, "invalid_birth_year")


def bad_joining_date(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "registered_at", sheet.choose(at, b"soon", b"2024-02-30", b"01/02/2024"))
    sheet.keep(at, "bad_joining_date", "registered_at", None, "invalid_registered_at")


PLANTS: dict[str, tuple[float, Plant]] = {
    **dimensions.PLANTS,
    "upper_email": (5, upper_email),
    "padded_email": (3, padded_email),
    "bad_email": (5, bad_email),
    "missing_email": (3, missing_email),
    "missing_location": (4, missing_location),
    "bad_birth_year": (3, bad_birth_year),
    "bad_joining_date": (2, bad_joining_date),
}
