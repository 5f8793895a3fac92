"""What lands of a database: exactly what is there, all of it, once; and nothing when it fails."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from data_pipeline import landing
from data_pipeline.config import load_settings
from data_pipeline.databases import open_database
from data_pipeline.errors import ConfigError, SourceError
from data_pipeline.landing import land
from data_pipeline.pipeline import Result, run
from data_pipeline.sources import landed as landed_files
from tests.databases.servers import ShopDatabase, proxied, sale

SOON = (0.0, 0.0)


def tables(url: str, **settings: Any) -> tuple[landing.SourceTable, ...]:
    """The declarations of all three tables, or of those for which settings are given."""
    declared = ""
    for name, told in settings.items():
        columns = told.get("columns", {})
        plain = {k: v for k, v in told.items() if k != "columns"}
        for place, values in ((f"[sources.{name}]", plain), (f"[sources.{name}.columns]", columns)):
            declared += (
                place + "\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in values.items())
            )
    Path("pipeline.toml").write_text(declared, encoding="utf-8")
    return load_settings({"source": url}, {}).sources


def landed(name: str) -> list[dict[str, str]]:
    """The rows of a landed file."""
    with Path("raw", name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files() -> list[str]:
    """What is in the raw directory but the lock and the notes."""
    hidden = (".landing.lock", ".json")
    return sorted(p.name for p in Path("raw").iterdir() if not p.name.endswith(hidden))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run_shop(url: str | None, **flags: Any) -> Result:
    told = {"source": url, "raw": Path("raw"), "processed": "none"}
    return run(load_settings(told | {"warehouse": "duckdb:///w.duckdb"} | flags, {}))


def test_a_first_run_and_the_ones_after_it(database: ShopDatabase) -> None:
    database.fill()
    first = run_shop(database.url)
    assert first.landed == (
        "customers-landed-000001-utc.csv",
        "products-landed-000001-utc.csv",
        "sales-landed-000001-utc.csv",
    )
    assert first.tallies["sales"].files["sales-landed-000001-utc.csv"].loaded == 2
    assert run_shop(database.url) == Result(None, "nothing new", "duckdb:///w.duckdb")
    database.run(
        sale(3), "UPDATE sales SET quantity = 9, updated_at = '2025-04-01' WHERE transaction_id = 1"
    )
    again = run_shop(database.url)
    assert again.landed == ("sales-landed-000002-utc.csv",)
    assert sorted((r["transaction_id"], r["quantity"]) for r in landed(again.landed[0])) == [
        ("1", "9"),
        ("3", "1"),
    ]
    assert run_shop(database.url).landed == ()


def test_the_landed_files_alone_give_the_same_warehouse(database: ShopDatabase) -> None:
    database.fill()
    run_shop(database.url)
    database.run(sale(3))
    run_shop(database.url)
    rebuilt = run_shop(None, warehouse="duckdb:///again.duckdb")
    assert rebuilt.kind == "first"
    assert sum(m.loaded for m in rebuilt.tallies["sales"].files.values()) == 3


def test_values_land_as_they_are(database: ShopDatabase) -> None:
    database.tables()
    backslash = {"postgresql": "\\", "mysql": "\\\\"}[database.kind]
    database.run(
        "INSERT INTO customers VALUES (1, 'A \"B\", C', '', NULL, NULL)",
        f"INSERT INTO customers VALUES (2, '{backslash}N', 'ü€😀', 'a\nb\r\nc', NULL)",
        "INSERT INTO products VALUES (1, NULL, '', 12345678901234.1234, NULL)",
        sale(1, at="2025-03-04 10:00:00.123456"),
    )
    land(tables(database.url), Path("raw"))
    one, two = landed("customers-landed-000001-utc.csv")
    assert (one["name"], one["email"], one["location"]) == ('A "B", C', "", "")
    assert (two["name"], two["email"], two["location"]) == ("\\N", "ü€😀", "a\nb\r\nc")
    text = Path("raw/customers-landed-000001-utc.csv").read_text(encoding="utf-8")
    assert text.splitlines()[1] == '1,"A ""B"", C","",,'  # empty text is "", NULL is nothing
    assert landed("products-landed-000001-utc.csv")[0]["price"] == "12345678901234.1234"
    moment = landed("sales-landed-000001-utc.csv")[0]["timestamp"]
    assert moment == "2025-03-04 10:00:00.123456"


def test_numbers_and_times_of_postgresql(postgres: ShopDatabase) -> None:
    postgres.run(
        "CREATE TABLE sales (transaction_id NUMERIC, customer_id INT, product_id INT, "
        'quantity INT, price NUMERIC, discount MONEY, "timestamp" TIMESTAMPTZ, updated_at DATE)',
        "SET TimeZone = 'Asia/Tokyo'",
        "INSERT INTO sales VALUES (99999999999999999999999, 1, 1, 1, 0.1234567890123456789, "
        "'1234.5', '2025-07-01 00:00+02', '2025-07-02'), "
        "(2, 1, 1, 1, 'NaN', NULL, 'infinity', NULL)",
    )
    land(tables(postgres.url, sales={}), Path("raw"))
    one, two = landed("sales-landed-000001.csv")  # a DATE is no moment: not -utc, and moments say Z
    assert one["transaction_id"] == "99999999999999999999999"
    assert one["price"] == "0.1234567890123456789"
    assert (one["discount"], one["timestamp"]) == ("1234.50", "2025-06-30 22:00:00Z")
    assert (two["price"], two["timestamp"]) == ("NaN", "infinityZ")


def test_zero_dates_and_bytes_of_mysql(mysql: ShopDatabase) -> None:
    mysql.run("CREATE TABLE t (transaction_id BIGINT UNSIGNED, customer_id INT, product_id INT, "
        "quantity INT, price DECIMAL(30,10), timestamp DATETIME, order_id VARBINARY(9), "
        "channel VARCHAR(9) CHARACTER SET latin1, updated_at TIMESTAMP NULL)")  # fmt: skip
    with mysql.open() as connection:
        connection.run([
            "SET sql_mode = ''", "SET time_zone = '+09:00'",
            ("INSERT INTO t VALUES (18446744073709551615, 1, 1, 1, 1.5, '0000-00-00', "
             "X'FF22', 'ü', '2025-07-01 09:00:00')"),
        ])  # fmt: skip
    land(tables(mysql.url, sales={"table": "t"}), Path("raw"))
    content = Path("raw/sales-landed-000001.csv").read_bytes()
    assert content.splitlines()[1] == (
        b'18446744073709551615,1,1,0000-00-00 00:00:00,1,1.5000000000,"\xff""",'
        b'"\xc3\xbc",2025-07-01 00:00:00Z'
    )


