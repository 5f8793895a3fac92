"""Redshift as a warehouse: places, keys, locks, readers, logins, refusals.

All of it through a proxy to PostgreSQL (proxy.py): what Redshift itself does is known from its
documentation only, until `make test-cloud` has run.
"""

from __future__ import annotations

import gc
import ssl
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_pipeline.config import Settings
from data_pipeline.contract import TABLES
from data_pipeline.errors import BooksError, BusyWarehouseError, ConfigError, WarehouseError
from data_pipeline.inspection import read_quarantine, read_status, trace_sale
from data_pipeline.layout import QUARANTINE
from data_pipeline.warehouses import Access, open_warehouse, redshift_session
from data_pipeline.warehouses.redshift import RedshiftWarehouse
from data_pipeline.warehouses.s3 import write_files
from tests.databases.tls_servers import Authority
from tests.rawfiles import STORE, customers, sales
from tests.redshift.house import url_of
from tests.redshift.proxy import Proxy
from tests.redshift.store import BUCKET, Store
from tests.shop import Shop, assert_is_star

READ = Access(read_only=True)
MORE = {"sales-2.csv": sales("9,1,1,1,5,2025-03-04", "1,1,1,3,2.50,2025-03-04,2025-04-01")}


def test_tables_say_where_rows_lie_and_what_their_keys_are(shop: Shop, proxy: Proxy) -> None:
    proxy.statements.clear()
    shop.run()
    made = {s.split('"')[1]: s for s in proxy.statements if s.startswith('CREATE TABLE "')}
    assert made["sales"].endswith(
        'PRIMARY KEY ("transaction_id"), '
        'FOREIGN KEY ("customer_id") REFERENCES "customers", '
        'FOREIGN KEY ("product_id") REFERENCES "products")'
        ' DISTKEY ("transaction_id") SORTKEY ("timestamp")'
    )
    assert made["customers"].endswith('DISTKEY ("customer_id") SORTKEY ("customer_id")')
    assert made["products"].endswith('DISTSTYLE ALL SORTKEY ("product_id")')
    assert made["sales_held"].endswith('DISTKEY ("transaction_id") SORTKEY ("timestamp")')
    assert "DIST" not in made["runs"]
    staged = next(s for s in proxy.statements if 'TABLE "incoming_sales"' in s)
    assert staged.startswith("CREATE TEMPORARY TABLE")
    assert staged.endswith('DISTKEY ("transaction_id") SORTKEY ("timestamp")')


def test_a_run_is_one_transaction_that_begins_with_the_lock(shop: Shop, proxy: Proxy) -> None:
    shop.run()
    proxy.statements.clear()
    shop.put(MORE).run()
    words = [s.split()[0] for s in proxy.statements]
    assert words.count("BEGIN") == words.count("COMMIT") == 1
    begin = words.index("BEGIN")
    assert proxy.statements[begin + 2] == "LOCK TABLE run_lock"
    assert {"COPY", "DELETE", "INSERT", "CREATE"}.isdisjoint(words[:begin])
    assert "MERGE" not in words
    assert_is_star(shop, shop.star())


@pytest.mark.parametrize("what", ["unique", "dangling"])
def test_keys_that_nobody_enforces_are_looked_at(shop: Shop, what: str) -> None:
    shop.run()
    with open_warehouse(shop.url) as warehouse, warehouse.transaction():
        assert [warehouse.broken_keys(t) for t in TABLES.values()] == [[], [], []]
        if what == "unique":
            warehouse.rows("INSERT INTO sales SELECT * FROM sales WHERE transaction_id = 2")
        else:
            warehouse.rows("UPDATE sales SET product_id = 77 WHERE transaction_id = 2")
        (found,) = warehouse.broken_keys(TABLES["sales"])
    assert ("is not unique" in found) == (what == "unique")
    before = shop.dump()
    with pytest.raises(BooksError):
        shop.put(MORE).run()
    assert shop.dump() == before


def test_checks_do_not_ask_the_planner(proxy: Proxy, shop: Shop) -> None:
    """What they look at is no column of which a key was declared."""
    shop.run()
    asked = [s for s in proxy.statements if "COUNT(DISTINCT" in s and 'FROM "sales"' in s]
    assert any('COUNT(DISTINCT "transaction_id" + 0)' in s for s in asked)
    assert any('m."product_id" + 0' in s for s in proxy.statements)


def test_two_runs_at_once(shop: Shop) -> None:
    with open_warehouse(shop.url):
        with pytest.raises(BusyWarehouseError, match=r"in use by another run.*--wait"):
            shop.run()
        with open_warehouse(shop.url, READ) as reader:
            assert not reader.has_tables()
    assert shop.run(wait_s=1).kind == "first"


