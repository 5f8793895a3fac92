"""Servers for tests, and databases of their own on them.

TEST_POSTGRES_URL and TEST_MYSQL_URL name them; without, those on the standard local ports. Without
a server its tests are skipped by name, or fail when CI=true.
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from data_pipeline.databases import Database, open_database
from data_pipeline.errors import PipelineError
from tests.postgres import needed_url

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCAL_MYSQL = "mysql://root@127.0.0.1:3306/test"


@cache
def _mysql_url() -> str | None:
    given = os.environ.get("TEST_MYSQL_URL")
    try:
        open_database(given or LOCAL_MYSQL).close()
    except PipelineError:
        return given
    return given or LOCAL_MYSQL


def _needed_mysql_url() -> str:
    url = _mysql_url()
    if url is None:
        assert os.environ.get("CI") != "true", "CI needs a MySQL or MariaDB server"
        pytest.skip("needs a MySQL or MariaDB server")
    return url


NEEDED = {"postgresql": needed_url, "mysql": _needed_mysql_url}


class ShopDatabase:
    """A database of a test's own, on a server of a kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._server = NEEDED[kind]()
        self.name = f"src_{uuid.uuid4().hex[:12]}"
        with open_database(self._server, read_only=False) as server:
            server.rows(f"CREATE DATABASE {self.name}")
        self.url = urlsplit(self._server)._replace(path=f"/{self.name}").geturl()

    def url_of(self, user: str = "", password: str = "", port: int = 0) -> str:
        parts = urlsplit(self.url)
        secret = f":{password}" if password else ""
        place = f"{parts.hostname}:{port or parts.port}"
        return parts._replace(netloc=f"{user or parts.username}{secret}@{place}").geturl()

    def run(self, *statements: str) -> None:
        """Run statements, each by itself."""
        with self.open() as database:
            for statement in statements:
                database.rows(statement)

    def open(self) -> Database:
        """A connection that may write, and commits each statement unless a transaction began."""
        database = open_database(self.url, read_only=False)
        if self.kind == "mysql":
            database.rows("SET autocommit = 1")
        return database

    def tables(self) -> None:
        """Make an empty shop with the contract's names."""
        moment = {"postgresql": "TIMESTAMPTZ(6)", "mysql": "TIMESTAMP(6) NULL"}[self.kind]
        clock = {"postgresql": '"timestamp"', "mysql": "`timestamp`"}[self.kind]
        self.run(
            "CREATE TABLE customers (customer_id BIGINT PRIMARY KEY, name TEXT, email TEXT, "
            f"location TEXT, updated_at {moment})",
            "CREATE TABLE products (product_id BIGINT PRIMARY KEY, name TEXT, category TEXT, "
            f"price NUMERIC(18,4), updated_at {moment})",
            "CREATE TABLE sales (transaction_id BIGINT PRIMARY KEY, customer_id BIGINT, "
            f"product_id BIGINT, quantity INT, price NUMERIC(18,4), {clock} {moment}, "
            f"updated_at {moment})",
        )

    def fill(self) -> None:
        """Make a shop with two customers, two products and two sales."""
        self.tables()
        self.run(
            "INSERT INTO customers VALUES (1, 'Ann', 'ann@shop.example', 'Rome', '2025-01-01'), "
            "(2, 'Bo', 'bo@shop.example', NULL, '2025-01-01')",
            "INSERT INTO products VALUES (1, 'Mug', 'Kitchen', 2.5, '2025-01-01'), "
            "(2, 'Cup', 'Kitchen', 0.1, '2025-01-01')",
            sale(1, at="2025-03-04 10:00:00"),
            sale(2, at="2025-03-05 10:00:00.123456"),
        )

    def drop(self) -> None:
        with open_database(self._server, read_only=False) as server:
            force = {"postgresql": " WITH (FORCE)", "mysql": ""}[self.kind]
            server.rows(f"DROP DATABASE {self.name}{force}")


def sale(
    number: int, *, at: str = "2025-03-04", updated: str = "2025-03-06", units: int = 1
) -> str:
    """An INSERT of one sale."""
    return f"INSERT INTO sales VALUES ({number}, 1, 1, {units}, 2.5, '{at}', '{updated}')"


class CuttingProxy:
    """A way to a server that is cut after so many bytes from it, for some connections."""

    def __init__(self, url: str, *, after: int, times: int) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 0)
        self._after, self._left = after, times
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(self._target)
            cut, self._left = self._left > 0, self._left - 1
            limit = self._after if cut else None
            for ends in ((client, server, None), (server, client, limit)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        passed = 0
        try:
            while data := source.recv(1 << 14):
                target.sendall(data)
                passed += len(data)
                if limit is not None and passed > limit:
                    break
        except OSError:
            pass
        for end in (source, target):
            with_end(end)

    def close(self) -> None:
        self._listener.close()


def with_end(end: socket.socket) -> None:
    """Hang up, for both directions."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def proxied(url: str, *, after: int, times: int) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(url, after=after, times=times)
    try:
        yield proxy
    finally:
        proxy.close()