def test_clock_times_are_of_the_source_time_zone(postgres: ShopDatabase) -> None:
    postgres.fill()
    postgres.run("ALTER TABLE sales ALTER \"timestamp\" TYPE TIMESTAMP USING '2025-07-01 12:00'")
    result = run_shop(postgres.url, source_timezone="Europe/Berlin")
    assert result.landed[2] == "sales-landed-000001.csv"
    import duckdb

    with duckdb.connect("w.duckdb", read_only=True) as warehouse:
        times = warehouse.execute('SELECT DISTINCT "timestamp", updated_at FROM sales').fetchall()
    assert [[str(t) for t in row] for row in times] == [
        ["2025-07-01 10:00:00", "2025-03-06 00:00:00"]
    ]


def test_names_of_the_shop_itself_and_a_query(database: ShopDatabase) -> None:
    database.fill()
    quoted = {"postgresql": '"{}"', "mysql": "`{}`"}[database.kind].format
    place = {"postgresql": "public", "mysql": database.name}[database.kind]
    database.run(
        f"CREATE TABLE {quoted('My Articles')} AS SELECT product_id AS {quoted('Nr.')}, "
        f"name AS {quoted('Name')}, category, price AS {quoted('Unit Price')} FROM products"
    )
    names = {"product_id": "Nr.", "price": "unit price"}
    declared = tables(
        database.url,
        products={"table": f"{place}.My Articles", "columns": names},
        sales={"query": "SELECT s.* FROM sales AS s WHERE quantity > 0 ;\n"},
    )
    assert len(land(declared, Path("raw"))) == 2
    assert [(r["product_id"], r["name"], r["price"]) for r in landed(files()[0])] == [
        ("1", "Mug", "2.5000"),
        ("2", "Cup", "0.1000"),
    ]
    assert land(declared, Path("raw")) == ()


