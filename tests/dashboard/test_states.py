"""The page goes on while a run loads, then gets the new data; and says what to do without any."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest

from data_pipeline.dashboard import keeping
from data_pipeline.metrics.rollups import ROLLUPS
from data_pipeline.warehouses import open_warehouse
from tests.dashboard.client import Dashboard, open_dashboard
from tests.dashboard.raw import write_raw
from tests.metrics.store import make_store
from tests.shop import DuckDBHouse, House, Shop, every_warehouse

if TYPE_CHECKING:
    from pathlib import Path

MORE = b"transaction_id,customer_id,product_id,quantity,price,timestamp\n"


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "CHECK_S", 0)


@pytest.fixture
def own_shop(tmp_path: Path, house: House) -> Shop:
    return Shop(tmp_path, house).put(write_raw(make_store(orders=60)))


def more(number: int, price: str = "10.00") -> dict[str, bytes]:
    line = f"{700_000 + number},1,1,1,{price},2025-06-0{number}\n"
    return {f"sales-more-{number}.csv": MORE + line.encode()}


def net_sales(dashboard: Dashboard, **parameters: str) -> Decimal:
    answer = dashboard.ask("/api/query", metric="net_sales", **parameters)
    if "v" in parameters:
        assert answer["version"] == parameters["v"]
    return Decimal(answer["rows"][0][0])


@every_warehouse
def test_new_data_are_offered_and_old_answers_never_mixed(own_shop: Shop) -> None:
    own_shop.run()
    with open_dashboard(own_shop.url) as dashboard:
        first = dashboard.ask("/api/state")
        assert first["state"] == "ready"
        before = net_sales(dashboard, v=first["version"])
        own_shop.put(more(1)).run()
        second = dashboard.ask("/api/state")
        assert second["version"] != first["version"]
        assert second["loaded_at"] >= first["loaded_at"]
        assert net_sales(dashboard, v=second["version"]) == before + 10
        assert net_sales(dashboard) == before + 10
        old = dashboard.get("/api/query", metric="orders", v=first["version"])
        if isinstance(own_shop.house, DuckDBHouse):
            assert net_sales(dashboard, v=first["version"]) == before
            assert old.json()["version"] == first["version"]
        else:
            assert old.status_code == 410, "a server shows its newest state only"
        own_shop.put(more(2)).run()
        dashboard.ask("/api/state")
        gone = dashboard.refusal("/api/query", metric="units", v=first["version"])
        assert gone[:2] == (410, "version_gone")
        assert net_sales(dashboard) == before + 20


def test_a_run_at_work_is_not_seen(own_shop: Shop) -> None:
    own_shop.run()
    with open_dashboard(own_shop.url) as dashboard:
        version = dashboard.ask("/api/state")["version"]
        before = net_sales(dashboard)
        with open_warehouse(own_shop.url) as warehouse:
            with warehouse.transaction():
                warehouse.rows("DELETE FROM sales")
                for name in ROLLUPS:
                    warehouse.rows(f"DELETE FROM {name}")
                assert dashboard.ask("/api/state")["version"] == version
                assert net_sales(dashboard) == before
                assert dashboard.ask("/api/rows", metric="net_sales")["row_count"] > 0
            assert dashboard.ask("/api/state")["version"] != version
        assert dashboard.ask("/api/meta")["span"] is None


@every_warehouse
def test_without_data_the_page_says_what_to_do_and_comes_alive(own_shop: Shop) -> None:
    with open_dashboard(own_shop.url) as dashboard:
        state = dashboard.ask("/api/state")
        assert state["state"] in {"missing", "empty"}
        assert "sales run" in state["remedy"]
        assert state["version"] is state["loaded_at"] is None
        for path in ("/api/meta", "/api/quality", "/api/headlines", "/api/rows.csv"):
            answer = dashboard.get(path)
            assert answer.status_code == 503
            assert answer.json()["error"] == {
                "code": state["state"], "message": state["message"], "remedy": state["remedy"],
            }  # fmt: skip
        own_shop.run()
        assert dashboard.ask("/api/state")["state"] == "ready"
        assert net_sales(dashboard) > 0


def test_a_warehouse_that_goes_away_and_comes_back(own_shop: Shop) -> None:
    own_shop.run()
    with open_dashboard(own_shop.url) as dashboard:
        version = dashboard.ask("/api/state")["version"]
        before = net_sales(dashboard, v=version)
        own_shop.file.unlink()
        assert dashboard.ask("/api/state")["state"] == "missing"
        assert net_sales(dashboard, v=version) == before, "who looks at it goes on"
        own_shop.run()
        again = dashboard.ask("/api/state")
        assert again["state"] == "ready"
        assert again["version"] != version, "made anew, though it is the first run again"


def test_another_layout_is_refused_with_the_remedy(own_shop: Shop) -> None:
    own_shop.run()
    with duckdb.connect(str(own_shop.file)) as connection:
        connection.execute("UPDATE runs SET versions = '{\"layout\": 999}'")
    with open_dashboard(own_shop.url) as dashboard:
        state = dashboard.ask("/api/state")
        assert state["state"] == "other_layout"
        assert "layout 999" in state["message"]
        assert "sales run --full-refresh" in state["remedy"]


def test_a_star_without_a_run_is_empty(own_shop: Shop) -> None:
    own_shop.run()
    with duckdb.connect(str(own_shop.file)) as connection:
        connection.execute("DELETE FROM runs")
    with open_dashboard(own_shop.url) as dashboard:
        assert dashboard.ask("/api/state")["state"] == "empty"


def test_a_file_that_is_no_warehouse(own_shop: Shop) -> None:
    own_shop.file.write_bytes(b"no database at all" * 1000)
    with open_dashboard(own_shop.url) as dashboard:
        state = dashboard.ask("/api/state")
        assert state["state"] == "unreachable"
        assert "Traceback" not in state["message"]


def test_a_file_that_another_program_holds_is_locked(own_shop: Shop) -> None:
    import subprocess
    import sys

    own_shop.run()
    code = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); c.execute('CREATE TABLE x (a INT)');"
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(own_shop.file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout
        assert other.stdin
        other.stdout.readline()
        with open_dashboard(own_shop.url) as dashboard:
            assert dashboard.ask("/api/state")["state"] == "locked"
            other.stdin.close()
            other.wait(20)
            assert dashboard.ask("/api/state")["state"] == "ready"


def test_a_shop_without_sales_has_zeros(own_shop: Shop) -> None:
    header = (own_shop.raw / "sales.csv").read_bytes().splitlines(keepends=True)[0]
    own_shop.put({"sales.csv": header}).run()
    with open_dashboard(own_shop.url) as dashboard:
        meta = dashboard.ask("/api/meta")
        assert meta["span"] is meta["default_period"] is None
        assert net_sales(dashboard) == 0
        one = dashboard.ask("/api/headlines")
        assert one["period"] is None
        assert [h["now"] for h in one["headlines"]][:2] == ["0.0000", 0]
        for analysis in meta["analyses"]:
            answer = dashboard.ask(f"/api/analyses/{analysis['name']}")
            assert set(answer["frames"]) == set(analysis["frames"])


@every_warehouse
def test_days_are_those_of_the_reporting_zone(own_shop: Shop) -> None:
    own_shop.put({"sales-late.csv": MORE + b"800001,1,1,1,7.00,2026-03-31T22:30:00Z\n"}).run()
    with open_dashboard(own_shop.url, timezone="Europe/Berlin") as dashboard:
        assert dashboard.ask("/api/meta")["span"]["last_day"] == "2026-04-01"
        answer = dashboard.ask("/api/query", metric="net_sales", by="day", since="2026-03-31")
        assert answer["rows"] == [["2026-04-01", "7.0000"]]
        rows = dashboard.ask("/api/rows", since="2026-04-01")
        assert rows["rows"][0][1] == "2026-04-01 00:30:00"


def test_an_old_state_that_nobody_needs_is_let_go(
    own_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_shop.run()
    with open_dashboard(own_shop.url) as dashboard:
        old = dashboard.ask("/api/state")["version"]
        own_shop.put(more(1)).run()
        new = dashboard.ask("/api/state")["version"]
        assert dashboard.ask("/api/query", metric="orders", v=old)["version"] == old
        monkeypatch.setattr(keeping, "KEEP_BEFORE_S", 0)
        dashboard.ask("/api/state")
        assert dashboard.refusal("/api/query", metric="units", v=old)[0] == 410
        assert dashboard.ask("/api/query", metric="units", v=new)["version"] == new


def test_an_error_of_the_driver_is_a_state(own_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from data_pipeline.dashboard import store

    def fail(*_: object) -> None:
        raise RuntimeError("disk on fire\nat line 7")

    own_shop.run()
    with open_dashboard(own_shop.url) as dashboard:
        monkeypatch.setattr(store, "span", fail)
        state = dashboard.ask("/api/state")
        assert (state["state"], state["message"]) == ("unreachable", "disk on fire")
