"""Which sales, orders and customers a load has touched, as they were before it and as they are now.

Before = now - what came + what went, with the products and customers as they were. The tables of
what came and went are made by load.py while it merges.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from data_pipeline.aggregates.buying import Bought, list_buyers, read_bought, without
from data_pipeline.aggregates.numbering import Keys, money_sql
from data_pipeline.aggregates.side import (
    Side,
    drop_tables,
    locate_customers,
    make_table,
    place_orders,
)
from data_pipeline.aggregates.visits import bring_visits
from data_pipeline.metrics.dimensions import COUNTRY_SQL
from data_pipeline.metrics.rollups import AGG_CUSTOMERS
from data_pipeline.sql import render

if TYPE_CHECKING:
    from data_pipeline.warehouses import Warehouse

CAME, GONE = "sales_came", "sales_gone"
OLD_PRODUCTS, OLD_CUSTOMERS = "changed_products", "changed_customers"

COLUMNS = (
    '"transaction_id", "customer_id", "product_id", "total_sales", "timestamp", "quantity", '
    '"discount", "order_id", "channel"'
)
"""What sums are made of."""

LARGE = 4
"""When one in so many customers is touched, making all anew costs no more."""

_TABLES = (
    "moved_products",
    "moved_places",
    "moved_customers",
    "touched_customers",
    "touched_orders",
    "concerned_customers",
    "renewed_customers",
    "standing_lines",
)


def find_touched(warehouse: Warehouse, *, has_countries: bool) -> None:
    """Make the table of customers that the load has touched, and of what has moved under them."""
    find = {
        "moved_products": f'SELECT p."product_id" FROM {OLD_PRODUCTS} AS o JOIN "products" AS p'
        ' ON p."product_id" = o.product_id WHERE p."category" <> o.category'
        ' OR COALESCE(p."cost", -1) <> COALESCE(o.cost, -1)',
        "moved_places": _moved_places(has_countries=has_countries),
        "touched_customers": f'SELECT "customer_id" FROM {CAME} WHERE "customer_id" <> 0 UNION'
        f' SELECT "customer_id" FROM {GONE} WHERE "customer_id" <> 0 UNION'
        " SELECT customer_id FROM moved_places UNION"
        ' SELECT s."customer_id" FROM "sales" AS s'
        ' JOIN moved_products AS m ON m.product_id = s."product_id" WHERE s."customer_id" <> 0',
    }
    for name, select in find.items():
        make_table(warehouse, name, select)


def is_large(warehouse: Warehouse) -> bool:
    """Whether so much was touched that all may as well be made anew."""
    ((touched,),) = warehouse.rows("SELECT COUNT(*) FROM touched_customers")
    ((everybody,),) = warehouse.rows(f"SELECT COUNT(*) FROM {AGG_CUSTOMERS.name}")
    return int(touched) * LARGE > int(everybody)


def renew_customers(
    warehouse: Warehouse, sale_time: str, days: tuple[int, int], *, has_countries: bool
) -> tuple[Side, Side]:
    """Make both sides of what was touched, their visits, and agg_customers as it is now."""
    before, after = _sides(sale_time, days, has_countries=has_countries)
    keys = Keys.read(warehouse, "customer_id", "touched_customers")
    touched = '"sales" AS s WHERE s."customer_id" IN (SELECT customer_id FROM touched_customers)'
    now = read_bought(warehouse, keys, touched, sale_time, days)
    _sum_touched_customers(warehouse, after, now)
    _find_lines(warehouse, before, after)
    _find_order_lines(warehouse, before, after)
    _find_dimensions(warehouse, before, after)
    _find_buyers(warehouse, before)
    touched = "SELECT customer_id FROM touched_customers"
    warehouse.rows(f"DELETE FROM {AGG_CUSTOMERS.name} WHERE customer_id IN ({touched})")
    names = ", ".join(field.name for field in AGG_CUSTOMERS.relation.fields)
    warehouse.rows(f"INSERT INTO {AGG_CUSTOMERS.name} SELECT {names} FROM renewed_customers")
    _find_buyers(warehouse, after)
    for side in (before, after):
        locate_customers(warehouse, side)
        place_orders(warehouse, side)
    moving = (f'{lines} AS s WHERE s."customer_id" <> 0' for lines in (CAME, GONE))
    came, gone = (read_bought(warehouse, keys, known, sale_time, days).days for known in moving)
    bring_visits(warehouse, before, [without(now.days, came, gone)])
    bring_visits(warehouse, after, [now.days])
    return before, after


def forget(warehouse: Warehouse) -> None:
    """Drop the tables that find_touched and renew_customers have made."""
    drop_tables(warehouse, (*_TABLES, CAME, GONE, OLD_PRODUCTS, OLD_CUSTOMERS))


def _sides(sale_time: str, days: tuple[int, int], *, has_countries: bool) -> tuple[Side, Side]:
    before, after = (
        Side(
            name,
            sale_time,
            days,
            has_countries,
            lines=f"{name}_lines",
            order_lines=f"{name}_order_lines",
            products=f"{name}_products",
            customers=f"{name}_customers",
            buyers=f"{name}_buyers",
        )
        for name in ("before", "after")
    )
    return before, after


def _moved_places(*, has_countries: bool) -> str:
    """The customers who now live in another country."""
    if not has_countries:
        return f"SELECT customer_id FROM {OLD_CUSTOMERS} WHERE 1 = 0"
    then = f"SELECT customer_id, {COUNTRY_SQL} AS country FROM {OLD_CUSTOMERS}"
    now = f'SELECT "customer_id" AS customer_id, {COUNTRY_SQL} AS country FROM "customers"'
    known = f"SELECT customer_id FROM {OLD_CUSTOMERS}"
    return (
        f"SELECT o.customer_id AS customer_id FROM ({then}) AS o"
        f' JOIN ({now} WHERE "customer_id" IN ({known})) AS c ON c.customer_id = o.customer_id'
        " WHERE c.country <> o.country"
    )


def _standing(lines: str) -> str:
    """Those of the lines that were there before the load as they are now."""
    columns = COLUMNS.replace('"transaction_id"', 'l."transaction_id"').replace(', "', ', l."')
    return (
        f"SELECT {columns} FROM {lines} AS l LEFT JOIN {CAME} AS c"
        ' ON c."transaction_id" = l."transaction_id" WHERE c."transaction_id" IS NULL'
    )


def _sum_touched_customers(warehouse: Warehouse, after: Side, now: Bought) -> None:
    """The new rows of the touched customers, and who of them moved: first bought on another day
    than was known, or lives in another country.
    """
    side = replace(after, name="renewing")
    make_table(
        warehouse,
        side.table("numbered"),
        f'SELECT {COLUMNS} FROM "sales" WHERE "order_id" IS NOT NULL'
        ' AND "customer_id" IN (SELECT customer_id FROM touched_customers)',
    )
    place_orders(warehouse, replace(side, order_lines=side.table("numbered")))
    buyers = list_buyers(now)
    warehouse.bring(side.table("seen"), [buyers], buyers.schema)
    names = {"seen": side.table("seen"), "orders": side.orders}
    sql = render("aggregates/customers", **names, net_sales=money_sql("net_sales"))
    make_table(warehouse, "renewed_customers", sql)
    drop_tables(warehouse, (*side.tables, side.table("numbered")))
    never = "DATE '1000-01-01'"
    make_table(
        warehouse,
        "moved_customers",
        "SELECT t.customer_id AS customer_id FROM touched_customers AS t"
        f" JOIN {AGG_CUSTOMERS.name} AS a ON a.customer_id = t.customer_id"
        " LEFT JOIN renewed_customers AS r ON r.customer_id = t.customer_id"
        f" WHERE COALESCE(a.first_day, {never}) <> COALESCE(r.first_day, {never})"
        " UNION SELECT customer_id FROM moved_places",
    )


def _find_lines(warehouse: Warehouse, before: Side, after: Side) -> None:
    """The sales that came or went, and those that stand but now count in another cell."""
    moved = f"""(
        SELECT {COLUMNS} FROM "sales"
        WHERE "customer_id" IN (SELECT customer_id FROM moved_customers)
        UNION
        SELECT {COLUMNS} FROM "sales"
        WHERE "product_id" IN (SELECT product_id FROM moved_products)
    )"""
    make_table(warehouse, "standing_lines", _standing(moved))
    for side, others in ((before, GONE), (after, CAME)):
        select = f"SELECT {COLUMNS} FROM standing_lines UNION ALL SELECT {COLUMNS} FROM {others}"
        make_table(warehouse, side.lines, select)


def _find_order_lines(warehouse: Warehouse, before: Side, after: Side) -> None:
    """All sales of the orders of those lines."""
    numbered = 'WHERE "order_id" IS NOT NULL'
    make_table(
        warehouse,
        "touched_orders",
        f'SELECT "order_id" FROM {before.lines} {numbered}'
        f' UNION SELECT "order_id" FROM {after.lines} {numbered}',
    )
    ((orders,),) = warehouse.rows("SELECT COUNT(*) FROM touched_orders")
    which = '"order_id" IN (SELECT order_id FROM touched_orders)' if orders else "1 = 0"
    make_table(warehouse, after.order_lines, f'SELECT {COLUMNS} FROM "sales" WHERE {which}')
    gone = f"SELECT {COLUMNS} FROM {GONE} {numbered}"
    make_table(warehouse, before.order_lines, f"{_standing(after.order_lines)} UNION ALL {gone}")


def _find_dimensions(warehouse: Warehouse, before: Side, after: Side) -> None:
    """The customers of all those lines and the products, as they were and as they are."""
    lines = (f'{s.lines} UNION SELECT "customer_id" FROM {s.order_lines}' for s in (before, after))
    union = ' UNION SELECT "customer_id" FROM '.join(lines)
    make_table(
        warehouse,
        "concerned_customers",
        f'SELECT customer_id FROM touched_customers UNION SELECT "customer_id" FROM {union}',
    )
    concerned = 'JOIN concerned_customers AS t ON t.customer_id = c."customer_id"'
    make_table(
        warehouse,
        before.customers,
        'SELECT c."customer_id" AS customer_id, COALESCE(o.location, c."location") AS location'
        f' FROM "customers" AS c {concerned}'
        f' LEFT JOIN {OLD_CUSTOMERS} AS o ON o.customer_id = c."customer_id"',
    )
    make_table(
        warehouse,
        after.customers,
        'SELECT c."customer_id" AS customer_id, c."location" AS location'
        f' FROM "customers" AS c {concerned}',
    )
    make_table(
        warehouse,
        before.products,
        'SELECT p."product_id" AS product_id, COALESCE(o.category, p."category") AS category,'
        ' CASE WHEN o.product_id IS NULL THEN p."cost" ELSE o.cost END AS cost'
        f' FROM "products" AS p LEFT JOIN {OLD_PRODUCTS} AS o ON o.product_id = p."product_id"',
    )
    make_table(warehouse, after.products, 'SELECT "product_id", "category", "cost" FROM "products"')


def _find_buyers(warehouse: Warehouse, side: Side) -> None:
    """The first days of a side's customers, as agg_customers has them at the moment."""
    make_table(
        warehouse,
        side.buyers,
        f"SELECT a.customer_id AS customer_id, a.first_day AS first_day FROM {AGG_CUSTOMERS.name}"
        " AS a JOIN concerned_customers AS t ON t.customer_id = a.customer_id",
    )
