"""A session with a PostgreSQL server, for code that waits: asyncpg on a loop of its own.

The loop runs in a thread, so that a notebook, whose own loop is running, can use it too. What goes
wrong is raised as the error that the caller named, in words without any password.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from data_pipeline.errors import ConfigError, PipelineError

if TYPE_CHECKING:
    from asyncpg import Connection

Result = TypeVar("Result")
Row = tuple[Any, ...]

DRIVER_MISSING = (
    "PostgreSQL needs a driver that is not installed; "
    "install it with: pip install 'ecommerce-sales-pipeline[postgresql]'"
)
UNREADABLE = (
    "the PostgreSQL URL cannot be read; it is postgresql://user@host:port/database, with signs "
    "such as @ / : % in a name or password written as %40 %2F %3A %25, and files that it names "
    "must be there"
)
CONNECT_S = 15
GOODBYE_S = 0.05
CANCEL_S = 5
UNREAD_BYTES = 8 << 20
LOST = "; the connection is lost, and what was not committed is undone"
SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'ISO, YMD'",
    "SET IntervalStyle = 'postgres'",
    "SET statement_timeout = 0",
    "SET idle_in_transaction_session_timeout = 0",
)
"""What must be so, whatever the server's or the role's own settings are."""


def split_url(url: str, *own: str) -> tuple[str, dict[str, str]]:
    """Take parameters that are not the driver's out of a URL: the URL for the driver, and they.

    >>> split_url("postgresql://u@host/db?schema=a&sslmode=require", "schema")
    ('postgresql://u@host/db?sslmode=require', {'schema': 'a'})
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ConfigError(UNREADABLE) from None
    given = parse_qsl(parts.query, keep_blank_values=True)
    taken = {name: value for name, value in given if name in own}
    query = urlencode([pair for pair in given if pair[0] not in own])
    return urlunsplit(parts._replace(query=query)), taken


class Session:
    """One connection. `error` is the class of what is raised when the server or the way to it
    fails; the message begins with what was being done.
    """

    def __init__(self, url: str, error: type[PipelineError], *, name: str = "sales") -> None:
        load_driver()
        self._error = error
        self._connection: Connection
        self._is_open = False
        self._running: Future[Any] | None = None
        self._loop = asyncio.new_event_loop()
        # When a connection breaks, more than one part of the driver is told; one error is enough.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            with self._speaking("cannot connect to PostgreSQL"):
                self._connection = self._wait(_connect(url, name))
            self._is_open = True
        except BaseException:
            self._stop(GOODBYE_S)
            raise

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run one statement with values for $1, $2, ...; return all its rows."""
        with self._speaking():
            found = self._wait(self._connection.fetch(sql, *values))
        return [tuple(row.values()) for row in found]

    def types(self, sql: str) -> list[tuple[str, str]]:
        """Name the columns that a SELECT would give, and their types."""
        with self._speaking():
            statement = self._wait(self._connection.prepare(sql))
        return [(a.name, a.type.name) for a in statement.get_attributes()]

    def copy_in(
        self, table: str, columns: Sequence[str], chunks: Iterable[bytes], **options: Any
    ) -> None:
        """Send rows in the binary format of COPY, unless options say otherwise, into a table."""

        async def source() -> AsyncIterator[bytes]:
            for chunk in chunks:
                await asyncio.sleep(0)
                if self._connection.is_closed():
                    return  # the driver goes on to wait for the server's answer, and learns why
                yield chunk

        with self._speaking():
            self._wait(
                self._connection.copy_to_table(
                    table,
                    columns=list(columns),
                    source=source(),
                    **{"format": "binary"} | options,
                )
            )

    @contextmanager
    def copy_out(self, sql: str, **options: Any) -> Iterator[Any]:
        """Give a file to read what COPY (SELECT) TO STDOUT sends; never all of it in memory."""
        read, write = os.pipe()
        with open(read, "rb", buffering=1 << 20) as reader, self._speaking():  # noqa: PTH123
            copy = self._copy_into(write, sql, options)
            running = asyncio.run_coroutine_threadsafe(copy, self._loop)
            try:
                yield reader
            except BaseException as error:
                reader.close()
                cause = running.exception()
                if isinstance(cause, BrokenPipeError):
                    self._end_cancelling()
                if isinstance(error, Exception) and not isinstance(cause, BrokenPipeError | None):
                    raise cause from None  # it ended the stream, and the reader saw only that
                raise
            running.result()

    def copy_to(self, write: Callable[[bytes], object], sql: str, **options: Any) -> None:
        """Hand what COPY (SELECT) TO STDOUT sends to a function, piece by piece."""

        async def take(data: bytes) -> None:
            write(data)

        with self._speaking():
            self._wait(self._connection.copy_from_query(sql, output=take, **options))

    async def _copy_into(self, write: int, sql: str, options: dict[str, Any]) -> None:
        """When the reader stops early, the rest is thrown away if it is short. A longer one is
        cancelled; the driver must not do that when the server has sent everything: it would wait
        for ever for an answer that it has had.
        """
        unread = 0

        async def take(data: bytes) -> None:
            nonlocal unread
            try:
                await self._loop.run_in_executor(None, writer.write, data)
            except BrokenPipeError:
                unread += len(data)
                if unread > UNREAD_BYTES:
                    raise

        with open(write, "wb", buffering=0) as writer:  # noqa: ASYNC230 (a pipe)
            await self._connection.copy_from_query(sql, output=take, **options)

    def _end_cancelling(self) -> None:
        """Wait until the server has cancelled; when it does not say so, end the connection."""
        with suppress(Exception):
            self._wait(self._connection.execute("", timeout=CANCEL_S))

    def close(self) -> None:
        """Close the connection; what was not committed is undone by the server."""
        after_s = GOODBYE_S
        with suppress(Exception):
            self._wait(self._connection.close(timeout=5))
            after_s = 0
        self._stop(after_s)

    def drop(self) -> None:
        """End the connection at once, whatever it is doing."""
        with suppress(Exception):
            self._loop.call_soon_threadsafe(self._connection.terminate)

    def _wait(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        running = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        self._running = running
        try:
            return running.result()
        except BaseException:
            running.cancel()
            raise

    def interrupt(self) -> None:
        """Cancel the statement for which another thread waits; it sees a CancelledError."""
        if self._running is not None:
            self._running.cancel()

    def _stop(self, after_s: float = 0) -> None:
        """End the loop. A connection that broke or was refused first needs a moment: behind TLS it
        closes in steps, and what the driver still does for it is to end.
        """
        with suppress(Exception):
            self._wait(_end_tasks(after_s))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextmanager
    def _speaking(self, doing: str = "PostgreSQL") -> Iterator[None]:
        """Turn what the driver raises into the caller's error."""
        driver = load_driver()
        try:
            yield
        except (OSError, EOFError, *_failures(driver)) as failure:
            lost = self._is_open and self._connection.is_closed()
            said = f"{doing}: {_in_words(failure)}{LOST if lost else ''}{_remedy(failure)}"
            raise self._error(said) from None