def test_a_run_waits_as_long_as_it_is_told(shop: Shop) -> None:
    other = open_warehouse(shop.url)
    threading.Timer(1.5, other.close).start()
    assert shop.run(wait_s=60).kind == "first"


def test_readers_see_the_old_state_and_never_wait(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run()
    held, go_on = threading.Event(), threading.Event()
    commit = RedshiftWarehouse.commit

    def late_commit(self: RedshiftWarehouse) -> None:
        held.set()
        assert go_on.wait(60)
        commit(self)

    monkeypatch.setattr(RedshiftWarehouse, "commit", late_commit)
    runner = threading.Thread(target=shop.put(MORE).run)
    runner.start()
    try:
        assert held.wait(120)
        with open_warehouse(shop.url, READ) as reader:
            assert reader.rows("SELECT COUNT(*) FROM sales") == [(3,)]
            old = reader.version()
            go_on.set()
            runner.join(60)
            assert reader.rows("SELECT COUNT(*) FROM sales") == [(4,)]
            assert reader.version() != old
    finally:
        go_on.set()
        runner.join(60)


def test_a_reader_needs_no_bucket_and_reads_everything(shop: Shop, tmp_path: Path) -> None:
    shop.put({"sales-2.csv": sales("9,1,77,1,5,2025-03-04", "10,1,1,x,5,2025-03-04")}).run()
    url = shop.url.replace(f"&bucket={BUCKET}", "")
    with open_warehouse(url, READ) as reader:
        assert {row[1] for row in read_status(reader).files} == {
            *("customers.csv", "products.csv", "sales.csv", "sales-2.csv")
        }
        reasons = [(row[0], row[1], row[2]) for row in read_quarantine(reader, None, 3)]
        assert reasons == [("sales", "invalid_quantity", 1), ("sales", "orphan_product", 1)]
        settings = Settings(raw=shop.raw, warehouse=url)
        assert [s.verdict for s in trace_sale(reader, 9, settings).steps] == ["orphan_product"]
        with reader.as_duckdb() as copy:
            held = copy.execute(f"SELECT COUNT(*) FROM {QUARANTINE.name}").fetchall()
            assert held == [(2,)]
        reader.export("SELECT name FROM customers ORDER BY name", tmp_path / "n.csv", "csv")
        with reader.session() as other:
            assert other.rows("SELECT COUNT(*) FROM products") == [(2,)]
    assert (tmp_path / "n.csv").read_text().splitlines()[0] == "name"


def test_rows_come_back_in_order_and_in_parts(shop: Shop) -> None:
    shop.put({"customers-2.csv": customers(*(f"{i},N{i}" for i in range(10, 2600)))}).run()
    ordered = "SELECT customer_id, name, registered_at FROM customers ORDER BY customer_id DESC"
    with open_warehouse(shop.url, READ) as reader:
        with reader.read(ordered) as batches:
            found = [batch.num_rows for batch in batches]
        assert found == [1000, 1000, 593]
        with reader.read(f"{ordered} LIMIT 0") as batches:
            assert batches.schema.types == [pa.int64(), pa.string(), pa.timestamp("us")]
            assert list(batches) == []
        with pytest.raises(ZeroDivisionError), reader.read(ordered):
            raise ZeroDivisionError
        assert reader.rows("SELECT COUNT(*) FROM products") == [(2,)]


def test_a_statement_can_be_interrupted(shop: Shop, proxy: Proxy) -> None:
    with open_warehouse(shop.url, READ) as reader:
        threading.Timer(0.5, reader.interrupt).start()
        began = time.monotonic()
        with pytest.raises(WarehouseError, match="cancel"):
            reader.execute("SELECT pg_sleep(60)")  # type: ignore[attr-defined]
        assert time.monotonic() - began < 30


def test_a_text_that_has_no_room_stops_the_run(shop: Shop, store: Store) -> None:
    shop.run()
    before = shop.dump()
    long = "é" * 40_000
    shop.put({"customers-2.csv": customers("7,Zoe,z@b.c,Rome", f"8,{long},z@b.c,Rome")})
    with pytest.raises(WarehouseError, match=r"customers-2.csv, line 3: name has 80,000 bytes"):
        shop.run()
    assert shop.dump() == before
    assert store.keys() == []


def test_tables_of_others_are_left_alone(shop: Shop) -> None:
    schema = shop.house.schema  # type: ignore[attr-defined]
    schema.rows(f'CREATE SCHEMA "{schema.name}"')
    schema.rows("CREATE TABLE customers (name TEXT)")
    with pytest.raises(WarehouseError, match="has a table 'customers' that is not the pipeline's"):
        shop.run()


def test_parquet_files_are_cut_and_hold_times_as_redshift_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_pipeline.warehouses.s3.FILE_BYTES", 1)
    moments = pa.array([1, None, 1_741_083_630_123_456], pa.timestamp("us"))
    batch = pa.record_batch({"at": moments, "amount": pa.array([1, 2, None], pa.decimal128(18, 4))})
    paths = [*write_files([batch, batch.slice(0, 0), batch], tmp_path)]
    assert len(paths) == 2
    for path in paths:
        kinds = pq.ParquetFile(path).schema
        assert kinds.column(0).physical_type == "INT96"
        read = pq.read_table(path, coerce_int96_timestamp_unit="us")
        assert read.column("at").to_pylist() == moments.to_pylist()
    assert [*write_files([batch.slice(0, 0)], tmp_path)] == []


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("redshift://u:secret@h/d", "names no bucket"),
            ("redshift://u:secret@h:port/d", "cannot be read"),
            ("redshift://u:secret@/d?bucket=b", "names no host"),
            ("redshift://u:secret@h/?bucket=b", "names no database"),
            ("redshift://u:secret@h/d?bucket=b&schema=", "names no schema"),
            ("redshift://u:secret@h/d?bucket=b&colour=x", "unknown option 'colour'; known: schema"),
            ("redshift://u:secret@h/d?bucket=b&sslmode=maybe", "unknown sslmode 'maybe'; known"),
        ],
    )
    def test_a_url_that_cannot_be_right(self, shop: Shop, url: str, said: str) -> None:
        with pytest.raises(ConfigError, match=said) as caught:
            shop.run(warehouse=url)
        assert "secret" not in str(caught.value)

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_a_wrong_password(self, shop: Shop) -> None:
        url = shop.url.replace("keep%25this%3Asecret", "wrong-secret")
        with pytest.raises(WarehouseError, match=r"password authentication failed.*IAM") as caught:
            shop.run(warehouse=url)
        assert "secret" not in str(caught.value)
        del caught
        gc.collect()  # the driver leaves the socket of a refused login to the collector

    def test_a_role_that_is_not_attached(self, shop: Shop, proxy: Proxy) -> None:
        proxy.has_default_role = False
        with pytest.raises(WarehouseError, match=r"assume default IAM role; attach a role"):
            shop.run()
        proxy.has_default_role = True
        role = "arn:aws:iam::123456789012:role/loader"
        assert shop.run(warehouse=f"{shop.url}&iam_role={role}").kind == "first"

    def test_a_user_without_rights(self, shop: Shop, proxy: Proxy) -> None:
        schema = shop.house.schema  # type: ignore[attr-defined]
        role = schema.name.replace(" ", "_")
        schema.rows(f'CREATE ROLE "{role}"')
        try:
            proxy.roles["shop"] = role
            with pytest.raises(WarehouseError, match=r"permission denied.*docs/redshift.md"):
                shop.run()
        finally:
            schema.rows(f'DROP ROLE "{role}"')

    @pytest.mark.parametrize("module", ["redshift_connector", "boto3"])
    def test_a_missing_driver(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch, module: str
    ) -> None:
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ConfigError, match=r"\[redshift\]"):
            shop.run()

    def test_a_missing_translator(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        with open_warehouse(shop.url, READ) as reader:
            monkeypatch.setitem(sys.modules, "sqlglot", None)
            with pytest.raises(ConfigError, match=r"translator of SQL .*\[redshift\]"):
                reader.rows("SELECT 1 AS never_translated_before")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:ssl[.]:DeprecationWarning")  # how the driver speaks to ssl
def test_the_server_proves_who_it_is(
    shop: Shop, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The authority is trusted for a name; where another name leads there, only on request."""
    authority = Authority(tmp_path)
    proxy.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    proxy.tls.load_cert_chain(*authority.issue("server", "localhost"))
    monkeypatch.setattr(redshift_session, "PAUSES_S", ())
    by_address = shop.url.replace("sslmode=disable", "sslmode=verify-full")
    by_name = by_address.replace("127.0.0.1", "localhost")
    with pytest.raises(WarehouseError, match=r"CERTIFICATE_VERIFY_FAILED.*has to prove by TLS"):
        open_warehouse(by_name, READ)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    open_warehouse(by_name, READ).close()
    with pytest.raises(WarehouseError, match=r"address mismatch.*has to prove by TLS"):
        open_warehouse(by_address, READ)
    open_warehouse(by_address.replace("verify-full", "verify-ca"), READ).close()
    gc.collect()  # the driver leaves the sockets of refused servers to the collector


def test_the_url_of_the_tests_holds_a_password_that_must_be_written_in_percent() -> None:
    assert "keep%25this%3Asecret" in url_of("s", 1)
    assert STORE
