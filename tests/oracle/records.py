"""Bytes to records: RFC 4180, where a fault costs one record and never a neighbour."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.oracle.values import BLANKS, COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

QUOTED = re.compile(rb'"((?:[^"]|"")*+)"')

NOTHING = (b"\n", b"\r\n")


class RefusedError(Exception):
    """The file as a whole cannot be what it should be."""


@dataclass(frozen=True)
class Record:
    """One record; either `values` by column name, or the `reason` why there are none."""

    line: int
    raw: str
    values: dict[str, str] | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Span:
    """Where one record lies in the bytes, and what was found there."""

    start: int
    end: int
    fields: tuple[bytes, ...] = ()
    spoilt: str | None = None


def table_of(name: str) -> str:
    """The table whose rows a file carries: its name begins with it.

    >>> table_of("sales-2025.csv.gz")
    'sales'
    """
    for table in COLUMNS:
        if name.casefold().startswith(table):
            return table
    raise RefusedError(f"{name} is no file of customers, products or sales")


def read_file(name: str, data: bytes) -> list[Record]:
    """All records of a text file behind its header; raises RefusedError."""
    table, text = table_of(name), plain_bytes(data)
    if not text.strip(b"\r\n"):
        raise RefusedError("empty")
    sep = delimiter_of(text, table)
    spans = split_records(text, sep)
    header = header_names(next(spans), table, text)
    return [
        record_of(text, span, header)
        for whole in spans
        for span in without_neighbours(text, sep, whole, len(header))
    ]


def record_of(text: bytes, span: Span, header: tuple[str, ...]) -> Record:
    """The record as text, with its values by name or the reason why it has none."""
    line = text.count(b"\n", 0, span.start) + 1
    raw = re.sub(rb"\r?\n\Z", b"", text[span.start : span.end]).decode("utf-8", "replace")
    reason = fault_of(text, span, len(header))
    if reason is not None:
        return Record(line, raw, reason=reason)
    fields = [field.decode("utf-8") for field in span.fields]
    return Record(line, raw, dict(zip(header, fields, strict=True)))


OTHER_FORMATS = re.compile(
    rb"pk\x03\x04|<!doctype|<html|version https://|sqlite format 3\0", re.IGNORECASE
)
"""What a file of another format begins with."""


def plain_bytes(data: bytes) -> bytes:
    """The file as UTF-8 without compression and byte order mark."""
    if data.startswith(b"PAR1") and not (data[4:5] == b"\t" or b" " <= data[4:5] <= b"~"):
        raise RefusedError("no sound Parquet file is among these")
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise RefusedError(f"not gzip: {error}") from error
    if OTHER_FORMATS.match(data):
        raise RefusedError("another format")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16").encode("utf-8")
        except UnicodeDecodeError as error:
            raise RefusedError(f"not UTF-16: {error}") from error
    return data.removeprefix(codecs.BOM_UTF8)


def delimiter_of(text: bytes, table: str) -> bytes:
    """The first separator under which the first record is a header of the table."""
    for sep in (b",", b";", b"\t"):
        with suppress(RefusedError):
            header_names(next(split_records(text, sep)), table, text)
            return sep
    return b","


def clean_names(fields: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(field.decode("utf-8", "replace").strip(BLANKS).lower() for field in fields)


def header_names(span: Span, table: str, text: bytes) -> tuple[str, ...]:
    """The header's names, lower-cased and trimmed; raises RefusedError."""
    names = clean_names(span.fields)
    missing = [c for c, rule in COLUMNS[table].items() if rule.required and c not in names]
    if missing or len(set(names)) < len(names):
        raise RefusedError(f"missing or doubled columns: {missing} of {names}")
    if fault_of(text, span, len(names)):
        raise RefusedError("a broken header")
    return names


def split_records(text: bytes, sep: bytes) -> Iterator[Span]:
    """Every record in turn; lines with nothing in them are none."""
    at = 0
    while at < len(text):
        span = scan_record(text, at, sep)
        if text[span.start : span.end] not in NOTHING:
            yield span
        at = span.end


def scan_record(text: bytes, start: int, sep: bytes) -> Span:
    """The record that begins at `start`; if quotes or CRs spoil it, its first physical line."""
    ending = re.compile(rb"\Z|\r?\n|" + sep)
    fields: list[bytes] = []
    at = start
    while True:
        quoted = QUOTED.match(text, at)
        end = ending.match(text, quoted.end()) if quoted else ending.search(text, at)
        field = quoted[1] if quoted else text[at : end.start()] if end else b""
        if end is None or (not quoted and (field.startswith(b'"') or b"\r" in field)):
            return spoilt_line(text, start, sep)
        fields.append(field.replace(b'""', b'"') if quoted else field)
        at = end.end()
        if end[0] != sep:
            return Span(start, at, tuple(fields))


def spoilt_line(text: bytes, start: int, sep: bytes) -> Span:
    """A line with a fault: of carriage returns if it is a record without them, or of quotes."""
    end = line_end(text, start)
    line = text[start:end]
    unbroken = line.replace(b"\r", b"")
    stray = unbroken != line and scan_record(unbroken, 0, sep).spoilt is None
    return Span(start, end, spoilt="stray_carriage_return" if stray else "malformed_quote")


def line_end(text: bytes, start: int) -> int:
    return text.find(b"\n", start) + 1 or len(text)


def fault_of(text: bytes, span: Span, width: int) -> str | None:
    """The one reason why these bytes are no record of `width` fields."""
    raw = text[span.start : span.end]
    if span.spoilt:
        return span.spoilt
    if b"\0" in raw:
        return "nul_byte"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "bad_encoding"
    if len(span.fields) != width:
        return "too_few_fields" if len(span.fields) < width else "too_many_fields"
    return None


def without_neighbours(text: bytes, sep: bytes, span: Span, width: int) -> list[Span]:
    """Give back the neighbours that a quote swallowed.

    A record over several lines with the wrong number of fields is only one bad line if every line
    behind its first is a good record by itself (or has nothing in it).
    """
    first = line_end(text, span.start)
    if span.spoilt or len(span.fields) == width or first == span.end:
        return [span]
    alone = [span_of_line(text, line, sep) for line in lines_between(text, first, span.end)]
    records = [one for one in alone if text[one.start : one.end] not in NOTHING]
    if any(one.spoilt or len(one.fields) != width for one in records):
        return [span]
    return [Span(span.start, first, spoilt="malformed_quote"), *records]


def lines_between(text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        yield start, (start := line_end(text, start))


def span_of_line(text: bytes, line: tuple[int, int], sep: bytes) -> Span:
    """What a physical line is when nothing follows it."""
    start, end = line
    alone = scan_record(text[start:end], 0, sep)
    return Span(start, end, alone.fields, alone.spoilt)
