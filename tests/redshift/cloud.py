"""A schema of a real Redshift, for `make test-cloud`."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from data_pipeline.warehouses.redshift_session import Session, read_address


class CloudSchema:
    """A schema with a name of its own in the database of a URL; gone when it is dropped."""

    def __init__(self, url: str) -> None:
        self.name = f"sales_test_{uuid.uuid4().hex[:12]}"
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query)) | {"schema": self.name}
        self.url = urlunsplit(parts._replace(query=urlencode(options)))

    def session(self) -> Session:
        """A session of the test's own, with the schema first."""
        session = Session(read_address(self.url))
        session.rows(f'SET search_path TO "{self.name}"')
        return session

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement in Redshift's own dialect."""
        session = Session(read_address(self.url))
        try:
            return session.rows(sql, values)
        finally:
            session.close()

    def drop(self) -> None:
        self.rows(f'DROP SCHEMA IF EXISTS "{self.name}" CASCADE')
