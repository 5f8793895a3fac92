"""PostgreSQL as a warehouse: keys, comments, rights, locks, readers, secrets, refusals."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pyarrow as pa
import pytest

from data_pipeline import postgres
from data_pipeline.contract import TABLES
from data_pipeline.errors import BooksError, ConfigError, PipelineError, WarehouseError
from data_pipeline.inspection import read_quarantine, read_status, trace_sale
from data_pipeline.layout import BOOKS, star_relations
from data_pipeline.metrics.rollups import ROLLUPS
from data_pipeline.postgres import Session
from data_pipeline.warehouses import Access, open_warehouse
from data_pipeline.warehouses.postgresql import PostgreSQLWarehouse
from tests.postgres import Schema, needed_url
from tests.rawfiles import STORE, customers, sales
from tests.shop import HOUSES, House, Shop, assert_is_star

READ = Access(read_only=True)
MORE = {"sales-2.csv": sales("9,1,1,1,5,2025-03-04", "1,1,1,3,2.50,2025-03-04,2025-04-01")}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = HOUSES["postgresql"](tmp_path)
    yield made
    made.drop()


@pytest.fixture
def schema(store: Shop) -> Schema:
    found: Schema = store.house.schema  # type: ignore[attr-defined]
    return found


def changed(url: str, **parts: str) -> str:
    """The URL with another path or netloc."""
    return urlunsplit(urlsplit(url)._replace(**parts))


def constraints(schema: Schema) -> set[tuple[str, str, bool]]:
    found = schema.rows(
        "SELECT c.relname, pg_get_constraintdef(k.oid), k.convalidated FROM pg_constraint AS k "
        "JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE n.nspname = $1 AND k.contype IN ('p', 'f')",
        schema.name,
    )
    return {(table, text.replace(f'"{schema.name}".', ""), valid) for table, text, valid in found}


KEYS = {
    ("customers", "PRIMARY KEY (customer_id)", True),
    ("products", "PRIMARY KEY (product_id)", True),
    ("sales", "PRIMARY KEY (transaction_id)", True),
    ("sales", "FOREIGN KEY (customer_id) REFERENCES customers(customer_id) DEFERRABLE", True),
    ("sales", "FOREIGN KEY (product_id) REFERENCES products(product_id) DEFERRABLE", True),
}


def test_keys_are_declared_and_stay_declared(store: Shop, schema: Schema) -> None:
    store.run()
    assert constraints(schema) == KEYS
    store.put(MORE).run()
    store.run(full_refresh=True)
    assert constraints(schema) == KEYS
    assert_is_star(store, store.star())


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO customers SELECT * FROM customers WHERE customer_id = 1",
        "DELETE FROM products WHERE product_id = 1",
        "UPDATE sales SET customer_id = 77 WHERE transaction_id = 1",
        "UPDATE sales SET total_sales = NULL",
    ],
)
def test_keys_are_enforced(store: Shop, schema: Schema, statement: str) -> None:
    store.run()
    with pytest.raises(WarehouseError, match="violates"):
        schema.rows(statement)


def test_keys_that_somebody_took_away_are_looked_at_by_us(store: Shop, schema: Schema) -> None:
    store.run()
    schema.rows("ALTER TABLE sales DROP CONSTRAINT sales_product_id_fkey")
    schema.rows("UPDATE sales SET product_id = 77 WHERE transaction_id = 2")
    before = store.dump()
    with pytest.raises(BooksError, match="1 keys are not in products"):
        store.put(MORE).run()
    assert store.dump() == before


def test_broken_keys_are_told_and_not_committed(store: Shop, schema: Schema) -> None:
    store.run()
    with open_warehouse(store.url) as warehouse:
        warehouse.begin()
        warehouse.rows("UPDATE sales SET product_id = 77")
        (broken,) = warehouse.broken_keys(TABLES["sales"])
        assert "is not present" in broken
        assert warehouse.rows("SELECT COUNT(*) FROM sales") == [(3,)]
        warehouse.rollback()
    assert schema.rows("SELECT COUNT(*) FROM sales WHERE product_id = 77") == [(0,)]


def test_tables_and_columns_say_what_they_are(store: Shop, schema: Schema) -> None:
    store.run()
    found = dict(
        schema.rows(
            "SELECT c.relname || COALESCE('.' || a.attname, ''), d.description "
            "FROM pg_description AS d JOIN pg_class AS c ON c.oid = d.objoid "
            "JOIN pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN pg_attribute AS a "
            "ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0 "
            "WHERE n.nspname = $1",
            schema.name,
        )
    )
    for relation in (*star_relations(), *BOOKS):
        assert found[relation.name] == relation.grain
        for field in relation.fields:
            assert found[f"{relation.name}.{field.name}"] == field.description
    assert found["sales.total_sales"] == TABLES["sales"].by_name["total_sales"].description


def test_sales_are_found_by_time_customer_and_product(store: Shop, schema: Schema) -> None:
    store.run()
    found = schema.rows(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = $1 AND tablename = 'sales'", schema.name
    )
    columns = {definition.partition("btree ")[2] for (definition,) in found}
    assert columns == {"(transaction_id)", '("timestamp")', "(customer_id)", "(product_id)"}


def test_tables_of_others_are_left_alone(store: Shop, schema: Schema) -> None:
    schema.rows(f'CREATE SCHEMA "{schema.name}"')
    schema.rows("CREATE TABLE customers (name TEXT)")
    with pytest.raises(WarehouseError, match="has a table 'customers' that is not the pipeline's"):
        store.run()
    assert schema.rows("SELECT * FROM customers") == []
    assert schema.rows("SELECT COUNT(*) FROM pg_tables WHERE schemaname = $1", schema.name) == [
        (1,)
    ]


def test_views_and_rights_of_others_outlive_a_rebuild(store: Shop, schema: Schema) -> None:
    store.run()
    schema.rows("CREATE VIEW mine AS SELECT SUM(total_sales) AS total FROM sales")
    schema.rows("GRANT SELECT ON sales TO PUBLIC")
    store.put({"sales.csv": STORE["sales.csv"].replace(b"2,2.50", b"4,2.50")})
    assert store.run().kind == "rebuild"
    assert schema.rows("SELECT total FROM mine") == store.rows("SELECT SUM(total_sales) FROM sales")
    acl = "SELECT relacl::text FROM pg_class WHERE oid = 'sales'::regclass"
    assert "=r/" in schema.rows(acl)[0][0]


@pytest.mark.parametrize("full_refresh", [False, True])
def test_readers_see_the_old_state_and_never_wait(
    store: Shop, schema: Schema, monkeypatch: pytest.MonkeyPatch, full_refresh: bool
) -> None:
    store.run()
    held, go_on = threading.Event(), threading.Event()
    commit = PostgreSQLWarehouse.commit

    def late_commit(self: PostgreSQLWarehouse) -> None:
        held.set()
        assert go_on.wait(60)
        commit(self)

    monkeypatch.setattr(PostgreSQLWarehouse, "commit", late_commit)
    store.put(MORE)
    runner = threading.Thread(target=store.run, kwargs={"full_refresh": full_refresh})
    runner.start()
    try:
        assert held.wait(60)
        with open_warehouse(store.url, READ) as reader:
            reader.rows("SELECT 1")
            session = schema.session()
            session.rows("SET lock_timeout = '500ms'")
            for relation in (*star_relations(), *BOOKS):
                session.rows(f"SELECT * FROM {relation.name}")
            assert session.rows("SELECT COUNT(*) FROM quarantine") == [(0,)]
            for rollup in ROLLUPS.values():
                session.rows(f"SELECT * FROM {rollup.relation.name}")
            session.close()
            assert reader.rows("SELECT COUNT(*) FROM sales") == [(3,)]
            old = reader.version()
            go_on.set()
            runner.join(60)
            assert reader.rows("SELECT COUNT(*) FROM sales") == [(4,)]
            assert reader.version() != old
    finally:
        go_on.set()
        runner.join(60)


def test_a_reader_cannot_write(store: Shop) -> None:
    store.run()
    with (
        open_warehouse(store.url, READ) as reader,
        pytest.raises(WarehouseError, match="read-only"),
    ):
        reader.rows("DELETE FROM sales")


def test_two_runs_at_once(store: Shop) -> None:
    with open_warehouse(store.url):
        with pytest.raises(WarehouseError, match=r"in use by another run.*--wait"):
            store.run()
        with open_warehouse(f"{store.url}x"), open_warehouse(store.url, READ):
            pass
    assert store.run(wait_s=1).kind == "first"


def test_a_run_waits_as_long_as_it_is_told(store: Shop) -> None:
    other = open_warehouse(store.url)
    began = time.monotonic()
    threading.Timer(1.0, other.close).start()
    store.run(wait_s=30)
    assert 0.5 < time.monotonic() - began < 30


def test_a_failed_run_changes_nothing(store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    store.run()
    before = store.dump()
    monkeypatch.setattr("data_pipeline.ledger.write_run", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.put(MORE).run()
    monkeypatch.undo()
    assert store.dump() == before
    store.run()
    assert_is_star(store, store.star())


def test_the_first_run_leaves_nothing_when_it_fails(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_pipeline.ledger.write_run", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.run()
    assert store.is_empty()


def test_books_and_traces_read_the_same(store: Shop) -> None:
    from data_pipeline.config import Settings

    store.put({"sales-2.csv": sales("9,1,77,1,5,2025-03-04", "10,1,1,x,5,2025-03-04")}).run()
    settings = Settings(raw=store.raw, warehouse=store.url)
    with open_warehouse(store.url, READ) as reader:
        status = read_status(reader)
        names = {row[1] for row in status.files}
        assert names == {"customers.csv", "products.csv", "sales.csv", "sales-2.csv"}
        reasons = [(row[0], row[1], row[2]) for row in read_quarantine(reader, None, 3)]
        assert reasons == [("sales", "invalid_quantity", 1), ("sales", "orphan_product", 1)]
        assert [s.verdict for s in trace_sale(reader, 9, settings).steps] == ["orphan_product"]
        assert [s.verdict for s in trace_sale(reader, 10, settings).steps] == ["invalid_quantity"]


class TestWhatIsRefused:
    def test_a_server_that_is_not_there(self, store: Shop) -> None:
        with pytest.raises(WarehouseError, match=r"cannot connect .*is the server there"):
            store.run(warehouse="postgresql://shop:secret@127.0.0.1:1/db")

    def test_a_database_that_is_not_there(self, store: Shop) -> None:
        url = changed(needed_url(), path="/no_such_database")
        with pytest.raises(WarehouseError, match=r"no_such_database.*createdb"):
            store.run(warehouse=url)

    def test_an_unreadable_url_says_nothing_of_its_password(self, store: Shop) -> None:
        for url in (
            "postgresql://shop:se%zzcret@host:port/db",
            "postgresql://shop:secret@[::1/db",
            "postgresql://shop:secret@127.0.0.1/db?sslmode=secret",
            "postgresql://shop:secret@127.0.0.1/db?sslmode=verify-full&sslrootcert=/none/secret",
        ):
            with pytest.raises(PipelineError) as caught:
                store.run(warehouse=url)
            assert "secret" not in str(caught.value)
            assert "cret" not in str(caught.value)

    def test_an_empty_schema(self, store: Shop) -> None:
        with pytest.raises(ConfigError, match="names no schema"):
            store.run(warehouse=store.url.partition("schema=")[0] + "schema=")

    def test_a_database_that_cannot_hold_every_sign(self, store: Shop) -> None:
        name = f"sales_test_{uuid.uuid4().hex[:8]}"
        make = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'"
        with database(name, make) as url, pytest.raises(WarehouseError, match=r"LATIN1.*UTF8"):
            store.run(warehouse=url)

    def test_a_missing_driver(self, store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "asyncpg", None)
            with pytest.raises(ConfigError, match=r"\[postgresql\]"):
                store.run()

    def test_a_missing_translator(self, store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        from data_pipeline.warehouses import remote

        remote.translate.cache_clear()
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "sqlglot", None)
            with pytest.raises(ConfigError, match=r"\[postgresql\]"):
                store.run()


class database:  # noqa: N801
    """A database of the test's own."""

    def __init__(self, name: str, make: str) -> None:
        self.name, self.make = name, make

    def __enter__(self) -> str:
        self._run(self.make)
        return changed(needed_url(), path=f"/{self.name}")

    def __exit__(self, *_: object) -> None:
        self._run(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _run(self, sql: str) -> None:
        postgres_rows(sql)


def postgres_rows(sql: str) -> list[Any]:
    """The rows of a statement in the database that the server gives to tests."""
    session = Session(needed_url(), WarehouseError)
    try:
        return session.rows(sql)
    finally:
        session.close()


def test_another_order_of_letters_changes_nothing(shop: Shop) -> None:
    """In a database that sorts a before B, the same rows win."""
    name = f"sales_test_{uuid.uuid4().hex[:8]}"
    try:
        postgres_rows("SELECT 'a' COLLATE \"en-x-icu\" < 'B'")
    except WarehouseError:
        pytest.skip("this build of PostgreSQL knows no other order of letters (ICU)")
    make = f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
    files = {f"sales{k}.csv": sales(f"1,1,1,{i},5,2025-03-04") for i, k in enumerate("aB_é", 1)}
    shop.put({**STORE, **files}).run()
    with database(name, make) as url:
        shop.run(warehouse=url)
        session = Session(url, WarehouseError)
        session.rows("SET search_path = warehouse")
        assert session.rows("SELECT 'a' < 'B'") == [(True,)]
        there = session.rows("SELECT source_file FROM sales ORDER BY transaction_id")
        session.close()
    assert there == shop.rows("SELECT source_file FROM sales ORDER BY transaction_id")


@pytest.fixture
def least(store: Shop, schema: Schema) -> Iterator[str]:
    """The URL for a role that has only what docs/postgresql.md lists."""
    role = f"sales_test_{uuid.uuid4().hex[:8]}"
    schema.rows(f"CREATE ROLE {role} LOGIN PASSWORD 'secret%1'")
    schema.rows(f'CREATE SCHEMA "{schema.name}" AUTHORIZATION {role}')
    parts = urlsplit(store.url)
    server = parts.netloc.rpartition("@")[2]
    yield changed(store.url, netloc=f"{role}:secret%251@{server}")
    schema.drop()
    schema.rows(f"DROP ROLE {role}")


def test_least_rights_are_enough(store: Shop, least: str, schema: Schema) -> None:
    result = store.run(warehouse=least)
    assert "secret" not in result.warehouse
    store.put(MORE).run(warehouse=least)
    store.run(warehouse=least, full_refresh=True)
    assert_is_star(store, store.star())
    said = schema.rows("SELECT settings FROM runs UNION ALL SELECT versions FROM runs")
    assert "secret" not in str(said)
    shown = schema.rows("SELECT query, application_name FROM pg_stat_activity")
    assert "secret" not in str(shown)


def test_a_reader_needs_no_more_than_select(store: Shop, schema: Schema) -> None:
    store.run()
    role = f"sales_test_{uuid.uuid4().hex[:8]}"
    schema.rows(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
    try:
        parts = urlsplit(store.url)
        url = changed(store.url, netloc=f"{role}:x@{parts.netloc.rpartition('@')[2]}")
        schema.rows(f'GRANT USAGE ON SCHEMA "{schema.name}" TO {role}')
        with pytest.raises(WarehouseError, match=r"permission denied.*docs/postgresql.md"):
            read_all(url)
        schema.rows(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{schema.name}" TO {role}')
        assert read_all(url) == 3
    finally:
        schema.drop()
        schema.rows(f"DROP ROLE {role}")


def read_all(url: str) -> Any:
    with open_warehouse(url, READ) as reader:
        return reader.rows("SELECT COUNT(*) FROM sales")[0][0]


def test_a_notebook_whose_loop_is_running(store: Shop) -> None:
    store.run()

    async def cell() -> Any:
        return read_all(store.url)

    with ThreadPoolExecutor(1) as other:  # a browser of other tests may run a loop in this one
        assert other.submit(asyncio.run, cell()).result() == 3


def test_the_password_may_come_from_the_environment(
    store: Shop, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "wrong or not needed")
    monkeypatch.setenv("PGAPPNAME", "named by the environment")
    done = subprocess.run(
        [sys.executable, "-m", "data_pipeline", "run", "--raw", store.raw, "--processed", "none"],
        env={**os.environ, "SALES_WAREHOUSE": store.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert_is_star(store, store.star())


def test_an_answer_that_is_not_fetched_to_its_end(store: Shop) -> None:
    store.put({"customers-2.csv": customers(*(f"{i},N{i}" for i in range(10, 9000)))}).run()
    with open_warehouse(store.url, READ) as reader:
        assert isinstance(reader, PostgreSQLWarehouse)
        with pytest.raises(ZeroDivisionError), reader.read("SELECT * FROM customers"):
            raise ZeroDivisionError
        assert reader.rows("SELECT COUNT(*) FROM products") == [(2,)]


@pytest.mark.parametrize("count", [0, 1, 200_000])
def test_rows_come_back_in_order_however_many(store: Shop, tmp_path: Path, count: int) -> None:
    numbers = (
        f"SELECT n, CAST(NULL AS VARCHAR) AS t, '' AS e FROM GENERATE_SERIES(1, {count}) AS g(n)"
    )
    with open_warehouse(store.url, READ) as reader:
        assert isinstance(reader, PostgreSQLWarehouse)
        with reader.read(f"{numbers} ORDER BY n DESC") as batches:
            table = batches.read_all()
        reader.export(f"{numbers} ORDER BY n DESC", tmp_path / "n.csv", "csv")
    assert table.column("n").to_pylist() == list(range(count, 0, -1))
    assert table.schema.types == [pa.int32(), pa.string(), pa.string()]
    lines = (tmp_path / "n.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ["n,t,e", *(f'{n},,""' for n in range(count, 0, -1))]


def test_a_url_without_its_own_parameters() -> None:
    assert postgres.split_url("postgresql://h/d?schema=a+b&x=%26", "schema") == (
        "postgresql://h/d?x=%26",
        {"schema": "a b"},
    )


def test_an_orphan_that_the_loader_overlooks_is_refused_by_the_server(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.run()
    before = store.dump()
    monkeypatch.setattr(PostgreSQLWarehouse, "lacks", lambda self, column, row: "1 = 0")
    with pytest.raises(WarehouseError, match="customer_id"):
        store.put({"sales-2.csv": sales("77,99999,1,1,5,2025-01-01")}).run()
    assert store.dump() == before
