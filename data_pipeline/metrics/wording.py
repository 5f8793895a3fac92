"""Numbers and days as people read them, the same in terminal, chart, report and notebook."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from data_pipeline.metrics.frame import Kind, Value

NOTHING = "–"
LARGEST_IN_FULL = Decimal("999.5")
_STEPS = (
    (Decimal(10) ** 3, "K", 1000),
    (Decimal(10) ** 6, "M", 1000),
    (Decimal(10) ** 9, "B", Decimal("Infinity")),
)


def write_value(value: Value, kind: Kind, currency: str = "") -> str:
    """The value in full, for tables.

    >>> write_value(Decimal("-1234.5000"), Kind.MONEY, "€")
    '-€1,234.50'
    """
    if value is None:
        return NOTHING
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, str):
        return value
    if kind is Kind.MONEY:
        return _signed(f"{_trimmed(abs(Decimal(value))):,f}", currency, negative=value < 0)
    form = {Kind.SHARE: write_share, Kind.NUMBER: "{:,.2f}".format, Kind.COUNT: "{:,}".format}
    return form.get(kind, str)(value)


def write_short(value: int | Decimal, currency: str = "") -> str:
    """The value in three digits, for labels.

    >>> write_short(Decimal("1461756.25"), "£")
    '£1.46M'
    """
    size = abs(Decimal(value))
    negative = value < 0
    for step, sign, limit in _STEPS:
        scaled = _three_digits(size / step)
        if size >= LARGEST_IN_FULL and scaled < limit:
            return _signed(f"{scaled:f}{sign}", currency, negative=negative)
    text = f"{size:.2f}" if size != size.to_integral() else f"{size:.0f}"
    return _signed(text, currency, negative=negative)


def write_tick(value: int | Decimal, currency: str = "") -> str:
    """The value as short as it can be, for an axis.

    >>> write_tick(6000, "€")
    '€6K'
    """
    text = write_short(value, currency)
    digits = text.rstrip("KMB")
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + text[len(digits) :]


def write_share(value: int | Decimal, places: int = 1) -> str:
    """The share in percent.

    >>> write_share(Decimal("0.12345"))
    '12.3%'
    """
    return f"{Decimal(value) * 100:.{places}f}%"


def write_change(now: int | Decimal, before: int | Decimal | None) -> str:
    """The change in percent with its sign; a dash when there is nothing to compare with.

    >>> write_change(110, 100)
    '+10.0%'
    """
    if not before or before < 0:
        return NOTHING
    return f"{(Decimal(now) - Decimal(before)) / Decimal(before) * 100:+.1f}%"


def write_day(day: date) -> str:
    """The day in words.

    >>> write_day(date(2025, 3, 7))
    '7 March 2025'
    """
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def write_month(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.year}"


def write_span(first: date, last: date) -> str:
    """Both days in words, the year once when it is the same.

    >>> write_span(date(2025, 3, 7), date(2025, 4, 1))
    '7 March to 1 April 2025'
    """
    if first == last:
        return write_day(first)
    start = write_day(first)
    if first.year == last.year:
        start = start.removesuffix(f" {first.year}")
    return f"{start} to {write_day(last)}"


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _trimmed(value: Decimal) -> Decimal:
    """At least two decimals, and as many as are not 0."""
    cents = value.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return cents if cents == value else value.normalize()


def _three_digits(value: Decimal) -> Decimal:
    places = 2 if value < 10 else 1 if value < 100 else 0
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)


def _signed(text: str, currency: str, *, negative: bool) -> str:
    return f"{'-' if negative else ''}{currency}{text}"
