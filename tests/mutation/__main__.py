"""The command behind `make mutate`: one fault at a time, in a forked process, and the tests."""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutation.operators import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = Path(__file__).parent / "survivors.txt"
TESTS = {
    "contract": ("test_contract.py", "test_golden.py"),
    "transform": ("test_golden.py", "test_ledger.py", "test_plain.py"),
    "load": ("test_load.py", "test_ledger.py"),
    "ledger": ("test_ledger.py", "test_load.py"),
}
"""Which tests are asked about a module: quick ones, the likeliest first."""
TIMEOUT_S = 600
ENOUGH = 0.95


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


def is_killed(module: str, mutant: Mutant) -> bool:
    """Whether a test fails, or never ends, when the fault is there."""
    child = os.fork()
    if not child:
        os.setsid()
        signal.alarm(TIMEOUT_S)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        sys.meta_path.insert(0, Planted(f"data_pipeline.{module}", mutant.source))
        told = [str(ROOT / "tests" / name) for name in TESTS[module]]
        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *told]) != 0))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) != 0


def known_survivors() -> dict[str, str]:
    """The faults that were looked at: `module: name | reason`."""
    lines = SURVIVORS.read_text(encoding="utf-8").splitlines()
    told = (line.split(" | ") for line in lines if line and not line.startswith("#"))
    return {name.strip(): reason.strip() for name, reason in told}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modules", nargs="*", default=list(TESTS), choices=list(TESTS))
    parser.add_argument("--sample", type=int, help="so many faults a module  [default: all]")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after these")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="only count the faults")
    asked = parser.parse_args()
    for name in ("numpy", "pandas", "pyarrow", "pyarrow.csv", "pyarrow.parquet", "duckdb"):
        importlib.import_module(name)  # once, here; nothing of the package itself
    begin, known = time.monotonic(), known_survivors()
    tried = killed = 0
    unexplained: list[str] = []
    for module in asked.modules:
        every = mutants((ROOT / "data_pipeline" / f"{module}.py").read_text())
        chosen = random.Random(asked.seed).sample(
            every, min(asked.sample or len(every), len(every))
        )
        print(f"{module}: {len(every)} faults, {len(chosen)} chosen", flush=True)
        for mutant in () if asked.list else chosen:
            if time.monotonic() - begin > asked.seconds:
                break
            tried += 1
            name = f"{module}: {mutant.name}"
            if is_killed(module, mutant):
                killed += 1
                print(f"  killed: {name}", flush=True)
            elif name in known:
                print(f"  known: {name} ({known[name]})", flush=True)
                tried -= known[name].startswith("the same")
            else:
                unexplained.append(name)
                print(f"  SURVIVED: {name}", flush=True)
    if tried:
        print(
            f"{killed} of {tried} killed ({killed / tried:.1%}) in {time.monotonic() - begin:.0f} s"
        )
    return int(bool(unexplained) or killed < ENOUGH * tried)


if __name__ == "__main__":
    sys.exit(main())
