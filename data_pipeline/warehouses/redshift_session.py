"""A session with Amazon Redshift: where it leads, how it logs in, what went wrong in plain words.

Without a password in the URL it asks AWS for one that lives for minutes (IAM). Whatever fails is a
WarehouseError that shows no secret and says what to do.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from data_pipeline.errors import ConfigError, WarehouseError
from data_pipeline.urls import hide_password
from data_pipeline.warehouses import aws
from data_pipeline.warehouses.base import Row
from data_pipeline.warehouses.redshift_words import remedy, words_of

Result = TypeVar("Result")
Answer = tuple[list[tuple[str, int]], list[Row]]

DRIVER_MISSING = (
    "Redshift needs drivers that are not installed; "
    "install them with: pip install 'ecommerce-sales-pipeline[redshift]'"
)
FORM = "redshift://user@host:5439/database?bucket=NAME&iam_role=ARN"
OPTIONS = (
    *("schema", "bucket", "prefix", "iam_role", "region", "profile"),
    *("cluster", "workgroup", "sslmode"),
)
SSL_MODES = ("verify-full", "verify-ca", "disable")
SCHEMA, PORT = "warehouse", 5439

CONNECT_S = 60
"""A serverless workgroup that sleeps takes some seconds to wake."""
PAUSES_S = (0.5, 2.0, 5.0)
"""Before each new try to connect: safe, for nothing was sent yet."""
KEEP_ALIVE_S, GIVE_UP_AFTER = 60, 4
"""Load balancers forget connections on which nothing moves, as while rows are cleaned; and a
server that says nothing for minutes is gone.
"""

CANCELLED = "57014"
LOST = "; the connection is lost, and what was not committed is undone"


@dataclass(frozen=True, slots=True)
class Address:
    """What a URL says; `shown` is the URL without password."""

    shown: str
    host: str
    port: int
    database: str
    user: str
    password: str | None
    options: dict[str, str]

    def login(self) -> dict[str, Any]:
        """What the driver is told about who we are: a password, or where AWS gives one."""
        if self.password is not None:
            return {"user": self.user, "password": self.password}
        told: dict[str, Any] = {"iam": True, "iam_disable_cache": True, "user": "", "password": ""}
        for name in ("region", "profile"):
            if name in self.options:
                told[name] = self.options[name]
        if "workgroup" in self.options:
            return {**told, "is_serverless": True, "serverless_work_group": self.workgroup}
        if ".redshift-serverless." in self.host:
            return told
        cluster = self.options.get("cluster") or self.host.partition(".")[0]
        return {**told, "db_user": self.user, "cluster_identifier": cluster}

    @property
    def workgroup(self) -> str:
        return self.options["workgroup"]

    @property
    def schema(self) -> str:
        """Redshift folds all names, quoted ones too."""
        return self.options.get("schema", SCHEMA).lower()


def read_address(url: str) -> Address:
    """Read a URL; ConfigError, without anything secret, when it cannot be right."""
    shown = hide_password(url)
    try:
        parts = urlsplit(url)
        port = parts.port or PORT
    except ValueError:
        raise ConfigError(
            f"the Redshift URL cannot be read; it is {FORM}, with signs such as @ / : % in a name "
            "or password written as %40 %2F %3A %25"
        ) from None
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    database, user = parts.path.strip("/"), unquote(parts.username or "")
    password = unquote(parts.password) if parts.password else None
    if unknown := sorted(set(options) - set(OPTIONS)):
        raise ConfigError(f"{shown}: unknown option {unknown[0]!r}; known: {', '.join(OPTIONS)}")
    if not parts.hostname or not database:
        raise ConfigError(
            f"{shown} names no {'database' if parts.hostname else 'host'}; it is {FORM}"
        )
    if not options.get("schema", SCHEMA):
        raise ConfigError(f"{shown} names no schema; leave schema= out, or give a name")
    if (mode := options.get("sslmode", SSL_MODES[0])) not in SSL_MODES:
        raise ConfigError(f"{shown}: unknown sslmode {mode!r}; known: {', '.join(SSL_MODES)}")
    return Address(shown, parts.hostname, port, database, user, password, options)


class Session:
    """One connection on which each statement commits by itself, unless BEGIN was sent."""

    def __init__(self, address: Address) -> None:
        self._driver = load_driver()
        self._address = address
        self._connection: Any = None
        with self._speaking("cannot connect to Redshift"):
            self._connection = _patiently(self._connect, self._driver)
            self._connection.autocommit = True
        self._number = self.rows("SELECT pg_backend_pid()")[0][0]

    def _connect(self) -> Any:
        mode = self._address.options.get("sslmode", SSL_MODES[0])
        connection = self._driver.connect(
            host=self._address.host,
            port=self._address.port,
            database=self._address.database,
            application_name="sales",
            timeout=CONNECT_S,
            tcp_keepalive_idle=KEEP_ALIVE_S,
            tcp_keepalive_interval=KEEP_ALIVE_S,
            tcp_keepalive_count=GIVE_UP_AFTER,
            max_prepared_statements=0,
            ssl=mode != "disable",
            sslmode=None if mode == "disable" else mode,
            **self._address.login(),
        )
        connection._usock.settimeout(None)  # noqa: SLF001 (the limit was for connecting)
        return connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run one statement with values for $1, $2, ...; return all its rows."""
        return self.answer(sql, values)[1]

    def answer(
        self, sql: str, values: Sequence[Any] = ()
    ) -> tuple[list[tuple[str, int]], list[Row]]:
        """The same with the names of the columns and the numbers of their types."""
        with self._speaking():
            cursor = self._connection.cursor()
            cursor.paramstyle = "qmark"  # parameters are $1 already: there is nothing to translate
            cursor.execute(sql, tuple(values) or None)
            columns = [(name, kind) for name, kind, *_ in cursor.description or ()]
            found = cursor.fetchall() if columns else ()
        return columns, [tuple(map(_plain, row)) for row in found]

    def interrupt(self) -> None:
        """Cancel the statement that another thread has running here."""
        with suppress(WarehouseError):
            other = Session(self._address)
            other.rows("SELECT pg_cancel_backend($1)", [self._number])
            other.close()

    def close(self) -> None:
        """Close the connection; the server undoes what was not committed."""
        with suppress(Exception):
            self._connection.close()
        # The driver forgets a broken connection without closing it.
        for kept in ("_sock", "_usock"):
            with suppress(Exception):
                getattr(self._connection, kept).close()

    def drop(self) -> None:
        """End the connection at once."""
        with suppress(Exception):
            self._connection._usock.shutdown(2)  # noqa: SLF001 (the driver has no other way)
        self.close()

    @contextmanager
    def _speaking(self, doing: str = "Redshift") -> Iterator[None]:
        try:
            yield
        except failures(self._driver) as failure:
            said, code = words_of(failure)
            lost = LOST if code is None and self._connection is not None else ""
            error = WarehouseError(f"{doing}: {said}{lost}{remedy(failure, said)}")
            error.code = code  # type: ignore[attr-defined]
            raise error from None


