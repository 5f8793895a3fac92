"""What goes wrong with customers and products alike.

A customer or product that is lost would take all its sales with it. So what costs a record is
planted as a further, broken copy; the true record stays.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from data_pipeline.simulator.dirt import structure
from data_pipeline.simulator.dirt.sheet import Plant, Sheet, Words, text_of
from data_pipeline.simulator.randomness import Ints

HOSTILE = (
    b"<script>alert('hi')</script>",
    b"Robert'); DROP TABLE sales;--",
    b'=HYPERLINK("http://example.com","click")',
    b"@SUM(1+1)*cmd|' /C calc'!A0",
    b"{{7*7}} ${jndi:ldap://x}",
    "Zoë \u202eevil\u202c 🦆".encode(),
)


def broken_copy(plant: Plant) -> Plant:
    """Return the kind that does to a copy what `plant` does to a record."""

    def planted(sheet: Sheet, at: Ints) -> None:
        copies, rows = sheet.copy(at)
        plant(copies, rows)

    return planted


def bad_key(sheet: Sheet, at: Ints) -> None:
    key = sheet.names[0]
    sheet.write(at, key, sheet.choose(at, b"A-17", b"1.5", b"1e3", b"0x1F"))
    sheet.quarantine(at, "bad_key", f"invalid_{key}", key)


def zero_key(sheet: Sheet, at: Ints) -> None:
    key = sheet.names[0]
    sheet.write(at, key, sheet.choose(at, b"0", b"-5", b"9" * 25))
    sheet.quarantine(at, "zero_key", f"out_of_range_{key}", key)


def missing_key(sheet: Sheet, at: Ints) -> None:
    key = sheet.names[0]
    sheet.write(at, key, sheet.choose(at, b"", b"NULL", b"n/a".upper(), b"   "))
    sheet.quarantine(at, "missing_key", f"missing_{key}", key)


def missing_name(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "name", sheet.choose(at, b"", b"  "))
    sheet.keep(at, "missing_name", "name", _all(at, b"Unknown"), "default_name")


def named_null(sheet: Sheet, at: Ints) -> None:
    """There are people, and products, called Null."""
    value = sheet.choose(at, b"NULL", b"N/A", b"None", b"nan", b"null")
    sheet.write(at, "name", value)
    sheet.keep(at, "named_null", "name", value)


def hostile_name(sheet: Sheet, at: Ints) -> None:
    value = sheet.choose(at, *HOSTILE)
    sheet.write(at, "name", value)
    sheet.keep(at, "hostile_name", "name", value)


def newline_name(sheet: Sheet, at: Ints) -> None:
    value = sheet.text["name"][at] + b"\n(second line)"
    sheet.write(at, "name", value)
    sheet.lines_more[at] = 1
    sheet.keep(at, "newline_name", "name", value)


def padded_name(sheet: Sheet, at: Ints) -> None:
    value = sheet.text["name"][at]
    sheet.write(at, "name", sheet.choose(at, b"  ", b"\t", "\u3000".encode()) + value + b" ")
    sheet.keep(at, "padded_name", "name", value, "trimmed_name")


def bad_change_date(sheet: Sheet, at: Ints) -> None:
    sheet.write(at, "updated_at", sheet.choose(at, b"yesterday", b"2025-02-30", b"3000-01-01"))
    sheet.keep(at, "bad_change_date", "updated_at", None, "invalid_updated_at")


def renamed(sheet: Sheet, at: Ints) -> None:
    """Add a newer version further down."""
    name = sheet.text["name"][at] + b" (new)"
    newer, rows = sheet.copy(at, name=name, updated_at=_moved(sheet, at, 3600))
    sheet.supersede(at, "renamed")
    newer.keep(rows, "renamed", "name", name)


def outdated(sheet: Sheet, at: Ints) -> None:
    """Add an older version further down."""
    value = sheet.text["name"][at]
    older, rows = sheet.copy(at, name=value + b" (old)", updated_at=_moved(sheet, at, -3600))
    older.supersede(rows, "outdated")
    sheet.keep(at, "outdated", "name", value)


def _all(at: Ints, value: bytes) -> Words:
    return np.full(len(at), value, dtype=object)


def _moved(sheet: Sheet, at: Ints, seconds: int) -> Words:
    since = sheet.text["updated_at"][at].astype("S19").astype("datetime64[s]")
    return text_of(pa.array(since + np.timedelta64(seconds, "s")))


PLANTS: dict[str, tuple[float, Plant]] = {
    "missing_key": (2, broken_copy(missing_key)),
    "bad_key": (2, broken_copy(bad_key)),
    "zero_key": (2, broken_copy(zero_key)),
    "missing_name": (3, missing_name),
    "named_null": (2, named_null),
    "hostile_name": (3, hostile_name),
    "newline_name": (2, newline_name),
    "padded_name": (3, padded_name),
    "bad_change_date": (2, bad_change_date),
    "renamed": (4, renamed),
    "outdated": (2, outdated),
    "exact_duplicate": (4, structure.exact_duplicate),
    "empty_record": (1, structure.empty_record),
    **{
        kind: (weight, broken_copy(plant))
        for kind, (weight, plant) in structure.in_column("name").items()
    },
}
