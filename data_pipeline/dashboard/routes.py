"""What can be asked, path by path."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from data_pipeline.dashboard import schema
from data_pipeline.dashboard.answers import analyses, behind, explain, headlines, meta, quality
from data_pipeline.dashboard.answers import query as queries
from data_pipeline.dashboard.answers.scope import read_scope
from data_pipeline.dashboard.answers.shape import moment_json
from data_pipeline.dashboard.asking import (
    AnalysisQuestion,
    ExplainQuestion,
    HeadlinesQuestion,
    QuarantineQuestion,
    QueryQuestion,
    RowsQuestion,
    ValuesQuestion,
    Versioned,
)
from data_pipeline.dashboard.cost import estimate
from data_pipeline.dashboard.desk import desk_of, told
from data_pipeline.dashboard.refusal import Refusal
from data_pipeline.metrics import DIMENSIONS

if TYPE_CHECKING:
    from data_pipeline.dashboard.store import Store

REFUSALS: dict[int | str, dict[str, Any]] = {
    int(status): {"model": schema.ErrorShape, "description": status.phrase}
    for status in (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.GONE,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    )
}
LONG: dict[int | str, dict[str, Any]] = REFUSALS | {
    202: {"model": schema.OfferShape, "description": "Takes long: offered, or under way"}
}

router = APIRouter(prefix="/api", tags=["data"])

NameInPath = Annotated[str, Path(pattern=r"^[a-z_]{1,40}$")]


@router.get("/state", response_model=schema.StateShape, responses=REFUSALS)
async def state(request: Request) -> Response:
    """How things stand, and the newest version of the data. Never fails; ask each 5 seconds."""
    found, kept = await run_in_threadpool(desk_of(request).keeper.newest)
    return told(
        {
            "state": found.name,
            "message": found.message,
            "remedy": found.remedy,
            "version": kept.store.version if kept else None,
            "loaded_at": moment_json(kept.store.loaded_at) if kept else None,
            "in_memory": bool(kept and kept.store.recall.columns),
        }
    )


@router.get("/jobs/{job}", response_model=schema.JobShape, responses=REFUSALS)
async def job(request: Request, job: Annotated[str, Path(pattern=r"^[0-9a-f]{1,32}$")]) -> Response:
    """How far a long computation is."""
    return told(desk_of(request).serving.jobs.find(job).to_json())


@router.get("/meta", response_model=schema.MetaShape, responses=REFUSALS)
async def get_meta(request: Request, asked: Annotated[Versioned, Query()]) -> Response:
    """What the page has to know before it asks."""
    return await desk_of(request).answer(request, asked, meta.answer_meta)


@router.get("/query", response_model=schema.QueryShape, responses=LONG)
async def get_query(request: Request, asked: Annotated[QueryQuestion, Query()]) -> Response:
    """Metrics by dimensions."""

    def seconds(store: Store) -> float:
        scope = read_scope(asked, store)
        question = queries.read_question(asked, scope)
        times = 1 + (asked.totals == "1") + bool(asked.compare)
        return estimate(question, store, scope.period, times=times)

    compute = partial(queries.answer_query, asked=asked)
    return await desk_of(request).answer(request, asked, compute, seconds)


@router.get("/headlines", response_model=schema.HeadlinesShape, responses=LONG)
async def get_headlines(request: Request, asked: Annotated[HeadlinesQuestion, Query()]) -> Response:
    """Metrics against the period before and the year before."""

    def seconds(store: Store) -> float:
        scope = read_scope(asked, store)
        question = headlines.read_question(asked, scope)
        return estimate(question, store, scope.period, times=3 + (asked.spark == "1"))

    compute = partial(headlines.answer_headlines, asked=asked)
    return await desk_of(request).answer(request, asked, compute, seconds)


@router.get("/analyses/{name}", response_model=schema.AnalysisShape, responses=LONG)
async def get_analysis(
    request: Request, name: NameInPath, asked: Annotated[AnalysisQuestion, Query()]
) -> Response:
    """An analysis: its frames and single facts."""
    found = analyses.find_analysis(name)

    def seconds(store: Store) -> float:
        return analyses.estimate_analysis(found, asked, store)

    compute = partial(analyses.answer_analysis, name=name, asked=asked)
    return await desk_of(request).answer(request, asked, compute, seconds)


@router.get("/values/{name}", response_model=schema.ValuesShape, responses=LONG)
async def get_values(
    request: Request, name: NameInPath, asked: Annotated[ValuesQuestion, Query()]
) -> Response:
    """Choices for a filter."""
    if name not in DIMENSIONS:
        known = ", ".join(sorted(DIMENSIONS))
        message = f"unknown dimension {name!r}"
        raise Refusal(HTTPStatus.NOT_FOUND, "not_found", message, f"Known: {known}.")

    def seconds(store: Store) -> float:
        scope = read_scope(asked, store)
        return estimate(behind.values_question(name, scope), store, scope.period)

    compute = partial(behind.answer_values, name=name, asked=asked)
    return await desk_of(request).answer(request, asked, compute, seconds)


@router.get("/explain", response_model=schema.ExplainShape, responses=LONG)
async def get_explain(request: Request, asked: Annotated[ExplainQuestion, Query()]) -> Response:
    """Definition, SQL, source and checks of a number."""

    def seconds(store: Store) -> float:
        scope = read_scope(asked, store)
        if asked.analysis:
            found = analyses.find_analysis(asked.analysis)
            return analyses.estimate_analysis(found, asked, store, recalls=False)
        question = explain.read_question(asked, scope)
        return estimate(question, store, scope.period, times=2, recalls=False)

    compute = partial(explain.answer_explain, asked=asked)
    return await desk_of(request).answer(request, asked, compute, seconds)


@router.get("/rows", response_model=schema.RowsShape, responses=LONG)
async def get_rows(request: Request, asked: Annotated[RowsQuestion, Query()]) -> Response:
    """The sales behind a number, the newest first, page by page."""

    def seconds(store: Store) -> float:
        scope = read_scope(asked, store)
        return estimate(behind.rows_question(asked, store), store, scope.period, times=2)

    compute = partial(behind.answer_rows, asked=asked)
    return await desk_of(request).answer(request, asked, compute, seconds)


@router.get("/quality", response_model=schema.QualityShape, responses=REFUSALS)
async def get_quality(request: Request, asked: Annotated[Versioned, Query()]) -> Response:
    """The books."""
    return await desk_of(request).answer(request, asked, quality.answer_quality)


@router.get("/quarantine", response_model=schema.QuarantineShape, responses=REFUSALS)
async def get_quarantine(
    request: Request, asked: Annotated[QuarantineQuestion, Query()]
) -> Response:
    """Records that are not in the star, and why."""
    compute = partial(quality.answer_quarantine, asked=asked)
    return await desk_of(request).answer(request, asked, compute)
