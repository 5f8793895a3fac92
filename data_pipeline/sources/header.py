"""The header of a raw file, matched with the contract; and what the user declares of a source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from data_pipeline.contract import BLANKS, Instant, Money, Table, Type, Whole
from data_pipeline.errors import SourceError
from data_pipeline.sources.files import RawFile
from data_pipeline.sources.records import Grammar, grammar
from data_pipeline.sources.scan import is_utf8

DELIMITERS = (",", ";", "\t")
BLANK_LINES = re.compile(rb"(?:\r?\n)*+")

MAX_HEADER_BYTES = 4 << 20
"""A longer first line is no header of a table, and splitting it would take gigabytes."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a source writes one table, where that is not as the contract has it.

    `columns` maps the contract's names to the source's. `decimal` is the decimal mark, "." or ",".
    `timestamp` is a format made of %d %m %Y %H %M %S. `timezone` holds for times without offset.
    """

    columns: dict[str, str] = field(default_factory=dict)
    decimal: str = "."
    timestamp: str | None = None
    timezone: str = "UTC"
    encoding: str | None = None
    delimiter: str | None = None

    def valid(self, type_: Type) -> str:
        """What a value has to be, in words, as the source writes it."""
        if self.timestamp and isinstance(type_, Instant):
            return f"a date or time written as {self.timestamp} {type_.bounds}"
        if self.decimal != "." and isinstance(type_, Whole | Money):
            return f'{type_.valid}, with "{self.decimal}" as decimal mark'
        return type_.valid


@dataclass(frozen=True, slots=True)
class Header:
    """`names` are the file's own, in order; `positions` tells where the contract's columns stand;
    `unknown` are the names that the contract does not have.
    """

    names: tuple[str, ...]
    positions: dict[str, int]
    unknown: tuple[str, ...]

    @property
    def fields(self) -> tuple[str | None, ...]:
        """The contract's name of each field of a record; None where it has none."""
        known = {position: name for name, position in self.positions.items()}
        return tuple(known.get(position) for position in range(len(self.names)))


class HeaderError(SourceError):
    """The header does not fit. `matched` counts the columns that did."""

    matched = 0


def match_header(file_name: str, table: Table, format_: Format, names: Sequence[str]) -> Header:
    """Match a file's column names without case and surrounding blanks, in any order."""
    folded = [name.strip(BLANKS).casefold() for name in names]
    wanted = {
        c.name: format_.columns.get(c.name, c.name).strip(BLANKS).casefold()
        for c in table.raw_columns
    }
    positions = {name: folded.index(source) for name, source in wanted.items() if source in folded}
    twice = [name for name, count in Counter(folded).items() if count > 1]
    absent = [wanted[n] for n in table.required_names if n not in positions]
    problem = ""
    if absent:
        problem = f"lacks {brief(absent)}; it has {brief(names)}"
    elif twice:
        problem = f"has {brief(twice)} more than once"
    if problem:
        error = HeaderError(
            f"the header of {file_name} {problem}; {table.name} needs "
            f"{brief(table.required_names)} (other names are declared under "
            f"[tables.{table.name}.columns] in pipeline.toml)"
        )
        error.matched = len(positions)
        raise error
    used = set(positions.values())
    unknown = tuple(str(n) for i, n in enumerate(names) if i not in used)
    return Header(tuple(names), positions, unknown)


def has_whole_header(head: bytes, format_: Format) -> bool:
    """Say whether more text could not change the header's record in these first bytes of a file,
    under any delimiter that it may have: blank lines may stand before it, and line feeds inside its
    quotes.
    """
    start = _end_of_blank_lines(head)
    is_whole = (_is_whole(head, start, grammar(delimiter)) for delimiter in _delimiters(format_))
    return len(head) > MAX_HEADER_BYTES or all(is_whole)


def _is_whole(head: bytes, start: int, rules: Grammar) -> bool:
    match = rules.record.match(head, start)
    if match is not None:
        return match.end() < len(head)
    return not (head.endswith(b"\r") or rules.unclosed.match(head, start))


def _delimiters(format_: Format) -> tuple[str, ...]:
    return (format_.delimiter,) if format_.delimiter else DELIMITERS


def _end_of_blank_lines(head: bytes) -> int:
    """Where the first line that is not blank begins. A carriage return alone ends no line."""
    blank = BLANK_LINES.match(head)
    return blank.end() if blank else 0


def read_header(
    file: RawFile, table: Table, format_: Format, head: bytes
) -> tuple[str, Header, int]:
    """Find the delimiter under which the first record is the table's header."""
    start = _end_of_blank_lines(head)
    if start == len(head):
        raise SourceError(f"{file.name} is empty; a file without rows still has its header")
    tried: list[SourceError] = []
    for delimiter in _delimiters(format_):
        match = grammar(delimiter).record.match(head, start, start + MAX_HEADER_BYTES)
        if match is not None and match.end() == start + MAX_HEADER_BYTES:
            raise SourceError(
                f"the header of {file.name} is longer than {MAX_HEADER_BYTES >> 20} MB; "
                "this is no table"
            )
        if match is None:
            tried.append(
                SourceError(f"the header of {file.name} has a malformed quote or line end")
            )
            continue
        if b"\0" in match.group():
            raise SourceError(
                f"{file.name} looks like UTF-16 without byte order mark, or is no text at all; "
                f'declare it: [tables.{table.name}] encoding = "utf-16-le"'
            )
        if not is_utf8(text := match.group()):
            raise SourceError(f"the header of {file.name} is not UTF-8")
        names = [name.decode() for name in grammar(delimiter).values(text)]
        try:
            header = match_header(file.name, table, format_, names)
        except SourceError as error:
            tried.append(error)
            continue
        end = head.find(b"\n", match.end()) + 1
        return delimiter, header, end or len(head)
    raise max(tried, key=lambda error: getattr(error, "matched", -1))


def brief(names: Sequence[str]) -> str:
    """Some names for a message: not too many, and none too long."""
    shown = [n if len(n) <= 40 else n[:39] + "…" for n in names[:12]]
    return ", ".join(shown) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
