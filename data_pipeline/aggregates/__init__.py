"""The sums beside the star, kept exact by every load, so that screens need not scan the sales.

What is summed and what it can be asked is said in metrics/rollups.py; `agg_terms` has one row: the
time zone whose days these are. The loader calls, inside its transaction, after the merge:

    refresh(warehouse, fresh=True)      after a first load or a rebuild
    refresh(warehouse, fresh=False)     after a load that adds to the sales

The second needs four temporary tables, made while the load merges (and drops them):

    sales_came, sales_gone               the sales that the load has added and taken away; of one
                                         that got a new version both, each as it is or was
    changed_products, changed_customers  the products and customers that got a new version, as
                                         they were

A sum is then changed by the difference: less what the touched sales were in it, plus what they are.
What cannot be summed (whether an order stands in one place, when a customer first bought) is found
anew for the touched orders and customers alone. So a load's cost grows with what it changes, and
the tables are the same as if all were made anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from data_pipeline.aggregates import changes
from data_pipeline.aggregates.adjusting import adjust
from data_pipeline.aggregates.buying import Days, list_buyers, read_parts
from data_pipeline.aggregates.cells import CELLS, put_cells
from data_pipeline.aggregates.numbering import money_sql
from data_pipeline.aggregates.side import (
    Side,
    drop_tables,
    locate_customers,
    make_table,
    place_orders,
)
from data_pipeline.aggregates.visits import bring_visits
from data_pipeline.metrics.dimensions import COUNTRY_SQL
from data_pipeline.metrics.periods import find_zone, sale_time_sql
from data_pipeline.metrics.planning import Terms, read_terms
from data_pipeline.metrics.rollups import AGG_CUSTOMERS, AGG_TERMS, MOST_COUNTRIES, ROLLUPS
from data_pipeline.sql import render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data_pipeline.metrics.rollups import Rollup
    from data_pipeline.warehouses import Warehouse

EPOCH = datetime(1970, 1, 1)
MOST_SHIFTED = 2
"""So many days at most lie between a day of UTC and the same in a time zone."""

TABLES = (*ROLLUPS, AGG_TERMS.name)
"""The names of all that is kept."""


def create_sums(warehouse: Warehouse) -> None:
    """Make the empty tables of sums that are not there yet; a warehouse may have to do that before
    its transaction begins.
    """
    for relation in (*(rollup.relation for rollup in ROLLUPS.values()), AGG_TERMS):
        if not warehouse.has_table(relation.name):
            warehouse.create(relation)


def refresh(warehouse: Warehouse, *, fresh: bool = True, timezone: str = "UTC") -> None:
    """Bring the sums up to the sales; unless `fresh`, by the difference that a load has made.

    Makes all anew when there are no sums yet, when they are of another time zone, when there are
    now more countries than they can know, or when a large part of the sales was touched. Neither
    begins nor ends a transaction.
    """
    terms = Terms(find_zone(timezone).key, _has_countries(warehouse))
    if not fresh:
        changes.find_touched(warehouse, has_countries=terms.has_countries)
    if fresh or read_terms(warehouse) != terms or changes.is_large(warehouse):
        _make_anew(warehouse, terms)
    else:
        _adjust(warehouse, terms)
    if not fresh:
        changes.forget(warehouse)


def _make_anew(warehouse: Warehouse, terms: Terms) -> None:
    create_sums(warehouse)
    for relation in (*(rollup.relation for rollup in ROLLUPS.values()), AGG_TERMS):
        warehouse.empty(relation)

    def insert(rollup: Rollup, select: str) -> str:
        names = ", ".join(field.name for field in rollup.relation.fields)
        warehouse.rows(f"INSERT INTO {rollup.name} ({names}) {select}")
        return rollup.name

    sale_time, days = _sale_time(warehouse, terms, '"sales"')
    side = Side("every", sale_time, days, terms.has_countries)
    place_orders(warehouse, side)
    locate_customers(warehouse, side)
    insert(AGG_CUSTOMERS, _bring_customers(warehouse, side))
    put_cells(warehouse, side, insert)
    drop_tables(warehouse, side.tables)
    warehouse.rows(
        f"INSERT INTO {AGG_TERMS.name} VALUES ($zone, $has_countries)",
        {"zone": terms.timezone, "has_countries": terms.has_countries},
    )


def _bring_customers(warehouse: Warehouse, side: Side) -> str:
    """Read what each customer bought, and count the visits; the SELECT of agg_customers."""
    seen: list[pa.RecordBatch] = []

    def days() -> Iterator[Days]:
        for bought in read_parts(warehouse, side.lines, side.sale_time, side.days):
            seen.append(list_buyers(bought))
            yield bought.days

    bring_visits(warehouse, side, days())
    warehouse.bring(side.table("seen"), seen, seen[0].schema)
    names = {"seen": side.table("seen"), "orders": side.orders}
    return render("aggregates/customers", **names, net_sales=money_sql("net_sales"))


def _adjust(warehouse: Warehouse, terms: Terms) -> None:
    gone = f'(SELECT "timestamp" FROM "sales" UNION ALL SELECT "timestamp" FROM {changes.GONE})'
    sale_time, days = _sale_time(warehouse, terms, f"{gone} AS ever")
    sides = changes.renew_customers(warehouse, sale_time, days, has_countries=terms.has_countries)
    for side in sides:

        def keep(rollup: Rollup, select: str, side: Side = side) -> str:
            make_table(warehouse, side.table(rollup.name), select)
            return side.table(rollup.name)

        put_cells(warehouse, side, keep)
    before, after = sides
    for rollup in CELLS:
        adjust(warehouse, rollup, before.table(rollup.name), after.table(rollup.name))
    drop_tables(warehouse, (*before.tables, *after.tables))


def _sale_time(warehouse: Warehouse, terms: Terms, relation: str) -> tuple[str, tuple[int, int]]:
    """The SQL of a sale's local time, right for all times in the relation, and days between which
    all of these lie.
    """
    ((first, last),) = warehouse.rows(f'SELECT MIN("timestamp"), MAX("timestamp") FROM {relation}')
    seen = None if first is None else (first, last)
    days = ((end - EPOCH).days for end in seen or (EPOCH, EPOCH))
    low, high = days
    sql = sale_time_sql('s."timestamp"', find_zone(terms.timezone), seen)
    return sql, (low - MOST_SHIFTED, high + MOST_SHIFTED)


def _has_countries(warehouse: Warehouse) -> bool:
    ((count,),) = warehouse.rows(
        f"SELECT COUNT(*) FROM (SELECT DISTINCT {COUNTRY_SQL} AS country FROM"
        ' (SELECT DISTINCT "location" FROM "customers") AS places) AS countries'
    )
    return int(count) <= MOST_COUNTRIES
