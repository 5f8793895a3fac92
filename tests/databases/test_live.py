"""A simulated shop in a database: typed, keyed, going on; and a pipeline that follows it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from data_pipeline.cli import cli
from data_pipeline.config import load_settings
from data_pipeline.errors import ConfigError, SourceError
from data_pipeline.pipeline import run
from data_pipeline.simulator.live import REMEMBERED, continue_shop
from tests.databases.servers import ShopDatabase, sale


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def simulate(*arguments: str) -> None:
    cli.main(["simulate", *arguments], prog_name="sales", standalone_mode=False)


def totals(rows: list[tuple[Any, ...]]) -> list[Decimal]:
    return [Decimal(str(value)) for value in rows[0]]


def assert_warehouse_is(database: ShopDatabase) -> None:
    """As many rows and as much money, by two ways that share nothing."""
    import duckdb

    asked = "SELECT COUNT(*), SUM(quantity), SUM(quantity * price) FROM sales"
    with database.open() as shop, duckdb.connect("w.duckdb", read_only=True) as warehouse:
        assert totals(shop.rows(asked)) == totals(warehouse.execute(asked).fetchall())
        for table, guests in (("customers", 1), ("products", 0)):
            [(there,)] = shop.rows(f"SELECT COUNT(*) FROM {table}")
            found = warehouse.execute(f"SELECT COUNT(*) FROM {table}").fetchall()
            assert found == [(there + guests,)]


def test_a_shop_is_made_and_followed(database: ShopDatabase) -> None:
    simulate("--sales", "600", "--days", "60", "--to", database.url)
    told = {"source": database.url, "raw": Path("raw"), "processed": "none"}
    settings = load_settings(told | {"warehouse": "duckdb:///w.duckdb"}, {})
    first = run(settings)
    assert first.kind == "first"
    assert sum(m.quarantined for t in first.tallies.values() for m in t.files.values()) == 0
    assert_warehouse_is(database)
    for days in ("1", "6"):
        simulate("--next-days", days, "--to", database.url, "--json")
        assert run(settings).kind == "incremental"
        assert_warehouse_is(database)
    assert run(settings).kind == "nothing new"


def test_the_tables_are_typed_and_keyed(database: ShopDatabase) -> None:
    simulate("--sales", "200", "--days", "30", "--to", database.url)
    with database.open() as shop:
        for broken in (
            sale(1).replace("(1,", "(NULL,"),
            "INSERT INTO sales (transaction_id, customer_id, product_id) VALUES (1, 1, 1)",
            "INSERT INTO sales (transaction_id, product_id) VALUES (999999, 999999)",
        ):
            with pytest.raises(SourceError):
                shop.rows(broken)
        assert shop.rows("SELECT COUNT(*) FROM sales WHERE updated_at IS NULL") == [(0,)]
        assert shop.rows("SELECT COUNT(DISTINCT name) FROM simulator_state") == [(len(REMEMBERED),)]


def test_a_database_in_use_is_left_alone(database: ShopDatabase) -> None:
    database.fill()
    with pytest.raises(ConfigError, match="has customers, products, sales already"):
        simulate("--sales", "100", "--to", database.url)
    with pytest.raises(ConfigError, match="has no simulated shop"):
        simulate("--next-days", "1", "--to", database.url)
    with database.open() as shop:
        assert shop.rows("SELECT COUNT(*) FROM sales") == [(2,)]


def test_days_that_fail_leave_the_shop_as_it_was(
    database: ShopDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate("--sales", "200", "--days", "30", "--to", database.url)
    asked = "SELECT COUNT(*), SUM(quantity) FROM sales"
    with database.open() as shop:
        before = shop.rows(asked)
    monkeypatch.setattr("data_pipeline.simulator.live.REMEMBERED", ("gone.json",))
    with pytest.raises(FileNotFoundError):
        continue_shop(database.url, 2)
    monkeypatch.undo()
    with database.open() as shop:
        assert shop.rows(asked) == before
    assert continue_shop(database.url, 1).first_day == "2026-01-01"


def test_what_is_said(postgres: ShopDatabase, capsys: pytest.CaptureFixture[str]) -> None:
    url = postgres.url_of(password="s3cret")
    simulate("--sales", "100", "--days", "30", "--to", url)
    said = capsys.readouterr().out
    assert "read it with: sales run --source postgresql://" in said
    simulate("--next-days", "1", "--to", url, "--json")
    told = capsys.readouterr().out
    assert json.loads(told)["first_day"] == "2026-01-01"
    assert "s3cret" not in said + told


def test_certify_is_for_files() -> None:
    with pytest.raises(Exception, match="--certify measures a new store of files"):
        simulate("--to", "postgresql://host/db", "--certify")
