"""The whole way: a simulated store, the pipeline's run, and its marks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from data_pipeline.commands import simulate as commands
from data_pipeline.config import Settings
from data_pipeline.errors import ConfigError, WarehouseError
from data_pipeline.grade import as_dict, grade
from data_pipeline.pipeline import run
from data_pipeline.simulator.continuation import continue_store
from data_pipeline.simulator.parameters import PRESETS
from data_pipeline.simulator.store import simulate
from tests.shop import HOUSES

STORE = PRESETS["default"].resized(sales=4_000, customers=800, days=90, seed=21, defects=0.3)


def load(raw: Path, warehouse: Path) -> str:
    url = f"duckdb:///{warehouse}"
    run(Settings(raw=raw, warehouse=url, processed=None))
    return url


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A store's raw files and the warehouse that the pipeline made of them. Read only."""
    place = tmp_path_factory.mktemp("graded")
    simulate(STORE, place / "raw")
    load(place / "raw", place / "w.duckdb")
    return place / "raw", place / "w.duckdb"


@pytest.mark.parametrize(
    ("preset", "file_format"),
    [("default", "gzip"), ("default", "parquet"), *((name, "csv") for name in PRESETS)],
)
def test_the_pipeline_has_full_marks_on_every_kind(
    tmp_path: Path, preset: str, file_format: str
) -> None:
    raw = tmp_path / "raw"
    store = PRESETS[preset].resized(sales=4_000, customers=800, days=90, seed=21, defects=0.3)
    simulate(store, raw, file_format=file_format)
    for days in (0, 1, 5):
        if days:
            continue_store(raw, days)
        marks = grade(raw, load(raw, tmp_path / "w.duckdb"))
        assert [k for k in marks.kinds if k.recall < 1 or k.precision < 1] == []
        assert marks.amount_found == marks.amount_expected
        assert marks.perfect, marks.examples


@pytest.mark.parametrize("scheme", sorted(set(HOUSES) - {"duckdb"}))
def test_another_warehouse_gets_the_same_marks(
    loaded: tuple[Path, Path], tmp_path: Path, scheme: str
) -> None:
    raw, warehouse = loaded
    house = HOUSES[scheme](tmp_path)
    try:
        run(Settings(raw=raw, warehouse=house.url, processed=None))
        marks = grade(raw, house.url)
    finally:
        house.drop()
    assert marks.perfect, marks.examples
    assert as_dict(marks) == as_dict(grade(raw, f"duckdb:///{warehouse}"))


FAULTS = {
    "a reason is lost": "DELETE FROM rejected WHERE reason = 'invalid_price'",
    "a reason is another": "UPDATE rejected SET reason = 'x' WHERE reason = 'invalid_timestamp'",
    "a repair is not said": "UPDATE customers SET repairs = NULL WHERE repairs = 'trimmed_name'",
    "a value is another": "UPDATE products SET category = 'x' WHERE repairs = 'default_category'",
    "a sale is gone": "DELETE FROM sales WHERE transaction_id = (SELECT min(transaction_id) "
    "FROM sales)",
    "a customer is gone": "DELETE FROM customers WHERE customer_id = (SELECT max(customer_id) "
    "FROM customers WHERE repairs IS NULL)",
    "a cent is gone": "UPDATE sales SET total_sales = total_sales - 0.01 WHERE transaction_id = "
    "(SELECT min(transaction_id) FROM sales)",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_loses_marks(loaded: tuple[Path, Path], tmp_path: Path, fault: str) -> None:
    raw, warehouse = loaded
    spoilt = tmp_path / "w.duckdb"
    spoilt.write_bytes(warehouse.read_bytes())
    with duckdb.connect(str(spoilt)) as connection:
        connection.execute(FAULTS[fault])
    marks = grade(raw, f"duckdb:///{spoilt}")
    assert not marks.perfect
    assert not as_dict(marks)["perfect"]


def test_what_cannot_be_graded_is_named(loaded: tuple[Path, Path], tmp_path: Path) -> None:
    raw, warehouse = loaded
    with pytest.raises(ConfigError, match="sales simulate"):
        grade(tmp_path, f"duckdb:///{warehouse}")
    with pytest.raises(ConfigError, match="unknown warehouse"):
        grade(raw, "oracle://host/db")
    with pytest.raises(WarehouseError, match="sales run"):
        grade(raw, f"duckdb:///{tmp_path / 'none.duckdb'}")
    (tmp_path / "text.duckdb").write_text("no database", encoding="utf-8")
    with pytest.raises(WarehouseError, match="cannot open"):
        grade(raw, f"duckdb:///{tmp_path / 'text.duckdb'}")
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    with pytest.raises(WarehouseError, match="is empty"):
        grade(raw, f"duckdb:///{tmp_path / 'empty.duckdb'}")


def test_the_command_prints_marks_and_exits_by_them(
    loaded: tuple[Path, Path], tmp_path: Path
) -> None:
    raw, warehouse = loaded
    told = ["--raw", str(raw), "--warehouse", f"duckdb:///{warehouse}"]
    result = CliRunner().invoke(commands.grade, told)
    assert result.exit_code == 0, result.output
    assert "all right" in result.output
    said = json.loads(CliRunner().invoke(commands.grade, [*told, "--json"]).output)
    assert said["perfect"] is True
    assert {k["recall"] for k in said["kinds"]} == {1.0}
    spoilt = tmp_path / "w.duckdb"
    spoilt.write_bytes(warehouse.read_bytes())
    with duckdb.connect(str(spoilt)) as connection:
        connection.execute("DELETE FROM rejected")
    told = ["--raw", str(raw), "--warehouse", f"duckdb:///{spoilt}"]
    result = CliRunner().invoke(commands.grade, told)
    assert result.exit_code == 1
    assert "marks were lost" in result.output


def test_simulate_as_a_command(tmp_path: Path) -> None:
    told = ["--sales", "300", "--days", "30", "--out", str(tmp_path)]
    result = CliRunner().invoke(commands.simulate, [*told, "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.output)
    assert said["files"] == ["customers.csv", "products.csv", "sales.csv"]
    assert said["last_day"] == "2025-12-31"
    result = CliRunner().invoke(commands.simulate, ["--next-days", "2", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "from 2026-01-01 to 2026-01-02" in result.output
    result = CliRunner().invoke(commands.simulate, [*told, "--certify"])
    assert result.exit_code == 0, result.output
    assert "too little to judge" in result.output


@pytest.mark.parametrize(
    "told", [["--sales", "0"], ["--defects", "2"], ["--format", "xlsx"], ["--days", "x"]]
)
def test_wrong_usage_exits_2(tmp_path: Path, told: list[str]) -> None:
    result = CliRunner().invoke(commands.simulate, [*told, "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_days_after_today_are_said_to_be_so(tmp_path: Path) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    simulate(STORE.resized(sales=50, days=5, end=tomorrow), tmp_path)
    result = CliRunner().invoke(commands.simulate, ["--next-days", "1", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "after today" in result.stderr
