"""The next four weeks, if a model has earned the right to say something about them.

Exponential smoothing with a damped trend and a weekly season, by statsmodels (the extra
`forecast`). It is tried on the past first: from three days in the past it forecasts four weeks
each. Unless its mean absolute error is below that of the seasonal naive forecast (each day will be
as the same weekday of the last week), it is held back.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from importlib.util import find_spec
from statistics import fmean
from typing import TYPE_CHECKING

from data_pipeline.charts import style
from data_pipeline.charts.chart import Chart, Scope, canvas
from data_pipeline.charts.marks import date_axis, floats, money_axis
from data_pipeline.charts.overview import fill_gaps
from data_pipeline.metrics.frame import Field, Frame, Kind
from data_pipeline.metrics.wording import write_share, write_short

if TYPE_CHECKING:
    from collections.abc import Sequence

HORIZON_DAYS = 28
SEASON_DAYS = 7
FOLDS = 3
SHOWN_DAYS = 84
BAND = Decimal("0.8")
FEWEST_DAYS = (FOLDS + 1) * HORIZON_DAYS + 8 * SEASON_DAYS
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Forecast:
    """Means and bands of the next days, and the mean absolute errors of the back-test."""

    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    error: float
    naive_error: float

    @property
    def is_better_than_naive(self) -> bool:
        return self.error < self.naive_error


def is_available() -> bool:
    """Whether the extra `forecast` is installed."""
    return find_spec("statsmodels") is not None


def forecast(values: Sequence[float]) -> Forecast | None:
    """Forecast the days after `values`; None when there are too few of them to test it."""
    if len(values) < FEWEST_DAYS:
        return None
    errors, naive_errors = [], []
    for fold in range(1, FOLDS + 1):
        cut = len(values) - fold * HORIZON_DAYS
        known, true = values[:cut], values[cut : cut + HORIZON_DAYS]
        mean, _, _ = _smooth(known)
        naive = [known[i % SEASON_DAYS - SEASON_DAYS] for i in range(HORIZON_DAYS)]
        errors += [abs(a - b) for a, b in zip(mean, true, strict=True)]
        naive_errors += [abs(a - b) for a, b in zip(naive, true, strict=True)]
    mean, low, high = _smooth(values)
    return Forecast(mean, low, high, fmean(errors), fmean(naive_errors))


def draw_forecast(frame: Frame, scope: Scope) -> Chart | None:
    """The last weeks of net sales by day and the next four; None when the forecast is held back."""
    filled = fill_gaps(frame)
    actual = floats(filled["net_sales"])
    made = forecast(actual)
    if made is None or not made.is_better_than_naive:
        return None
    days = [scope.last_day + timedelta(days=i) for i in range(1, HORIZON_DAYS + 1)]
    expected = write_short(Decimal(sum(made.mean)).quantize(CENT), scope.currency)
    better = write_share(Decimal(1 - made.error / made.naive_error), 0)
    title = f"The next {HORIZON_DAYS} days should bring about {expected}"
    subtitle = (
        f"Net sales by day to {scope.last_day}, and forecast with the band that holds"
        f" {write_share(BAND, 0)} of days. In {FOLDS} back-tests its error was {better} below"
        f" that of repeating the last week. It knows weekdays, but not the seasons of a year"
    )
    with canvas(title, subtitle) as (figure, axes):
        past: list[date] = list(filled["day"][-SHOWN_DAYS:])
        axes.plot(past, actual[-SHOWN_DAYS:], color=style.BLUE)  # type: ignore[arg-type]
        axes.fill_between(days, made.low, made.high, color=style.AMBER, alpha=0.25, lw=0)  # type: ignore[arg-type]
        axes.plot(days, made.mean, color=style.ORANGE)  # type: ignore[arg-type]
        axes.set_ylim(min(0.0, *made.low), max(*actual[-SHOWN_DAYS:], *made.high) * 1.08)
        date_axis(axes)
        money_axis(axes, scope.currency)
    alt = f"Line of net sales by day, continued by a forecast with its band. {title}."
    return Chart("forecast", title, subtitle, alt, _table(days, made), figure)


def _smooth(
    values: Sequence[float],
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Mean, lower and upper end of the band of the next days."""
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ETSModel(
            pd.Series(values),
            error="add",
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=SEASON_DAYS,
        )
        fitted = model.fit(disp=False)
        end = len(values) + HORIZON_DAYS - 1
        answer = fitted.get_prediction(start=len(values), end=end)
        bands = answer.summary_frame(alpha=float(1 - BAND))
    mean, low, high = (tuple(map(float, bands[n])) for n in ("mean", "pi_lower", "pi_upper"))
    return mean, low, high


def _table(days: Sequence[date], made: Forecast) -> Frame:
    fields = (
        Field("day", "Day", Kind.DAY),
        Field("net_sales", "Net sales, expected", Kind.MONEY),
        Field("low", "Low end of the band", Kind.MONEY),
        Field("high", "High end of the band", Kind.MONEY),
    )
    columns = [[Decimal(v).quantize(CENT) for v in c] for c in (made.mean, made.low, made.high)]
    return Frame(fields, tuple(zip(days, *columns, strict=True)))
