"""An S3 server for tests (moto), with faults on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "keep-this-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}
BUCKET = "sales-staging-of-tests"


class QuietHandler(MotoRequestHandler):
    """Says nothing of each request."""

    def log(self, *_: Any) -> None:
        pass


Refusal = tuple[int, str]
ANSWER = '<?xml version="1.0"?><Error><Code>{code}</Code><Message>{code} it was</Message></Error>'


class Store:
    """Answers on a port of its own; `refuse` says of a request (method, path) with which status
    and code it fails, or None.
    """

    def __init__(self) -> None:
        self.refuse: Callable[[str, str], Refusal | None] = lambda method, path: None
        self.asked: list[tuple[str, str]] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, True, request_handler=QuietHandler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.client = boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=KEYS["AWS_DEFAULT_REGION"],
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )
        self.client.create_bucket(Bucket=BUCKET)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.asked.append((method, path))
        if refusal := self.refuse(method, path):
            status, code = refusal
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(f"{status} Refused", [("Content-Type", "application/xml")])
            return [ANSWER.format(code=code).encode()]
        answer: Iterable[bytes] = self._moto(environ, start_response)
        return answer

    def keys(self, prefix: str = "") -> list[str]:
        """The objects that are there."""
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", ())]
