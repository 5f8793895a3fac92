"""The command line: what it prints, for people and for machines, and how it ends."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import duckdb
import pytest

import data_pipeline
from data_pipeline.cli import COMMANDS, main
from data_pipeline.commands import tables
from data_pipeline.errors import ConfigError, SourceError
from tests.rawfiles import STORE, sales
from tests.shop import Shop

DAY = "2025-03-04"
DIRTY = {
    "sales-2.csv": sales(
        f"1,1,1,2,2.60,{DAY},{DAY}",
        f"8,1,9,1,5,{DAY}",
        f"9,1,1,1,free,{DAY}",
        f"10,1,1,1, $5,{DAY}",
        f"77,1,1,77,1\x1b[31m,{DAY}",
        "11,1",
    )
}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("SALES_"):
            monkeypatch.delenv(name)


@pytest.fixture
def loaded(store: Shop) -> Shop:
    store.put(DIRTY).run()
    return store


class Said:
    """How a command ended, and what it printed."""

    def __init__(self, code: Any, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def sales_command(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: object) -> Said:
        with pytest.raises(SystemExit) as end:
            main([str(a) for a in arguments])
        said = capsys.readouterr()
        return Said(end.value.code or 0, said.out, said.err)

    return call


def run_flags(shop: Shop) -> list[object]:
    return ["--raw", shop.raw, "--warehouse", shop.url, "--processed", "none"]


# --- help and usage


def test_help_lists_every_command_with_examples(sales_command: Any) -> None:
    said = sales_command("--help")
    assert said.code == 0
    assert all(f"  {name} " in said.out for name in COMMANDS)
    assert "Examples:" in said.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_an_example(command: str, sales_command: Any) -> None:
    said = sales_command(command, "--help")
    assert said.code == 0
    assert "Example" in said.out
    assert f"sales {command}" in said.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["sing"],
        ["run", "--loud"],
        ["run", "--max-quarantine", "half"],
        ["run", "--max-quarantine", "2"],
        ["run", "--warehouse", "oracle://x"],
        ["run", "--processed-kind", "xls"],
        ["run", "--config", "gone.toml"],
        ["run", "--source-timezone", "Mars"],
        ["trace"],
        ["trace", "zero"],
        ["status", "--runs", "0"],
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_right(
    arguments: list[str], sales_command: Any
) -> None:
    Path("data/raw").mkdir(parents=True)
    said = sales_command(*arguments)
    assert said.code == 2
    assert arguments[-1].strip("-") in said.err or "Missing argument" in said.err
    assert "Traceback" not in said.err


def test_version(sales_command: Any) -> None:
    said = sales_command("--version")
    assert said.code == 0
    assert said.out.startswith("sales, version")


def test_help_starts_without_the_heavy_imports() -> None:
    heavy = "{'duckdb', 'pyarrow', 'numpy', 'pandas', 'matplotlib', 'rich'}"
    code = (
        "import sys\nfrom data_pipeline.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_python_m_data_pipeline_is_the_command() -> None:
    arguments = [sys.executable, "-m", "data_pipeline", "--version"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert "sales, version" in done.stdout


# --- run


def test_run_prints_the_balance_sheet(store: Shop, sales_command: Any) -> None:
    said = sales_command("run", *run_flags(store.put(DIRTY)), "--max-quarantine", "1")
    assert said.code == 0, said.err
    assert "the books balance" in said.out
    assert "sales-2.csv" in said.out
    assert "\x1b" not in said.out
    again = sales_command("run", *run_flags(store))
    assert (again.code, "nothing new" in again.out) == (0, True)


def test_run_for_machines(store: Shop, sales_command: Any) -> None:
    said = sales_command("run", *run_flags(store), "--json")
    found = said.json()
    assert (said.code, said.err) == (0, "")
    assert (found["run_id"], found["kind"], found["balanced"]) == (1, "first", True)
    files = {file["file"]: file for file in found["files"]}
    assert files["sales.csv"]["rows_read"] == files["sales.csv"]["rows_loaded"] == 3
    assert files["sales.csv"]["amount_loaded"] == "11.5000"


def test_run_says_which_columns_it_left_alone(store: Shop, sales_command: Any) -> None:
    header, _, rest = STORE["products.csv"].partition(b"\n")
    more = {"products.csv": header + b",color\n" + rest.replace(b"\n", b",blue\n")}
    said = sales_command("run", *run_flags(store.put(more)))
    assert said.code == 0
    assert "color" in said.err


def test_a_failed_run_ends_with_1_and_one_message(shop: Shop, sales_command: Any) -> None:
    said = sales_command("run", *run_flags(shop))
    assert said.code == 1
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert "sales simulate" in said.err
    assert "Traceback" not in said.err


def test_debug_shows_the_traceback(shop: Shop) -> None:
    with pytest.raises(SourceError):
        main(["--debug", "run", *map(str, run_flags(shop))])


def test_debug_after_the_command_works_too() -> None:
    with pytest.raises(ConfigError):
        main(["run", "--debug", "--max-quarantine", "2"])


def test_settings_come_from_file_environment_and_flags(
    store: Shop, sales_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("pipeline.toml").write_text(f'raw = "{store.raw}"\nprocessed = "none"\n')
    monkeypatch.setenv("SALES_WAREHOUSE", store.url)
    assert sales_command("run").code == 0
    assert store.rows("SELECT count(*) FROM sales") == [(3,)]
    assert sales_command("status").code == 0


def test_full_refresh(store: Shop, sales_command: Any) -> None:
    sales_command("run", *run_flags(store))
    (store.raw / "sales.csv").unlink()
    store.put({"sales-2.csv": sales(f"9,1,1,1,5,{DAY}")})
    said = sales_command("run", *run_flags(store), "--full-refresh")
    assert said.code == 0
    assert "sales.csv is gone" in said.err
    assert store.rows("SELECT transaction_id FROM sales") == [(9,)]


def test_an_unexpected_error_is_one_line(
    store: Shop, sales_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by zero\nand more")

    monkeypatch.setattr("data_pipeline.pipeline.run", broken)
    said = sales_command("run", *run_flags(store))
    assert said.code == 1
    assert said.err == "error: unexpected ZeroDivisionError: by zero (--debug shows more)\n"


def test_an_interrupt_ends_with_130(
    store: Shop, sales_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("data_pipeline.pipeline.run", interrupted)
    said = sales_command("run", *run_flags(store))
    assert said.code == 130
    assert "changed nothing" in said.err


def test_the_bar_follows_the_bytes_on_a_terminal(
    store: Shop, sales_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert sales_command("run", *run_flags(store)).code == 0


# --- status, quarantine, trace


@pytest.mark.parametrize("command", [["status"], ["quarantine"], ["trace", "1"]])
def test_what_reads_needs_a_warehouse(command: list[str], store: Shop, sales_command: Any) -> None:
    said = sales_command(*command, "--warehouse", store.url)
    assert said.code == 1
    assert "sales run" in said.err
    assert not store.file.exists()


def test_status_for_people(loaded: Shop, sales_command: Any) -> None:
    said = sales_command("status", "--warehouse", loaded.url)
    assert said.code == 0
    for word in ("Balance sheet", "sales-2.csv", "currency_price", "first", "2025-03-04"):
        assert word in said.out


def test_status_for_machines(loaded: Shop, sales_command: Any) -> None:
    found = sales_command("status", "--warehouse", loaded.url, "--json").json()
    files = {file["source_file"]: file for file in found["files"]}
    assert files["sales-2.csv"]["rows_read"] == 6
    assert files["sales-2.csv"]["rows_quarantined"] == 4
    repairs = {(r["table"], r["repair"]): r["rows"] for r in found["repairs"]}
    assert repairs == {("sales", "trimmed_price"): 1, ("sales", "currency_price"): 1}
    assert [run["kind"] for run in found["runs"]] == ["first"]


def test_quarantine_for_people(loaded: Shop, sales_command: Any) -> None:
    said = sales_command("quarantine", "--warehouse", loaded.url)
    assert said.code == 0
    for word in ("superseded", "orphan_product", "invalid_price", "missing_product_id", "free"):
        assert word in said.out
    assert "\x1b" not in said.out


def test_an_empty_quarantine(store: Shop, sales_command: Any) -> None:
    store.run()
    assert "empty" in sales_command("quarantine", "--warehouse", store.url).out


def test_quarantine_by_reason_for_machines_and_to_a_file(loaded: Shop, sales_command: Any) -> None:
    flags = ["--reason", "orphan_product", "--export", "bad.csv", "--json"]
    found = sales_command("quarantine", "--warehouse", loaded.url, *flags).json()
    assert [(group["reason"], group["rows"], group["amount"]) for group in found] == [
        ("orphan_product", 1, "5.0000")
    ]
    example = found[0]["examples"][0]
    assert (example["source_file"], example["source_line"]) == ("sales-2.csv", 3)
    assert example["raw"].startswith("8,1,9,1,5,")
    lines = Path("bad.csv").read_text().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("source_table,source_file,source_line,reason,detail,raw")


def test_an_unknown_reason_is_answered_with_the_known(loaded: Shop, sales_command: Any) -> None:
    said = sales_command("quarantine", "--warehouse", loaded.url, "--reason", "ugly")
    assert said.code == 2
    assert "orphan_product" in said.err


def trace(shop: Shop, command: Any, number: int, *flags: str) -> Said:
    said: Said = command("trace", number, "--warehouse", shop.url, "--raw", shop.raw, *flags)
    return said


def test_trace_follows_a_sale_through_its_versions(loaded: Shop, sales_command: Any) -> None:
    found = trace(loaded, sales_command, 1, "--json").json()
    steps = {(s["file"], s["line"]): (s["verdict"], s["raw"]) for s in found["steps"]}
    assert steps[("sales-2.csv", 2)] == ("loaded", f"1,1,1,2,2.60,{DAY},{DAY}")
    assert steps[("sales.csv", 2)] == ("superseded", f"1,1,1,2,2.50,{DAY} 10:20:30")
    assert found["row"]["total_sales"] == "5.2000"
    assert found["customer"]["name"] == "Ann"
    assert found["product"]["name"] == "Mug"
    said = trace(loaded, sales_command, 1)
    assert "superseded" in said.out
    assert "total_sales" in said.out


def test_trace_shows_repairs(loaded: Shop, sales_command: Any) -> None:
    said = trace(loaded, sales_command, 10)
    assert said.code == 0
    assert "trimmed_price" in said.out
    assert "currency_price" in said.out
    assert "10,1,1,1, $5," in said.out


@pytest.mark.parametrize(("number", "reason"), [(8, "orphan_product"), (9, "invalid_price")])
def test_trace_shows_why_a_sale_is_not_there(
    loaded: Shop, sales_command: Any, number: int, reason: str
) -> None:
    found = trace(loaded, sales_command, number, "--json").json()
    assert [(s["verdict"]) for s in found["steps"]] == [reason]
    assert found["row"] is None
    assert reason in trace(loaded, sales_command, number).out


def test_trace_of_what_was_never_read_ends_with_1(loaded: Shop, sales_command: Any) -> None:
    said = trace(loaded, sales_command, 4711)
    assert said.code == 1
    assert "4711" in said.err


def test_trace_when_the_raw_file_is_gone_or_changed(loaded: Shop, sales_command: Any) -> None:
    loaded.put({"sales.csv": STORE["sales.csv"] + b"#"})
    assert "changed since" in trace(loaded, sales_command, 2).out
    (loaded.raw / "sales.csv").unlink()
    assert "no longer in" in trace(loaded, sales_command, 2).out


# --- the package


def test_public_names_are_there_and_no_others() -> None:
    for name in data_pipeline.__all__:
        assert getattr(data_pipeline, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        data_pipeline.nothing  # noqa: B018


def test_importing_the_package_does_no_work() -> None:
    code = "import sys, data_pipeline; print('duckdb' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# --- corners


def test_debug_shows_where_usage_went_wrong() -> None:
    with pytest.raises(click.UsageError):
        main(["--debug", "sing"])


def test_a_reader_that_goes_away_is_no_traceback(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("data_pipeline.pipeline.run", gone)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with pytest.raises(SystemExit) as end:
        main(["run", *map(str, run_flags(store))])
    assert end.value.code == 1


def test_a_warehouse_without_tables_is_called_empty(store: Shop, sales_command: Any) -> None:
    duckdb.connect(str(store.file)).close()
    said = sales_command("status", "--warehouse", store.url)
    assert said.code == 1
    assert "is empty; fill it with: sales run" in said.err


def test_run_names_the_files_that_it_wrote(store: Shop, sales_command: Any) -> None:
    flags = ["--raw", store.raw, "--warehouse", store.url, "--processed", store.folder / "out"]
    said = sales_command("run", *flags)
    assert "transformed_sales.csv" in said.out


def test_with_many_files_the_sheet_has_a_line_a_table(store: Shop, sales_command: Any) -> None:
    store.put({f"sales-{n}.csv": sales(f"{n},1,1,1,5,{DAY}") for n in range(10, 50)})
    said = sales_command("run", *run_flags(store))
    assert "all 41 files" in said.out
    assert "sales-10.csv" not in said.out


def test_tables_on_a_terminal_are_as_wide_as_it_is(
    loaded: Shop, sales_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "90")
    said = sales_command("status", "--warehouse", loaded.url)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said.out)
    assert max(map(len, plain.splitlines())) <= 90


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (True, "yes"),
        (False, "no"),
        (1234567, "1,234,567"),
        (Decimal("1234.5000"), "1,234.5000"),
        ("a\x1b[31mb\n", r"a\x1b[31mb\n"),
    ],
)
def test_values_as_people_read_them(value: object, shown: str) -> None:
    assert tables.show(value) == shown


def test_trace_without_a_raw_folder(loaded: Shop, sales_command: Any) -> None:
    said = sales_command("trace", 2, "--warehouse", loaded.url, "--raw", loaded.folder / "gone")
    assert said.code == 0
    assert "no longer in" in said.out


def test_trace_takes_a_quantity_for_no_transaction(store: Shop, sales_command: Any) -> None:
    store.put({"sales-2.csv": sales(f"x,1,1,4,5,{DAY}", f"1{'0' * 9},4,4,4,x,{DAY}")}).run()
    said = trace(store, sales_command, 4)
    assert said.code == 1
    assert trace(store, sales_command, 10**9).code == 0


# --- dry run


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    store: Shop, sales_command: Any
) -> None:
    said = sales_command("run", *run_flags(store), "--dry-run")
    assert said.code == 0
    assert "first: 3 files to read" in said.out
    assert "nothing was changed" in said.out
    assert store.is_empty()
    store.run()
    before = store.dump()
    assert "nothing new: 0 files" in sales_command("run", *run_flags(store), "--dry-run").out
    told = sales_command("run", *run_flags(store), "--dry-run", "--full-refresh", "--json").json()
    assert told["kind"] == "rebuild"
    assert told["cost"] is None
    assert {file["file"] for file in told["files"]} == {*STORE}
    assert store.dump() == before
