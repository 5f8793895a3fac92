"""Read the columns from a warehouse, as Arrow batches; no text is kept but names."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_pipeline.metrics.columns.coding import (
    Coding,
    code_days,
    code_texts,
    code_values,
    every,
    make_index,
    narrowest,
)
from data_pipeline.metrics.columns.sales import Columns
from data_pipeline.metrics.composing import compose_sales, located_sql
from data_pipeline.metrics.dimensions import DIMENSIONS
from data_pipeline.metrics.periods import find_zone
from data_pipeline.metrics.planning import span, start_of
from data_pipeline.metrics.question import ask
from data_pipeline.sources.arrays import mask, numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from data_pipeline.warehouses import Warehouse

Numbers = NDArray[Any]
BYTES_A_SALE = 160
"""What a sale needs, about, while columns are read; 100 of them stay, with all that is prepared."""
EPOCH = date(1970, 1, 1)
LARGEST_SUM = 2**63 - 1
SPARE = 1_000_000
INDEXED = ("product", "category", "country", "channel")
GUEST = 0


def read_columns(
    warehouse: Warehouse, *, timezone: str, most_bytes: int, go_on: Callable[[], bool]
) -> Columns | None:
    """The sales of a warehouse as columns; None when there are none, when they do not fit into
    `most_bytes` or into 64 bits when added up, or when `go_on` says no in between.
    """
    ((rows,),) = warehouse.rows('SELECT COUNT(*) FROM "sales"')
    if rows == 0 or rows * BYTES_A_SALE > most_bytes:
        return None
    products, customers = _read(warehouse, _products_sql()), _read(warehouse, _customers_sql())
    places = (Places(whole(customers["customer_id"])), Places(whole(products["product_id"])))
    sold = _read_sales(warehouse, timezone, *places, go_on)
    if sold is None or not _can_be_added_up(sold, money(products["cost"])):
        return None
    return _arrange(timezone, sold, products, customers)


def _read_sales(
    warehouse: Warehouse,
    timezone: str,
    customers: Places,
    products: Places,
    go_on: Callable[[], bool],
) -> dict[str, Any] | None:
    """The columns of the sales, in the order in which they come; orders and channels as text."""
    sql = _sales_sql(warehouse, timezone)
    found: dict[str, list[Any]] = {}
    with warehouse.read(sql) as batches:
        for batch in batches:
            if not go_on():
                return None
            part = {name: batch.column(name) for name in batch.schema.names}
            numbered = {
                "customer": customers.of(whole(part["customer_id"])),
                "product": products.of(whole(part["product_id"])),
                "day": whole(part["day"]).astype(np.int32),
                "hour": whole(part["hour"]).astype(np.int8),
                "quantity": whole(part["quantity"]).astype(np.int32),
                "total_sales": money(part["total_sales"]),
                "discount": money(part["discount"]),
                "order_id": _apart(part["order_id"]),
                "channel": _apart(part["channel"]),
            }
            for name, values in numbered.items():
                found.setdefault(name, []).append(values)
    texts = {n: pa.chunked_array(found.pop(n), pa.string()) for n in ("order_id", "channel")}
    return {name: np.concatenate(found.pop(name)) for name in tuple(found)} | texts


def _apart(texts: pa.Array) -> pa.Array:
    """A copy: a column that DuckDB has made keeps all the others of its batch in memory."""
    return pa.concat_arrays([texts, texts[:0]])


def _arrange(
    timezone: str, sold: dict[str, Any], products: pa.Table, customers: pa.Table
) -> Columns:
    """Put the sales in the order of their days, number what is text, and index them."""
    channel = code_texts("channel", sold.pop("channel"))
    order, order_numbers, orders = _number_orders(sold.pop("order_id"))
    first, last = int(sold["day"].min()), int(sold["day"].max())
    days = last - first + 1
    sold["day"] = (sold["day"] - first).astype(np.int16 if days < 2**15 else np.int32)
    sold |= {"order": order, "channel": channel.places}
    if np.any(sold["day"][1:] < sold["day"][:-1]):
        by_day = np.argsort(sold["day"], kind="stable")
        for name in tuple(sold):
            sold[name] = sold[name][by_day]
        sold["order"] = _number_by_place(sold["order"], order_numbers, orders)
    sold["sign"] = np.sign(sold["total_sales"]).astype(np.int8)
    sold["buyer"] = np.where(sold["sign"] > 0, sold["customer"], GUEST)
    starts = np.concatenate(([0], np.cumsum(np.bincount(sold["day"], minlength=days))))
    first_day = EPOCH + timedelta(days=first)
    of_customer = {
        "customer_id": whole(customers["customer_id"]),
        "first_day": _first_days(sold, len(customers)),
    }
    of_product = {
        "product_id": whole(products["product_id"]),
        "cost": money(products["cost"]),
        "has_cost": valid(products["cost"]),
    }
    codings = _code(first_day, days, products, customers, of_customer["first_day"])
    codings["channel"] = Coding("channel", channel.values, every(len(channel.values)))
    places = {n: codings[n].places[sold[codings[n].column]] for n in INDEXED}
    indexes = {n: make_index(one, len(codings[n].values)) for n, one in places.items()}
    return Columns(
        timezone,
        first_day,
        starts,
        sold,
        of_product,
        of_customer,
        _of_orders(sold, orders),
        order_numbers,
        orders,
        codings,
        indexes,
    )


def _code(
    first_day: date, days: int, products: pa.Table, customers: pa.Table, first_days: Numbers
) -> dict[str, Coding]:
    """All dimensions but the channel."""
    found = code_days(first_day, days)
    found["hour"] = Coding("hour", tuple((hour,) for hour in range(24)), every(24))
    found["category"] = code_texts("product", products["category"])
    named = zip(products["product_id"].to_pylist(), products["name"].to_pylist(), strict=True)
    found["product"] = Coding("product", tuple(named), every(len(products)))
    for name in ("location", "country", "mail_domain"):
        found[name] = code_texts("customer", customers[name])
    months = [start_of(first_day + timedelta(days=n), "month") for n in range(days)]
    cohorts = code_values("customer", [*months, None])
    found["birth_year"] = _code_years(whole(customers["birth_year"]))
    found["cohort"] = Coding("customer", cohorts.values, cohorts.places[first_days])
    names = (("Guest",), ("New",), ("Returning",))
    found["new_or_returning"] = Coding("who", names, every(3))
    return found


def _code_years(years: Numbers) -> Coding:
    """The years in their order, 0 where it is unknown."""
    known = np.flatnonzero(np.bincount(years))
    place = np.zeros(int(known.max(initial=0)) + 1, narrowest(len(known)))
    place[known] = np.arange(len(known))
    return Coding("customer", tuple((year,) for year in known.tolist()), place[years])


def _first_days(sold: dict[str, Any], customers: int) -> Numbers:
    """The day of each customer's first sale, -1 for none; sales are in the order of days."""
    first = np.full(customers, -1, np.int32)
    bought = np.flatnonzero((sold["total_sales"] > 0) & (sold["customer"] != GUEST))[::-1]
    first[sold["customer"][bought]] = sold["day"][bought]
    return first


