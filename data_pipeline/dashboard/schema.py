"""The shapes of the answers, for the OpenAPI document; the tests hold every answer against them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

FrameKind = Literal["money", "count", "share", "number", "day", "text", "whole", "moment"]
Cell = str | int | None


class Shape(BaseModel):
    """An answer has what stands here and nothing else."""

    model_config = ConfigDict(extra="forbid")


class FieldShape(Shape):
    name: str
    label: str
    kind: FrameKind


class FrameShape(Shape):
    fields: list[FieldShape]
    rows: list[list[Cell]]


class PeriodShape(Shape):
    since: str
    until: str
    days: int
    complete: bool
    note: str


class DaysShape(Shape):
    since: str
    until: str


class SourceShape(Shape):
    relation: str
    kind: Literal["aggregate", "memory", "fact", "books"]


class ErrorDetail(Shape):
    code: str
    message: str
    remedy: str


class ErrorShape(Shape):
    error: ErrorDetail


class StateShape(Shape):
    state: Literal["ready", "missing", "empty", "locked", "other_layout", "unreachable"]
    message: str
    remedy: str
    version: str | None
    loaded_at: str | None
    in_memory: bool


class OfferShape(Shape):
    """202: not computed, or under way."""

    version: str
    state: Literal["offered", "running", "done", "failed"]
    cost: Literal["long"] | None = None
    message: str | None = None
    job: str | None = None
    progress: float | None = None
    elapsed_s: float | None = None
    estimate_s: float
    error: ErrorDetail | None = None


class JobShape(Shape):
    job: str
    state: Literal["running", "done", "failed"]
    progress: float
    elapsed_s: float
    estimate_s: float
    error: ErrorDetail | None = None


class Answer(Shape):
    version: str
    took_ms: float


class BalanceShape(Shape):
    rows_read: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    balanced: bool | None = None


class MetricShape(Shape):
    name: str
    label: str
    description: str
    kind: FrameKind
    better: Literal["up", "down"] | None
    formula: str
    additive: bool


class DimensionShape(Shape):
    name: str
    label: str
    description: str
    kind: FrameKind
    is_time: bool
    values_known: bool


class AnalysisInfo(Shape):
    name: str
    label: str
    description: str
    frames: list[str]
    filters: Literal["all", "all but days"]
    parameters: list[str]


class SpanShape(Shape):
    first_day: str
    last_day: str


class MetaShape(Answer):
    warehouse: str
    currency: str
    timezone: str
    week_start: int
    loaded_at: str
    run_id: int
    span: SpanShape | None
    rows: dict[str, int]
    balance: BalanceShape
    default_period: DaysShape | None
    metrics: list[MetricShape]
    dimensions: list[DimensionShape]
    grains: list[str]
    analyses: list[AnalysisInfo]
    headlines: list[str]
    has: dict[str, bool]
    limits: dict[str, int]


class Sourced(Answer):
    source: SourceShape
    filtered: bool
    asked: dict[str, Any]


class ComparedShape(FrameShape):
    period: PeriodShape
    partial: list[int] | None = None
    totals: list[Cell] | None = None


class QueryShape(Sourced, FrameShape):
    row_count: int
    period: PeriodShape | None
    partial: list[int] | None = None
    others: list[Cell] | None = None
    totals: list[Cell] | None = None
    compared: ComparedShape | None = None
    compared_note: str | None = None


class HeadlineShape(Shape):
    metric: str
    label: str
    kind: FrameKind
    better: Literal["up", "down"] | None
    now: Cell
    before: Cell
    year_before: Cell
    change: str | None
    year_change: str | None
    change_points: str | None
    year_change_points: str | None
    spark: list[list[Cell]]


class HeadlinesShape(Sourced):
    period: PeriodShape | None
    before: PeriodShape | None
    year_before: PeriodShape | None
    before_note: str
    year_before_note: str
    headlines: list[HeadlineShape]


class AnalysisShape(Sourced):
    analysis: str
    ignored: list[str]
    frames: dict[str, FrameShape]
    facts: dict[str, Any]


class ValuesShape(Sourced, FrameShape):
    row_count: int
    more: bool


class RowsShape(Sourced, FrameShape):
    next: str | None
    row_count: int
    amount: str


class QuarantineShape(Sourced, FrameShape):
    row_count: int


class QualityShape(Answer):
    source: SourceShape
    filtered: bool
    balanced: bool
    loaded_at: str
    first_sale: str | None
    last_sale: str | None
    sentence: BalanceShape
    balance: FrameShape
    files: FrameShape
    quarantine: FrameShape
    repairs: FrameShape
    runs: FrameShape


class ExplainedSource(SourceShape):
    why: str


class PartShape(Shape):
    name: str
    label: str
    formula: str


class CheckShape(Shape):
    name: str
    ok: bool
    detail: str


class ExplainShape(Answer):
    asked: dict[str, Any]
    filtered: bool
    name: str
    label: str
    description: str
    source: ExplainedSource
    checks: list[CheckShape]
    rows_url: str | None
    kind: FrameKind | None = None
    formula: str | None = None
    made_of: list[PartShape] | None = None
    sql: str | None = None
    values: dict[str, str] | None = None
    counts_rows: str | None = None
    additive_over: list[str] | None = None
    value: Cell = None
