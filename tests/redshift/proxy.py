"""A Redshift for tests: speaks to Redshift's own driver, and has a PostgreSQL do the work.

It asks for a password, hides what PostgreSQL does not know, reports the version that Redshift
reports, refuses what Redshift refuses (lacks.py), answers COPY by reading Parquet from the store in
the caller's transaction, and keeps no key: Redshift does not either.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import md5

from tests.redshift.copying import CopyError, read_rows
from tests.redshift.lacks import COPY, faults_in
from tests.redshift.rewriting import failing, nothing, to_postgres
from tests.redshift.store import Store
from tests.redshift.wire import Upstream, Wire, message, read_message, text_fields

SERVER_VERSION = b"8.0.2"
SSL_REQUEST, CANCEL_REQUEST = 80877103, 80877102
ASK_MD5 = 5


class DropError(Exception):
    """Raised by `before`: the connection breaks."""


@dataclass(frozen=True, slots=True)
class RefusedError(Exception):
    """Raised by `before`, or by a COPY: the statement fails."""

    words: str
    code: str = "XX000"


class Proxy:
    """Listens on a port of its own. `before` is told of each statement and may raise; `arrived` is
    told when the server has it to carry out, and the client has no answer yet.
    """

    def __init__(self, server_url: str, store: Store) -> None:
        self.server_url, self.store = server_url, store
        self.users = {"shop": "keep%this:secret"}
        self.roles: dict[str, str] = {}
        """A role of the server that a user takes on."""
        self.has_default_role = True
        self.tls: ssl.SSLContext | None = None
        self.before: Callable[[str], None] = lambda sql: None
        self.arrived: Callable[[str], None] = lambda sql: None
        self.statements: list[str] = []
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def kill(self) -> None:
        """Break every connection, on both sides."""
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def is_used(self) -> bool:
        """Whether a connection is open, on either side."""
        return bool(self._open)

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wires: list[Wire] = []
        try:
            self._answer(client, wires)
        except (DropError, OSError, EOFError):
            pass
        finally:
            for wire in reversed(wires):
                self._open.discard(wire.socket)
                wire.close()
            client.close()

    def _answer(self, client: socket.socket, wires: list[Wire]) -> None:
        wire = self._kept(Wire(client), wires)
        told = wire.read_startup()
        if told[:4] == SSL_REQUEST.to_bytes(4):
            if self.tls is None:
                client.sendall(b"N")
                return
            client.sendall(b"S")
            wire = self._kept(Wire(self.tls.wrap_socket(client, server_side=True)), wires)
            told = wire.read_startup()
        if not self._lets_in(wire, text_fields(told[4:])["user"]):
            return
        upstream = Upstream(self.server_url)
        self._kept(upstream.wire, wires)
        if role := self.roles.get(wire.user):
            upstream.run(f'SET ROLE "{role}"')
        for name, value in upstream.statuses.items():
            version = SERVER_VERSION if name == b"server_version" else value
            wire.send(message(b"S", name + b"\0" + version + b"\0"))
        wire.send(message(b"K", upstream.key) + message(b"Z", b"I"))
        self._pass(wire, upstream)

    def _kept(self, wire: Wire, wires: list[Wire]) -> Wire:
        wires.append(wire)
        self._open.add(wire.socket)
        return wire

    def _lets_in(self, wire: Wire, user: str) -> bool:
        """Let a client in that has the right password."""
        wire.user = user
        salt = secrets.token_bytes(4)
        wire.send(message(b"R", ASK_MD5.to_bytes(4) + salt))
        _, given = read_message(wire)
        password = self.users.get(user, secrets.token_hex())
        inner = md5((password + user).encode()).hexdigest()
        expected = b"md5" + md5(inner.encode() + salt).hexdigest().encode()
        if given.rstrip(b"\0") != expected:
            words = f'password authentication failed for user "{user}"'
            wire.send(message(b"E", f"SFATAL\0C28000\0M{words}\0\0".encode()))
            return False
        wire.send(message(b"R", bytes(4)))
        return True

    def _pass(self, wire: Wire, upstream: Upstream) -> None:
        """Hand messages on; at a Sync the server answers all that came before it."""
        sql, is_carried_out = b"", False
        while True:
            kind, body = read_message(wire)
            if kind == b"X":
                return
            is_carried_out |= kind == b"E"
            if kind == b"P":
                name, sql, rest = body.split(b"\0", 2)
                said = self._rewritten(sql.decode(), upstream)
                body = b"\0".join([name, said.encode(), rest])
            upstream.wire.send(message(kind, body))
            if kind == b"S":
                if is_carried_out:
                    self.arrived(sql.decode())
                is_carried_out = False
                upstream.relay(wire)

    def _rewritten(self, sql: str, upstream: Upstream) -> str:
        self.statements.append(sql)
        try:
            self.before(sql)
            if faults := faults_in(sql):
                raise RefusedError(f"Redshift refuses this: {'; '.join(faults)}", "42601")
            if found := COPY.fullmatch(sql):
                self._copy(
                    found["table"], found["bucket"], found["prefix"], found["role"], upstream
                )
                return nothing()
        except RefusedError as refusal:
            return failing(refusal.words, refusal.code)
        return to_postgres(sql)

    def _copy(self, table: str, bucket: str, prefix: str, role: str, upstream: Upstream) -> None:
        if role == "default" and not self.has_default_role:
            raise RefusedError("User is not authorized to assume default IAM role", "XX000")
        try:
            upstream.copy(table, read_rows(self.store.client, bucket, prefix))
        except CopyError as error:
            raise RefusedError(str(error)) from None
