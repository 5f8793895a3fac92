"""How customers behave: whether they come back, when, and how much they matter.

Every analysis reads the sales of known customers (guests are nobody in particular): all of them, or
those of some days that pass filters, as in `query`. It gives a frame; days are those of `timezone`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from data_pipeline.metrics.frame import Field, Frame, Kind, Row
from data_pipeline.metrics.planning import has_rollups, read_terms
from data_pipeline.metrics.query import divide
from data_pipeline.metrics.reading import read_sql
from data_pipeline.metrics.registry import find_metric
from data_pipeline.metrics.rollups import AGG_CUSTOMERS, AGG_INTERVALS, AGG_PRODUCTS
from data_pipeline.metrics.scoped import Sales, find_sales

if TYPE_CHECKING:
    from data_pipeline.metrics.question import Where
    from data_pipeline.metrics.reading import Reader

RFM_ACTIONS = {
    "Champions": "bought just now and often",
    "Loyal": "buy often",
    "Potential loyalists": "bought lately, more than once",
    "New": "bought just now for the first time",
    "Promising": "bought lately, once",
    "Need attention": "in the middle, slipping",
    "About to sleep": "seldom, and some time ago",
    "Cannot lose them": "bought most often, but long ago",
    "At risk": "bought often, but long ago",
    "Hibernating": "seldom, and long ago",
}
"""The standard ten segments of recency and frequency, and what they mean."""


def cohort_retention(
    reader: Reader,
    *,
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
    timezone: str = "UTC",
) -> Frame:
    """Of the customers who first bought in a month, how many bought again n months later.

    First and again are meant among the sales that are looked at. One row a cohort and number of
    months, the last month of the data included. Month 0 is the first purchase itself, so its
    share is 1.
    """
    is_stored = has_rollups(reader, timezone)
    sales = find_sales(
        reader, since=since, until=until, where=where, timezone=timezone, is_stored=is_stored
    )
    if sales.is_all and is_stored:
        rows = reader.rows(read_sql("stored_cohorts"))
    elif sales.columns:
        rows = sales.columns.cohorts(sales.question)
    else:
        rows = reader.rows(_over(sales, "cohort_retention"), sales.values)
    sizes = {row[0]: row[2] for row in rows if row[1] == 0}
    done = [
        (cohort, months, customers, divide(customers, sizes[cohort], Kind.SHARE))
        for cohort, months, customers in rows
    ]
    fields = (
        Field("cohort", "First bought in", Kind.DAY),
        Field("months_since", "Months since", Kind.WHOLE),
        Field("customers", "Customers", Kind.COUNT),
        Field("retention", "Share of the cohort", Kind.SHARE),
    )
    return Frame(fields, tuple(done))


def rfm_segments(
    reader: Reader,
    *,
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
    timezone: str = "UTC",
) -> Frame:
    """Customers by recency and frequency in the standard ten segments, the richest first.

    Recency (last buying day) and frequency (orders) are scored 1 to 5 by rank; equal values get
    equal scores. What they spent is shown beside, as the third letter wants.
    """
    is_stored = has_rollups(reader, timezone)
    sales = find_sales(
        reader, since=since, until=until, where=where, timezone=timezone, is_stored=is_stored
    )
    rows = _over_cells(reader, sales, "rfm_segments", timezone)
    done = [(*row, divide(row[3], row[1], Kind.MONEY)) for row in rows]
    fields = (
        Field("segment", "Segment", Kind.TEXT),
        Field("customers", "Customers", Kind.COUNT),
        Field("orders", "Orders", Kind.COUNT),
        Field("net_sales", "Net sales", Kind.MONEY),
        Field("net_sales_per_customer", "Net sales per customer", Kind.MONEY),
    )
    return Frame(fields, tuple(done))


def repeat_intervals(
    reader: Reader,
    *,
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
    timezone: str = "UTC",
) -> Frame:
    """How many days lie between one buying day of a customer and the next: days, purchases."""
    fields = (
        Field("days", "Days until the next purchase", Kind.WHOLE),
        Field("purchases", "Purchases", Kind.COUNT),
    )
    is_stored = has_rollups(reader, timezone)
    sales = find_sales(
        reader, since=since, until=until, where=where, timezone=timezone, is_stored=is_stored
    )
    if sales.columns:
        return Frame(fields, tuple(sales.columns.intervals(sales.question)))
    stored = f"SELECT days, purchases FROM {AGG_INTERVALS.name} ORDER BY days"
    sql = stored if sales.is_all and is_stored else _over(sales, "repeat_intervals")
    return Frame(fields, tuple(reader.rows(sql, sales.values)))


def median_of(frame: Frame) -> int | None:
    """The lower median of a frame of values and how often each was seen; None when empty."""
    counted = [(int(str(value)), int(str(count))) for value, count in frame.rows]
    half, seen = sum(count for _, count in counted), 0
    for value, count in counted:
        seen += count
        if seen * 2 >= half:
            return value
    return None


def concentration(
    reader: Reader,
    item: str,
    *,
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
    timezone: str = "UTC",
) -> tuple[Frame, Frame]:
    """How much of net sales the best `item`s bring; `item` is "product" or "customer".

    The first frame is the curve: a row a hundredth of the items, best sellers first, with the share
    of net sales that it and those before it bring. The second is the ABC analysis: A are the items
    that bring the first 80 % of net sales, B the next 15 %, C the rest.
    """
    is_stored = read_terms(reader) is not None
    sales = find_sales(
        reader, since=since, until=until, where=where, timezone=timezone, is_stored=is_stored
    )
    if sales.columns:
        rows = sales.columns.concentration(sales.question, item)
    else:
        sql = read_sql("concentration").format(items=_items(reader, sales, item))
        rows = reader.rows(sql, sales.values)
    total = sum((_decimal(row[3]) for row in rows), Decimal(0))
    everybody = sum(int(row[2]) for row in rows)
    passed, so_far, curve = 0, Decimal(0), dict[int, Row]()
    classes: dict[str, tuple[int, Decimal]] = {}
    for bucket, name, items, net_sales in rows:
        passed, so_far = passed + items, so_far + _decimal(net_sales)
        share = divide(passed, everybody, Kind.SHARE)
        curve[bucket] = (share, so_far, divide(so_far, total, Kind.SHARE))
        count, money = classes.get(name, (0, Decimal(0)))
        classes[name] = (count + items, money + _decimal(net_sales))
    return (
        Frame(
            (
                Field("best", f"Best {item}s, share of all", Kind.SHARE),
                Field("net_sales", "Net sales so far", Kind.MONEY),
                Field("share", "Share of net sales", Kind.SHARE),
            ),
            tuple(curve.values()),
        ),
        Frame(
            (
                Field("class", "Class", Kind.TEXT),
                Field("items", f"{item.capitalize()}s", Kind.COUNT),
                Field("net_sales", "Net sales", Kind.MONEY),
                Field("share", "Share of net sales", Kind.SHARE),
            ),
            tuple(
                (name, count, money, divide(money, total, Kind.SHARE))
                for name, (count, money) in sorted(classes.items())
            ),
        ),
    )


def age_groups(
    reader: Reader,
    *,
    in_year: int,
    since: date | None = None,
    until: date | None = None,
    where: Where | None = None,
    timezone: str = "UTC",
) -> Frame:
    """Buyers and net sales by age group, the youngest first; age is that reached in `in_year`."""
    is_stored = read_terms(reader) is not None
    sales = find_sales(
        reader, since=since, until=until, where=where, timezone=timezone, is_stored=is_stored
    )
    rows = _over_cells(reader, sales, "age_groups", None, year=str(int(in_year)))
    done = [(*row, divide(row[2], row[1], Kind.MONEY)) for row in rows]
    fields = (
        Field("age_group", "Age", Kind.TEXT),
        Field("customers", "Customers", Kind.COUNT),
        Field("net_sales", "Net sales", Kind.MONEY),
        Field("net_sales_per_customer", "Net sales per customer", Kind.MONEY),
    )
    return Frame(fields, tuple(done))


def _over(sales: Sales, name: str, **parts: str) -> str:
    """The SQL of that name over the sales that are looked at."""
    return read_sql(name).format(sales=sales.relation, sale_time=sales.sale_time, **parts)


CELLS = {"rfm_segments": "rfm_cells", "age_groups": "age_cells"}
"""What customers are counted by first, and its SQL."""


def _over_cells(
    reader: Reader, sales: Sales, name: str, timezone: str | None, **parts: str
) -> list[Row]:
    """The rows of the SQL of that name over counted customers; net sales stand last in it."""
    if sales.columns:
        return sales.columns.over_cells(sales.question, CELLS[name], read_sql(name), parts)
    cells = read_sql(CELLS[name]).format(bought=_bought(reader, sales, timezone))
    return reader.rows(read_sql(name).format(cells=f"(\n{cells})", **parts), sales.values)


def _bought(reader: Reader, sales: Sales, timezone: str | None) -> str:
    """What stands behind FROM to get what each customer bought; without a time zone, days may be
    those of any, and orders are not needed.
    """
    terms = read_terms(reader)
    if sales.is_all and terms and timezone in {None, terms.timezone}:
        return AGG_CUSTOMERS.name
    orders = find_metric("orders").sql if timezone else "NULL"
    return f"({_over(sales, 'bought', orders=orders)})"


def _items(reader: Reader, sales: Sales, item: str) -> str:
    """The same for what each product or customer brought."""
    stored = {
        "product": f"(SELECT product_id AS item, net_sales FROM {AGG_PRODUCTS.name}"
        " WHERE sold_rows > 0)",
        "customer": f"(SELECT customer_id AS item, net_sales FROM {AGG_CUSTOMERS.name}"
        " WHERE first_day IS NOT NULL)",
    }
    computed = f"({read_sql('items').format(item=f'{item}_id', sales=sales.relation)})"
    return stored[item] if sales.is_all and read_terms(reader) else computed


def _decimal(value: object) -> Decimal:
    assert isinstance(value, Decimal), value
    return value


def whole_months(frame: Frame, last_day: date) -> Frame:
    """The cells of a retention frame whose month the data cover to its end, up to `last_day`."""
    tomorrow = last_day.toordinal() + 1
    end = date.fromordinal(tomorrow).replace(day=1)
    kept = []
    for row in frame.rows:
        cohort, months = row[0], int(str(row[1]))
        assert isinstance(cohort, date)
        month = cohort.year * 12 + cohort.month - 1 + months
        if month < end.year * 12 + end.month - 1:
            kept.append(row)
    return Frame(frame.fields, tuple(kept))
