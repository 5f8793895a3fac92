"""Messages of PostgreSQL's protocol, and a session with a server by hand."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from hashlib import md5
from urllib.parse import parse_qsl, unquote, urlsplit

from scramp import ScramClient  # type: ignore[import-untyped]

from tests.redshift.copying import CopyError

PROTOCOL = 196608


class Wire:
    """A socket that is read exactly. `user` is who logged in."""

    def __init__(self, raw: socket.socket) -> None:
        self.socket = raw
        self.user = ""
        self._file = raw.makefile("rb", buffering=1 << 16)

    def read(self, size: int) -> bytes:
        data: bytes = self._file.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def read_startup(self) -> bytes:
        return self.read(int.from_bytes(self.read(4)) - 4)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def close(self) -> None:
        """Close it so that the other side sees it at once."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.socket.close()


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + (len(body) + 4).to_bytes(4) + body


def read_message(wire: Wire) -> tuple[bytes, bytes]:
    head = wire.read(5)
    return head[:1], wire.read(int.from_bytes(head[1:]) - 4)


def text_fields(data: bytes) -> dict[str, str]:
    """Names and values that a start-up message holds."""
    parts = data.decode().split("\0")
    return dict(zip(parts[::2], parts[1::2], strict=False))


def error_fields(body: bytes) -> dict[str, str]:
    return {part[:1]: part[1:] for part in body.decode(errors="replace").split("\0") if part}


class Upstream:
    """A session with the PostgreSQL that does the work."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        self.user = unquote(parts.username or options.get("user", "postgres"))
        self._password = unquote(parts.password or "")
        folder = options.get("host", "")
        port = parts.port or int(options.get("port", "5432"))
        if folder.startswith("/"):
            raw = socket.socket(socket.AF_UNIX)
            raw.connect(f"{folder}/.s.PGSQL.{port}")
        else:
            raw = socket.create_connection((parts.hostname or "127.0.0.1", port))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire = Wire(raw)
        self.statuses: dict[bytes, bytes] = {}
        self.key = b""
        told = f"user\0{self.user}\0database\0{parts.path.strip('/') or 'postgres'}\0"
        body = PROTOCOL.to_bytes(4) + (told + "TimeZone\0UTC\0DateStyle\0ISO\0\0").encode()
        self.wire.send((len(body) + 4).to_bytes(4) + body)
        self._log_in()

    def _log_in(self) -> None:
        scram: ScramClient | None = None
        while True:
            kind, body = read_message(self.wire)
            if kind == b"E":
                raise AssertionError(error_fields(body))
            if kind == b"S":
                name, value = body.split(b"\0")[:2]
                self.statuses[name] = value
            elif kind == b"K":
                self.key = body
            elif kind == b"Z":
                return
            elif kind == b"R":
                scram = self._prove(int.from_bytes(body[:4]), body[4:], scram)

    def _prove(self, asked: int, body: bytes, scram: ScramClient | None) -> ScramClient | None:
        if asked == 3:
            self.wire.send(message(b"p", self._password.encode() + b"\0"))
        elif asked == 5:
            inner = md5((self._password + self.user).encode()).hexdigest()
            digest = md5(inner.encode() + body[:4]).hexdigest()
            self.wire.send(message(b"p", f"md5{digest}\0".encode()))
        elif asked == 10:
            scram = ScramClient(["SCRAM-SHA-256"], self.user, self._password)
            first = scram.get_client_first().encode()
            told = b"SCRAM-SHA-256\0" + len(first).to_bytes(4) + first
            self.wire.send(message(b"p", told))
        elif asked == 11 and scram:
            scram.set_server_first(body.decode())
            self.wire.send(message(b"p", scram.get_client_final().encode()))
        return scram

    def relay(self, client: Wire) -> None:
        """Hand the server's messages on until it is ready for more."""
        ready = False
        while not ready:
            kind, body = read_message(self.wire)
            client.send(message(kind, body))
            ready = kind == b"Z"

    def run(self, sql: str) -> None:
        """Run a statement of the test's own."""
        self.wire.send(message(b"Q", sql.encode() + b"\0"))
        self._finish()

    def copy(self, table: str, chunks: Iterable[bytes]) -> None:
        """Send rows in the binary format into a table, in the transaction that is open."""
        rows = list(chunks)
        self.wire.send(message(b"Q", f'COPY "{table}" FROM STDIN (FORMAT binary)\0'.encode()))
        kind, body = read_message(self.wire)
        if kind == b"G":
            for chunk in rows:
                self.wire.send(message(b"d", bytes(chunk)))
            self.wire.send(message(b"c"))
            self._finish()
            return
        self._finish()
        raise CopyError(error_fields(body).get("M", ""))

    def _finish(self) -> None:
        failed = ""
        while True:
            kind, body = read_message(self.wire)
            if kind == b"E":
                failed = error_fields(body).get("M", "")
            if kind == b"Z":
                break
        if failed:
            raise CopyError(failed)
