"""The kinds of values that the contract's columns have, and what is done about bad ones."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

MAX_MONEY = Decimal("99999999999999.9999")
MONEY_SCALE = 4


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`, in ASCII digits; `0.0` is as good as `0`."""

    low: int
    high: int
    sql: str = "BIGINT"
    nonzero: bool = False
    scale: int = 0

    @property
    def valid(self) -> str:
        zero = ", not 0" if self.nonzero else ""
        return f"a whole number from {self.low} to {self.high}{zero}"


@dataclass(frozen=True, slots=True)
class Money:
    """An exact decimal with four places; never a float."""

    low: Decimal = Decimal(0)
    high: Decimal = MAX_MONEY
    sql: str = "DECIMAL(18,4)"
    nonzero: bool = False
    scale: int = MONEY_SCALE

    @property
    def valid(self) -> str:
        return f"a number from {self.low} to {self.high} with at most {self.scale} decimals"


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it came, trimmed."""

    sql: str = "VARCHAR"
    valid: str = "any text"


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail address, lower-cased: one @, something before it, a dotted domain behind it.
    `local` and `domain` are the letters of the two, as patterns.
    """

    sql: str = "VARCHAR"
    local: str = r"[^@,;:<>()\[\]\"\\ \t\r\n\v\f]"
    domain: str = r"[^@,;:<>()\[\]\"\\/ \t\r\n\v\f.]"
    valid: str = "an e-mail address"

    @property
    def pattern(self) -> str:
        return f"^{self.local}+@{self.domain}+([.]{self.domain}+)+$"


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment, stored as UTC without zone, to the microsecond."""

    sql: str = "TIMESTAMP"
    bounds: str = "from 1970-01-01 to a day after the file was first seen"

    @property
    def valid(self) -> str:
        return f"an ISO 8601 date or time {self.bounds}"


Type = Whole | Money | Text | Email | Instant
Number = Whole | Money


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The row cannot be loaded without this value."""


@dataclass(frozen=True, slots=True)
class Null:
    """The row can do without: the value becomes NULL."""


@dataclass(frozen=True, slots=True)
class Default:
    """A missing value becomes `value`; `counted` says whether that is a repair."""

    value: str | int
    counted: bool = True


Policy = Quarantine | Null | Default
QUARANTINE, NULL = Quarantine(), Null()
