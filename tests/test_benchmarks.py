"""The benchmark measures what it says, on a store small enough for a test."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import bench_metrics, bench_postgres, bench_run, make_data
from benchmarks.make_data import REPEAT_DISTANCE, SALES_DIRT, Size, draw, draw_dirt, make
from benchmarks.measure import Cost, run
from tests.postgres import needed_url

SALES = 20_000


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(make_data, "CACHE", tmp_path)
    return tmp_path


def test_same_size_makes_the_same_bytes(cache: Path) -> None:
    size = Size.of(3_000)
    first = {path: path.read_bytes() for path in make(size).rglob("*.csv")}
    (cache / "3000" / "complete").unlink()
    assert {path: path.read_bytes() for path in make(size).rglob("*.csv")} == first


def test_dirty_sales_are_the_clean_ones_with_two_percent_spoilt(cache: Path) -> None:
    folder = make(Size.of(SALES))
    clean = (folder / "clean" / "sales-1.csv").read_bytes().splitlines()
    dirty = (folder / "dirty" / "sales-1.csv").read_bytes().split(b"\n")
    assert 0.01 * SALES < len(set(clean) - set(dirty)) < 0.03 * SALES
    shuffled = (folder / "shuffled" / "sales-1.csv").read_bytes().split(b"\n")
    assert shuffled != dirty
    assert sorted(shuffled) == sorted(dirty)


def test_every_fault_is_there() -> None:
    ids = np.arange(1, 1_000_000, dtype=np.uint64)
    kinds = draw_dirt(ids, SALES_DIRT)
    assert set(np.unique(kinds)) == {-1, *range(len(SALES_DIRT))}
    assert 0.018 < np.mean(kinds >= 0) < 0.022


def test_delta_has_new_sales_and_corrections(cache: Path) -> None:
    folder = make(Size.of(SALES))
    with (folder / "delta" / "sales-2.csv").open(encoding="utf-8", errors="replace") as file:
        numbers = [int(row["transaction_id"]) for row in csv.DictReader(file) if _whole(row)]
    old = [number for number in numbers if number <= SALES]
    assert 0.1 * len(numbers) < len(old) < 0.3 * len(numbers)
    assert SALES > REPEAT_DISTANCE


def _whole(row: dict[str, str]) -> bool:
    return row["transaction_id"].strip().isdigit() and len(row["transaction_id"]) < 10


def test_a_draw_is_even() -> None:
    counts = np.bincount(draw(np.arange(100_000, dtype=np.uint64), 1, 10).astype(np.int64))
    assert len(counts) == 10
    assert abs(counts - 10_000).max() < 500


def test_a_command_is_measured(tmp_path: Path) -> None:
    busy = "x = b'x' * 200_000_000\nfor i in range(3_000_000): pass"
    cost = run(["-c", busy], tmp_path, tmp_path / "log")
    idle = run(["-c", "import time; time.sleep(0.3)"], tmp_path, tmp_path / "log")
    assert cost.cpu_seconds > idle.cpu_seconds
    assert cost.peak_mb > 200 > idle.peak_mb
    assert idle.wall_seconds > 0.3


def test_a_command_that_fails_ends_the_benchmark(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such thing"):
        run(["-c", "raise SystemExit('no such thing')"], tmp_path, tmp_path / "log")


def test_medians_are_of_each_figure_by_itself() -> None:
    costs = [Cost(1, 30, 5), Cost(2, 20, 5), Cost(3, 10, 8)]
    assert Cost.median_of(costs) == Cost(2, 20, 5)
    assert costs[0] + costs[2] == Cost(4, 40, 8)


def test_everything_promised_is_measured(
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bench_run, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(sys, "argv", ["bench_run", "--sales", str(SALES), "--repeats", "1"])
    assert bench_run.main() == 0
    (result,) = (tmp_path / "results").glob("*.json")
    kept = json.loads(result.read_text(encoding="utf-8"))
    assert set(kept["targets"]) == {target.what for target in bench_run.TARGETS}
    assert kept["medians"]["full run"]["cpu_seconds"] > 0
    said = capsys.readouterr().out
    assert said.count("PASS") + said.count("MISS") == len(bench_run.TARGETS)


def test_postgresql_is_held_against_psql(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["bench_postgres", "--sales", "2000", "--url", needed_url()]
    monkeypatch.setattr(sys, "argv", arguments)
    bench_postgres.main()
    said = capsys.readouterr().out
    assert said.count("ratio") == 2 or (shutil.which("psql") is None and "no psql" in said)


def test_without_a_server_the_leg_is_skipped_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    monkeypatch.setattr(sys, "argv", ["bench_postgres", "--url", url])
    monkeypatch.setattr(shutil, "which", lambda _: "psql")
    bench_postgres.main()
    assert "bench_postgres: skipped, cannot connect" in capsys.readouterr().out


def test_questions_get_the_same_answers_from_the_sums(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench_metrics", "--sales", "20000", "--repeats", "1"])
    assert bench_metrics.main() == 0
    shown = capsys.readouterr().out
    assert shown.count("all of them") == 2
    assert (cache / "store_20000" / "complete").exists()
