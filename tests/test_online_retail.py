"""Real sales: every figure of the README that came with the data, exactly."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.shop import Shop

DATA = Path(__file__).parents[2] / "shared" / "data" / "online_retail"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is not there")

FIGURES: list[tuple[str, str, Any]] = [
    (
        "sales rows read",
        "SELECT sum(rows_read) FROM ledger WHERE source_table = 'sales'",
        541_909,
    ),
    ("customers", "SELECT count(*) FROM customers WHERE customer_id <> 0", 4_372),
    ("products", "SELECT count(*) FROM products", 4_070),
    ("loaded", "SELECT count(*) FROM sales", 541_907),
    ("quarantined", "SELECT count(*) FROM quarantine", 2),
    (
        "quarantined for their negative price",
        "SELECT count(*) FROM quarantine WHERE reason = 'out_of_range_price'",
        2,
    ),
    ("sum of total_sales", "SELECT sum(total_sales) FROM sales", Decimal("9769872.0540")),
    (
        "sum of total_sales by the books",
        "SELECT sum(amount_loaded) FROM ledger",
        Decimal("9769872.0540"),
    ),
    (
        "sold",
        "SELECT sum(total_sales) FROM sales WHERE quantity > 0 AND price > 0",
        Decimal("10666684.5440"),
    ),
    ("rows sold", "SELECT count(*) FROM sales WHERE quantity > 0 AND price > 0", 530_104),
    (
        "guest sales, of all rows read",
        (
            "SELECT count(*) FROM (SELECT transaction_id FROM sales WHERE customer_id = 0"
            " UNION ALL SELECT source_line FROM quarantine WHERE split_part(raw, ',', 2) = '')"
        ),
        135_080,
    ),
    ("returns", "SELECT count(*) FROM sales WHERE quantity < 0", 10_624),
    ("price 0", "SELECT count(*) FROM sales WHERE price = 0", 2_515),
    (
        "orders, of all rows read",
        (
            "SELECT count(DISTINCT order_id) FROM (SELECT order_id FROM sales"
            " UNION ALL SELECT split_part(raw, ',', 7) FROM quarantine)"
        ),
        25_900,
    ),
    (
        "sum of quantity, of all rows read",
        (
            "SELECT sum(quantity) FROM (SELECT quantity FROM sales"
            " UNION ALL SELECT CAST(split_part(raw, ',', 4) AS INTEGER) FROM quarantine)"
        ),
        5_176_450,
    ),
    (
        "November 2011",
        (
            "SELECT sum(total_sales) FROM sales"
            " WHERE timestamp >= '2011-11-01' AND timestamp < '2011-12-01'"
        ),
        Decimal("1461756.2500"),
    ),
    (
        "prices with more than two decimals",
        "SELECT count(*) FROM sales WHERE price <> round(price, 2)",
        4,
    ),
]


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = Shop(tmp_path_factory.mktemp("retail"))
    for path in DATA.glob("*.csv.gz"):
        shutil.copyfile(path, shop.raw / path.name)
    shop.run()
    return shop


@pytest.mark.parametrize(("figure", "query", "value"), FIGURES, ids=[f[0] for f in FIGURES])
def test_figure(retail: Shop, figure: str, query: str, value: int | Decimal) -> None:
    assert retail.rows(query) == [(value,)]
