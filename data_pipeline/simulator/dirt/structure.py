"""Defects in how a record is written: the same for every table."""

from __future__ import annotations

from data_pipeline.simulator.dirt.sheet import Plant, Sheet
from data_pipeline.simulator.randomness import Ints


def short_line(sheet: Sheet, at: Ints) -> None:
    sheet.fields_more[at] = -1
    sheet.quarantine(at, "short_line", "too_few_fields")


def long_line(sheet: Sheet, at: Ints) -> None:
    sheet.fields_more[at] = 1
    sheet.quarantine(at, "long_line", "too_many_fields")


def empty_record(sheet: Sheet, at: Ints) -> None:
    """Add a line of commas."""
    empty, rows = sheet.copy(at, **dict.fromkeys(sheet.names, b""))
    key = sheet.names[0]
    empty.quarantine(rows, "empty_record", f"missing_{key}", key)


def exact_duplicate(sheet: Sheet, at: Ints) -> None:
    copies, rows = sheet.copy(at)
    copies.duplicate(rows, "exact_duplicate")


def in_column(column: str) -> dict[str, tuple[float, Plant]]:
    """Return the kinds that spoil the text of `column` so that the record cannot be read."""

    def bad_bytes(sheet: Sheet, at: Ints) -> None:
        sheet.write(at, column, sheet.text[column][at] + sheet.choose(at, b"\xff", b"\xe9t\xe9"))
        sheet.quarantine(at, "bad_bytes", "bad_encoding", column)

    def nul_byte(sheet: Sheet, at: Ints) -> None:
        sheet.write(at, column, b"a\x00b" + sheet.text[column][at])
        sheet.quarantine(at, "nul_byte", "nul_byte", column)

    def stray_return(sheet: Sheet, at: Ints) -> None:
        sheet.write(at, column, b"one\rtwo", bare=True)
        sheet.quarantine(at, "stray_return", "stray_carriage_return", column)

    def text_after_quote(sheet: Sheet, at: Ints) -> None:
        sheet.write(at, column, b'"one" two', bare=True)
        sheet.quarantine(at, "text_after_quote", "malformed_quote", column)

    def unclosed_quote(sheet: Sheet, at: Ints) -> None:
        sheet.write(at, column, b'"one', bare=True)
        sheet.quarantine(at, "unclosed_quote", "malformed_quote", column)

    return {
        "short_line": (3, short_line),
        "long_line": (3, long_line),
        "bad_bytes": (2, bad_bytes),
        "nul_byte": (1, nul_byte),
        "stray_return": (1, stray_return),
        "text_after_quote": (1, text_after_quote),
        "unclosed_quote": (1, unclosed_quote),
    }