def _number_orders(texts: pa.ChunkedArray) -> tuple[Numbers, int, int]:
    """A number for each order by its first row; sales without one have their own, behind those."""
    found = one_array(texts.dictionary_encode())
    numbers = whole(found.indices).astype(np.int32)
    known = len(found.dictionary)
    alone = ~valid(found)
    singles = int(np.count_nonzero(alone))
    numbers[alone] = np.arange(known, known + singles, dtype=np.int32)
    return numbers, known, known + singles


def _number_by_place(order: Numbers, order_numbers: int, orders: int) -> Numbers:
    """The same orders, numbered anew by their first row; those without a number stay behind."""
    first = np.full(orders, len(order), np.int64)
    first[order[::-1]] = np.arange(len(order))[::-1]
    number = np.arange(orders, dtype=np.int32)
    number[np.argsort(first[:order_numbers], kind="stable")] = np.arange(
        order_numbers, dtype=np.int32
    )
    return number[order]


def _of_orders(sold: dict[str, Any], orders: int) -> dict[str, Numbers]:
    """The customer and the channel of each order, unless one has several."""
    found = {}
    for name in ("customer", "channel"):
        of_order = np.zeros(orders, sold[name].dtype)
        of_order[sold["order"]] = sold[name]
        if np.array_equal(of_order[sold["order"]], sold[name]):
            found[name] = of_order
    return found


