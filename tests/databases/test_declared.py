"""What the user says about databases: in pipeline.toml, in URLs, in option files."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from data_pipeline.config import load_settings
from data_pipeline.databases import scheme_of
from data_pipeline.databases.mysql_options import arguments
from data_pipeline.errors import ConfigError, SourceError
from data_pipeline.landing import SourceTable, land
from tests.databases.servers import ShopDatabase

PG, MY = "postgresql://me@host/shop", "mysql://me@host/shop"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def declared(text: str, source: str | None = None, **environment: str) -> tuple[SourceTable, ...]:
    Path("pipeline.toml").write_text(text, encoding="utf-8")
    return load_settings({"source": source}, environment).sources


def test_one_url_stands_for_all_three() -> None:
    assert [(t.table, t.name, t.url) for t in declared("", PG)] == [
        (name, name, PG) for name in ("customers", "products", "sales")
    ]
    assert declared(f'source = "{PG}"') == declared("", PG) == declared("", None, SALES_SOURCE=PG)
    assert declared("") == ()


def test_tables_that_are_named_and_no_others() -> None:
    found = declared(
        f'[sources.sales]\nurl = "{MY}"\ntable = "shop.orders"\nwatermark = "changed"\n'
        'overlap = 60\ncolumns = { price = "unit price" }\n[sources.products]\n',
        PG,
    )
    assert found == (
        SourceTable("products", PG, "products"),
        SourceTable("sales", MY, "shop.orders", "", {"price": "unit price"}, "changed", 60),
    )


def test_a_password_of_the_environment() -> None:
    for url, shown in (
        ("mysql://me@host/shop", "mysql://me:p%40ss@host/shop"),
        ("mariadb://me@host/shop", "mariadb://me:p%40ss@host/shop"),
        ("mysql://me:own@host/shop", "mysql://me:own@host/shop"),
        ("postgresql://me@host/shop", "postgresql://me@host/shop"),  # its driver sees PGPASSWORD
    ):
        assert declared("", url, MYSQL_PWD="p@ss")[0].url == shown


MISTAKES = [
    ("sources = 3", "sources is not a table"),
    ("[sources.sale]", r"\[sources.sale\]: unknown table; known: customers, products, sales"),
    ("[sources]\nsales = 3", r"\[sources.sales\] is not a table"),
    ("[sources.sales]\ncolour = 'x'", "unknown setting 'colour'; known: columns, overlap, query"),
    ("[sources.sales]\ntable = 'a'\nquery = 'SELECT 1'", "both table and query"),
    ("[sources.sales]\ntable = ''", "table = '' is not a text"),
    ("[sources.sales]\nwatermark = 5", "watermark = 5 is not a text"),
    ("[sources.sales]\noverlap = -1", "overlap = -1 is no whole number"),
    ("[sources.sales]\noverlap = true", "overlap = True is no whole number"),
    ("[sources.sales]\ncolumns = 'x'", "columns maps names"),
    ("[sources.sales.columns]\ncost = 'x'", "unknown column 'cost'; known: transaction_id"),
    ("[sources.sales]\nurl = 'x'", "unknown database 'x'; known: mysql, postgresql"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_is_named(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        declared(text, PG)


def test_a_table_without_a_database() -> None:
    with pytest.raises(ConfigError, match=r"\[sources.sales\] has no url, and no source is set"):
        declared("[sources.sales]")


def test_other_names_of_the_schemes() -> None:
    assert scheme_of("postgres://x") == scheme_of("PostgreSQL://x") == "postgresql"
    assert scheme_of("mariadb://x") == scheme_of("mysql://x") == "mysql"


def test_a_digest_changes_with_what_is_read() -> None:
    one = SourceTable("sales", PG, "sales")
    others = [
        SourceTable("sales", PG, "orders"),
        SourceTable("sales", PG, "sales", watermark="updated_at"),
        SourceTable("sales", PG, "sales", columns={"price": "p"}),
        SourceTable("sales", PG, query="SELECT 1"),
    ]
    assert len({t.digest() for t in [one, *others]} | {one.digest("more")}) == 6


class TestMySQLOptions:
    def test_what_stands_in_the_url(self) -> None:
        told = arguments("mysql://m%40e:s%3Aecret@db.example:3307/my%20shop")
        assert (told["user"], told["password"]) == ("m@e", "s:ecret")
        assert (told["host"], told["port"], told["database"]) == ("db.example", 3307, "my shop")
        assert "ssl" not in told

    def test_an_option_file_says_the_rest(self) -> None:
        Path(".my.cnf").write_text(
            "[client]\nuser=ann\npassword='s3cret'\nhost=other\nport=3310\nsocket=/run/x.sock\n"
            "[mysqld]\nskip-networking\n"
        )
        told = arguments("mysql:///shop")
        assert (told["user"], told["password"], told["host"]) == ("ann", "s3cret", "other")
        assert (told["port"], told["unix_socket"]) == (3310, "/run/x.sock")
        told = arguments("mysql://bo@db.example/shop")
        assert (told["user"], told["password"], told["host"]) == ("bo", "s3cret", "db.example")
        assert "unix_socket" not in told
        assert "port" not in told

    def test_another_option_file(self) -> None:
        Path("other.cnf").write_text("[client]\npassword=p\n")
        assert arguments("mysql://h/d?option_file=other.cnf")["password"] == "p"
        with pytest.raises(ConfigError, match=r"no option file gone\.cnf"):
            arguments("mysql://h/d?option_file=gone.cnf")
        Path("bad.cnf").write_text("password = s3cret")
        with pytest.raises(ConfigError, match=r"cannot read the option file bad\.cnf") as caught:
            arguments("mysql://h/d?option_file=bad.cnf")
        assert "s3cret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("mode", "asks", "checks"),
        [
            ("required", ssl.CERT_NONE, False),
            ("verify_ca", ssl.CERT_REQUIRED, False),
            ("verify_identity", ssl.CERT_REQUIRED, True),
        ],
    )
    def test_tls(self, mode: str, asks: ssl.VerifyMode, checks: bool) -> None:
        context = arguments(f"{MY}?tls={mode}")["ssl"]
        assert (context.verify_mode, context.check_hostname) == (asks, checks)

    def test_no_tls(self) -> None:
        assert arguments(f"{MY}?tls=disabled")["ssl_disabled"] is True

    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("mysql://me:s3cret@h:port/d", "is no URL"),
            ("mysql://me:s3cret@h/d?sslmode=require", "unknown option 'sslmode'; known: opt"),
            ("mysql://me:s3cret@h/d?tls=maybe", "tls = 'maybe'; known: disabled"),
            ("mysql://me:s3cret@h/d?tls_ca=gone.pem", "TLS files cannot be used"),
            ("mysql://me:s3cret@h/d?tls=required&tls_cert=gone.pem", "TLS files"),
        ],
    )
    def test_mistakes(self, url: str, message: str) -> None:
        with pytest.raises(ConfigError, match=message) as caught:
            arguments(url)
        assert "s3cret" not in str(caught.value)

    def test_a_server_without_tls_is_refused_when_it_is_required(self, mysql: ShopDatabase) -> None:
        with mysql.open() as connection:
            [(_, has_tls)] = connection.rows("SHOW VARIABLES LIKE 'have_ssl'") or [("", "")]
        table = SourceTable("sales", f"{mysql.url}?tls=required", "sales")
        with pytest.raises(SourceError) as caught:  # no table there either
            land([table], Path("raw"), pauses_s=())
        assert ("doesn't exist" in str(caught.value)) is (has_tls == "YES")


def test_a_wrong_postgresql_url_shows_no_password() -> None:
    table = SourceTable("sales", "postgresql://me:s3cret@h:port/d", "sales")
    with pytest.raises(ConfigError) as said:
        land([table], Path("raw"), pauses_s=())
    assert "s3cret" not in str(said.value)
