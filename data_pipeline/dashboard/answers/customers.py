"""Analyses of customers: cohorts, segments, intervals, ages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_pipeline.dashboard.answers.found import Found
from data_pipeline.metrics import Field, Frame, Kind
from data_pipeline.metrics.behaviour import (
    RFM_ACTIONS,
    age_groups,
    cohort_retention,
    median_of,
    repeat_intervals,
    rfm_segments,
    whole_months,
)

if TYPE_CHECKING:
    from data_pipeline.dashboard.answers.scope import Scope
    from data_pipeline.dashboard.asking import AnalysisQuestion
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Reader


def cohorts(reader: Reader, store: Store, _asked: AnalysisQuestion, scope: Scope) -> Found:
    """Retention by cohort and month, whole months only."""
    frame = cohort_retention(reader, where=scope.where, timezone=store.timezone)
    if store.span:
        frame = whole_months(frame, store.span.last)
    return Found({"cohorts": frame}, {"cohorts": len(set(frame["cohort"]))})


def segments(reader: Reader, store: Store, _asked: AnalysisQuestion, scope: Scope) -> Found:
    """The ten segments, the richest first, each with what its name means."""
    frame = rfm_segments(reader, where=scope.where, timezone=store.timezone)
    action = Field("action", "What they do", Kind.TEXT)
    rows = tuple((row[0], RFM_ACTIONS.get(row[0], ""), *row[1:]) for row in frame)
    fields = (frame.fields[0], action, *frame.fields[1:])
    return Found({"segments": Frame(fields, rows)}, {"customers": sum(frame["customers"])})


def intervals(reader: Reader, store: Store, _asked: AnalysisQuestion, scope: Scope) -> Found:
    """Days between purchases, with the lower median."""
    frame = repeat_intervals(reader, where=scope.where, timezone=store.timezone)
    facts = {"median_days": median_of(frame), "purchases": sum(frame["purchases"])}
    return Found({"intervals": frame}, facts)


def ages(reader: Reader, store: Store, _asked: AnalysisQuestion, scope: Scope) -> Found:
    """Age groups in the year in which the data end."""
    year = store.span.last.year if store.span else 2000
    frame = age_groups(
        reader,
        in_year=year,
        since=scope.since,
        until=scope.until,
        where=scope.where,
        timezone=store.timezone,
    )
    return Found({"ages": frame}, {"in_year": year})
