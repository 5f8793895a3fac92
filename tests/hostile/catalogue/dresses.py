"""The same records in every combination of encoding, line end, delimiter, quotes and packing."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools

from tests.hostile.variant import GOOD, SAMPLE, TABLES, Bytes, Keys, Variant, records, sheet

KEYS = Keys(15_000_000)

ENCODINGS: dict[str, Bytes] = {
    "utf-8": bytes,
    "utf-8 with mark": lambda data: codecs.BOM_UTF8 + data,
    "utf-16 little": lambda data: codecs.BOM_UTF16_LE + data.decode().encode("utf-16-le"),
    "utf-16 big": lambda data: codecs.BOM_UTF16_BE + data.decode().encode("utf-16-be"),
}
NEWLINES = {"lf": "\n", "crlf": "\r\n"}
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
QUOTED = {"quoted": True, "plain": False}
PACKING: dict[str, tuple[Bytes, str]] = {
    "bare": (bytes, ".csv"),
    "gzip": (gzip.compress, ".csv.gz"),
}


def dressed(dress: tuple[str, ...]) -> Variant:
    """The sample of all three tables in one dress, written by Python's csv."""
    encoding, newline, delimiter, quoted, packing = dress
    first = KEYS.take()
    pack, ending = PACKING[packing]
    files = {}
    for table in TABLES:
        rows = records(table, first, SAMPLE[table])
        text = sheet(rows, DELIMITERS[delimiter], NEWLINES[newline], QUOTED[quoted])
        assert read_back(text, DELIMITERS[delimiter]) == rows
        files[table] = pack(ENCODINGS[encoding](text.encode()))
    outcome = dict.fromkeys(TABLES, (GOOD,) * len(SAMPLE["sales"]))
    return Variant(", ".join(dress), files, outcome, ending=ending, keys=first)


def read_back(text: str, delimiter: str) -> list[dict[str, str]]:
    """What Python's csv reads in its own text."""
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def variants() -> list[Variant]:
    every = itertools.product(ENCODINGS, NEWLINES, DELIMITERS, QUOTED, PACKING)
    return [dressed(dress) for dress in every]
