"""What can go wrong on the way to BigQuery, planted at the n-th job."""

from __future__ import annotations

import json
from typing import Any

import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import AuthorizedSession

SECRET = "ya29.secret-token"
REASONS = {429: "rateLimitExceeded", 500: "internalError", 503: "backendError"}


class Faults:
    """Stands before the client's requests. `kind` is what happens at the job number `at`:

    dropped     the request never arrives
    lost        the answer never arrives
    429 ...     the service refuses
    dead        nothing arrives from then on
    expired     the credentials are refused from then on
    """

    def __init__(self, kind: str | int, at: int, *, lasts: bool = False) -> None:
        self._kind, self._at, self._lasts, self.jobs = kind, at, lasts, 0
        self._send = AuthorizedSession.request
        self.was_met = False

    def request(self, session: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
        is_job = method == "POST" and url.rstrip("/").partition("?")[0].endswith("/jobs")
        self.jobs += is_job
        if self._kind in ("dead", "expired"):
            if self.jobs >= self._at:
                raise self._lasting()
        elif is_job and (self.jobs == self._at or (self._lasts and self.jobs > self._at)):
            return self._once(session, method, url, *args, **options)
        return self._send(session, method, url, *args, **options)

    def _lasting(self) -> Exception:
        self.was_met = True
        if self._kind == "dead":
            return requests.ConnectionError(f"Authorization: Bearer {SECRET}")
        return RefreshError(f"invalid_grant {SECRET}", {"access_token": SECRET})

    def _once(self, session: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
        self.was_met = True
        if isinstance(self._kind, int):
            return refusal(self._kind, url)
        if self._kind == "lost":
            self._send(session, method, url, *args, **options)
        raise requests.ConnectionError(f"Authorization: Bearer {SECRET}")


def refusal(status: int, url: str) -> requests.Response:
    """An answer of the service that says no."""
    answer = requests.Response()
    answer.status_code, answer.url = status, url
    answer.headers["Content-Type"] = "application/json"
    reason = REASONS.get(status, "accessDenied")
    told = {"code": status, "message": "no", "errors": [{"reason": reason, "message": "no"}]}
    answer._content = json.dumps({"error": told}).encode()
    answer.request = requests.Request("POST", url).prepare()
    return answer
