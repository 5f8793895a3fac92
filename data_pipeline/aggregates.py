"""Daily sums beside the star, kept exact by every load, so that screens need not scan the sales.

`agg_daily` folds the sales of a day (of the reporting time zone) and category into a few rows on
which the registry's own SQL gives the same sums (sql/metrics/agg_daily.sql). `agg_state` has one
row: the time zone whose days these are. Metrics use them by themselves where they fit.

How the loader calls it, inside its transaction, after the merge and before the commit:

    refresh(warehouse)                                   after a first load or a rebuild
    refresh(warehouse, changed="changed_sales")          after a load that adds to the sales

`changed_sales` is any table or view with a column `timestamp` (UTC), one row for each sale that
the load has added or taken away; of a sale that got a new version, both the old and the new
`timestamp`. When a load changes the category or the cost of a product, it lists the timestamps of
all sales of that product too. Rows may be doubled. The days on it are summed anew, others are left
as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_pipeline.layout import AGG_DAILY, AGG_STATE
from data_pipeline.metrics.composing import DAILY
from data_pipeline.metrics.periods import find_zone, sale_time_sql
from data_pipeline.metrics.reading import read_sql

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from data_pipeline.warehouses import Warehouse

STATE = AGG_STATE.name
TABLES = (DAILY, STATE)
TOUCHED = "agg_touched_days"


def refresh(warehouse: Warehouse, *, changed: str | None = None, timezone: str = "UTC") -> None:
    """Bring the daily sums up to the sales; with `changed`, only the days that it names.

    Sums all days when there are no sums yet or when they are of another time zone. Neither begins
    nor ends a transaction.
    """
    zone = find_zone(timezone)
    seen = _span(warehouse)
    if changed is None or _timezone(warehouse) != timezone:
        _rebuild(warehouse, zone, seen)
    else:
        _sum_touched_days(warehouse, zone, seen, changed)


def _rebuild(warehouse: Warehouse, zone: ZoneInfo, seen: tuple[datetime, datetime] | None) -> None:
    for relation in (AGG_DAILY, AGG_STATE):
        renew = warehouse.empty if warehouse.has_table(relation.name) else warehouse.create
        renew(relation)
    warehouse.rows(f"INSERT INTO {DAILY} {_sums(zone, seen)}")
    warehouse.rows(f"INSERT INTO {STATE} VALUES ($zone)", {"zone": zone.key})


def _sum_touched_days(
    warehouse: Warehouse,
    zone: ZoneInfo,
    seen: tuple[datetime, datetime] | None,
    changed: str,
) -> None:
    warehouse.rows(f"DROP TABLE IF EXISTS {TOUCHED}")
    limits = warehouse.rows(f'SELECT MIN("timestamp"), MAX("timestamp") FROM {changed}')[0]
    if limits[0] is None:
        return
    moment = sale_time_sql('"timestamp"', zone, limits)
    warehouse.rows(
        f"CREATE TEMPORARY TABLE {TOUCHED} AS SELECT DISTINCT CAST({moment} AS DATE) AS day"
        f" FROM {changed}"
    )
    touched = f"(SELECT day FROM {TOUCHED})"
    warehouse.rows(f"DELETE FROM {DAILY} WHERE day IN {touched}")
    sums = _sums(zone, seen, only_days=touched)
    warehouse.rows(f"INSERT INTO {DAILY} {sums}")
    warehouse.rows(f"DROP TABLE {TOUCHED}")


def _sums(zone: ZoneInfo, seen: tuple[datetime, datetime] | None, *, only_days: str = "") -> str:
    """The SELECT of all daily sums, or of those of `only_days`, a list or SELECT of days."""
    sale_time = sale_time_sql('s."timestamp"', zone, seen)
    condition = f"CAST({sale_time} AS DATE) IN {only_days}" if only_days else "1 = 1"
    return read_sql("agg_daily").format(sale_time=sale_time, condition=condition)


def _span(warehouse: Warehouse) -> tuple[datetime, datetime] | None:
    ((first, last),) = warehouse.rows('SELECT MIN("timestamp"), MAX("timestamp") FROM "sales"')
    return None if first is None else (first, last)


def _timezone(warehouse: Warehouse) -> str | None:
    """The time zone of the daily sums that are there; None when there are none."""
    if not warehouse.has_table(STATE):
        return None
    ((name,),) = warehouse.rows(f"SELECT reporting_timezone FROM {STATE}")
    return str(name)
