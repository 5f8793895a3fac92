"""Files to download, and the page's own files."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from data_pipeline.dashboard.answers import analyses, behind, quality
from data_pipeline.dashboard.answers import query as queries
from data_pipeline.dashboard.asking import (
    AnalysisFile,
    QuarantineFile,
    QueryQuestion,
    RowsFile,
)
from data_pipeline.dashboard.desk import FOR_EVER, desk_of, send_kept
from data_pipeline.dashboard.refusal import Refusal
from data_pipeline.dashboard.routes import REFUSALS

if TYPE_CHECKING:
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Frame, Reader

CSV: dict[int | str, dict[str, Any]] = REFUSALS | {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A file"}
}

router = APIRouter(prefix="/api", tags=["files"])
pages = APIRouter(include_in_schema=False)


@router.get("/query.csv", response_class=Response, responses=CSV)
async def query_file(request: Request, asked: Annotated[QueryQuestion, Query()]) -> Response:
    """Metrics by dimensions, all rows."""

    def download(reader: Reader, store: Store) -> tuple[Frame, bool]:
        return queries.query_file(reader, store, asked), False

    return await desk_of(request).file(asked, "_".join([*asked.metric, *asked.by])[:80], download)


@router.get("/analyses/{name}.csv", response_class=Response, responses=CSV)
async def analysis_file(
    request: Request,
    name: Annotated[str, Path(pattern=r"^[a-z_]{1,40}$")],
    asked: Annotated[AnalysisFile, Query()],
) -> Response:
    """A frame of an analysis."""

    def download(reader: Reader, store: Store) -> tuple[Frame, bool]:
        return analyses.analysis_file(reader, store, name, asked), False

    return await desk_of(request).file(asked, name, download)


@router.get("/rows.csv", response_class=Response, responses=CSV)
async def rows_file(request: Request, asked: Annotated[RowsFile, Query()]) -> Response:
    """The sales behind a number; X-Truncated says when there are more."""

    def download(reader: Reader, store: Store) -> tuple[Frame, bool]:
        return behind.rows_file(reader, store, asked)

    return await desk_of(request).file(asked, f"{asked.metric}_rows", download)


@router.get("/quarantine.csv", response_class=Response, responses=CSV)
async def quarantine_file(request: Request, asked: Annotated[QuarantineFile, Query()]) -> Response:
    """Records that are not in the star."""

    def download(reader: Reader, _: Store) -> tuple[Frame, bool]:
        return quality.quarantine_file(reader, asked), False

    return await desk_of(request).file(asked, "quarantine", download)


@pages.get("/")
@pages.get("/overview")
@pages.get("/products")
@pages.get("/customers")
@pages.get("/behaviour")
@pages.get("/quality")
async def shell(request: Request) -> Response:
    """The page; it finds its way by the path."""
    file = desk_of(request).pages.shell
    headers = {"Cache-Control": "no-cache"}
    return send_kept(request, (file.body, file.packed, file.etag), file.kind, headers)


@pages.get("/static/{path:path}")
async def static(request: Request, path: str) -> Response:
    """A file of the page."""
    found = desk_of(request).pages.find(path)
    if found is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "not_found", "There is no such file.")
    file, is_named = found
    headers = {"Cache-Control": FOR_EVER if is_named else "no-cache"}
    return send_kept(request, (file.body, file.packed, file.etag), file.kind, headers)
