"""The peers are measured and held against our books; here us and pandas, in this environment."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from benchmarks import bench_peers, make_data
from benchmarks.make_data import Size, make
from benchmarks.measure import CommandError, Cost, run, run_tree
from benchmarks.peers import environment
from benchmarks.peers.audit import Outcome, audit, our_outcome, read_truth
from benchmarks.peers.compare import OURS, Measured, goals
from benchmarks.peers.environment import MissingError, python_of
from benchmarks.peers.roster import PEERS, Peer
from tests.oracle import RawFile, build_star

SALES = 4_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("peers")


@pytest.fixture(scope="module", autouse=True)
def raw(folder: Path) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_data, "CACHE", folder)
        yield make(Size.of(SALES)) / "dirty"


@pytest.fixture(scope="module")
def ours(raw: Path, folder: Path) -> Path:
    warehouse = folder / "ours.duckdb"
    places = ("--raw", str(raw), "--warehouse", f"duckdb:///{warehouse}")
    run(["-m", "data_pipeline", "run", "--processed", "none", *places], folder, folder / "log")
    return warehouse


def here(_: Peer) -> str:
    return sys.executable


def test_the_truth_is_the_oracles(raw: Path, ours: Path) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    star = build_star([RawFile(path.name, path.read_bytes(), now) for path in raw.glob("*.csv")])
    truth = read_truth(ours)
    assert truth.read == star.read["sales-1.csv"]
    assert truth.duplicates == star.duplicates["sales-1.csv"]
    assert truth.loaded == len(star.loaded["sales"])
    assert truth.quarantined == len([bad for bad in star.quarantined if bad.table == "sales"])
    assert truth.amount == sum(Decimal(str(row["total_sales"])) for row in star.loaded["sales"])


def test_what_a_result_lost_and_altered_is_counted(ours: Path, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{ours}' AS t (READ_ONLY)")
        connection.execute(f"COPY t.sales TO '{tmp_path}/sales.parquet' (FORMAT parquet)")
        clean = audit(tmp_path, ours)
        connection.execute(
            "COPY (SELECT * REPLACE (CASE WHEN rank = 2 THEN total_sales + 7 ELSE total_sales END "
            "AS total_sales) FROM (SELECT *, row_number() OVER (ORDER BY transaction_id) AS rank "
            f"FROM t.sales) WHERE rank > 1) TO '{tmp_path}/sales.parquet' (FORMAT parquet)"
        )
        first = connection.execute(
            "SELECT total_sales FROM t.sales ORDER BY transaction_id LIMIT 1"
        ).fetchall()[0][0]
    truth = read_truth(ours)
    assert clean == Outcome(truth.loaded, 0, truth.quarantined, 0, Decimal(0))
    spoilt = audit(tmp_path, ours)
    assert spoilt == Outcome(truth.loaded - 1, 0, truth.quarantined + 1, 1, 7 - first)
    assert our_outcome(ours) == Outcome(truth.loaded, truth.quarantined, 0, 0, Decimal(0))


def test_raw_rows_that_are_kept_are_not_lost(ours: Path, tmp_path: Path) -> None:
    truth = read_truth(ours)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(f"ATTACH '{ours}' AS t (READ_ONLY)")
        connection.execute("CREATE TABLE sales AS FROM t.sales")
        connection.execute("CREATE SCHEMA raw")
        connection.execute(f"CREATE TABLE raw.sales AS SELECT * FROM range({truth.read - 5})")
    outcome = audit(tmp_path, ours)
    assert (outcome.aside, outcome.lost) == (truth.quarantined - 5, 5)


def test_us_and_pandas_compete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--sales", str(SALES), "--only", "pandas", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["bench_peers", *arguments])
    assert bench_peers.main(here) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "peers.md", "peers.png", "peers.svg",
    }  # fmt: skip
    said = capsys.readouterr().out
    assert said.count("PASS") + said.count("MISS") == 1
    (line,) = [
        line for line in said.splitlines() if line.startswith("│ pandas") and "wall" not in line
    ]
    cells = [cell.strip().replace(",", "") for cell in line.strip("│").split("│")]
    assert int(cells[4]) > 0.95 * SALES
    assert int(cells[6]) > 0, "pandas as tutorials write it keeps no rejects"
    written = (tmp_path / "out" / "peers.md").read_text(encoding="utf-8")
    assert "money as floats" in written


def test_who_cannot_run_is_named_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find(peer: Peer) -> str:
        if peer.name == "polars":
            raise MissingError("no such tool")
        return sys.executable

    arguments = ["--sales", str(SALES), "--only", "polars,dlt", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["bench_peers", *arguments])
    assert bench_peers.main(find) == 0
    said = capsys.readouterr().out
    assert "polars: not measured, no such tool" in said
    assert "dlt: not measured, it failed: ModuleNotFoundError" in said


def test_all_processes_of_a_command_are_measured(tmp_path: Path) -> None:
    work = "x = b'x' * 150_000_000\nfor i in range(6_000_000): pass\nimport time; time.sleep(0.6)"
    start = f"subprocess.Popen([sys.executable, '-c', {work!r}])"
    starter = f"import subprocess, sys; {start}; {start}"
    cost = run_tree([sys.executable, "-c", starter], tmp_path, tmp_path / "log")
    alone = run_tree([sys.executable, "-c", work], tmp_path, tmp_path / "log")
    assert cost.cpu_seconds > 1.4 * alone.cpu_seconds
    if sys.platform == "linux":
        assert cost.peak_mb > 300 > alone.peak_mb > 150


def test_a_command_that_fails_can_be_caught(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no such thing"):
        run_tree(
            [sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path, tmp_path / "l"
        )


def test_goals_are_of_medians_against_us() -> None:
    outcome = Outcome(1, 0, 0, 0, Decimal(0))
    us = bench_peers.median_of([Measured(OURS, Cost(1, wall, 100), outcome) for wall in (2, 9, 4)])
    polars = Measured("polars", Cost(1, 8, 150), outcome)
    reached = {goal.what: goal for goal in goals(us, [polars], PEERS)}
    assert reached["wall seconds"].measured == 2
    assert "PASS" in reached["wall seconds"].cells
    assert "MISS" in reached["peak memory"].cells


def test_a_peer_needs_its_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment, "CACHE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    (spark,) = [peer for peer in PEERS if peer.name == "pyspark"]
    with pytest.raises(MissingError, match="there is no java"):
        python_of(spark)


def test_every_peer_pins_what_it_needs() -> None:
    for peer in PEERS:
        assert peer.path.is_file()
        pins = peer.requirements.read_text(encoding="utf-8").splitlines()
        assert pins
        assert all("==" in pin for pin in pins)
        assert peer.lacks
