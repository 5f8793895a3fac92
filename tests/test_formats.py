"""Other source formats: declared by the user, never guessed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from data_pipeline.errors import PipelineError
from data_pipeline.sources.header import Format
from tests.rawfiles import SALES, STORE
from tests.shop import Shop

REST = {name: data for name, data in STORE.items() if name != "sales.csv"}


def run_sales(shop: Shop, data: bytes, **declared: Any) -> None:
    shop.put(REST | {"sales.csv": data}).run(formats={"sales": Format(**declared)})


def values(shop: Shop, column: str) -> list[Any]:
    return [v for (v,) in shop.rows(f"SELECT {column} FROM sales ORDER BY transaction_id")]


def reasons(shop: Shop) -> list[tuple[int, str]]:
    return [(a, b) for a, b in shop.rows("SELECT source_line, reason FROM quarantine ORDER BY ALL")]


def test_decimal_comma(shop: Shop) -> None:
    prices = ["2,50", "1.234,50", "€1.234,5", "2.50", "1,234.50", "7", "1.234"]
    rows = "".join(f'{n},1,1,1,"{price}",2025-03-04\n' for n, price in enumerate(prices, 1))
    run_sales(shop, (SALES + rows).encode(), decimal=",")
    assert values(shop, "price") == [
        Decimal("2.5"),
        Decimal("1234.5"),
        Decimal("1234.5"),
        Decimal(7),
        Decimal(1234),
    ]
    assert values(shop, "repairs") == [
        None,
        "thousands_price",
        "currency_price thousands_price",
        None,
        "thousands_price",
    ]
    assert reasons(shop) == [(5, "invalid_price"), (6, "invalid_price")]


def test_declared_times(shop: Shop) -> None:
    times = ["04/03/2025 10:20", "4/3/2025 1:20", "2025-03-04 10:20", "31/02/2025 10:20", "1/1/25"]
    rows = "".join(f"{n},1,1,1,5,{time}\n" for n, time in enumerate(times, 1))
    run_sales(shop, (SALES + rows).encode(), timestamp="%d/%m/%Y %H:%M")
    assert values(shop, "timestamp") == [
        datetime.fromisoformat("2025-03-04 10:20"),
        datetime.fromisoformat("2025-03-04 01:20"),
    ]
    assert reasons(shop) == [
        (4, "invalid_timestamp"),
        (5, "invalid_timestamp"),
        (6, "invalid_timestamp"),
    ]


def test_declared_days_in_a_time_zone(shop: Shop) -> None:
    data = (SALES + "1,1,1,1,5,07.15.2025\n").encode()
    run_sales(shop, data, timestamp="%m.%d.%Y", timezone="Europe/Berlin")
    assert values(shop, "timestamp") == [datetime.fromisoformat("2025-07-14 22:00")]


def test_other_column_names(shop: Shop) -> None:
    data = SALES.replace("price", " UNIT Price").encode() + b"1,1,1,1,5,2025-03-04\n"
    run_sales(shop, data, columns={"price": "Unit price"})
    assert values(shop, "price") == [Decimal(5)]


def test_a_declared_name_that_is_not_there_is_refused(shop: Shop) -> None:
    with pytest.raises(PipelineError, match="unit price"):
        run_sales(shop, STORE["sales.csv"], columns={"price": "Unit price"})


def test_declared_delimiter(shop: Shop) -> None:
    run_sales(shop, STORE["sales.csv"].replace(b",", b"|"), delimiter="|")
    assert len(values(shop, "price")) == 3


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le", "cp1252"])
def test_declared_encoding(shop: Shop, encoding: str) -> None:
    header = SALES.strip() + ",channel\n"
    data = (header + "1,1,1,1,5,2025-03-04,Café\n").encode(encoding)
    run_sales(shop, data, encoding=encoding)
    assert values(shop, "channel") == ["Café"]


def test_a_file_that_is_not_of_the_declared_encoding_is_refused(shop: Shop) -> None:
    data = SALES.encode() + b"1,1,1,1,5,2025-03-04\xff\n"
    with pytest.raises(PipelineError, match=r"sales\.csv"):
        run_sales(shop, data, encoding="ascii")
    assert shop.is_empty()


def test_what_is_wrong_is_said_of_the_declared_form(shop: Shop) -> None:
    rows = "1,1,1,1,4.50,05.03.2025\n2,1,1,x,7,2025-03-05\n"
    run_sales(shop, (SALES + rows).encode(), decimal=",", timestamp="%d.%m.%Y")
    price, quantity_and_time = (
        detail for (detail,) in shop.rows("SELECT detail FROM quarantine ORDER BY source_line")
    )
    assert price.startswith("price '4.50' is not a number from 0 to ")
    assert price.endswith('with at most 4 decimals, with "," as decimal mark')
    assert quantity_and_time.startswith("timestamp '2025-03-05' is not a date or time written as")
    assert "written as %d.%m.%Y from 1970-01-01 to a day after" in quantity_and_time
    assert "quantity 'x' is not a whole number from -1000000" in quantity_and_time
