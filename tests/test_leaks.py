"""A planted leak is always seen, and loads nothing; nor does a crash."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from data_pipeline.cli import main
from data_pipeline.contract import TABLES
from data_pipeline.errors import BooksError
from data_pipeline.ledger import close_books
from data_pipeline.load import Movement, Tally
from data_pipeline.sources.kernel import Kernel, Lines, Taken, Values
from data_pipeline.sources.parquet import ParquetFile
from data_pipeline.warehouses import Access, open_warehouse
from data_pipeline.warehouses.duckdb import DuckDBWarehouse
from tests.rawfiles import customers, products, sales
from tests.shop import Shop, double

if TYPE_CHECKING:
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


LEAKS = {
    "a sale is lost": "DELETE FROM sales WHERE transaction_id = 11",
    "a sale is doubled": double("sales", "transaction_id = 11"),
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
    "a product is doubled": double("products", "product_id = 2"),
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


@pytest.mark.parametrize(("rows", "read", "loaded"), [(4, 3, 3), (3, 3, 2), (2, 3, 3), (3, 3, 4)])
def test_records_counted_read_and_booked_have_to_agree(
    store: Shop, rows: int, read: int, loaded: int
) -> None:
    store.run()
    table = TABLES["sales"]
    cleaned: Any = [SimpleNamespace(file=SimpleNamespace(name="sales.csv"), rows=rows)]
    tally = Tally(table, {"sales.csv": Movement(read=read, loaded=loaded)})
    said = f"sales.csv: {rows} records counted, {read} read = {loaded} loaded"
    with open_warehouse(store.url, Access(read_only=True)) as reader:
        with pytest.raises(BooksError, match=said):
            close_books(reader, cleaned, {"sales": tally})
        cleaned[0].rows = 3
        close_books(reader, cleaned, {"sales": Tally(table, {"sales.csv": Movement(3, 3)})})


@pytest.mark.parametrize("name", TABLES)
def test_a_row_that_is_twice_in_quarantine_is_seen(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    publish = DuckDBWarehouse.publish

    def leaking(self: DuckDBWarehouse, table: Table, *arguments: Any, **named: Any) -> None:
        publish(self, table, *arguments, **named)
        if table.name == name:
            self.rows(f"INSERT INTO {name}_held SELECT * FROM {name}_held")

    monkeypatch.setattr(DuckDBWarehouse, "publish", leaking)
    versions = {
        "customers.csv": customers("1,Ann,a@b.example,Rome", "1,Ann,a@b.example,Oslo"),
        "products.csv": products("1,Mug,Kitchen,1", "1,Mug,Garden,1"),
        "sales.csv": sales(f"1,1,1,1,5,{DAY}", f"1,1,1,1,6,{DAY}"),
    }
    said = rf"{name}: 2 quarantined rows in the warehouse, 1 by the ledger"
    with pytest.raises(BooksError, match=said):
        shop.put(versions).run()


@pytest.mark.parametrize(
    "read_rows",
    [[0, 1, 2, 3], [0, 1, 2, 3, 4, 4], [0, 1, 2, 3, 3]],
    ids=["lost", "doubled", "both"],
)
def test_a_leak_in_the_reader_is_seen(
    store: Shop, monkeypatch: pytest.MonkeyPatch, read_rows: list[int]
) -> None:
    """The kernel loses or doubles a line; the counter of records does not see through it."""
    store.run()
    before = store.dump()
    read = Kernel.read

    def leaking(self: Kernel, lines: Lines) -> Taken:
        taken = read(self, lines)
        values = [v and Values(v.numbers[read_rows], v.letters, None) for v in taken.values]
        return Taken(values, taken.lines[read_rows], taken.left)

    monkeypatch.setattr(Kernel, "read", leaking)
    rows = [f"{n},1,1,1,5,{DAY}" for n in range(20, 25)]
    store.put({"sales-2.csv": sales(*rows)})
    with pytest.raises(BooksError, match=r"sales-2[.]csv, from line 2: 5 records were counted"):
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
