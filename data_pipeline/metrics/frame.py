"""The answer to a question: a small, typed, exact table."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

Value = None | str | int | Decimal | date | datetime
Row = tuple[Any, ...]
"""Values in the order of the fields, which say what they are."""

STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet may run a cell that begins so."""

LARGEST_SAFE_WHOLE = 2**53 - 1
"""JavaScript reads larger whole numbers of JSON as others."""


class Kind(StrEnum):
    """What a column holds, and so how it is written for people."""

    MONEY = "money"
    COUNT = "count"
    SHARE = "share"
    NUMBER = "number"
    DAY = "day"
    TEXT = "text"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a frame: its name for machines, its label for people."""

    name: str
    label: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows under typed fields. Money and ratios are Decimal, counts int, days date.

    >>> frame = Frame((Field("n", "Orders", Kind.COUNT),), ((3,), (4,)))
    >>> frame["n"]
    (3, 4)
    """

    fields: tuple[Field, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        """Make values what their fields say: a sum is as exact, and as long, from any warehouse."""
        columns = [
            [None if value is None else exact(value) for value in column]
            if (exact := _EXACT.get(field.kind))
            else column
            for field, column in zip(
                self.fields, zip(*self.rows, strict=True), strict=bool(self.rows)
            )
        ]
        rows = tuple(zip(*columns, strict=True)) if columns else self.rows
        object.__setattr__(self, "rows", rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, name: str) -> Row:
        """The values of one column, from the first row to the last."""
        place = self.names.index(name)
        return tuple(row[place] for row in self.rows)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    def head(self, count: int) -> Frame:
        """The first `count` rows."""
        return Frame(self.fields, self.rows[:count])

    def sorted_by(self, name: str, *, descending: bool = False) -> Frame:
        """The rows in the order of one column; missing values last, ties as they stood."""
        place = self.names.index(name)
        there = [row for row in self.rows if row[place] is not None]
        missing = [row for row in self.rows if row[place] is None]
        there.sort(key=lambda row: row[place], reverse=descending)
        return Frame(self.fields, tuple(there + missing))

    def to_pandas(self) -> pd.DataFrame:
        """The same as a pandas frame; money stays Decimal (dtype object)."""
        import pandas as pd

        return pd.DataFrame.from_records(list(self.rows), columns=list(self.names))

    def to_records(self) -> list[dict[str, str | int | None]]:
        """A dict a row, for JSON: decimals and days as text, so that nothing is lost."""
        return [dict(zip(self.names, map(_plain, row), strict=True)) for row in self.rows]

    def to_lists(self) -> list[list[str | int | None]]:
        """A list a row, for JSON: as in `to_records`, and whole numbers that no float can hold
        as text too.
        """
        return [[plain_value(value) for value in row] for row in self.rows]

    def to_json(self) -> str:
        return json.dumps(self.to_records(), indent=2, ensure_ascii=False)

    def to_csv(self, *, safe: bool = False) -> str:
        """Header and rows, RFC 4180 with LF; a missing value is an empty field. In a safe one no
        text is a formula.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.names)
        texts = [safe and field.kind is Kind.TEXT for field in self.fields]
        for row in self.rows:
            cells = zip(map(_plain, row), texts, strict=True)
            writer.writerow([safe_cell(value) if is_text else value for value, is_text in cells])
        return out.getvalue()


def safe_cell(value: str | int | None) -> str | int | None:
    """The value of a cell that no spreadsheet runs: with a quote before what could be a formula.

    >>> safe_cell("=1+1")
    "'=1+1"
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(STARTS_FORMULA) else value


def plain_value(value: Value) -> str | int | None:
    """A value as it stands in a list of a row."""
    return _safe_whole(_plain(value))


def _safe_whole(value: str | int | None) -> str | int | None:
    return str(value) if isinstance(value, int) and abs(value) > LARGEST_SAFE_WHOLE else value


def _as_money(value: int | Decimal) -> Decimal:
    """With four decimals; what has more of them stays as it is."""
    if isinstance(value, Decimal) and value.same_quantum(MONEY_PLACES):
        return value
    money = Decimal(value)
    long_enough = money.quantize(MONEY_PLACES)
    return long_enough if long_enough == money else money


MONEY_PLACES = Decimal("0.0001")
_EXACT: dict[Kind, Callable[[Any], Value]] = {
    Kind.MONEY: _as_money,
    Kind.COUNT: int,
    Kind.WHOLE: int,
}


def _plain(value: Value) -> str | int | None:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return value
