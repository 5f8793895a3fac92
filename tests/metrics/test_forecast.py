"""The forecast speaks only when it has beaten the seasonal naive one."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from data_pipeline.charts.chart import Scope
from data_pipeline.charts.forecast import FEWEST_DAYS, HORIZON_DAYS, draw_forecast, forecast
from data_pipeline.metrics import Field, Frame, Kind

pytest.importorskip("statsmodels")

WEEK = (100, 90, 95, 110, 140, 180, 120)
FIRST = date(2025, 1, 6)


def noisy_weeks(days: int) -> list[float]:
    """The same week over and over, with noise that the last week would repeat."""
    dice = random.Random(4)
    return [WEEK[i % 7] + dice.gauss(0, 15) for i in range(days)]


def frame_of(values: list[float]) -> tuple[Frame, Scope]:
    fields = (Field("day", "Day", Kind.DAY), Field("net_sales", "Net sales", Kind.MONEY))
    rows = [
        (FIRST + timedelta(days=i), Decimal(value).quantize(Decimal("0.0001")))
        for i, value in enumerate(values)
    ]
    return Frame(fields, tuple(rows)), Scope(FIRST, rows[-1][0], "$")


def test_it_finds_the_week_behind_the_noise() -> None:
    made = forecast(noisy_weeks(7 * 40))
    assert made
    assert made.is_better_than_naive
    for place, value in enumerate(made.mean):
        assert value == pytest.approx(WEEK[place % 7], abs=15)
        assert made.low[place] < value < made.high[place]


def test_a_week_that_repeats_itself_is_left_to_the_naive_forecast() -> None:
    frame, scope = frame_of([float(WEEK[i % 7]) for i in range(7 * 40)])
    assert draw_forecast(frame, scope) is None


def test_too_few_days_give_no_forecast() -> None:
    assert forecast(noisy_weeks(FEWEST_DAYS - 1)) is None
    assert forecast(noisy_weeks(FEWEST_DAYS)) is not None


def test_the_chart_shows_its_back_test_and_begins_tomorrow() -> None:
    frame, scope = frame_of(noisy_weeks(7 * 40))
    chart = draw_forecast(frame, scope)
    assert chart
    assert "back-tests its error was" in chart.subtitle
    assert chart.frame["day"][0] == scope.last_day + timedelta(days=1)
    assert len(chart.frame) == HORIZON_DAYS
    assert all(isinstance(value, Decimal) for value in chart.frame["net_sales"])