def test_files_and_a_database_mixed_by_table(database: ShopDatabase) -> None:
    database.fill()
    Path("raw").mkdir()
    for name, text in (
        ("customers.csv", "customer_id,name,email,location\n1,Ann,,\n"),
        ("products.csv", "product_id;name;category;price\n1;Mug;;2,5\n"),
    ):
        Path("raw", name).write_text(text)
    Path("pipeline.toml").write_text(
        '[tables.products]\ndelimiter = ";"\ndecimal = ","\n'
        '[tables.sales]\ndelimiter = ";"\ndecimal = ","\ntimestamp = "%d.%m.%Y"\n'
        f'[sources.sales]\nurl = "{database.url}"\n'
    )
    result = run_shop(None)
    assert result.landed == ("sales-landed-000001-utc.csv",)
    assert result.tallies["sales"].files[result.landed[0]].loaded == 2


def test_a_change_back_is_seen_without_updated_at(database: ShopDatabase) -> None:
    database.fill()
    database.run("ALTER TABLE products DROP COLUMN updated_at")
    import duckdb

    for price in ("3", "2.5"):  # it was 2.5 at first
        run_shop(database.url)
        database.run(f"UPDATE products SET price = {price} WHERE product_id = 1")
    assert run_shop(database.url).landed == ("products-landed-000003-utc.csv",)
    with duckdb.connect("w.duckdb", read_only=True) as warehouse:
        found = warehouse.execute("SELECT price FROM products WHERE product_id = 1").fetchall()
    assert [str(p) for (p,) in found] == ["2.5000"]


def test_all_tables_are_read_in_one_snapshot(
    database: ShopDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.fill()
    relation = landing._relation

    def meanwhile(opened: Any, wanted: landing.SourceTable) -> str:
        if wanted.table == "sales":
            database.run(sale(3), "INSERT INTO products VALUES (3, 'Late', 'x', 1, NULL)")
        return relation(opened, wanted)

    monkeypatch.setattr(landing, "_relation", meanwhile)
    land(tables(database.url), Path("raw"))
    assert len(landed("sales-landed-000001-utc.csv")) == 2
    monkeypatch.setattr(landing, "_relation", relation)
    assert land(tables(database.url), Path("raw")) == (
        "products-landed-000002-utc.csv",
        "sales-landed-000002-utc.csv",
    )


def test_the_session_can_only_read(database: ShopDatabase) -> None:
    database.fill()
    with (
        open_database(database.url) as connection,
        pytest.raises(SourceError, match=r"(?i)read.only"),
    ):
        connection.rows(sale(9))
    deletes = {"query": "SELECT 1; DELETE FROM sales"}
    with pytest.raises(SourceError):
        land(tables(database.url, sales=deletes), Path("raw"))
    assert files() == []
    with database.open() as connection:
        assert connection.rows("SELECT COUNT(*) FROM sales") == [(2,)]


def test_the_right_to_select_is_enough(database: ShopDatabase) -> None:
    database.fill()
    user, secret = f"u{database.name[4:]}", "p@ss:w/rd"
    grants = {
        "postgresql": (
            f"CREATE ROLE {user} LOGIN PASSWORD '{secret}'",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}",
        ),
        "mysql": (
            f"CREATE USER {user} IDENTIFIED BY '{secret}'",
            f"GRANT SELECT ON {database.name}.* TO {user}",
        ),
    }[database.kind]
    database.run(*grants)
    try:
        url = database.url_of(user, "p%40ss%3Aw%2Frd")
        assert len(land(tables(url), Path("raw"))) == 3
        database.run(sale(3))
        assert len(land(tables(url), Path("raw"))) == 1
        shown = "".join(p.read_text() for p in Path("raw").glob(".*.json"))
        assert "p%40ss" not in shown
        assert secret not in shown
    finally:
        drop = {"postgresql": "DROP OWNED BY {0}; DROP ROLE {0}", "mysql": "DROP USER {0}"}
        database.run(*drop[database.kind].format(user).split("; "))


