"""Why a question gets no answer, as the page shows it."""

from __future__ import annotations

from http import HTTPStatus


class Refusal(Exception):  # noqa: N818 (an answer, not a failure of the program)
    """An answer that says what happened and what to do; `code` is for the page."""

    def __init__(self, status: HTTPStatus, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.remedy = status, code, message, remedy

    def to_json(self) -> dict[str, dict[str, str]]:
        return {"error": {"code": self.code, "message": self.message, "remedy": self.remedy}}


def wrong_question(message: str, remedy: str = "") -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, "wrong_question", message, remedy)


def too_large(message: str, remedy: str) -> Refusal:
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", message, remedy)


def version_gone() -> Refusal:
    return Refusal(
        HTTPStatus.GONE,
        "version_gone",
        "The data that this page shows have been replaced.",
        "Load the page anew.",
    )


def too_slow(limit_s: float) -> Refusal:
    return Refusal(
        HTTPStatus.GATEWAY_TIMEOUT,
        "too_slow",
        f"The answer took longer than {limit_s:g} seconds and was stopped.",
        "Ask for a shorter period or fewer groups.",
    )
