"""Errors as answers: always the same shape, never a traceback."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from data_pipeline.dashboard.desk import told
from data_pipeline.dashboard.refusal import Refusal
from data_pipeline.errors import ConfigError, PipelineError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

LOG = logging.getLogger(__name__)

CODES = {
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing here.", "See /api/openapi.json."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("wrong_method", "Here one can only GET.", "Send a GET."),
}


def add_handlers(app: FastAPI) -> None:
    """Have every error of the app answered."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _wrong_parameter)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _failed)


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return told(error.to_json(), error.status)


def _wrong_parameter(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"][1:])) or "the question"
    refusal = Refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "wrong_parameter",
        f"{place}: {first['msg']}",
        "See /api/openapi.json.",
    )
    return told(refusal.to_json(), refusal.status)


def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code, message, remedy = CODES.get(status, ("failed", status.phrase, ""))
    answer = told(Refusal(status, code, message, remedy).to_json(), status)
    answer.headers.update(error.headers or {})
    return answer


def _failed(request: Request, error: Exception) -> Response:
    """What nobody foresaw: the kind of the error for the page, the rest for the log."""
    if isinstance(error, ConfigError):
        status, code, message = HTTPStatus.BAD_REQUEST, "wrong_question", str(error)
    elif isinstance(error, PipelineError):
        status, code, message = HTTPStatus.SERVICE_UNAVAILABLE, "unreachable", str(error)
    else:
        LOG.error("%s failed", request.url.path, exc_info=error)
        status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "failed"
        message = f"The answer failed: {type(error).__name__}."
    return told(
        Refusal(status, code, message, "Try again; if it stays so, report it.").to_json(), status
    )
