"""Columns that no file has: there in the star and NULL, without taking room, until one comes."""

from __future__ import annotations

import pytest

from data_pipeline.contract import TABLES
from data_pipeline.warehouses import Access, open_warehouse
from tests.rawfiles import SALES, STORE, file_of
from tests.shop import Shop, assert_is_star

OPTIONAL = ["order_id", "discount", "channel", "updated_at"]
WIDE = SALES.strip() + ",channel,order_id"
LATE = "2025-03-09"


def with_orders(*rows: str) -> bytes:
    return file_of(WIDE, rows)


def stored(shop: Shop, name: str = "sales") -> list[str]:
    """The optional columns of a table that hold values in the file."""
    table = TABLES[name]
    found = shop.rows(f"SELECT DISTINCT column_name FROM pragma_storage_info('{name}')")
    names = {column for (column,) in found}
    return [c.name for c in table.raw_columns if not c.required and c.name in names]


def shown(
    shop: Shop, columns: str = "transaction_id, order_id, channel"
) -> list[tuple[object, ...]]:
    return shop.rows(f"SELECT {columns} FROM sales ORDER BY transaction_id")


def test_what_no_file_has_is_there_and_takes_no_room(store: Shop) -> None:
    store.run()
    assert stored(store) == stored(store, "customers") == stored(store, "products") == []
    names = ", ".join(OPTIONAL)
    assert shown(store, names) == [(None,) * 4] * 3
    described = [row[0] for row in store.rows("DESCRIBE sales")]
    assert described[: len(TABLES["sales"].columns)] == [c.name for c in TABLES["sales"].columns]


@pytest.mark.parametrize("name", ["sales-0.csv", "sales-2.csv"])
def test_one_file_of_the_first_run_has_more_columns(shop: Shop, name: str) -> None:
    shop.put({**STORE, name: with_orders(f"9,1,1,1,5,{LATE},web,A-1", f"8,1,1,x,5,{LATE},web,A-1")})
    shop.run()
    assert stored(shop) == ["order_id", "channel"]
    assert shown(shop) == [(1, None, None), (2, None, None), (3, None, None), (9, "A-1", "web")]
    assert_is_star(shop, shop.star())


def test_a_later_file_brings_columns(store: Shop) -> None:
    store.run()
    store.put({"sales-2.csv": with_orders(f"9,1,1,1,5,{LATE},web,")}).run()
    assert stored(store) == ["channel"], "order_id has come, but no value of it"
    assert shown(store)[-1] == (9, None, "web")
    assert_is_star(store, store.star())
    store.put({"sales-3.csv": with_orders(f"10,1,1,1,$5,{LATE},,A-2")}).run()
    assert stored(store) == ["order_id", "channel"]
    assert shown(store)[-2:] == [(9, None, "web"), (10, "A-2", None)]
    assert_is_star(store, store.star())


def test_a_later_file_whose_columns_are_empty_brings_none(store: Shop) -> None:
    store.run()
    store.put({"sales-2.csv": with_orders(f"9,1,1,1,5,{LATE},,")}).run()
    assert stored(store) == []
    assert_is_star(store, store.star())


def test_a_sale_keeps_what_a_file_without_the_column_cannot_say(shop: Shop) -> None:
    """What the star has is put into the staging table when its key comes again."""
    first = with_orders(f"1,1,1,1,5,{LATE},web,A-1", f"2,1,7,1,5,{LATE},shop,A-2")
    shop.put(STORE | {"sales-9.csv": first, "sales.csv": SALES.encode()}).run()
    again = file_of(SALES.strip(), [f"1,1,1,2,6,{LATE}"])
    more = {
        "sales-2.csv": again,
        "products-2.csv": file_of("product_id,name,category,price", ["7,a,b,1"]),
    }
    shop.put(more).run()
    assert shown(shop) == [(1, "A-1", "web"), (2, "A-2", "shop")]
    assert_is_star(shop, shop.star())


def test_a_rebuild_gives_up_a_column_that_has_gone(store: Shop) -> None:
    store.put({"sales-2.csv": with_orders(f"9,1,1,1,5,{LATE},web,A-1")}).run()
    assert stored(store) == ["order_id", "channel"]
    (store.raw / "sales-2.csv").unlink()
    store.run(full_refresh=True)
    assert stored(store) == []
    assert_is_star(store, store.star())


def test_with_keys_declared_every_column_is_stored(store: Shop) -> None:
    store.run(declare_keys=True)
    assert stored(store) == OPTIONAL
    store.put({"sales-2.csv": with_orders(f"9,1,1,1,5,{LATE},web,A-1")}).run(declare_keys=True)
    assert_is_star(store, store.star())


def test_the_rows_of_a_table_that_is_made_roomier_are_the_same(store: Shop) -> None:
    store.run()
    before = shown(store, "*")
    table = TABLES["sales"]
    with open_warehouse(store.url, Access()) as warehouse, warehouse.transaction():
        warehouse.engine.make_room("sales", table, ["discount"])
        assert "discount" in warehouse.engine.stored("sales")
        assert "order_id" not in warehouse.engine.stored("sales")
    assert shown(store, "*") == before
    assert stored(store) == ["discount"]
