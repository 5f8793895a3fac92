"""Daily sums beside the star, kept exact by every load, so that screens need not scan the sales.

`agg_daily` folds the sales of a day (of the reporting time zone) and category into a few rows on
which the registry's own SQL gives the same sums (sql/metrics/agg_daily.sql). `agg_state` has one
row: the time zone whose days these are. Metrics use them by themselves where they fit.

How the loader calls it, inside its transaction, after the merge and before the commit:

    refresh(connection)                                   after a first load or a rebuild
    refresh(connection, changed="changed_sales")          after a load that adds to the sales

`changed_sales` is any table or view with a column `timestamp` (UTC), one row for each sale that
the load has added or taken away; of a sale that got a new version, both the old and the new
`timestamp`. When a load changes the category or the cost of a product, it lists the timestamps of
all sales of that product too. Rows may be doubled. The days on it are summed anew, others are left
as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from data_pipeline.metrics.composing import DAILY
from data_pipeline.metrics.periods import find_shifts, find_zone, local_time_sql
from data_pipeline.metrics.reading import read_sql

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

STATE = "agg_state"
TABLES = (DAILY, STATE)
TOUCHED = "agg_touched_days"


class Connection(Protocol):
    """What is needed of the loader's connection: DuckDB's, psycopg's and sqlite's have it."""

    def execute(self, query: str, /) -> Any: ...


def refresh(connection: Connection, *, changed: str | None = None, timezone: str = "UTC") -> None:
    """Bring the daily sums up to the sales; with `changed`, only the days that it names.

    Sums all days when there are no sums yet or when they are of another time zone. Neither begins
    nor ends a transaction.
    """
    zone = find_zone(timezone)
    seen = _span(connection)
    if changed is None or _timezone(connection) != timezone:
        _rebuild(connection, zone, seen)
    else:
        _sum_touched_days(connection, zone, seen, changed)


def _rebuild(
    connection: Connection, zone: ZoneInfo, seen: tuple[datetime, datetime] | None
) -> None:
    connection.execute(f"DROP TABLE IF EXISTS {DAILY}")
    connection.execute(f"DROP TABLE IF EXISTS {STATE}")
    connection.execute(f"CREATE TABLE {DAILY} AS {_sums(zone, seen)}")
    name = zone.key.replace("'", "''")
    connection.execute(f"CREATE TABLE {STATE} AS SELECT '{name}' AS reporting_timezone")


def _sum_touched_days(
    connection: Connection,
    zone: ZoneInfo,
    seen: tuple[datetime, datetime] | None,
    changed: str,
) -> None:
    connection.execute(f"DROP TABLE IF EXISTS {TOUCHED}")
    limits = connection.execute(
        f'SELECT MIN("timestamp"), MAX("timestamp") FROM {changed}'
    ).fetchone()
    if limits is None or limits[0] is None:
        return
    moment = local_time_sql('"timestamp"', find_shifts(zone, *limits))
    connection.execute(
        f"CREATE TEMPORARY TABLE {TOUCHED} AS SELECT DISTINCT CAST({moment} AS DATE) AS day"
        f" FROM {changed}"
    )
    touched = f"(SELECT day FROM {TOUCHED})"
    connection.execute(f"DELETE FROM {DAILY} WHERE day IN {touched}")
    sums = _sums(zone, seen, only_days=touched)
    connection.execute(f"INSERT INTO {DAILY} {sums}")
    connection.execute(f"DROP TABLE {TOUCHED}")


def _sums(zone: ZoneInfo, seen: tuple[datetime, datetime] | None, *, only_days: str = "") -> str:
    """The SELECT of all daily sums, or of those of `only_days`, a list or SELECT of days."""
    column = 's."timestamp"'
    sale_time = local_time_sql(column, find_shifts(zone, *seen)) if seen else column
    condition = f"CAST({sale_time} AS DATE) IN {only_days}" if only_days else "1 = 1"
    return read_sql("agg_daily").format(sale_time=sale_time, condition=condition)


def _span(connection: Connection) -> tuple[datetime, datetime] | None:
    first, last = connection.execute(
        'SELECT MIN("timestamp"), MAX("timestamp") FROM "sales"'
    ).fetchone()
    return None if first is None else (first, last)


def _timezone(connection: Connection) -> str | None:
    """The time zone of the daily sums that are there; None when there are none."""
    there = connection.execute(
        f"SELECT COUNT(*) FROM information_schema.tables WHERE table_name = '{STATE}'"
    ).fetchone()
    if not there[0]:
        return None
    name = connection.execute(f"SELECT reporting_timezone FROM {STATE}").fetchone()[0]
    return str(name)
