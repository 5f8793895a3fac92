"""Periods, what they are compared with, and what is missing in them."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_pipeline.dashboard.periods import (
    GRAINS,
    begin_of,
    days_in,
    default_period,
    describe,
    end_of,
    grain_for,
    period_before,
    periods_of,
    year_before,
)
from data_pipeline.metrics.change import Period

DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))


def period(text: str) -> Period:
    first, _, last = text.partition("..")
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("now", "before", "a_year_ago"),
    [
        ("2025-03-01..2025-03-31", "2025-02-01..2025-02-28", "2024-03-01..2024-03-31"),
        ("2025-02-01..2025-02-28", "2025-01-01..2025-01-31", "2024-02-01..2024-02-29"),
        ("2024-01-01..2024-12-31", "2023-01-01..2023-12-31", "2023-01-01..2023-12-31"),
        ("2025-01-01..2025-03-31", "2024-10-01..2024-12-31", "2024-01-01..2024-03-31"),
        ("2025-03-10..2025-03-16", "2025-03-03..2025-03-09", "2024-03-10..2024-03-16"),
        ("2024-02-29..2024-02-29", "2024-02-28..2024-02-28", "2023-02-28..2023-02-28"),
        ("2025-01-01..2025-01-30", "2024-12-02..2024-12-31", "2024-01-01..2024-01-30"),
    ],
)
def test_what_a_period_is_compared_with(now: str, before: str, a_year_ago: str) -> None:
    assert period_before(period(now)) == period(before)
    assert year_before(period(now)) == period(a_year_ago)


@given(DAYS, st.integers(0, 800))
def test_the_period_before_ends_where_this_begins(first: date, days: int) -> None:
    now = Period(first, first + timedelta(days=days))
    before = period_before(now)
    assert before.last + timedelta(days=1) == now.first
    assert before.first <= before.last
    assert abs(days_in(before) - days_in(now)) <= 3 * (days_in(now) // 28 + 1)


@given(DAYS, st.integers(0, 800), st.sampled_from(GRAINS))
def test_periods_cover_all_days_once(first: date, days: int, grain: str) -> None:
    now = Period(first, first + timedelta(days=days))
    starts = periods_of(now, grain)
    assert starts[0] == begin_of(first, grain) <= first
    assert all(end_of(a, grain) + timedelta(days=1) == b for a, b in pairwise(starts))
    assert end_of(starts[-1], grain) >= now.last > starts[-1] - timedelta(days=1)
    assert len(periods_of(now, grain_for(now))) <= 62


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        ("2023-12-15..2025-12-31", "2025-01-01..2025-12-31"),
        ("2024-01-02..2025-12-31", "2025-10-01..2025-12-31"),
        ("2025-10-01..2025-12-20", "2025-11-01..2025-11-30"),
        ("2025-10-15..2025-12-20", "2025-10-15..2025-12-20"),
        ("2025-12-01..2025-12-20", "2025-12-01..2025-12-20"),
        ("2010-12-01..2011-12-09", "2011-09-01..2011-11-30"),
    ],
)
def test_the_page_begins_with_what_can_be_compared(span: str, shown: str) -> None:
    assert default_period(period(span)) == period(shown)


@pytest.mark.parametrize(
    ("asked", "note"),
    [
        ("2025-01-01..2025-12-31", "The data end on 20 December 2025: 354 of 365 days."),
        ("2024-12-01..2025-01-31", "The data begin on 1 January 2025: 31 of 62 days."),
        ("2026-01-01..2026-01-31", "There are no data of this period."),
        ("2025-05-01..2025-05-31", ""),
    ],
)
def test_what_is_missing_is_said(asked: str, note: str) -> None:
    span = period("2025-01-01..2025-12-20")
    told = describe(period(asked), span)
    assert told["note"] == note
    assert told["complete"] is (note == "")
