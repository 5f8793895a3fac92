"""Text to values: every rule of the contract once more, decided here and nowhere read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BLANKS = " \t\n\r\v\f\u00a0\u3000\ufeff"
MISSING = {"", "NULL", "null", "N/A", "NA", "None", "nan", "-"}
EPOCH = datetime.fromisoformat("1970-01-01")
MAX_AMOUNT = Decimal("99999999999999.9999")

Value = int | Decimal | str | datetime | None


class BadValueError(Exception):
    """A value that its column does not take: `invalid` or `out_of_range`."""


@dataclass(frozen=True)
class Rule:
    """A column: its kind of value, and what a missing and a bad value cost."""

    kind: str
    low: int | Decimal = 0
    high: int | Decimal = 0
    missing: str = "null"
    bad: str = "null"
    default: Value = None
    required: bool = False


def ident(missing: str = "quarantine", default: Value = None) -> Rule:
    return Rule("whole", 1, 2**63 - 1, missing, "quarantine", default, required=True)


def named(kind: str, default: str) -> Rule:
    return Rule(kind, missing="repair", default=default, required=True)


def money(bad: str = "null", required: bool = False) -> Rule:
    return Rule("money", Decimal(0), MAX_AMOUNT, bad, bad, required=required)


TEXT, INSTANT = Rule("text"), Rule("instant")

COLUMNS: Mapping[str, Mapping[str, Rule]] = {
    "customers": {
        "customer_id": ident(),
        "name": named("name", "Unknown"),
        "email": Rule("email", required=True),
        "location": named("text", "Unknown"),
        "registered_at": INSTANT,
        "birth_year": Rule("whole", 1900, 2100),
        "updated_at": INSTANT,
    },
    "products": {
        "product_id": ident(),
        "name": named("name", "Unknown"),
        "category": named("text", "Uncategorised"),
        "price": money(required=True),
        "cost": money(),
        "updated_at": INSTANT,
    },
    "sales": {
        "transaction_id": ident(),
        "customer_id": ident(missing="default", default=0),
        "product_id": ident(),
        "timestamp": Rule("instant", missing="quarantine", bad="quarantine", required=True),
        "quantity": Rule("nonzero", -(10**6), 10**6, "quarantine", "quarantine", required=True),
        "price": money("quarantine", required=True),
        "order_id": TEXT,
        "discount": money(),
        "channel": TEXT,
        "updated_at": INSTANT,
    },
}
"""The columns of the files, in the order in which they are judged."""


@dataclass(frozen=True)
class Verdict:
    """What becomes of one raw value: a value with its repairs, or the reason against its row."""

    value: Value = None
    repairs: tuple[str, ...] = ()
    reason: str | None = None


def judge(table: str, column: str, raw: str, latest: datetime, zone: tzinfo) -> Verdict:
    """Judge one raw value; `latest` is the last moment that is not in the future."""
    rule, text = COLUMNS[table][column], raw.strip(BLANKS)
    if text in ({""} if rule.kind == "name" else MISSING):
        if rule.missing == "quarantine":
            return Verdict(reason=f"missing_{column}")
        repairs = (f"default_{column}",) if rule.missing == "repair" else ()
        return Verdict(rule.default, repairs)
    try:
        value, repaired = read(rule, text, latest, zone)
    except BadValueError as bad:
        if rule.bad == "quarantine":
            return Verdict(reason=f"{bad}_{column}")
        return Verdict(None, (f"invalid_{column}",))
    if text != raw:
        repaired = ["trimmed", *repaired]
    return Verdict(value, tuple(f"{name}_{column}" for name in repaired))


def read(rule: Rule, text: str, latest: datetime, zone: tzinfo) -> tuple[Value, list[str]]:
    """The value that trimmed text stands for, and how it was repaired; raises BadValueError."""
    if rule.kind == "email":
        return read_email(text)
    if rule.kind == "instant":
        return read_instant(text, latest, zone), []
    if rule.kind in ("text", "name"):
        return text, []
    return read_number(rule, text)


def read_number(rule: Rule, text: str) -> tuple[int | Decimal, list[str]]:
    form = r"([$€£]?)([+-]?)([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:[.]([0-9]+))?"
    match = re.fullmatch(form, text)
    scale = 4 if rule.kind == "money" else 0
    if match is None:
        raise BadValueError("invalid")
    sign, minus, digits, decimals = match[1], match[2], match[3], match[4] or ""
    if decimals[scale:].strip("0"):
        raise BadValueError("invalid")
    whole = digits.replace(",", "").lstrip("0") or "0"
    number = Decimal(f"{minus}{whole}.{decimals[:scale] or 0}")
    if not rule.low <= number <= rule.high or (rule.kind == "nonzero" and not number):
        raise BadValueError("out_of_range")
    repaired = ["currency"] * bool(sign) + ["thousands"] * ("," in digits)
    if scale == 0:
        return int(number), repaired
    return number or abs(number), repaired


def read_email(text: str) -> tuple[str, list[str]]:
    lower = "".join(char.lower()[0] for char in text)  # one by one: no context, no new letters
    local, at, domain = lower.partition("@")
    forbidden = set(',;:<>()[]"\\ \t\r\n\v\f@')
    good = local and not forbidden & set(local) and not (forbidden | {"/"}) & set(domain)
    labels = domain.split(".")
    if not (good and at and len(labels) > 1 and all(labels)):
        raise BadValueError("invalid")
    return lower, ["lowercased"] * (lower != text)


def read_instant(text: str, latest: datetime, zone: tzinfo) -> datetime:
    """The moment in UTC, to the microsecond, without zone."""
    form = (
        r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
        r"(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.]([0-9]{1,6}))?)?"
        r"(Z|[+-][0-9]{2}:[0-9]{2})?)?"
    )
    match = re.fullmatch(form, text)
    if match is None:
        raise BadValueError("invalid")
    *parts, fraction, offset = match.groups()
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in parts)
        micros = int((fraction or "0").ljust(6, "0"))
        local = datetime.combine(date(year, month, day), time(hour, minute, second, micros))
    except ValueError:
        raise BadValueError("invalid") from None
    shift = offset_of(offset) if offset else zone_offset(local, zone)
    since_epoch = local - EPOCH - shift
    if not timedelta() <= since_epoch <= latest - EPOCH:
        raise BadValueError("out_of_range")
    return EPOCH + since_epoch


def offset_of(text: str) -> timedelta:
    if text == "Z":
        return timedelta()
    hours, minutes = int(text[1:3]), int(text[4:])
    if minutes > 59 or hours * 60 + minutes > 14 * 60:
        raise BadValueError("invalid")
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)


def zone_offset(local: datetime, zone: tzinfo) -> timedelta:
    """What local time is ahead of UTC; raises BadValueError if a DST change skips or doubles it."""
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    if first is None or first != second:
        raise BadValueError("invalid")
    return first
