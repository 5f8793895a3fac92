"""Raw files in staging tables: every record, as text, with its file and line."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_pipeline import staging
from data_pipeline.cli import cli
from data_pipeline.config import load_settings
from data_pipeline.errors import BooksError
from data_pipeline.landing import SourceTable, land
from data_pipeline.staging import stage
from tests.databases.servers import ShopDatabase

SALES = (
    b"transaction_id,customer_id,product_id,quantity,price,timestamp,note\n"
    b'1,1,1,2,2.50,2025-03-04,"a ""quoted"", note"\n'
    b"2,1,1,x,\xff,2025-03-04,\n"
    b"3,1,1\n"
    b"4,1,1,1,1\x00,2025-03-04,\n"
    b'5,1,1,1,1,"2025\n-03",\xc3\xbc\xf0\x9f\x98\x80\n'
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("raw").mkdir()
    Path("raw/sales.csv").write_bytes(SALES)
    table = pa.table({"product_id": [1, 2], "name": ["A,b", None], "category": ["x", "y"],
                      "price": pa.array([1, 2], pa.decimal128(9, 2))})  # fmt: skip
    pq.write_table(table, "raw/products.parquet")


def staged(database: ShopDatabase) -> tuple[staging.Staged, ...]:
    return stage(Path("raw"), database.url, load_settings({}, {}).format_of_file)


def test_nothing_is_lost(database: ShopDatabase) -> None:
    products, sales = staged(database)
    assert (products.rows, products.faults) == (2, ())
    assert sales.rows == 5
    assert sales.faults == ((3, "bad_encoding"), (4, "too_few_fields"), (5, "nul_byte"))
    with database.open() as connection:
        found = connection.rows(
            "SELECT source_file, source_line, fault, quantity, raw FROM staging_sales "
            "ORDER BY source_line"
        )
        assert found == [
            ("sales.csv", 2, None, "2", '1,1,1,2,2.50,2025-03-04,"a ""quoted"", note"'),
            ("sales.csv", 3, "bad_encoding", None, "2,1,1,x,\\xff,2025-03-04,"),
            ("sales.csv", 4, "too_few_fields", None, "3,1,1"),
            ("sales.csv", 5, "nul_byte", None, "4,1,1,1,1\\x00,2025-03-04,"),
            ("sales.csv", 6, None, "1", '5,1,1,1,1,"2025\n-03",ü😀'),
        ]
        named = connection.rows("SELECT name, price, raw FROM staging_products ORDER BY 1")
        assert named == [("", "2.00", "2,,y,2.00"), ("A,b", "1.00", '1,"A,b",x,1.00')]


def test_a_file_is_staged_once_and_again_when_it_changed(database: ShopDatabase) -> None:
    staged(database)
    assert [file.rows for file in staged(database)] == [None, None]
    Path("raw/sales.csv").write_bytes(SALES.splitlines(keepends=True)[0] + b"7,,,,,,\n")
    assert [file.rows for file in staged(database)] == [None, 1]
    with database.open() as connection:
        assert connection.rows("SELECT transaction_id FROM staging_sales") == [("7",)]
        assert connection.rows("SELECT rows_staged FROM staging_files ORDER BY 1") == [(1,), (2,)]


def test_a_row_that_gets_lost_is_noticed(
    database: ShopDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = staging._rows

    def leaking(*arguments: Any) -> Any:
        yield next(iter(rows(*arguments))).slice(1)

    monkeypatch.setattr(staging, "_rows", leaking)
    with pytest.raises(BooksError, match=r"products.parquet: 2 records were counted, 1 were stag"):
        staged(database)
    with database.open() as connection:
        assert connection.rows("SELECT * FROM staging_products") == []
        assert connection.rows("SELECT * FROM staging_files") == []


def test_what_is_staged_can_be_a_source(database: ShopDatabase) -> None:
    staged(database)
    query = "SELECT * FROM staging_sales WHERE fault IS NULL"
    [name] = land([SourceTable("sales", database.url, query=query)], Path("landed"))
    with Path("landed", name).open(encoding="utf-8", newline="") as file:
        assert sorted(row["transaction_id"] for row in csv.DictReader(file)) == ["1", "5"]


def test_what_is_said(database: ShopDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*more: str) -> str:
        arguments = ["stage", "--raw", "raw", "--to", database.url, *more]
        cli.main(arguments, prog_name="sales", standalone_mode=False)
        return capsys.readouterr().out

    first = said()
    assert "staging_sales  sales.csv  5 rows\n  line 3: bad_encoding\n" in first
    assert "staging_sales  sales.csv  staged already" in said()
    assert json.loads(said("--json"))[0]["rows"] is None
    bad = b"".join(b"%d,1\n" % i for i in range(7))
    Path("raw/sales.csv").write_bytes(SALES.splitlines(keepends=True)[0] + bad)
    assert "and 2 more: SELECT" in said()
