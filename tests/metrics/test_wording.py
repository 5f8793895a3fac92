"""Numbers as people read them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.metrics import Field, Frame, Kind
from data_pipeline.metrics.wording import (
    write_change,
    write_short,
    write_span,
    write_tick,
    write_value,
)


@pytest.mark.parametrize(
    ("value", "short"),
    [
        ("0", "0"),
        ("0.5", "0.50"),
        ("999", "999"),
        ("1000", "1.00K"),
        ("999949", "1.00M"),
        ("999499", "999K"),
        ("-12345.67", "-12.3K"),
        ("999999999", "1.00B"),
        ("4e12", "4000B"),
    ],
)
def test_short_numbers(value: str, short: str) -> None:
    assert write_short(Decimal(value)) == short


@given(st.decimals(-(10**12), 10**12, places=4))
def test_a_short_number_is_near_the_number(value: Decimal) -> None:
    text = write_short(value)
    steps = {"K": 10**3, "M": 10**6, "B": 10**9}
    read = Fraction(text.rstrip("KMB")) * steps.get(text[-1], 1)
    assert abs(read - Fraction(value)) <= max(abs(Fraction(value)) / 199, Fraction(1, 199))


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, Kind.MONEY, "–"),
        (Decimal("1234567.8900"), Kind.MONEY, "$1,234,567.89"),
        (Decimal("0.1234"), Kind.MONEY, "$0.1234"),
        (Decimal("10.0000"), Kind.MONEY, "$10.00"),
        (Decimal(100), Kind.MONEY, "$100.00"),
        (Decimal("0.0513"), Kind.SHARE, "5.1%"),
        (1234, Kind.COUNT, "1,234"),
        (1234, Kind.WHOLE, "1234"),
        (Decimal("2.5"), Kind.NUMBER, "2.50"),
        (date(2025, 3, 7), Kind.DAY, "2025-03-07"),
        ("text", Kind.TEXT, "text"),
    ],
)
def test_values_in_full(value: object, kind: Kind, text: str) -> None:
    assert write_value(value, kind, "$") == text  # type: ignore[arg-type]


def test_ticks_changes_and_spans() -> None:
    assert [write_tick(n, "€") for n in (0, 1500, 250_000, 2_000_000)] == [
        "€0",
        "€1.5K",
        "€250K",
        "€2M",
    ]
    assert write_change(90, 120) == "-25.0%"
    assert write_change(90, 0) == write_change(90, None) == "–"
    assert write_span(date(2025, 3, 7), date(2025, 3, 7)) == "7 March 2025"
    assert write_span(date(2024, 3, 7), date(2025, 3, 7)) == "7 March 2024 to 7 March 2025"


def test_a_frame_sorts_with_missing_values_last_and_writes_itself() -> None:
    fields = (Field("name", "Name", Kind.TEXT), Field("n", "N", Kind.MONEY))
    rows = (("a", None), ("b,\n", Decimal("1.5000")), ("c", Decimal(2)))
    frame = Frame(fields, rows)
    assert frame.sorted_by("n", descending=True)["name"] == ("c", "b,\n", "a")
    assert frame.sorted_by("n")["name"] == ("b,\n", "c", "a")
    assert frame.to_csv() == 'name,n\na,\n"b,\n",1.5000\nc,2.0000\n'
    assert frame.to_records()[1] == {"name": "b,\n", "n": "1.5000"}
    assert list(frame.to_pandas()["n"][1:]) == [Decimal("1.5000"), Decimal(2)]