async def _end_tasks(after_s: float) -> None:
    await asyncio.sleep(after_s)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _connect(url: str, name: str) -> Connection:
    driver = load_driver()
    try:
        connection: Connection = await driver.connect(
            url, timeout=CONNECT_S, statement_cache_size=0
        )
    except ssl.SSLError:
        raise
    except (ValueError, driver.ClientConfigurationError):
        # The driver's own words may repeat what it could not read, and so a password.
        raise ConfigError(UNREADABLE) from None
    for setting in SETTINGS:
        await connection.execute(setting)
    if not connection.get_settings().application_name:
        await connection.execute("SELECT set_config('application_name', $1, false)", name)
    await connection.set_type_codec(
        "numeric", schema="pg_catalog", encoder=str, decoder=_read_number, format="text"
    )
    return connection


def load_driver() -> Any:
    """Import asyncpg; ConfigError with the extra's name when it is not there."""
    try:
        import asyncpg
    except ModuleNotFoundError:
        raise ConfigError(DRIVER_MISSING) from None
    return asyncpg


def _failures(driver: Any) -> Any:
    """What the driver raises; the last one when a connection breaks while rows are copied."""
    return driver.PostgresError, driver.InterfaceError, driver.InternalClientError


def _read_number(text: str) -> int | Decimal:
    """A sum of whole numbers is a whole number, as everywhere else."""
    return int(text) if text.lstrip("-").isdigit() else Decimal(text)


def _in_words(failure: BaseException) -> str:
    said = str(failure).partition("\n")[0] or type(failure).__name__
    if isinstance(failure, load_driver().InternalClientError):
        said = f"the connection broke ({said})"
    return f"{said} ({detail})" if (detail := getattr(failure, "detail", None)) else said


def _remedy(failure: BaseException) -> str:
    driver = load_driver()
    known = (
        (
            (driver.InvalidPasswordError, driver.InvalidAuthorizationSpecificationError),
            "; give the password in the URL, in PGPASSWORD or in ~/.pgpass",
        ),
        (driver.InvalidCatalogNameError, "; make the database with: createdb NAME"),
        (
            driver.InsufficientPrivilegeError,
            "; docs/postgresql.md lists the rights that are needed",
        ),
        (
            ssl.SSLCertVerificationError,
            "; sslrootcert names who is trusted, see docs/postgresql.md",
        ),
        ((ConnectionError, TimeoutError), "; is the server there, and may this machine reach it?"),
    )
    return next((said for kinds, said in known if isinstance(failure, kinds)), "")
