"""Days are counted in the browser as Python counts them, and exact text stays exact."""

from __future__ import annotations

import random
from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.dashboard_page.browser import Visit

GRAINS = ("day", "week", "month", "quarter", "year")
RUN = """async ([file, code, values]) => {
    const place = document.querySelector('script[type=module]').src.replace('app.js', file);
    const made = await import(place);
    return values.map(one => made[code](...one));
}"""


def run(visit: Visit, file: str, name: str, values: list[Any]) -> list[Any]:
    """What a function of the page gives for each list of arguments."""
    if visit.page.url == "about:blank":
        visit.open("/quality")
    found: list[Any] = visit.page.evaluate(RUN, [file, name, values])
    return found


def some_days(count: int) -> list[date]:
    dice = random.Random(7)
    first = date(1999, 12, 25).toordinal()
    return [date(2024, 2, 29), date(2023, 12, 31)] + [
        date.fromordinal(first + dice.randrange(15_000)) for _ in range(count)
    ]


def add_months(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def start_of(day: date, grain: str) -> date:
    if grain == "week":
        return day - timedelta(days=day.weekday())
    months = {"month": 1, "quarter": 3, "year": 12}.get(grain)
    return day.replace(month=day.month - (day.month - 1) % months, day=1) if months else day


def end_of(day: date, grain: str) -> date:
    step = {"month": 1, "quarter": 3, "year": 12}.get(grain)
    start = start_of(day, grain)
    if step:
        return add_months(start, step) - timedelta(days=1)
    return start + timedelta(days=6 if grain == "week" else 0)


def test_months_are_added(visit: Visit) -> None:
    pairs = [(day, count) for day in some_days(60) for count in (-25, -12, -1, 0, 1, 3, 14)]
    found = run(visit, "days.js", "addMonths", [(str(day), count) for day, count in pairs])
    assert found == [str(add_months(day, count)) for day, count in pairs]


def test_periods_begin_and_end(visit: Visit) -> None:
    pairs = [(day, grain) for day in some_days(60) for grain in GRAINS]
    asked = [(str(day), grain) for day, grain in pairs]
    assert run(visit, "days.js", "startOf", asked) == [str(start_of(*pair)) for pair in pairs]
    assert run(visit, "days.js", "endOf", asked) == [str(end_of(*pair)) for pair in pairs]


def test_periods_follow_each_other_without_a_gap(visit: Visit) -> None:
    asked = [("2023-11-17", "2025-02-03", grain) for grain in GRAINS]
    for grain, found in zip(GRAINS, run(visit, "days.js", "periods", asked), strict=True):
        days = [date.fromisoformat(day) for day in found]
        assert days[0] == start_of(date(2023, 11, 17), grain)
        assert end_of(days[-1], grain) >= date(2025, 2, 3)
        for one, following in pairwise(days):
            assert end_of(one, grain) + timedelta(days=1) == following


@pytest.mark.parametrize(
    ("name", "since", "until"),
    [
        ("last_7_days", "2024-02-25", "2024-03-02"),
        ("last_90_days", "2023-12-04", "2024-03-02"),
        ("this_month", "2024-03-01", "2024-03-02"),
        ("last_month", "2024-02-01", "2024-02-29"),
        ("this_quarter", "2024-01-01", "2024-03-02"),
        ("this_year", "2024-01-01", "2024-03-02"),
        ("last_year", "2023-05-17", "2023-12-31"),
        ("last_12_months", "2023-05-17", "2024-02-29"),
        ("all", "2023-05-17", "2024-03-02"),
    ],
)
def test_presets_never_leave_the_data(visit: Visit, name: str, since: str, until: str) -> None:
    span = {"first_day": "2023-05-17", "last_day": "2024-03-02"}
    (found,) = run(visit, "state.js", "preset", [(name, span)])
    assert found == {"since": since, "until": until}


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("1234.5000", "money", "1,234.50"),
        ("-0.0100", "money", "-0.01"),
        ("1.2345", "money", "1.2345"),
        ("99999999999999.9999", "money", "99,999,999,999,999.9999"),
        ("9007199254740993", "count", "9,007,199,254,740,993"),
        ("0.123456", "share", "12.3%"),
        ("0.00105", "share", "0.1%"),
        ("0.00046", "share", "0.05%"),
        ("0.000051", "share", "0.005%"),
        ("0", "share", "0.0%"),
        (None, "money", "–"),
        ("2025-03-07", "day", "7 Mar 2025"),
    ],
)
def test_values_are_written_in_full(visit: Visit, value: str | None, kind: str, shown: str) -> None:
    assert run(visit, "format.js", "full", [(value, kind)]) == [shown]


def test_changes_are_written_with_their_sign(visit: Visit) -> None:
    asked = [("110", "100", "money"), ("90", "100", "count"), ("0.12", "0.10", "share")]
    asked += [("5", "0", "money"), ("5", "-3", "money"), ("30", "2", "count")]
    texts = [found and found["text"] for found in run(visit, "format.js", "change", asked)]
    assert texts == ["+10.0%", "-10.0%", "+2.0 pts", None, None, "×15"]


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([8, 1005], 5, 2000),
        ([0.07, 0.3], 0.05, 0.5),
        ([1, 1], 1, 10),
        ([0.0001, 5_000_000], 0.0001, 5_000_000),
        ([3], 2, 5),
    ],
)
def test_an_axis_of_factors_ends_just_outside_of_its_values(
    visit: Visit, values: list[float], low: float, high: float
) -> None:
    assert run(visit, "options.js", "decades", [[values]]) == [{"min": low, "max": high}]


def test_csv_holds_no_formula_and_every_digit(visit: Visit) -> None:
    frame = {
        "fields": [{"name": n, "kind": k} for n, k in (("a", "text"), ("b", "money"))],
        "rows": [["=1+1", "-5.1000"], ['say "x", y', None], ["+1\n2", "1"], ["a", "2"]],
    }
    (text,) = run(visit, "table.js", "csv", [(frame,)])
    assert text == 'a,b\r\n\'=1+1,-5.1000\r\n"say ""x"", y",\r\n"\'+1\n2",1\r\na,2\r\n'
