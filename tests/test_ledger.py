"""The books: what they say, and that a planted leak is always seen and loads nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from data_pipeline.cli import main
from data_pipeline.errors import BooksError
from data_pipeline.layout import BOOKS, star_relations
from data_pipeline.ledger import LAYOUT_VERSION, balance_by_table
from data_pipeline.metrics.rollups import AGG_TERMS, ROLLUPS
from data_pipeline.sources.parquet import ParquetFile
from data_pipeline.sources.text import TextFile
from data_pipeline.warehouses import Access, open_warehouse
from data_pipeline.warehouses.duckdb import DuckDBWarehouse
from tests.rawfiles import STORE, products, sales
from tests.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data_pipeline.contract import Table
DAY = "2025-03-04"
MORE = {
    "sales-2.csv": sales(
        f"1,1,1,2,2.60,{DAY},{DAY}",  # a newer version
        f"8,1,9,1,5,{DAY}",  # an orphan
        f"9,1,1,1,free,{DAY}",  # a bad one
        f"10,1,1,1,$5,{DAY}",  # a repaired one
        f"10,1,1,1,5,{DAY}",  # a duplicate
        f"11,1,1,2,1.25,{DAY}",
        f"12,1,1,2,x,{DAY}",
    )
}
SHEET = (
    "SELECT source_file, rows_read, rows_loaded, rows_duplicate, rows_quarantined, rows_repaired,"
    " amount_loaded, amount_quarantined FROM ledger WHERE run_id = {} ORDER BY ALL"
)


def test_the_ledger_has_a_row_for_each_file_of_a_run(store: Shop) -> None:
    store.run()
    assert store.rows(SHEET.format(1)) == [
        ("customers.csv", 2, 2, 0, 0, 0, None, None),
        ("products.csv", 2, 2, 0, 0, 0, None, None),
        ("sales.csv", 3, 3, 0, 0, 0, Decimal("11.5000"), Decimal(0)),
    ]


def test_a_later_run_moves_rows_of_older_files(store: Shop) -> None:
    store.run()
    store.put(MORE).run()
    assert store.rows(SHEET.format(2)) == [
        ("sales-2.csv", 7, 3, 1, 3, 1, Decimal("12.7000"), Decimal(5)),
        ("sales.csv", 0, -1, 0, 1, 0, Decimal("-5.0000"), Decimal("5.0000")),
    ]


def test_a_late_product_moves_the_orphan(store: Shop) -> None:
    store.put(MORE).run()
    store.put({"products-2.csv": products("9,Cup,Kitchen,1")}).run()
    assert store.rows(SHEET.format(2)) == [
        ("products-2.csv", 1, 1, 0, 0, 0, None, None),
        ("sales-2.csv", 0, 1, 0, -1, 0, Decimal("5.0000"), Decimal("-5.0000")),
    ]


def test_runs_and_files_are_written_down(store: Shop) -> None:
    result = store.run(source_timezone="Europe/Berlin")
    assert result.run_id == 1
    assert result.kind == "first"
    runs = store.records("SELECT * FROM runs")
    assert len(runs) == 1
    assert runs[0]["status"] == "balanced"
    assert runs[0]["started_at"] <= runs[0]["finished_at"]
    assert "Europe/Berlin" in runs[0]["settings"]
    assert '"duckdb"' in runs[0]["versions"]
    assert f'"layout": {LAYOUT_VERSION}' in runs[0]["versions"]
    files = store.rows("SELECT path, size, row_count, length(content_hash) FROM files ORDER BY ALL")
    assert files == [
        ("customers.csv", len(STORE["customers.csv"]), 2, 64),
        ("products.csv", len(STORE["products.csv"]), 2, 64),
        ("sales.csv", len(STORE["sales.csv"]), 3, 64),
    ]


def test_a_run_with_nothing_new_is_no_run(store: Shop) -> None:
    store.run()
    assert store.run().run_id is None
    assert store.rows("SELECT count(*) FROM runs") == [(1,)]


def test_a_run_leaves_the_tables_of_the_layout_and_no_others(store: Shop) -> None:
    store.run()
    store.put(MORE).run()
    found = store.rows("SELECT table_name FROM duckdb_tables() WHERE NOT temporary")
    sums = [rollup.relation for rollup in ROLLUPS.values()]
    expected = (*star_relations(), *BOOKS, *sums, AGG_TERMS)
    assert {name for (name,) in found} == {relation.name for relation in expected}


def test_the_balance_of_a_table_is_that_of_all_its_files(store: Shop) -> None:
    store.run()
    store.put(MORE | {"sales-3.csv": MORE["sales-2.csv"].replace(b"1.25", b"1.75")}).run()
    with open_warehouse(store.url, Access(read_only=True)) as reader:
        found = {row[0]: row[1:] for row in balance_by_table(reader)}
    assert found["customers"] == (2, 2, 0, 0, 0, None, None)
    assert found["products"] == (2, 2, 0, 0, 0, None, None)
    assert found["sales"] == (17, 5, 5, 7, 1, Decimal("20.2000"), Decimal("12.5000"))


def test_the_layout_that_a_dashboard_may_read_is_the_first() -> None:
    assert LAYOUT_VERSION == 1


# --- planted leaks


LEAKS = {
    "a sale is lost": "DELETE FROM sales WHERE transaction_id = 11",
    "a sale is doubled": "INSERT INTO sales SELECT * FROM sales WHERE transaction_id = 11",
    "a cent is gone": (
        "UPDATE sales SET total_sales = total_sales - 0.01 WHERE transaction_id = 11"
    ),
    "a ten-thousandth is gone": (
        "UPDATE sales SET total_sales = total_sales - 0.0001 WHERE transaction_id = 11"
    ),
    "a cent goes from one sale to another": (
        "UPDATE sales SET total_sales = total_sales + "
        "CASE transaction_id WHEN 10 THEN 0.01 ELSE -0.01 END WHERE transaction_id IN (10, 11)"
    ),
    "one sale for another": ("UPDATE sales SET transaction_id = 10 WHERE transaction_id = 11"),
    "a product that is not there": "UPDATE sales SET product_id = 99 WHERE transaction_id = 11",
    "a customer that is not there": "UPDATE sales SET customer_id = 99 WHERE transaction_id = 11",
    "a customer is lost": "DELETE FROM customers WHERE customer_id = 2",
    "a product is doubled": "INSERT INTO products SELECT * FROM products WHERE product_id = 2",
    "an orphan is lost": "DELETE FROM sales_held WHERE transaction_id = 8",
    "a bad record is lost": "DELETE FROM incoming_rejected WHERE source_line = 4",
    "a bad record is doubled": (
        "INSERT INTO incoming_rejected SELECT * FROM incoming_rejected WHERE source_line = 4"
    ),
    "a sale in the star and in quarantine": (
        "INSERT INTO sales_held SELECT *, 'superseded', '', 1 FROM sales WHERE transaction_id = 11"
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("first", [True, False], ids=["first run", "later run"])
def test_a_leak_in_the_loader_is_seen(
    store: Shop, monkeypatch: pytest.MonkeyPatch, leak: str, first: bool
) -> None:
    if not first:
        store.run()
    before = store.dump() if not first else None
    publish = DuckDBWarehouse.publish

    def leaking(self: DuckDBWarehouse, table: Table, *arguments: Any, **named: Any) -> None:
        publish(self, table, *arguments, **named)
        if table.name == "sales":
            self.rows(LEAKS[leak])

    monkeypatch.setattr(DuckDBWarehouse, "publish", leaking)
    with pytest.raises(BooksError, match="nothing was loaded"):
        store.put(MORE).run()
    if before is None:
        assert store.is_empty()
    else:
        assert store.dump() == before


def test_what_is_wrong_is_said_a_line_each(store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    publish = DuckDBWarehouse.publish

    def leaking(self: DuckDBWarehouse, table: Table, *arguments: Any, **named: Any) -> None:
        publish(self, table, *arguments, **named)
        if table.name == "sales":
            self.rows(LEAKS["a cent goes from one sale to another"])
            self.rows("DELETE FROM products WHERE product_id = 2")

    monkeypatch.setattr(DuckDBWarehouse, "publish", leaking)
    with pytest.raises(BooksError) as raised:
        store.put(MORE).run()
    assert str(raised.value).split("\n") == [
        "the books do not balance; nothing was loaded:",
        "  products: 1 rows in the warehouse, 2 by the ledger",
        "  sales: 2 rows whose total_sales is not quantity * price",
        "  sales.product_id: 1 keys are not in products",
    ]


@pytest.mark.parametrize("double", [False, True], ids=["lost", "doubled"])
def test_a_leak_in_the_reader_is_seen(
    store: Shop, monkeypatch: pytest.MonkeyPatch, double: bool
) -> None:
    """The reader loses or doubles a record; the counter of records does not see through it."""
    store.run()
    before = store.dump()
    batches = TextFile.batches

    def leaking(self: TextFile) -> Iterator[Any]:
        for batch in batches(self):
            yield batch.slice(0, batch.num_rows - 1)
            if double:
                yield batch.slice(batch.num_rows - 2)

    monkeypatch.setattr(TextFile, "batches", leaking)
    rows = [f"{n},1,1,1,5,{DAY}" for n in range(20, 30)]
    store.put({"sales-2.csv": sales(*rows)})
    with pytest.raises(BooksError):
        store.run()
    assert store.dump() == before


def test_the_command_says_so_and_exits_1(
    store: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(DuckDBWarehouse, "broken_keys", lambda self, table: ["a leak"])
    with pytest.raises(SystemExit) as end:
        main(["run", "--raw", str(store.raw), "--warehouse", store.url, "--processed", "none"])
    assert end.value.code == 1
    assert "the books do not balance; nothing was loaded" in capsys.readouterr().err
    assert store.is_empty()


# --- crashes


class PowerCutError(BaseException):
    """Nothing in the package catches this."""


@pytest.mark.parametrize("statement", [1, 5, 20, 40, 60, 80])
def test_a_crash_at_any_statement_leaves_the_warehouse_as_it_was(
    store: Shop, monkeypatch: pytest.MonkeyPatch, statement: int
) -> None:
    store.run()
    before = store.dump()
    rows = DuckDBWarehouse.rows
    seen = 0

    def failing(self: DuckDBWarehouse, *arguments: Any, **named: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == statement:
            raise PowerCutError
        return rows(self, *arguments, **named)

    monkeypatch.setattr(DuckDBWarehouse, "rows", failing)
    store.put(MORE)
    with pytest.raises(PowerCutError):
        store.run()
    monkeypatch.undo()
    assert store.dump() == before
    store.run()
    assert store.rows("SELECT count(*), sum(total_sales) FROM sales") == [(5, Decimal("19.2"))]


def test_a_parquet_file_with_another_count_than_its_footer(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ["product_id", "name", "category", "price"]
    table = pa.table({name: ["7", "8"] for name in names})
    pq.write_table(table, store.raw / "products-2.parquet")
    opened = ParquetFile.__init__

    def lying(self: ParquetFile, *arguments: Any) -> None:
        opened(self, *arguments)
        self.rows = 1

    monkeypatch.setattr(ParquetFile, "__init__", lying)
    with pytest.raises(BooksError, match="footer counts 2 rows"):
        store.run()
    assert store.is_empty()
