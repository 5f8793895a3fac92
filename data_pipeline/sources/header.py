"""The header of a raw file, matched with the contract; and what the user declares of a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from data_pipeline.contract import BLANKS, Table
from data_pipeline.errors import SourceError


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


@dataclass(frozen=True, slots=True)
class Header:
    """`names` are the file's own, in order; `positions` tells where the contract's columns stand;
    `unknown` are the names that the contract does not have."""

    names: tuple[str, ...]
    positions: dict[str, int]
    unknown: tuple[str, ...]


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
        problem = f"lacks {_list(absent)}; it has {_list(names)}"
    elif twice:
        problem = f"has {_list(twice)} more than once"
    if problem:
        error = HeaderError(
            f"the header of {file_name} {problem}; {table.name} needs {_list(table.required_names)} "
            f"(other names are declared under [tables.{table.name}.columns] in pipeline.toml)"
        )
        error.matched = len(positions)
        raise error
    used = set(positions.values())
    unknown = tuple(str(n) for i, n in enumerate(names) if i not in used)
    return Header(tuple(names), positions, unknown)


def _list(names: Sequence[str]) -> str:
    shown = [n if len(n) <= 40 else n[:39] + "…" for n in names[:12]]
    return ", ".join(shown) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
