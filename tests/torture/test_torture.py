"""A few kills and small disks in every run of the tests; `make torture` has many."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from data_pipeline import pipeline
from data_pipeline.errors import PipelineError, WarehouseError
from data_pipeline.processed import Processed
from data_pipeline.signals import interruptible, uninterrupted
from data_pipeline.warehouses import Access, open_warehouse
from tests.rawfiles import STORE, sales
from tests.torture.disks import mounted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.shop import Shop

ROOT = Path(__file__).resolve().parents[2]
MORE = {"sales-2.csv": sales("9,1,1,1,5,2025-03-04", "10,1,1,1,5,2025-03-04")}


def test_kills_and_small_disks() -> None:
    few = ["--kills", "9", "--server-kills", "3", "--disks", "6"]
    command = [sys.executable, "-m", "tests.torture", *few]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "all good" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_signal_ends_a_run_cleanly(store: Shop, number: signal.Signals, seed: int) -> None:
    """One message, exit 130, no process and no file left behind."""
    store.put({"sales-2.csv": sales(*(f"{n},1,1,1,x5,2025-03-04" for n in range(10, 40_000)))})
    before = time.time()
    told = ["--raw", str(store.raw), "--warehouse", store.url, "--max-quarantine", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "data_pipeline", "run", *told, "--processed", "none"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    lock = store.file.with_name(store.file.name + ".lock")
    while not lock.exists() and time.time() - before < 60:
        time.sleep(0.01)
    time.sleep(random.Random(seed).uniform(0, 0.3))
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.strip() == "interrupted; a run that was not done has changed nothing"
    assert [path.name for path in store.folder.iterdir()] == ["raw"]
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_what_belongs_together_is_not_interrupted() -> None:
    with interruptible() as came:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert came == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_processed_files_that_a_killed_run_left_old_are_written_again(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The warehouse was committed, the files had not all got their names."""
    processed = store.folder / "processed"
    store.run(processed=processed)
    monkeypatch.setattr(Processed, "show", lambda self: None)
    store.put(MORE).run(processed=processed)
    monkeypatch.undo()
    store.run(processed=processed)
    assert (processed / "transformed_sales.csv").read_text().count("\n") == 6
    assert len(list(processed.iterdir())) == 3


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB of its own."""
    place = tmp_path / "disk"
    with mounted(place, 16 << 20) as is_there:
        if not is_there:
            pytest.skip("no file system can be mounted here")
        yield place


def test_a_full_disk_under_the_processed_files(store: Shop, disk: Path) -> None:
    processed = disk / "processed"
    store.run(processed=processed)
    before, files = store.dump(), {path: path.read_bytes() for path in processed.iterdir()}
    (disk / "ballast").write_bytes(bytes((16 << 20) - (64 << 10)))
    store.put({"sales-2.csv": sales(*(f"{n},1,1,1,5,2025-03-04" for n in range(10, 9_000)))})
    with pytest.raises(WarehouseError, match=r"cannot write .*No space left"):
        store.run(processed=processed)
    assert store.dump() == before
    assert {path: path.read_bytes() for path in processed.iterdir()} == files


def test_a_directory_that_is_read_only(store: Shop, disk: Path) -> None:
    """A run says so; readers do not mind."""
    url = f"duckdb:///{disk}/warehouse.duckdb"
    store.run(warehouse=url)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(WarehouseError, match=r"cannot open .*Read-only file system"):
        store.put(MORE).run(warehouse=url)
    with open_warehouse(url, Access(read_only=True)) as reader:
        assert reader.rows("SELECT COUNT(*) FROM sales") == [(3,)]


def test_a_log_that_has_no_room(store: Shop) -> None:
    """What the command had to say is lost, what it did is not."""
    told = ["run", "--raw", str(store.raw), "--warehouse", store.url, "--processed", "none"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "data_pipeline", *told],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "error: cannot write the output: No space left on device; what was done stays done, and "
        "can be seen with: sales status\n"
    )
    assert store.rows("SELECT COUNT(*) FROM sales") == [(3,)]


def test_a_folder_that_may_not_be_written(store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    store.run()
    before = store.dump()

    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(WarehouseError, match=r"cannot open .*Permission denied"):
        store.put(MORE).run()
    monkeypatch.undo()
    assert store.dump() == before


@pytest.mark.parametrize("what", ["removed", "cut"])
def test_a_file_that_is_gone_or_shorter_while_it_is_read(
    store: Shop, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    store.run()
    before = store.dump()
    late = store.raw / "sales-2.csv"
    late.write_bytes(sales(*(f"{n},1,1,1,x,2025-03-04" for n in range(10, 30_000))))
    prepare = pipeline.transform.prepare  # type: ignore[attr-defined]

    def and_then(engine: object, *, whole: bool) -> None:
        prepare(engine, whole=whole)
        late.unlink() if what == "removed" else os.truncate(late, 1_000)

    monkeypatch.setattr("data_pipeline.transform.prepare", and_then)
    with pytest.raises(PipelineError, match=r"sales-2\.csv"):
        store.run()
    monkeypatch.undo()
    assert store.dump() == before


def test_a_clock_that_jumps_back(store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which row wins, and what is loaded, does not hang on when runs took place."""
    late = {"sales-2.csv": sales("1,1,1,7,5,2025-03-04")}
    store.run()
    store.put(late)
    now = pipeline._now()

    def earlier() -> datetime:
        return now.replace(year=now.year - 1, day=1)

    monkeypatch.setattr(pipeline, "_now", earlier)
    store.run()
    monkeypatch.undo()
    by_the_clock = store.dump()
    store.file.unlink()
    store.run()
    assert store.dump() == by_the_clock


def test_a_clock_before_the_sales_refuses_them(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = pipeline._now()
    monkeypatch.setattr(pipeline, "_now", lambda: now.replace(year=2001, day=1))
    with pytest.raises(PipelineError, match="out_of_range_timestamp"):
        store.run(max_quarantine=0.5)
    assert store.is_empty()
    assert set(STORE) == {path.name for path in store.raw.iterdir()}
