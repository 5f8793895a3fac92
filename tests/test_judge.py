"""What is said of a record that cannot be loaded. Which are, golden pairs and the oracle decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_pipeline.judge import SHOWN_CHARACTERS
from tests.rawfiles import STORE, customers, products, sales

if TYPE_CHECKING:
    from tests.shop import Shop

DAY = "2025-03-04"
LONG = "x" * 70
BEYOND = "99999999999999.9999"
WHOLE = "a whole number from 1 to 9223372036854775807"
MONEY = "a number from 0 to 99999999999999.9999 with at most 4 decimals"
COUNT = "a whole number from -1000000 to 1000000, not 0"
SAID = "SELECT source_line, reason, detail, record_key FROM rejected WHERE source_table = '{}'"


def test_what_is_wrong_with_a_sale_is_said_of_every_column(shop: Shop) -> None:
    rows = [
        f",1,1,1,5,{DAY}",
        f"{LONG},1,1,1,5,{DAY}",
        f"08.0,0,1,1,5,{DAY}",
        f"9,1, 7x ,0,5.00001,{DAY}",
        f"10,1,1,1000000,{BEYOND},{DAY}",
        "11,1,1,1,,",
        "12,1",
        f"-1,1,1,1,5,{DAY}",
    ]
    shop.put(STORE | {"sales.csv": sales(*rows[:6]) + f"{rows[6]}\n{rows[7]},\n".encode()}).run()
    assert shop.rows(SAID.format("sales") + " ORDER BY source_line") == [
        (2, "missing_transaction_id", "transaction_id is missing", ""),
        (3, "invalid_transaction_id", f"transaction_id '{'x' * 60}' is not {WHOLE}", LONG),
        (4, "out_of_range_customer_id", f"customer_id '0' is not {WHOLE}", "8"),
        (
            5,
            "invalid_product_id",
            (
                f"product_id '7x' is not {WHOLE}; quantity '0' is not {COUNT}; "
                f"price '5.00001' is not {MONEY}"
            ),
            "9",
        ),
        (6, "amount_overflow", f"quantity x price is beyond {BEYOND}", "10"),
        (7, "missing_timestamp", "timestamp is missing; price is missing", "11"),
        (8, "too_few_fields", "The record has fewer fields than the header.", None),
        (9, "out_of_range_transaction_id", f"transaction_id '-1' is not {WHOLE}", "-1"),
    ]
    assert SHOWN_CHARACTERS == 60


def test_customers_and_products_need_their_keys_alone(shop: Shop) -> None:
    dimensions = {
        "customers.csv": customers("1,Ann,a@b.example,Rome", "x,,nobody,", "0,Bo,b@b.example,Oslo"),
        "products.csv": products("1,Mug,Kitchen,1", ",,,free"),
    }
    shop.put(STORE | dimensions).run()
    assert shop.rows(SAID.format("customers") + " ORDER BY source_line") == [
        (3, "invalid_customer_id", f"customer_id 'x' is not {WHOLE}", "x"),
        (4, "out_of_range_customer_id", f"customer_id '0' is not {WHOLE}", "0"),
    ]
    assert shop.rows(SAID.format("products")) == [
        (3, "missing_product_id", "product_id is missing", "")
    ]