def _can_be_added_up(sold: dict[str, Any], costs: Numbers) -> bool:
    """Whether no sum of any of these sales can leave 64 bits."""
    rows = len(sold["day"])
    units, amount = (_largest(sold[name]) for name in ("quantity", "total_sales"))
    most = max(amount + units * _largest(costs), _largest(sold["discount"]))
    return rows * most <= LARGEST_SUM


def _largest(values: Numbers) -> int:
    return max(abs(int(values.min(initial=0))), abs(int(values.max(initial=0))))


def _read(warehouse: Warehouse, sql: str) -> pa.Table:
    with warehouse.read(sql) as batches:
        return batches.read_all()


def _sales_sql(warehouse: Warehouse, timezone: str) -> str:
    hour, channel = (DIMENSIONS[name].columns[0].sql for name in ("hour", "channel"))
    head, _ = compose_sales(ask(["net_sales"]), find_zone(timezone), span(warehouse))
    return (
        f"{head}SELECT customer_id, product_id, day, CAST({hour} AS BIGINT) AS hour,"
        " CAST(quantity AS BIGINT) AS quantity, total_sales, discount, order_id,"
        f" {channel} AS channel FROM sale"
    )


def _products_sql() -> str:
    return (
        'SELECT "product_id" AS product_id, "name" AS name, "category" AS category,'
        ' "cost" AS cost FROM "products" ORDER BY product_id'
    )


def _customers_sql() -> str:
    return (
        "SELECT l.customer_id AS customer_id, l.location AS location, l.country AS country,"
        ' l.mail_domain AS mail_domain, CAST(c."birth_year" AS BIGINT) AS birth_year'
        f' FROM ({located_sql()}) AS l JOIN "customers" AS c ON c."customer_id" = l.customer_id'
        " ORDER BY customer_id"
    )


def whole(column: pa.Array | pa.ChunkedArray) -> Numbers:
    """Whole numbers or days as 64-bit numbers; 0 where there is none."""
    kind = pa.int32() if pa.types.is_date(column.type) else pa.int64()
    found = numbers(one_array(column).cast(kind)).astype(np.int64)
    return found * valid(column) if column.null_count else found


def money(column: pa.Array | pa.ChunkedArray) -> Numbers:
    """Decimals as ten-thousandths; 0 where there is none. What is larger than 64 bits is refused by
    the contract, so the lower half of 128 bits holds all.
    """
    array = one_array(column).cast(pa.decimal128(18, 4))
    halves = np.frombuffer(array.buffers()[1], np.int64)
    found = halves[2 * array.offset : 2 * (array.offset + len(array)) : 2]
    return found * valid(column) if column.null_count else found.copy()


def valid(column: pa.Array | pa.ChunkedArray) -> Numbers:
    """Where there is a value."""
    return mask(one_array(column).is_valid())


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The column in one piece."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


class Places:
    """Looks up the place of numbers among known ones, which are in order."""

    def __init__(self, known: Numbers) -> None:
        self._known, self._table = known, None
        if len(known) and known[0] >= 0 and known[-1] < 8 * len(known) + SPARE:
            self._table = np.zeros(int(known[-1]) + 1, np.int32)
            self._table[known] = np.arange(len(known), dtype=np.int32)

    def of(self, wanted: Numbers) -> Numbers:
        if self._table is not None:
            return self._table[wanted]
        places: Numbers = np.searchsorted(self._known, wanted).astype(np.int32)
        return places
