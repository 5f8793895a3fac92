"""How an answer goes over the wire: version, caching, packing; and files to download."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from data_pipeline.dashboard.answers.shape import safe_csv
from data_pipeline.dashboard.serving import LIMIT_S, Asked, Compute, Entry, Offer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from data_pipeline.dashboard.asking import Versioned
    from data_pipeline.dashboard.keeping import Keeper, Kept
    from data_pipeline.dashboard.pages import Pages
    from data_pipeline.dashboard.serving import Serving
    from data_pipeline.dashboard.store import Store
    from data_pipeline.metrics import Frame, Reader

FOR_EVER = "private, max-age=86400, immutable"
ASK_AGAIN = "private, no-cache"
JSON = "application/json"

Estimate = Callable[["Store"], float]
Download = Callable[["Reader", "Store"], tuple["Frame", bool]]


def _instantly(_: Store) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What all paths share: the warehouse's states, the answers, the page's files."""

    keeper: Keeper
    serving: Serving
    pages: Pages

    async def answer(
        self,
        request: Request,
        asked: Versioned,
        compute: Compute,
        estimate: Estimate = _instantly,
    ) -> Response:
        """The answer to a question, from memory when it is there."""
        name = request.url.path + asked.model_dump_json(exclude={"v", "compute"})
        open_ = self.keeper.peek(asked.v)
        if open_ and (found := self.serving.find(open_, name)):
            return _send(request, found, open_, is_named=True)
        kept, answer = await run_in_threadpool(self._work, asked, name, compute, estimate)
        if isinstance(answer, Offer):
            return told(answer.payload, HTTPStatus.ACCEPTED)
        return _send(request, answer, kept, is_named=bool(asked.v))

    def _work(
        self, asked: Versioned, name: str, compute: Compute, estimate: Estimate
    ) -> tuple[Kept, Entry | Offer]:
        kept = self.keeper.find(asked.v)
        is_wanted = getattr(asked, "compute", "0") == "1"
        question = Asked(name, compute, estimate(kept.store), is_wanted)
        return kept, self.serving.answer(kept, question)

    async def file(self, asked: Versioned, name: str, download: Download) -> Response:
        """A frame as a CSV file to keep."""

        def work() -> tuple[str, bool, str]:
            kept = self.keeper.find(asked.v)
            with kept.reader(LIMIT_S) as reader:
                frame, is_cut = download(kept.recalling(reader), kept.store)
            return safe_csv(frame), is_cut, kept.store.version

        text, is_cut, version = await run_in_threadpool(work)
        headers = {
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
            "X-Data-Version": version,
        }
        if is_cut:
            headers["X-Truncated"] = "true"
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def desk_of(request: Request) -> Desk:
    """The desk of the app that was asked."""
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk


def told(payload: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
    """An answer that holds only now."""
    body = json.dumps(payload, ensure_ascii=False)
    headers = {"Cache-Control": "no-store"}
    return Response(body, status_code=status, media_type=JSON, headers=headers)


def _send(request: Request, entry: Entry, kept: Kept, *, is_named: bool) -> Response:
    headers = {"X-Data-Version": kept.store.version}
    return send_kept(
        request,
        (entry.body, entry.packed, entry.etag),
        JSON,
        headers | {"Cache-Control": FOR_EVER if is_named else ASK_AGAIN},
    )


def send_kept(
    request: Request,
    content: tuple[bytes, bytes | None, str],
    kind: str,
    headers: dict[str, str],
) -> Response:
    """Content that a browser may have already: body, body in gzip, ETag."""
    body, packed, etag = content
    headers = headers | {"ETag": etag, "Vary": "Accept-Encoding"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type=kind, headers=headers | {"Content-Encoding": "gzip"})
    return Response(body, media_type=kind, headers=headers)
