"""Where the records of a CSV text lie: the structure, found without reading a single value.

This is the counter of the books: it finds records by line feeds and quotes alone, in whole blocks,
and knows nothing of those who read their fields (the kernel, and Arrow). A record that nobody could
split becomes a *fault*: it costs itself, and never a neighbour.

The rules are RFC 4180's: a field is quoted only if it begins with a quote, `""` in it is one quote,
and a quote inside an unquoted field is text. A quote that is never closed, or that text follows,
spoils only the line on which its record begins: reading goes on with the next line.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from data_pipeline.sources.scan import (
    CR,
    LF,
    QUOTE,
    Bytes,
    Mask,
    Positions,
    find_byte,
    find_foreign,
    find_newlines,
    is_utf8,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The records of one block: `starts` and `ends` are byte positions (the line end excluded),
    `lines` the line on which each begins, counted from 0. Blank lines are no records.
    `faults` gives the reason for each record that cannot be split. `consumed` bytes and `newlines`
    line feeds belong to these records; the rest is the beginning of a record still to come.
    `inside` are the line feeds, by number, that lie inside quotes.
    """

    starts: Positions
    ends: Positions
    lines: Positions
    faults: dict[int, str]
    consumed: int
    newlines: int
    inside: Positions


@dataclass(frozen=True, slots=True)
class Block:
    """Whole records of a file, and the line on which the first of them begins."""

    data: bytes
    first_line: int
    layout: Layout


class Grammar:
    """The pieces of a record, for one delimiter."""

    def __init__(self, delimiter: str) -> None:
        d = re.escape(delimiter.encode())
        quoted = rb'"[^"]*(?:""[^"]*)*"'
        field = rb"(?:" + quoted + rb"|[^\"\r\n" + d + rb"][^\r\n" + d + rb"]*|)"
        self.delimiter = delimiter.encode()
        self.field = re.compile(field)
        self.record = re.compile(field + rb"(?:" + d + field + rb")*(?=\r?\n|\Z)")
        self.unclosed = re.compile(rb"(?:" + field + d + rb')*"[^"]*(?:""[^"]*)*\Z')

    def fields(self, record: bytes) -> int:
        """Count the fields of a well-formed record."""
        return sum(1 for _ in self._spans(record))

    def values(self, record: bytes) -> list[bytes]:
        """The fields of a well-formed record, without their quotes."""
        found = [record[start:end] for start, end in self._spans(record)]
        return [f[1:-1].replace(b'""', b'"') if f.startswith(b'"') else f for f in found]

    def _spans(self, record: bytes) -> Iterator[tuple[int, int]]:
        position = -1
        while position < len(record):
            start = position + 1
            match = self.field.match(record, start)
            position = match.end() if match else len(record)
            yield start, position

    def is_record(self, text: bytes, fields: int) -> bool:
        """Say whether the whole text is one well-formed record of so many fields."""
        match = self.record.match(text)
        return match is not None and match.end() == len(text) and self.fields(text) == fields


@lru_cache
def grammar(delimiter: str) -> Grammar:
    """The grammar of one delimiter, made once."""
    return Grammar(delimiter)


def find_records(
    block: bytes, delimiter: str, fields: int, *, final: bool, suspicious: bool = False
) -> Layout:
    """Lay out the records of a block that begins at the start of a record.

    `fields` is the number of fields of the header. `final` says that nothing follows: a record
    may end without line feed, and an open quote will not be closed. `suspicious` looks at every
    record with a quote by itself, also where all quotes of the block seem to pair.
    """
    data = np.frombuffer(block, np.uint8)
    newlines = find_newlines(block)
    inside = np.zeros(len(newlines), bool)
    spoilt: dict[int, str] = {}
    consumed = len(block) if final else _last_end(newlines, inside)
    quotes, returns = find_byte(block, QUOTE), find_byte(block, CR)
    followed = data[np.minimum(returns + 1, len(data) - 1)] == LF
    if len(quotes) or len(returns):
        lone = returns[~followed]
        paired = None
        if not suspicious:
            paired = _pair_quotes(data, newlines, quotes, lone, ord(delimiter), final=final)
        if paired is None:
            suspects = np.sort(np.concatenate((quotes, lone))).tolist()
            inside, spoilt, consumed = _walk(
                block, newlines, suspects, grammar(delimiter), fields, final
            )
        else:
            inside, consumed = paired
    count = int(np.searchsorted(newlines, consumed))
    ending = np.flatnonzero(~inside[:count])
    stops = newlines[ending]
    starts = np.concatenate(([0], stops + 1)).astype(np.int64)
    ends = np.append(stops, consumed)
    lines = np.concatenate(([0], ending + 1))
    if starts[-1] >= consumed:
        starts, ends, lines = starts[:-1], ends[:-1], lines[:-1]
    if followed.any():
        ends = _before_line_ends(data, starts, ends)
    filled = ends > starts
    if not filled.all():
        starts, ends, lines = starts[filled], ends[filled], lines[filled]
    faults = {int(np.searchsorted(starts, at)): reason for at, reason in spoilt.items()}
    _find_bad_bytes(block, starts, ends, faults)
    return Layout(starts, ends, lines, faults, consumed, count, np.flatnonzero(inside[:count]))


def _before_line_ends(data: Bytes, starts: Positions, ends: Positions) -> Positions:
    """Leave the carriage return of a CR LF out of the record."""
    if not len(ends):
        return ends
    lines = ends < len(data)
    shorter: Positions = ends - (lines & (ends > starts) & (data[np.maximum(ends - 1, 0)] == CR))
    return shorter


def _last_end(newlines: Positions, inside: Mask) -> int:
    outside = newlines[~inside]
    return int(outside[-1]) + 1 if len(outside) else 0


