"""Who may ask, and how much: host, token, sizes; and the headers that every answer has."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode

from data_pipeline.dashboard.refusal import Refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

COOKIE = "sales_dashboard"
LONGEST_URL = 8 * 1024
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


class Guard:
    """Wraps the app. Without a token everybody may ask who reaches one of the `hosts`.

    `hosts` are the names, without port, by which this server may be called: a page of another site
    whose name was made to point here (DNS rebinding) is refused.
    """

    def __init__(self, app: App, *, hosts: frozenset[str], token: str | None = None) -> None:
        self._app, self._hosts, self._token = app, hosts, token

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
            await send(message)

        headers = {key.decode("latin-1"): v.decode("latin-1") for key, v in scope["headers"]}
        refusal = self._refuse(scope, headers)
        if refusal:
            await _send_refusal(scope, send_guarded, refusal)
        elif self._token and "token" in scope["query_string"].decode("latin-1"):
            await self._take_token(scope, receive, send_guarded, headers)
        elif self._token and not self._has_token(headers):
            await _send_refusal(scope, send_guarded, _no_token())
        else:
            await self._app(scope, receive, send_guarded)

    def _refuse(self, scope: Message, headers: dict[str, str]) -> Refusal | None:
        if _host_name(headers.get("host", "")) not in self._hosts:
            return Refusal(
                HTTPStatus.FORBIDDEN,
                "wrong_host",
                "This server is not known by that name.",
                "Open the address that `sales dashboard` printed, or name it with --host.",
            )
        if len(scope["raw_path"] or b"") + len(scope["query_string"]) > LONGEST_URL:
            return Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "too_large",
                f"The address is longer than {LONGEST_URL:,} bytes.",
                "Use fewer filters.",
            )
        if headers.get("content-length", "0").strip("0") or "transfer-encoding" in headers:
            return Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "too_large",
                "No question has a body.",
                "Send a GET without one.",
            )
        return None

    def _has_token(self, headers: dict[str, str]) -> bool:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        given = cookies.get(COOKIE)
        return given is not None and self._is_token(given.value)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self._token or "").encode())

    async def _take_token(
        self, scope: Message, receive: Receive, send: Send, headers: dict[str, str]
    ) -> None:
        """Put the token of the address into a cookie and send the page there without it."""
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in pairs if name == "token"]
        if not given:
            await (
                self._app(scope, receive, send)
                if self._has_token(headers)
                else _send_refusal(scope, send, _no_token())
            )
            return
        if not self._is_token(given[-1]):
            await _send_refusal(scope, send, _no_token())
            return
        rest = urlencode([pair for pair in pairs if pair[0] != "token"])
        path = "/" + scope["path"].lstrip("/\\")
        place = path + (f"?{rest}" if rest else "")
        cookie = f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000"
        await _send(
            send,
            HTTPStatus.SEE_OTHER,
            b"",
            [
                (b"location", place.encode("latin-1", "replace")),
                (b"set-cookie", cookie.encode()),
                (b"cache-control", b"no-store"),
            ],
        )


def _host_name(host: str) -> str:
    """The name of a Host header without its port: `[::1]:8501` is `[::1]`."""
    if host.startswith("["):
        return host.partition("]")[0].casefold() + "]"
    return host.partition(":")[0].casefold()


def _no_token() -> Refusal:
    return Refusal(
        HTTPStatus.UNAUTHORIZED,
        "no_token",
        "This dashboard is for those who have its token.",
        "Open the address with ?token=... that `sales dashboard` printed.",
    )


async def _send_refusal(scope: Message, send: Send, refusal: Refusal) -> None:
    kinds = [(b"cache-control", b"no-store")]
    if scope["path"].startswith("/api/"):
        body = json.dumps(refusal.to_json()).encode()
        kinds.append((b"content-type", b"application/json"))
    else:
        body = f"{refusal.message}\n{refusal.remedy}\n".encode()
        kinds.append((b"content-type", b"text/plain; charset=utf-8"))
    await _send(send, refusal.status, body, kinds)


async def _send(
    send: Send, status: HTTPStatus, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send(
        {"type": "http.response.start", "status": int(status), "headers": [*headers, length]}
    )
    await send({"type": "http.response.body", "body": body})
