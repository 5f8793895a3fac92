"""Files as a whole: what is read, what is refused, and that a refusal changes nothing."""

from __future__ import annotations

import gzip
import os
import time
import zlib
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_pipeline.errors import PipelineError
from data_pipeline.sources.files import ByteStream
from tests.rawfiles import PRODUCTS, SALES, STORE
from tests.shop import Row, Shop, assert_is_star, temporary_shop

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def test_parquet_of_other_kinds_of_values(shop: Shop) -> None:
    """Times with a zone or nanoseconds, words from a dictionary, floats as they are written."""
    shop.put(REST)
    columns = {
        "product_id": pa.array([1, 2, 3, 4], pa.int32()),
        "name": pa.array(["Mug", "Pan", "Mug", None]).dictionary_encode(),
        "category": pa.array(["Kitchen", "N/A", " A", ""], pa.large_string()),
        "price": pa.array([2.5, 0.1, None, float("nan")], pa.float64()),
        "updated_at": pa.array([1_741_083_630_123_456_000] * 4, pa.timestamp("ns", "Asia/Tokyo")),
        "cost": pa.array([1, None, 3, 4], pa.decimal128(10, 2)),
        "shelf": pa.array([[1]] * 4, pa.list_(pa.int8())),
    }
    pq.write_table(pa.table(columns), shop.raw / "products.parquet")
    shop.run()
    assert shop.rows(
        "SELECT product_id, name, category, CAST(price AS VARCHAR), CAST(cost AS VARCHAR), repairs"
        " FROM products ORDER BY product_id"
    ) == [
        (1, "Mug", "Kitchen", "2.5000", "1.0000", None),
        (2, "Pan", "Uncategorised", "0.1000", None, "default_category"),
        (3, "Mug", "A", None, "3.0000", "trimmed_category"),
        (4, "Unknown", "Uncategorised", None, "4.0000", "default_name default_category"),
    ]
    moments = shop.rows("SELECT DISTINCT CAST(updated_at AS VARCHAR) FROM products")
    assert moments == [("2025-03-04 10:20:30.123456",)]


def test_parquet_rows_in_quarantine_show_their_values(shop: Shop) -> None:
    shop.put(REST)
    table = pa.table({"product_id": ["x"], "name": ['a "b"'], "category": ["c"], "price": ["1"]})
    pq.write_table(table, shop.raw / "products.parquet")
    shop.run()
    rows = shop.rows("SELECT source_line, raw FROM quarantine WHERE source_table = 'products'")
    assert rows == [(1, 'x,"a ""b""",c,1')]


def test_parquet_with_a_list_where_a_value_belongs_is_refused(store: Shop) -> None:
    columns = {name: pa.array([[1]]) for name in PRODUCTS.strip().split(",")}
    pq.write_table(pa.table(columns), store.raw / "products-2.parquet")
    refused_with(store, r"products-2\.parquet: column product_id is list")


def test_parquet_that_is_cut_or_damaged_is_refused(store: Shop) -> None:
    columns = {name: [str(n) for n in range(1000)] for name in PRODUCTS.strip().split(",")}
    path = store.raw / "products-2.parquet"
    pq.write_table(pa.table(columns), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    refused_with(store, r"products-2\.parquet")
    path.write_bytes(whole[:50] + bytes(300) + whole[350:])
    refused_with(store, r"products-2\.parquet")


# --- files that are none


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"<!DOCTYPE html>", "HTML"),
        (b"<html>", "HTML"),
        (b"version https://git-lfs", "LFS"),
        (b"SQLite format 3\0", "SQLite"),
        (b"PAR1\x15\x04rest", "Parquet"),
        (b"<!doctype html>", "HTML"),
    ],
)
def test_other_kinds_of_files_are_called_by_their_name(store: Shop, head: bytes, what: str) -> None:
    refused_with(store.put({"products-2.csv": head + b"\n" * 9}), rf"products-2\.csv is .*{what}")


@pytest.mark.parametrize("first", ["version", "PAR1 code", "SQLite row", "pkey", "html"])
def test_a_column_may_be_called_like_the_beginning_of_another_format(
    store: Shop, first: str
) -> None:
    made = f"{first},product_id,name,category,price\n1,9,Pot,Kitchen,1\n"
    store.put({"products-2.csv": made.encode()}).run()
    assert store.rows("SELECT name FROM products WHERE product_id = 9") == [("Pot",)]


def test_a_file_that_changes_while_it_is_read_is_refused(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked = ByteStream._unpacked

    def growing(self: ByteStream, *arguments: Any) -> Iterator[bytes]:
        yield from unpacked(self, *arguments)
        with self.file.path.open("ab") as file:
            file.write(b"9,Pot,Kitchen,1\n")

    monkeypatch.setattr(ByteStream, "_unpacked", growing)
    refused_with(store, "changed while it was read")


def test_a_name_that_is_not_utf_8_is_refused(store: Shop) -> None:
    try:
        (store.raw / os.fsdecode(b"sales-\xff.csv")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system has only names of UTF-8")
    refused_with(store, "rename the file")


def test_a_file_that_vanishes_is_refused(store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = ByteStream.blocks

    def vanishing(self: ByteStream) -> Iterator[bytes]:
        self.file.path.unlink()
        yield from blocks(self)

    monkeypatch.setattr(ByteStream, "blocks", vanishing)
    refused_with(store, r"cannot read customers\.csv")


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
