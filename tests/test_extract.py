"""Files as a whole: what is read, what is refused, and that a refusal changes nothing."""

from __future__ import annotations

import gzip
import os
import time
import zlib
from typing import TYPE_CHECKING

import duckdb
import pytest

from data_pipeline.errors import PipelineError
from tests.rawfiles import PRODUCTS, SALES, STORE
from tests.shop import Row, Shop, assert_is_star, temporary_shop

if TYPE_CHECKING:
    from pathlib import Path

REST = {name: data for name, data in STORE.items() if name != "products.csv"}
PRODUCT_COLUMNS = "product_id, name, category, price, source_line, repairs"


def write_parquet(path: Path, select: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")


def products_of(shop: Shop) -> list[Row]:
    return shop.rows(f"SELECT {PRODUCT_COLUMNS} FROM products ORDER BY product_id")


# --- Parquet


def test_parquet_of_text_is_judged_like_a_text_file(shop: Shop) -> None:
    values = [("1", "Mug", " Kitchen", "$2.50"), ("2", "", "NULL", "x"), ("0", "Pan", "A", "1")]
    shop.put(REST)
    rows = ", ".join(str(row) for row in values)
    write_parquet(
        shop.raw / "products.parquet",
        f"SELECT * FROM (VALUES {rows}) AS t (product_id, name, category, price)",
    )
    text = PRODUCTS + "".join(",".join(row) + "\n" for row in values)
    shop.run()
    with temporary_shop(REST | {"products.csv": text.encode()}) as twin:
        twin.run()
        as_text = [(*row[:4], row[4] - 1, row[5]) for row in products_of(twin)]
        assert products_of(shop) == as_text
    reasons = "SELECT source_line, reason FROM quarantine WHERE source_table = 'products'"
    assert shop.rows(reasons) == [(3, "out_of_range_product_id")]


def test_parquet_with_types_gives_the_same_values(shop: Shop) -> None:
    shop.put({"customers.csv": STORE["customers.csv"]})
    write_parquet(
        shop.raw / "products.parquet",
        "SELECT CAST(1 AS INTEGER) AS product_id, 'Mug' AS name, CAST(NULL AS VARCHAR) AS category,"
        " CAST('2.50' AS DECIMAL(9,2)) AS price",
    )
    write_parquet(
        shop.raw / "sales.parquet",
        "SELECT CAST(7 AS UBIGINT) AS transaction_id, CAST(NULL AS BIGINT) AS customer_id,"
        " CAST(1 AS SMALLINT) AS product_id, CAST(-2 AS TINYINT) AS quantity,"
        " CAST('1.2345' AS DECIMAL(18,4)) AS price,"
        " CAST('2025-03-04 10:20:30.123456' AS TIMESTAMP) AS timestamp,"
        " CAST('2025-03-05' AS DATE) AS updated_at",
    )
    shop.run()
    assert shop.rows(
        "SELECT transaction_id, customer_id, product_id, CAST(total_sales AS VARCHAR),"
        " CAST(timestamp AS VARCHAR), CAST(updated_at AS VARCHAR), source_line FROM sales"
    ) == [(7, 0, 1, "-2.4690", "2025-03-04 10:20:30.123456", "2025-03-05 00:00:00", 1)]
    assert shop.rows("SELECT category, repairs FROM products") == [
        ("Uncategorised", "default_category")
    ]


def test_parquet_without_a_required_column_is_refused(store: Shop) -> None:
    write_parquet(store.raw / "products-2.parquet", "SELECT 1 AS product_id, 'Mug' AS name")
    refused_with(store, r"products-2\.parquet")


def test_what_is_no_parquet_is_refused(store: Shop) -> None:
    refused_with(store.put({"products-2.parquet": STORE["products.csv"]}), r"products-2\.parquet")


# --- files that are none


def refused_with(shop: Shop, message: str) -> None:
    """The run says so within seconds, and no star is there."""
    start = time.monotonic()
    with pytest.raises(PipelineError, match=message):
        shop.run()
    assert time.monotonic() - start < 5
    assert shop.is_empty()


def test_a_directory_is_refused(store: Shop) -> None:
    (store.raw / "sales-2.csv").mkdir()
    refused_with(store, r"sales-2\.csv")


def test_a_fifo_is_refused_and_not_waited_for(store: Shop) -> None:
    os.mkfifo(store.raw / "sales-2.csv")
    refused_with(store, r"sales-2\.csv")


def test_a_link_to_nothing_is_refused(store: Shop) -> None:
    (store.raw / "sales-2.csv").symlink_to(store.raw / "gone.csv")
    refused_with(store, r"sales-2\.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_refused(store: Shop) -> None:
    (store.put({"sales-2.csv": STORE["sales.csv"]}).raw / "sales-2.csv").chmod(0)
    refused_with(store, r"sales-2\.csv")


def test_a_gzip_bomb_is_refused(store: Shop) -> None:
    bomb = small_bomb()
    refused_with(store.put({"products-2.csv.gz": bomb}), r"products-2\.csv\.gz")


def small_bomb() -> bytes:
    """A good file, and behind it 400 MB of one letter in 400 kB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(PRODUCTS.encode())]
    parts += [packer.compress(b"x" * 4_000_000) for _ in range(100)]
    return b"".join([*parts, packer.flush()])


def test_a_missing_folder_is_refused(shop: Shop) -> None:
    shop.raw.rmdir()
    refused_with(shop, "raw")


def test_other_files_in_the_folder_are_left_alone(store: Shop) -> None:
    store.put({"README.md": b"# about", "notes.txt": b"x", ".sales.csv.swp": b"\0\1"})
    store.run()
    assert_is_star_of(store, STORE)


def assert_is_star_of(shop: Shop, files: dict[str, bytes]) -> None:
    with temporary_shop(files) as twin:
        assert_is_star(shop, twin.star())


# --- several files, several forms


def test_several_files_of_a_table_in_several_forms(shop: Shop) -> None:
    semicolons = SALES.replace(",", ";") + "11;1;1;1;5;2025-03-04\n"
    tabs = SALES.replace(",", "\t") + "12\t1\t1\t1\t5\t2025-03-04\n"
    zipped = gzip.compress((SALES + "13,1,1,1,5,2025-03-04\n").encode())
    wide = (SALES + "14,1,1,1,5,2025-03-04\n").encode("utf-16")
    more = {"sales-1.csv": semicolons.encode(), "sales-2.tsv": tabs.encode()}
    more |= {"sales-3.csv.gz": zipped, "sales-4.csv": wide}
    shop.put(STORE | more).run()
    assert_is_star(shop, shop.star())
    assert shop.rows("SELECT count(*) FROM sales") == [(7,)]


def test_optional_columns_may_differ_between_files(store: Shop) -> None:
    header = "timestamp,price,quantity,product_id,customer_id,transaction_id,channel,discount\n"
    rows = "2025-03-04,5,1,1,1,21,web,0.5\n2025-03-04,5,1,1,1,22,,x\n"
    store.put({"sales-2.csv": (header + rows).encode()}).run()
    assert_is_star(store, store.star())
    assert store.rows("SELECT channel FROM sales WHERE transaction_id = 21") == [("web",)]


def test_a_record_of_a_megabyte_is_a_record(store: Shop) -> None:
    name = "x" * 1_000_000
    store.put({"products-2.csv": f'{PRODUCTS}7,{name},K,1\n8,"{name}\n",K,1\n'.encode()}).run()
    assert_is_star(store, store.star())
    assert store.rows("SELECT length(name) FROM products WHERE product_id = 7") == [(1_000_000,)]


def test_many_records_with_faults_here_and_there(store: Shop) -> None:
    faults = ['"open,K,1', "x,K", "x,K,1,2", '"a"b,K,1', "\0,K,1", "a\rb,K,1", '"two\nlines",K,1']
    lines = [
        f"{n},{faults[n // 200 % len(faults)] if n % 200 == 0 else 'Mug,K,1'}\n"
        for n in range(10, 6_000)
    ]
    store.put({"products-2.csv": (PRODUCTS + "".join(lines)).encode()}).run()
    assert_is_star(store, store.star())