def _pair_quotes(
    data: Bytes,
    newlines: Positions,
    quotes: Positions,
    lone: Positions,
    delimiter: int,
    *,
    final: bool,
) -> tuple[Mask, int] | None:
    """Pair the quotes of a block in one go: which newlines lie inside quotes, and how far records
    are complete. None when a quote stands where no quoted field begins or ends, or a carriage
    return stands alone: then the records have to be walked through.
    """
    size = len(data)
    if len(quotes) % 2 and final:
        return None
    opening, closing = quotes[0::2], quotes[1::2]
    before = data[np.maximum(opening - 1, 0)]
    begins = (opening == 0) | (before == delimiter) | (before == LF) | (before == QUOTE)
    after, second = (data[np.minimum(closing + n, size - 1)] for n in (1, 2))
    stops = (closing == size - 1) | (after == delimiter) | (after == LF) | (after == QUOTE)
    stops |= (after == CR) & (second == LF)
    if (np.searchsorted(quotes, lone) % 2 == 0).any() or not (begins.all() and stops.all()):
        return None
    inside = np.searchsorted(quotes, newlines) % 2 == 1
    return inside, size if final else _last_end(newlines, inside)


def _walk(
    block: bytes,
    newlines: Positions,
    suspects: list[int],
    rules: Grammar,
    fields: int,
    final: bool,
) -> tuple[Mask, dict[int, str], int]:
    """Go from one record with a quote or a lone carriage return, the suspects, to the next."""
    inside = np.zeros(len(newlines), bool)
    spoilt: dict[int, str] = {}
    position = at = 0
    while (at := bisect_left(suspects, position, at)) < len(suspects):
        suspect = suspects[at]
        start = max(block.rfind(b"\n", position, suspect) + 1, position)
        line_end = block.find(b"\n", suspect)
        line_end = len(block) if line_end < 0 else line_end
        match = rules.record.match(block, start)
        if match is None:
            if not final and rules.unclosed.match(block, start):
                return inside, spoilt, start
            spoilt[start] = _why_spoilt(rules, block[start:line_end])
            position = line_end + 1
        elif match.end() > line_end and _is_unclosed(rules, match.group(), fields):
            spoilt[start] = "malformed_quote"
            position = line_end + 1
        else:
            if match.end() > line_end:
                first, last = np.searchsorted(newlines, (start, match.end()))
                inside[first:last] = True
            position = match.end() + 1
    return inside, spoilt, len(block) if final else _last_end(newlines, inside)


def _why_spoilt(rules: Grammar, line: bytes) -> str:
    unbroken = line.removesuffix(b"\r").replace(b"\r", b"")
    return "stray_carriage_return" if rules.record.fullmatch(unbroken) else "malformed_quote"


def _is_unclosed(rules: Grammar, record: bytes, fields: int) -> bool:
    """Say whether a record over several lines is rather a line with an unclosed quote, followed
    by records that are good by themselves.
    """
    if rules.fields(record) == fields:
        return False
    following = [line.removesuffix(b"\r") for line in record.split(b"\n")[1:]]
    return all(not line or rules.is_record(line, fields) for line in following)


def _find_bad_bytes(
    block: bytes, starts: Positions, ends: Positions, faults: dict[int, str]
) -> None:
    """Add the records with NUL bytes and with bytes that are not UTF-8 to the faults."""
    if b"\0" in block:
        for index in _owners(find_byte(block, 0), starts, ends):
            faults.setdefault(index, "nul_byte")
    if block.isascii():
        return
    foreign = find_foreign(block)
    if len(foreign) < len(starts) // 8 or not is_utf8(block):
        for index in _owners(foreign, starts, ends):
            if not is_utf8(block[starts[index] : ends[index]]):
                faults.setdefault(index, "bad_encoding")


def records_with_quotes(block: bytes, layout: Layout) -> Mask:
    """Say for each record whether there is a quote in it."""
    has_quote = np.zeros(len(layout.starts), bool)
    if b'"' in block:
        quotes = find_byte(block, QUOTE)
        has_quote[_owners(quotes, layout.starts, layout.ends)] = True
    return has_quote


def _owners(positions: Positions, starts: Positions, ends: Positions) -> list[int]:
    """The records in which the positions lie."""
    owners = np.searchsorted(starts, positions, side="right") - 1
    owned = (owners >= 0) & (positions < ends[np.maximum(owners, 0)]) if len(ends) else owners > 0
    return [int(i) for i in np.flatnonzero(np.bincount(owners[owned]))]


def join_records(data: bytes, starts: Positions, ends: Positions) -> bytes:
    """Join records with line feeds; runs of neighbours are copied as one piece."""
    if not len(starts):
        return b""
    breaks = np.flatnonzero(starts[1:] > ends[:-1] + 1) + 1
    firsts = starts[np.concatenate(([0], breaks))]
    lasts = ends[np.concatenate((breaks - 1, [len(ends) - 1]))]
    view = memoryview(data)
    return b"\n".join(view[a:b] for a, b in zip(firsts, lasts, strict=True)) + b"\n"


def cut_out(data: bytes, layout: Layout, chosen: Positions) -> tuple[bytes, Layout]:
    """Copy some records of a block, by number, so that no other one lies between them."""
    faults = {at: layout.faults[i] for at, i in enumerate(chosen.tolist()) if i in layout.faults}
    starts, ends, lines = (a[chosen] for a in (layout.starts, layout.ends, layout.lines))
    behind = np.cumsum(ends - starts + 1)
    firsts, lasts = np.append(0, behind[:-1])[: len(chosen)], behind - 1
    joined = join_records(data, starts, ends)
    return joined, replace(layout, starts=firsts, ends=lasts, lines=lines, faults=faults)
