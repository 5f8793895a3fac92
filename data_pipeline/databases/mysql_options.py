"""How to reach a MySQL server: `mysql://user:password@host:port/database?tls=required`.

What the URL leaves open, the section [client] of an option file says: `~/.my.cnf`, or the one that
`option_file=` names.
"""

from __future__ import annotations

import configparser
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from data_pipeline.errors import ConfigError
from data_pipeline.urls import hide_password

CONNECT_S = 10
OPTION_FILE = "~/.my.cnf"
OPTIONS = ("option_file", "socket", "tls", "tls_ca", "tls_cert", "tls_key")
TLS_MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")


def arguments(url: str) -> dict[str, Any]:
    """Make the driver's arguments of a URL, or raise ConfigError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigError(f"{hide_password(url)} is no URL of a database") from None
    options = dict(parse_qsl(parts.query))
    if unknown := sorted(set(options) - set(OPTIONS)):
        raise ConfigError(
            f"{hide_password(url)}: unknown option {unknown[0]!r}; known: {', '.join(OPTIONS)}"
        )
    told: dict[str, Any] = {
        "host": parts.hostname,
        "port": port,
        "user": unquote(parts.username or "") or None,
        "password": unquote(parts.password or "") or None,
        "unix_socket": options.get("socket"),
    }
    for name, value in _client(parts, options).items():
        told[name] = told[name] or value
    told["port"] = int(told["port"] or 0)
    database = unquote(parts.path.removeprefix("/"))
    fixed = {"database": database, "charset": "utf8mb4", "connect_timeout": CONNECT_S}
    kept = {name: value for name, value in told.items() if value}
    return kept | fixed | _tls(hide_password(url), options)


def _client(parts: SplitResult, options: Mapping[str, str]) -> dict[str, str]:
    """Read the option file; its host, port and socket hold only when the URL names no host."""
    path = Path(options.get("option_file", OPTION_FILE)).expanduser()
    file = configparser.RawConfigParser(allow_no_value=True, strict=False)
    try:
        text = path.read_text(encoding="utf-8")
        file.read_string(text, str(path))
    except FileNotFoundError:
        if "option_file" in options:
            raise ConfigError(f"there is no option file {path}") from None
        return {}
    except (OSError, ValueError, configparser.Error) as error:
        raise ConfigError(f"cannot read the option file {path}: {type(error).__name__}") from None
    given = dict(file["client"]) if file.has_section("client") else {}
    names = {"user": "user", "password": "password"}
    if not parts.hostname:
        names |= {"host": "host", "port": "port", "socket": "unix_socket"}
    return {names[k]: (v or "").strip("\"'") for k, v in given.items() if k in names}


def _tls(shown: str, options: Mapping[str, str]) -> dict[str, Any]:
    """Make the driver's TLS arguments; a certificate authority that is named is also asked."""
    mode = options.get("tls", "verify_identity" if "tls_ca" in options else "preferred")
    if mode not in TLS_MODES:
        raise ConfigError(f"{shown}: tls = {mode!r}; known: {', '.join(TLS_MODES)}")
    if mode in TLS_MODES[:2]:
        return {"ssl_disabled": True} if mode == TLS_MODES[0] else {}
    try:
        context = ssl.create_default_context(cafile=options.get("tls_ca"))
        context.check_hostname = mode == TLS_MODES[-1]
        if mode == "required":
            context.verify_mode = ssl.CERT_NONE
        if "tls_cert" in options:
            context.load_cert_chain(options["tls_cert"], options.get("tls_key"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{shown}: the TLS files cannot be used: {error}") from None
    return {"ssl": context}
