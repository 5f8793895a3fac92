"""TLS as the servers really do it: each mode, clients' certificates, strangers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from data_pipeline.config import load_settings
from data_pipeline.databases import open_database
from data_pipeline.errors import PipelineError
from data_pipeline.pipeline import run
from tests.databases.tls_servers import TlsServer, mysql_server, postgresql_server

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "k33pm3s4fe"
SALES_TABLE = (
    "CREATE TABLE sales (transaction_id INT, customer_id INT, product_id INT, quantity INT, "
    "price DECIMAL(9,2), timestamp DATETIME)"
)


@pytest.fixture(scope="module")
def postgres_tls() -> Iterator[TlsServer]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)  # the server is another user, which pytest's folders keep out
        with postgresql_server(folder) as server:
            yield server


@pytest.fixture(scope="module")
def mysql_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    with mysql_server(tmp_path_factory.mktemp("mysql")) as server:
        yield server


def postgres_url(
    server: TlsServer, query: str, host: str = "localhost", user: str = "owner"
) -> str:
    return f"postgresql://{user}:{SECRET}@{host}:{server.port}/postgres?{query}"


def mysql_url(server: TlsServer, query: str, host: str = "localhost", user: str = "owner") -> str:
    secret = "" if user == "owner" else f":{SECRET}"
    return f"mysql://{user}{secret}@{host}:{server.port}/shop?{query}"


def refusal(url: str) -> str:
    with pytest.raises(PipelineError) as caught:
        open_database(url)
    assert SECRET not in str(caught.value)
    return str(caught.value)


class TestPostgreSQL:
    @pytest.mark.parametrize("query", ["", "sslmode=prefer", "sslmode=require"])
    def test_it_is_used_without_a_look_at_the_certificate(
        self, postgres_tls: TlsServer, query: str
    ) -> None:
        with open_database(postgres_url(postgres_tls, query)) as database:
            mine = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            assert database.rows(mine) == [(True,)]

    def test_a_server_that_wants_it_refuses_who_does_not(self, postgres_tls: TlsServer) -> None:
        assert "no encryption" in refusal(postgres_url(postgres_tls, "sslmode=disable"))

    def test_the_authority_and_the_name_are_checked(self, postgres_tls: TlsServer) -> None:
        ca, stranger = postgres_tls.ca, postgres_tls.stranger
        full, only_ca = "sslmode=verify-full&sslrootcert", "sslmode=verify-ca&sslrootcert"
        open_database(postgres_url(postgres_tls, f"{full}={ca}")).close()
        open_database(postgres_url(postgres_tls, f"{only_ca}={ca}", "127.0.0.1")).close()
        assert "certificate" in refusal(postgres_url(postgres_tls, f"{full}={ca}", "127.0.0.1"))
        assert "certificate" in refusal(postgres_url(postgres_tls, f"{full}={stranger}"))

    def test_a_certificate_of_the_clients_lets_in(self, postgres_tls: TlsServer) -> None:
        certificate, key = postgres_tls.client
        told = f"sslmode=verify-full&sslrootcert={postgres_tls.ca}"
        ours = f"{told}&sslcert={certificate}&sslkey={key}"
        open_database(postgres_url(postgres_tls, ours, user="shop")).close()
        assert "certificate" in refusal(postgres_url(postgres_tls, told, user="shop"))


class TestMySQL:
    @pytest.mark.parametrize("query", ["", "tls=preferred", "tls=required"])
    def test_it_is_used_without_a_look_at_the_certificate(
        self, mysql_tls: TlsServer, query: str
    ) -> None:
        with open_database(mysql_url(mysql_tls, query)) as database:
            [(_, cipher)] = database.rows("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
            assert cipher

    def test_a_server_that_wants_it_refuses_who_does_not(self, mysql_tls: TlsServer) -> None:
        assert "owner" in refusal(mysql_url(mysql_tls, "tls=disabled"))

    def test_the_authority_and_the_name_are_checked(self, mysql_tls: TlsServer) -> None:
        ca, stranger = mysql_tls.ca, mysql_tls.stranger
        open_database(mysql_url(mysql_tls, f"tls_ca={ca}")).close()
        open_database(mysql_url(mysql_tls, f"tls=verify_ca&tls_ca={ca}", "127.0.0.1")).close()
        assert "certificate" in refusal(mysql_url(mysql_tls, f"tls_ca={ca}", "127.0.0.1"))
        assert "certificate" in refusal(mysql_url(mysql_tls, f"tls_ca={stranger}"))

    def test_a_certificate_of_the_clients_lets_in(self, mysql_tls: TlsServer) -> None:
        certificate, key = mysql_tls.client
        told = f"tls=verify_identity&tls_ca={mysql_tls.ca}"
        ours = f"{told}&tls_cert={certificate}&tls_key={key}"
        open_database(mysql_url(mysql_tls, ours, user="shop").replace(f":{SECRET}", "")).close()
        assert "Access denied" in refusal(mysql_url(mysql_tls, told, user="shop"))


def test_a_run_from_a_database_into_a_warehouse_by_tls_alone(
    postgres_tls: TlsServer, mysql_tls: TlsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = mysql_url(mysql_tls, f"tls_ca={mysql_tls.ca}")
    with open_database(source, read_only=False) as shop:
        for statement in (
            "CREATE TABLE customers (customer_id INT, name TEXT, email TEXT, location TEXT)",
            "CREATE TABLE products (product_id INT, name TEXT, category TEXT, price DECIMAL(9,2))",
            SALES_TABLE,
            "INSERT INTO customers VALUES (1, 'Ann', 'ann@shop.example', 'Rome')",
            "INSERT INTO products VALUES (1, 'Mug', 'Kitchen', 2.50)",
            "INSERT INTO sales VALUES (1, 1, 1, 3, 2.50, '2025-03-04 10:00:00')",
            "COMMIT",
        ):
            shop.rows(statement)
    warehouse = postgres_url(postgres_tls, f"sslmode=verify-full&sslrootcert={postgres_tls.ca}")
    told = {"source": source, "raw": Path("raw"), "processed": "none", "warehouse": warehouse}
    done = run(load_settings(told, {}))
    (sales,) = done.tallies["sales"].files.values()
    assert (sales.read, sales.loaded, str(sales.amount_loaded)) == (1, 1, "7.5000")
    assert SECRET not in str(done)