def was_cancelled(error: WarehouseError) -> bool:
    """Whether a statement ended because its time was over, or because somebody cancelled it."""
    return getattr(error, "code", None) == CANCELLED


def load_driver() -> Any:
    """Import the driver; ConfigError with the extra's name when it is not there."""
    try:
        import boto3  # noqa: F401 (the driver asks it for passwords)
        import redshift_connector
    except ModuleNotFoundError:
        raise ConfigError(DRIVER_MISSING) from None
    return redshift_connector


def failures(driver: Any) -> Any:
    """What the driver raises; an answer that breaks off shows as a number that cannot be read."""
    return driver.Error, OSError, struct.error, IndexError, *aws.failures()


def _patiently(connect: Callable[[], Result], driver: Any) -> Result:
    """Try again, after growing pauses, when the way to the server fails; not when it refuses us."""
    for pause_s in PAUSES_S:
        try:
            return connect()
        except (driver.InterfaceError, driver.OperationalError, OSError) as failure:
            if words_of(failure)[1] is not None or not _is_of_the_way(failure):
                raise
            time.sleep(pause_s)
    return connect()


def _is_of_the_way(failure: BaseException) -> bool:
    said = str(failure)
    is_lost = any(words in said for words in ("communication error", "time out", "socket closed"))
    return (is_lost or isinstance(failure, OSError)) and "CERTIFICATE" not in said


def _plain(value: Any) -> Any:
    """A sum of whole numbers is a whole number, as everywhere else."""
    is_whole = isinstance(value, Decimal) and value.as_tuple().exponent == 0
    return int(value) if is_whole else value