def test_an_empty_table_lands_once(database: ShopDatabase) -> None:
    database.tables()
    assert len(land(tables(database.url), Path("raw"))) == 3
    assert land(tables(database.url), Path("raw")) == ()
    database.run(sale(1))
    assert land(tables(database.url), Path("raw")) == ("sales-landed-000002-utc.csv",)


class TestThatNothingIsHalfLanded:
    def many(self, database: ShopDatabase) -> None:
        database.fill()
        grown = "INSERT INTO products SELECT product_id + {0}, CONCAT(name, REPEAT('x', 50)), "
        grown += "category, price, updated_at FROM products"
        database.run(*(grown.format(2 << i) for i in range(12)))

    def test_a_dropped_connection_is_tried_again(self, database: ShopDatabase) -> None:
        self.many(database)
        told: list[str] = []
        with proxied(database.url, after=100_000, times=2) as proxy:
            url = database.url_of(port=proxy.port)
            found = land(tables(url), Path("raw"), pauses_s=SOON, say=told.append)
        assert proxy.connections == 3
        assert len(found) == 3
        assert len(told) == 2
        assert all("trying again in 0 s" in said for said in told)
        assert len(landed(found[1])) == 2 << 12

    def test_and_given_up_at_last(self, database: ShopDatabase) -> None:
        self.many(database)
        with proxied(database.url, after=100_000, times=9) as proxy:
            url = database.url_of(port=proxy.port)
            with pytest.raises(SourceError, match="given up after 3 attempts, nothing has landed"):
                land(tables(url), Path("raw"), pauses_s=SOON)
        assert proxy.connections == 3
        assert files() == []

    def test_the_server_ends_the_session(self, database: ShopDatabase) -> None:
        """The kill comes while rows are on their way."""
        self.many(database)
        kill = {
            "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{database.name}' AND pid <> pg_backend_pid()",
            "mysql": "SELECT id FROM information_schema.processlist "
            f"WHERE db = '{database.name}' AND id <> CONNECTION_ID()",
        }[database.kind]
        left = [True]

        class Killing(landing._Part):
            def write(self, data: bytes) -> None:
                super().write(data)
                if left and len(data) > 1000:
                    left.clear()
                    with database.open() as other:
                        found = other.rows(kill)
                        if database.kind == "mysql":
                            other.run(f"KILL {number}" for (number,) in found)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(landing, "_Part", Killing)
            found = land(tables(database.url), Path("raw"), pauses_s=SOON)
        assert not left
        assert len(landed(found[1])) == 2 << 12

    def test_a_later_table_that_fails_takes_the_others_with_it(
        self, database: ShopDatabase
    ) -> None:
        database.fill()
        database.run("ALTER TABLE sales DROP COLUMN quantity")
        with pytest.raises(SourceError, match=r"lacks quantity; it has transaction_id.*\[sources"):
            land(tables(database.url), Path("raw"))
        assert files() == []

    def test_a_crash_between_two_files(
        self, database: ShopDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Products have landed, sales have not; and what is left of them is in nobody's way."""
        database.fill()
        publish = landed_files.publish

        def crash(part: Path, path: Path, note: landed_files.Note) -> None:
            if path.name.startswith("sales"):
                landed_files.note_path(path).write_text('{"version": 1}')
                raise KeyboardInterrupt
            publish(part, path, note)

        monkeypatch.setattr(landing, "publish", crash)
        with pytest.raises(KeyboardInterrupt):
            land(tables(database.url), Path("raw"))
        assert files() == ["customers-landed-000001-utc.csv", "products-landed-000001-utc.csv"]
        monkeypatch.setattr(landing, "publish", publish)
        assert land(tables(database.url), Path("raw")) == ("sales-landed-000001-utc.csv",)

    def test_a_full_disk_is_no_dropped_connection(
        self, database: ShopDatabase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.many(database)

        def full(_part: Any, _data: bytes) -> None:
            raise SourceError("cannot write into raw: No space left on device; nothing has landed")

        monkeypatch.setattr(landing._Part, "write", full)
        with pytest.raises(SourceError, match="No space left"):
            land(tables(database.url), Path("raw"), pauses_s=(60,))
        assert files() == []

    def test_two_runs_at_once(self, database: ShopDatabase) -> None:
        database.fill()
        with landed_files.parts_in(Path("raw"), ["sales"]), pytest.raises(SourceError, match="ano"):
            land(tables(database.url), Path("raw"))


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_errors_say_where_and_never_the_password(kind: str) -> None:
    refused = f"{kind}://me:s3cret@127.0.0.1:1/shop"
    with pytest.raises(SourceError, match=rf"{kind}://127.0.0.1:1/shop.*given up") as caught:
        land(tables(refused), Path("raw"), pauses_s=SOON)
    assert "s3cret" not in str(caught.value)
    unknown = f"{kind}://me:s3cret@nowhere.invalid/shop"
    with pytest.raises(SourceError) as caught:
        land(tables(unknown), Path("raw"), pauses_s=SOON)
    assert "s3cret" not in str(caught.value)


def test_nothing_secret_in_ledger_and_files(postgres: ShopDatabase) -> None:
    postgres.fill()
    run_shop(postgres.url_of(password="s3cret"))
    import duckdb

    with duckdb.connect("w.duckdb", read_only=True) as warehouse:
        said = str(warehouse.execute("SELECT settings FROM runs").fetchall())
    assert f"/{postgres.name}" in said
    assert "s3cret" not in said
    for path in Path("raw").iterdir():
        assert "s3cret" not in path.name + path.read_text()


def test_a_missing_driver_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, module in (("postgresql", "asyncpg"), ("mysql", "pymysql")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ConfigError, match=rf"ecommerce-sales-pipeline\[{kind}\]"):
            open_database(f"{kind}://host/db")


def test_an_unknown_kind_of_database() -> None:
    with pytest.raises(ConfigError, match="unknown database 'oracle://x'; known: mysql, postgres"):
        open_database("oracle://x")


WIDE = {
    "postgresql": "CREATE VIEW customers AS SELECT i AS customer_id, REPEAT('n', 600) AS name, "
    "REPEAT('m', 400) AS email, NULL::TEXT AS location FROM GENERATE_SERIES(1, 300000) AS i",
    "mysql": "CREATE VIEW customers AS SELECT seq AS customer_id, REPEAT('n', 600) AS name, "
    "REPEAT('m', 400) AS email, NULL AS location FROM seq_1_to_300000",
}
PEAK = """
import sys
from pathlib import Path
from data_pipeline.landing import SourceTable, land
land([SourceTable("customers", sys.argv[1], "customers")], Path("raw"))
status = Path("/proc/self/status").read_text()
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""


def test_memory_is_bounded(database: ShopDatabase) -> None:
    """300 MB of wide rows in less than 200 MB, most of which is the libraries."""
    try:
        database.run(WIDE[database.kind])
    except SourceError:
        pytest.skip("this server has no sequences to select from")
    done = subprocess.run(
        [sys.executable, "-c", PEAK, database.url], check=True, capture_output=True, text=True
    )
    assert Path("raw/customers-landed-000001-utc.csv").stat().st_size > 300_000_000
    assert int(done.stdout) < 200
