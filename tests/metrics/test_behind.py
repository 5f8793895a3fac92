"""The rows behind a number add up to it, page by page, and nothing else is among them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from data_pipeline.metrics import METRICS, ask
from data_pipeline.metrics.behind import count_behind, read_behind
from data_pipeline.metrics.order_values import BANDS, median_band, order_values
from tests.metrics import oracle

if TYPE_CHECKING:
    from data_pipeline.metrics import Reader
    from tests.metrics.store import Store

WHERE = {"category": ["Books", "Toys"], "channel": "web"}
PERIOD: dict[str, Any] = {"since": date(2025, 1, 1), "until": date(2025, 9, 30)}


def some(store: Store, zone: str = "UTC") -> list[oracle.Line]:
    return [
        line
        for line in oracle.make_lines(store, zone)
        if line.product.category in {"Books", "Toys"}
        and line.sale.channel == "web"
        and PERIOD["since"] <= line.day <= PERIOD["until"]
    ]


@pytest.mark.parametrize("name", ["net_sales", "returns", "orders", "new_customers", "return_rate"])
def test_pages_hold_every_row_once_newest_first(reader: Reader, store: Store, name: str) -> None:
    zone = "America/St_Johns"
    lines = some(store, zone)
    counted = {
        "net_sales": oracle.sold(lines) + oracle.returned(lines),
        "returns": oracle.returned(lines),
        "orders": oracle.sold(lines),
        "new_customers": [x for x in oracle.sold(lines) if x.day == x.first_day],
        "return_rate": oracle.sold(lines) + oracle.returned(lines),
    }[name]
    question = ask([name], where=WHERE, **PERIOD)
    rows: list[tuple] = []
    after, pages = None, 0
    while True:
        frame, after = read_behind(reader, question, most=7, after=after, timezone=zone)
        rows += frame.rows
        pages += 1
        if after is None:
            break
    assert pages == -(-len(counted) // 7)
    ordered = sorted(counted, key=lambda x: (x.sale.timestamp, x.sale.transaction_id), reverse=True)
    local = [
        x.sale.timestamp.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        for x in ordered
    ]
    assert [(r[0], r[1]) for r in rows] == [
        (x.sale.transaction_id, str(moment)) for x, moment in zip(ordered, local, strict=True)
    ]
    total = sum((x.sale.total_sales for x in counted), Decimal(0))
    assert count_behind(reader, question, timezone=zone) == (len(counted), total)


def test_a_row_says_all_about_itself(reader: Reader, store: Store) -> None:
    frame, _ = read_behind(reader, ask(["net_sales"]), most=1)
    line = max(
        (x for x in oracle.make_lines(store) if x.sale.total_sales),
        key=lambda x: (x.sale.timestamp, x.sale.transaction_id),
    )
    sale = line.sale
    assert dict(zip(frame.names, frame.rows[0], strict=True)) == {
        "transaction_id": sale.transaction_id,
        "time": str(sale.timestamp),
        "order_id": sale.order_id,
        "customer_id": sale.customer_id,
        "product_id": sale.product_id,
        "product": line.product.name,
        "category": line.product.category,
        "quantity": sale.quantity,
        "price": sale.price,
        "discount": sale.discount,
        "total_sales": sale.total_sales,
        "channel": sale.channel,
        "location": line.customer.location,
        "source_file": None,
        "source_line": None,
        "repairs": None,
    }


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_rows_behind_it(reader: Reader, name: str) -> None:
    count, _ = count_behind(reader, ask([name]))
    frame, _ = read_behind(reader, ask([name]), most=5000)
    assert len(frame) == count > 0


def test_order_values_are_the_orders_of_the_oracle(reader: Reader, store: Store) -> None:
    orders: Counter[str] = Counter()
    for x in oracle.sold(some(store)):
        orders[x.sale.order_id or f"single {x.sale.transaction_id}"] += x.sale.total_sales  # type: ignore[assignment]
    counts: Counter[int] = Counter()
    sums: Counter[int] = Counter()
    for value in orders.values():
        low = max(b for b in BANDS if b <= value)
        counts[low] += 1
        sums[low] += value
    frame = order_values(reader, where=WHERE, **PERIOD)
    assert {int(r[0]): (r[2], r[3]) for r in frame if r[2]} == {
        low: (count, sums[low]) for low, count in counts.items()
    }
    assert [int(low) for low in frame["low"]] == [
        b for b in BANDS if min(counts) <= b <= max(counts)
    ]
    values = sorted(orders.values())
    low, high = median_band(frame) or (None, None)
    assert low is not None
    assert low <= values[(len(values) - 1) // 2] < (high or Decimal("Infinity"))


def test_without_orders_there_are_no_bands(reader: Reader) -> None:
    frame = order_values(reader, where={"category": "nothing"})
    assert len(frame) == 0
    assert median_band(frame) is None
