"""Servers of the tests' own that speak TLS: certificates made for them, a free port, a folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from data_pipeline.databases import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PATIENCE_S = 60
USERS = ("postgres", "mysql", "nobody")
"""PostgreSQL refuses to run as root; root starts it as the first of these that there is."""


class Authority:
    """A certificate authority with files: `ca` and, for each name, certificate and key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"CA {folder.name}")])
        self.ca = folder / "ca.pem"
        made = self._begin(self._name, self._key.public_key())
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        usage = x509.KeyUsage(*(place in (5, 6) for place in range(9)))
        signed = made.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.ca.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def _begin(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now, day = datetime.now(UTC), timedelta(days=1)
        issuer = self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False)
        )

    def issue(self, name: str, *hosts: str) -> tuple[Path, Path]:
        """Make a certificate for a name that holds for some hosts: its file and its key's."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._begin(subject, key.public_key())
        if hosts:
            made = made.add_extension(x509.SubjectAlternativeName([*map(_host, hosts)]), False)
        certificate, secret = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        signed = made.sign(self._key, hashes.SHA256())
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        secret.chmod(0o600)
        return certificate, secret


def _host(name: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ip_address(name))
    return x509.DNSName(name)


@dataclass(frozen=True)
class TlsServer:
    """A server whose certificate is for `localhost` alone; `client` is a certificate for `shop`."""

    port: int
    ca: Path
    client: tuple[Path, Path]
    stranger: Path
    """The certificate of an authority that has signed nothing here."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _certificates(folder: Path) -> tuple[tuple[Path, Path], TlsServer]:
    authority = Authority(folder)
    (folder / "stranger").mkdir()
    stranger = Authority(folder / "stranger").ca
    server = TlsServer(free_port(), authority.ca, authority.issue("shop"), stranger)
    return authority.issue("server", "localhost"), server


def _program(name: str, *places: str) -> str:
    """The path of a server's program; without it the test is skipped, or fails when CI=true."""
    found = shutil.which(name)
    for place in places:
        found = found or next(iter(sorted(map(str, Path("/").glob(place)), reverse=True)), None)
    if found is None:
        assert os.environ.get("CI") != "true", f"CI needs the program {name}"
        pytest.skip(f"needs the program {name}")
    return found


@contextmanager
def _running(command: Sequence[str], port: int, log: Path, user: str | None) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, user=user)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _unprivileged() -> str | None:
    """The user to be instead of root."""
    import pwd

    there = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in USERS if name in there) if os.geteuid() == 0 else None


@contextmanager
def postgresql_server(folder: Path) -> Iterator[TlsServer]:
    """A PostgreSQL that lets nobody in without TLS, and `shop` only with a certificate."""
    initdb = _program("initdb", "usr/lib/postgresql/*/bin/initdb")
    user = _unprivileged()
    (certificate, key), server = _certificates(folder)
    data = folder / "data"
    data.mkdir()
    if user:
        for path in (data, certificate, key):
            shutil.chown(path, user)
    subprocess.run(
        [initdb, "--pgdata", str(data), "--username", "owner", "--auth", "trust", "--no-sync"],
        check=True, capture_output=True, user=user, cwd=data,
    )  # fmt: skip
    (data / "pg_hba.conf").write_text(
        "hostssl all shop all cert\nhostssl all all all trust\n", encoding="utf-8"
    )
    settings = {
        "port": str(server.port), "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "", "fsync": "off", "ssl": "on", "ssl_cert_file": certificate,
        "ssl_key_file": key, "ssl_ca_file": server.ca,
    }  # fmt: skip
    told = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    program = str(Path(initdb).with_name("postgres"))
    with _running([program, "-D", str(data), *told], server.port, folder / "log", user):
        url = f"postgresql://owner@localhost:{server.port}/postgres"
        with open_database(url, read_only=False) as database:
            database.rows("CREATE ROLE shop LOGIN")
        yield server


@contextmanager
def mysql_server(folder: Path) -> Iterator[TlsServer]:
    """A MariaDB that lets nobody in without TLS, and `shop` only with a certificate."""
    program = _program("mariadbd", "usr/sbin/mariadbd")
    install = _program("mariadb-install-db")
    (certificate, key), server = _certificates(folder)
    data = folder / "data"
    root = ["--user=root"] if os.geteuid() == 0 else []
    subprocess.run(
        [install, "--no-defaults", f"--datadir={data}", "--skip-test-db", *root,
         "--auth-root-authentication-method=normal"],
        check=True, capture_output=True,
    )  # fmt: skip
    first = folder / "first.sql"
    first.write_text(  # a statement a line
        "CREATE DATABASE shop;\n"
        "CREATE USER shop@'%' REQUIRE X509;\n"
        "GRANT ALL ON shop.* TO shop@'%';\n"
        "CREATE USER owner@'%';\n"
        "GRANT ALL ON *.* TO owner@'%';\n",
        encoding="utf-8",
    )
    told = {
        "datadir": data, "port": server.port, "bind-address": "127.0.0.1",
        "socket": folder / "socket", "pid-file": folder / "pid", "init-file": first,
        "ssl-cert": certificate, "ssl-key": key, "ssl-ca": server.ca,
        "require-secure-transport": "ON", "skip-name-resolve": "ON",
    }  # fmt: skip
    command = [program, "--no-defaults", *(f"--{k}={v}" for k, v in told.items()), *root]
    with _running(command, server.port, folder / "log", None):
        yield server
