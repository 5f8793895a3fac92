"""A fault in the package, planted in a forked process, and the tests that may see it."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import pickle
import resource
import signal
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.mutation import scenarios

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "data_pipeline"
SCENARIOS = "scenarios"
"""Among the tests: the runs of scenarios.py, without pytest."""

PARTS: dict[str, tuple[str, ...]] = {
    "contract": ("contract.py", "kinds.py"),
    "transform": ("transform.py", "judge.py"),
    "load": ("load.py", *sorted(f"sql/load/{p.name}" for p in PACKAGE.glob("sql/load/*.sql"))),
    "ledger": ("ledger.py", "sql/reversal.sql", "sql/quarantine.sql"),
}
"""The files of each part of the core, in which faults are planted."""

TESTS = {
    "contract": (
        "test_contract.py test_values.py",
        SCENARIOS,
        "test_golden.py test_masking.py test_plain.py",
    ),
    "transform": (
        SCENARIOS,
        "test_values.py test_transform.py test_judge.py",
        "test_golden.py test_formats.py test_masking.py test_plain.py",
    ),
    "load": (SCENARIOS, "test_values.py test_load.py test_ledger.py test_masking.py test_leaks.py"),
    "ledger": (
        SCENARIOS,
        "test_values.py test_ledger.py test_leaks.py test_masking.py test_load.py",
    ),
}
"""What is asked about each part, step by step, the quickest and likeliest first."""

ONLY_DUCKDB = "not postgresql and not redshift and not bigquery"
CPU_S = 240
WALL_S = 1_200
SURVIVED, TIMED_OUT = "survived", "timed out"


class Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives a module of the package with a fault in it."""

    def __init__(self, module: str, source: str) -> None:
        self._module, self._source = module, source

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._module:
            return None
        file = ROOT / (name.replace(".", "/") + ".py")
        return importlib.util.spec_from_file_location(name, file, loader=self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, str(module.__file__), "exec"), module.__dict__)


def plant(file: str, source: str) -> None:
    """Let this process, which has not imported the package yet, find this source in the file."""
    if file.endswith(".py"):
        sys.meta_path.insert(0, Planted(f"data_pipeline.{file.removesuffix('.py')}", source))
        return
    sql = import_module("data_pipeline.sql")
    sound, faulty = sql._template, file.removeprefix("sql/").removesuffix(".sql")
    sql._template = lambda name: source if name == faulty else sound(name)  # type: ignore[attr-defined]


def start(part: str, file: str, source: str, expected: list[scenarios.Delivery]) -> int:
    """Fork a process that asks the tests of a part about a fault; its id. It ends with the number
    of the test that failed, or with 0.
    """
    child = os.fork()
    if child:
        return child
    os.setsid()
    signal.alarm(WALL_S)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 5))
    failed = 1
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.environ["CI"] = "true"  # the same examples of Hypothesis each time
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take longer than most tests
        plant(file, source)
        failed = next((n for n, t in enumerate(TESTS[part], 1) if not passes(t, expected)), 0)
    finally:
        os._exit(failed)


def passes(test: str, expected: list[scenarios.Delivery]) -> bool:
    if test != SCENARIOS:
        told = ["-x", "-q", "-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider"]
        return (
            pytest.main(
                [*told, "-k", ONLY_DUCKDB, *(str(ROOT / "tests" / name) for name in test.split())]
            )
            == 0
        )
    try:
        scenarios.check(expected)
    except BaseException:  # noqa: BLE001 (told by the answer)
        traceback.print_exc()
        return False
    return True


def how_it_ended(part: str, child: int, status: int) -> str:
    """Which test saw the fault; or that none did, or that they never ended."""
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what the process may have started
    code = os.waitstatus_to_exitcode(status)
    if code in (-signal.SIGALRM, -signal.SIGXCPU, -signal.SIGKILL):
        return TIMED_OUT
    if code < 0:
        return signal.Signals(-code).name
    return TESTS[part][code - 1] if code else SURVIVED


def import_what_tests_import() -> None:
    """Import once, here, what else every child would import; nothing of the package itself."""
    plugins = {e.value.split(":")[0].split(".")[0] for e in _plugins()}
    kept = {"data_pipeline", "tests", "__main__", "_hypothesis_pytestplugin", *plugins}
    for name in _modules_of_tests():
        if name.split(".")[0] not in kept and name not in sys.modules:
            with suppress(Exception):
                import_module(name)


def _plugins() -> importlib.metadata.EntryPoints:
    return importlib.metadata.entry_points(group="pytest11")


def _modules_of_tests() -> list[str]:
    reading, writing = os.pipe()
    if not os.fork():
        try:
            for name in ("data_pipeline.pipeline", "tests.shop", "tests.golden.files"):
                import_module(name)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(list(sys.modules), pipe)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        names: list[str] = pickle.load(pipe)
    os.wait()
    return names
