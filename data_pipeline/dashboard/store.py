"""What is known of one state of the data before anything is asked."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2s
from http import HTTPStatus
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from data_pipeline.dashboard.periods import days_in, default_period
from data_pipeline.dashboard.recall import Recall
from data_pipeline.dashboard.refusal import Refusal
from data_pipeline.ledger import LAYOUT_VERSION
from data_pipeline.metrics.change import Period
from data_pipeline.metrics.periods import find_zone
from data_pipeline.metrics.planning import read_terms, span

if TYPE_CHECKING:
    from data_pipeline.dashboard.answers.found import Found
    from data_pipeline.dashboard.answers.recording import Sent
    from data_pipeline.metrics import Reader
    from data_pipeline.metrics.planning import Terms
    from data_pipeline.warehouses import Warehouse

OPTIONAL = {
    "order_id": "sales",
    "channel": "sales",
    "discount": "sales",
    "cost": "products",
    "birth_year": "customers",
}
"""Columns that a shop may not have, and their tables."""

_THIS_PROCESS = token_hex(8)
"""Part of every version: a browser keeps answers by version, and another program, or this one with
other settings, may answer otherwise.
"""


@dataclass(frozen=True)
class Store:
    """The facts of one state of the data; instants are UTC, days those of `timezone`."""

    version: str
    url: str
    currency: str
    timezone: str
    run_id: int
    run_status: str
    loaded_at: datetime
    moments: tuple[datetime, datetime] | None
    rows: dict[str, int]
    has: dict[str, bool]
    terms: Terms | None
    remembered: OrderedDict[str, tuple[Found, Sent]] = field(default_factory=OrderedDict)
    """Results of analyses over sales of all days, by name, parameters and filters."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the warehouse said of itself, by the SQL that asked it."""
    recall: Recall = field(default_factory=Recall)
    """The sales in memory."""

    @property
    def keeps_sums(self) -> bool:
        """Whether loads keep sums by the days of this time zone."""
        return self.terms is not None and self.terms.timezone == self.timezone

    @cached_property
    def span(self) -> Period | None:
        """The first and the last day of any sale; None when there is no sale."""
        if self.moments is None:
            return None
        zone = find_zone(self.timezone)
        first, last = (
            moment.replace(tzinfo=UTC).astimezone(zone).date() for moment in self.moments
        )
        return Period(first, last)

    @cached_property
    def default_period(self) -> Period | None:
        """What the page shows at first."""
        return default_period(self.span) if self.span else None

    def share_of(self, period: Period | None) -> float:
        """About how much of the sales lies in the period, from 0 to 1."""
        if self.span is None or period is None:
            return 1.0
        first, last = max(period.first, self.span.first), min(period.last, self.span.last)
        return max(0, (last - first).days + 1) / days_in(self.span)


def look(warehouse: Warehouse, *, currency: str, timezone: str) -> Store:
    """Read the facts; raises a Refusal when the warehouse is empty or laid out otherwise."""
    run_id, status, finished = _last_run(warehouse)
    words = f"{finished} {warehouse.version()} {currency} {timezone} {_THIS_PROCESS}"
    name = blake2s(words.encode(), digest_size=5).hexdigest()
    rows = {table: _count(warehouse, f'"{table}"') for table in ("sales", "customers", "products")}
    return Store(
        f"{run_id}-{name}",
        warehouse.url,
        currency,
        timezone,
        run_id,
        status,
        finished,
        span(warehouse),
        rows,
        {column: _has(warehouse, table, column) for column, table in OPTIONAL.items()}
        | {"categories": _has_several_categories(warehouse)},
        read_terms(warehouse),
    )


def _last_run(warehouse: Warehouse) -> tuple[int, str, datetime]:
    if not warehouse.has_tables():
        raise empty(warehouse.url)
    found = warehouse.rows(
        "SELECT run_id, status, finished_at, versions FROM runs ORDER BY run_id DESC LIMIT 1"
    )
    if not found:
        raise empty(warehouse.url)
    run_id, status, finished, versions = found[0]
    layout = json.loads(versions).get("layout")
    if layout != LAYOUT_VERSION:
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "other_layout",
            f"{warehouse.url} was written by another version: layout {layout}, not"
            f" {LAYOUT_VERSION}.",
            "Rebuild it from the raw files with: sales run --full-refresh",
        )
    return int(run_id), str(status), finished


def empty(url: str) -> Refusal:
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE, "empty", f"{url} is empty.", "Fill it with: sales run"
    )


def _count(reader: Reader, relation: str) -> int:
    return int(reader.rows(f"SELECT COUNT(*) FROM {relation}")[0][0])


def _has_several_categories(reader: Reader) -> bool:
    return _count(reader, '(SELECT DISTINCT "category" FROM "products" LIMIT 2) AS found') > 1


def _has(reader: Reader, table: str, column: str) -> bool:
    one = f'(SELECT 1 AS one FROM "{table}" WHERE "{column}" IS NOT NULL LIMIT 1)'
    return _count(reader, f"{one} AS found") > 0
