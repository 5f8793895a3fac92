"""Serve the dashboard: the address, the token, the names by which it may be called."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from data_pipeline.dashboard.app import make_app
from data_pipeline.dashboard.guard import Guard
from data_pipeline.dashboard.keeping import Keeper
from data_pipeline.dashboard.pages import own_pages
from data_pipeline.dashboard.refusal import Refusal
from data_pipeline.dashboard.serving import Serving
from data_pipeline.dashboard.store import look
from data_pipeline.errors import (
    BusyWarehouseError,
    ConfigError,
    MissingWarehouseError,
    PipelineError,
)
from data_pipeline.urls import hide_password
from data_pipeline.warehouses import Access, Warehouse, open_warehouse

if TYPE_CHECKING:
    from data_pipeline.dashboard.guard import App

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
KEEP_ALIVE_S = 30
MOST_AT_ONCE = 200
BACKLOG = 128
MAKE_IT = "make it with: sales run"


@dataclass(frozen=True, slots=True)
class Shop:
    """What is served: the warehouse, how its numbers are written, and how much memory a copy of
    its sales may take.
    """

    url: str
    access: Access
    currency: str = ""
    timezone: str = "UTC"
    recall_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is served. `names` are further names by which browsers call this machine."""

    host: str = "127.0.0.1"
    port: int = 8501
    token: str | None = None
    names: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether nobody but this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def address(self) -> str:
        """What to open in a browser on this machine, the token included."""
        host = self.host
        if host in {"0.0.0.0", "::"}:  # noqa: S104 (it is read, not bound)
            host = socket.gethostname()
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}/" + (f"?token={self.token}" if self.token else "")

    def known_names(self) -> frozenset[str]:
        """All names, without port, that the Host header may have."""
        own = f"[{self.host}]" if ":" in self.host else self.host
        names = {own, *self.names, *LOOPBACK}
        if not self.is_local:
            names |= {socket.gethostname(), socket.getfqdn()}
        return frozenset(name.casefold() for name in names)


def make_dashboard(shop: Shop, place: Place, serving: Serving | None = None) -> App:
    """The guarded app; raises ConfigError for an address that others reach without a token."""
    if not place.is_local and not place.token:
        raise ConfigError(
            f"--host {place.host} can be reached by other machines; add --token, and only those who"
            " have the token can look"
        )
    keeper = Keeper(
        partial(_open, shop),
        partial(look, currency=shop.currency, timezone=shop.timezone),
        shop.recall_bytes,
    )
    app = make_app(keeper, serving or Serving(), own_pages())
    return Guard(app, hosts=place.known_names(), token=place.token)


def listen(place: Place) -> socket.socket:
    """Take the port, so that who is told the address is not turned away; 0 takes a free one."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    # asyncio turns the 40 ms off that a second packet waits for only where TCP is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((place.host, place.port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"cannot listen on {place.host}, port {place.port}: {said}; choose another with --port"
        ) from None
    return listener


def serve(app: App, listener: socket.socket) -> None:
    """Answer until interrupted. No address is logged, for it may hold the token."""
    import uvicorn

    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=3,
        limit_concurrency=MOST_AT_ONCE,
        h11_max_incomplete_event_size=16 * 1024,
    )
    with suppress(KeyboardInterrupt):  # uvicorn hands it on when all is closed
        uvicorn.Server(config).run(sockets=[listener])


def _open(shop: Shop) -> Warehouse:
    """Open the warehouse for reading; what keeps it from that becomes a Refusal."""
    try:
        return open_warehouse(shop.url, shop.access)
    except MissingWarehouseError as error:
        said = str(error).removesuffix(f"; {MAKE_IT}")
        remedy = f"{MAKE_IT.capitalize()} --warehouse {hide_password(shop.url)}"
        raise _unavailable("missing", f"{said[0].upper()}{said[1:]}.", remedy) from None
    except BusyWarehouseError as error:
        remedy = "Wait for the run to end; this page looks again by itself."
        raise _unavailable("locked", str(error), remedy) from None
    except PipelineError as error:
        raise _unavailable("unreachable", str(error), "See whether it is there and runs.") from None


def _unavailable(code: str, message: str, remedy: str) -> Refusal:
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, code, message, remedy)
