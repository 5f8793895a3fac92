"""The rules of the house that can be read off the source: layers, names, money, size.

Each is also shown a planted fault.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import source_rules
from tests.source_rules import (
    NAME,
    ROOT,
    environment_reads,
    floats_in,
    layer_of,
    name_comparisons,
    own_imports_in,
    part_of,
    sources,
    work_at_import,
    wrong_imports,
)

HEAVY = ("duckdb", "pyarrow", "numpy", "pandas", "matplotlib", "seaborn", "jinja2", "faker")
MAX_LINES = 300

FLOATS_ALLOWED = {
    "config": "the most that may be quarantined is a share",
    "report": "pictures have coordinates; what is written beside them is Decimal",
    "charts": "Matplotlib draws floats; what is written beside them is Decimal",
    "simulator": "demand is drawn from distributions; prices leave it as whole cents",
}
"""Parts of the package where a float is no money."""


def parametrize_modules() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("module", sorted(sources()))


@parametrize_modules()
def test_imports_point_from_the_edge_to_the_core(module: str) -> None:
    assert wrong_imports(module, sources()[module]) == []


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {m: own_imports_in(text, inside_functions=False) for m, text in sources().items()}
    left = {m: {i for i in found if i not in (m, NAME)} for m, found in graph.items() if m != NAME}
    while free := [m for m, found in left.items() if not found & set(left)]:
        for module in free:
            del left[module]
    assert left == {}


def test_the_simulator_never_reaches_what_it_feeds() -> None:
    reached, todo = set(), {m for m in sources() if part_of(m) == "simulator"}
    while todo:
        module = todo.pop()
        reached.add(module)
        todo |= own_imports_in(sources()[module]) - reached
    assert not {part_of(m) for m in reached} & {"extract", "transform", "load", "warehouses"}


@parametrize_modules()
def test_no_engine_is_told_by_its_name(module: str) -> None:
    assert name_comparisons(sources()[module]) == []


@parametrize_modules()
def test_no_float_touches_money(module: str) -> None:
    if part_of(module) not in FLOATS_ALLOWED:
        assert floats_in(sources()[module]) == []


@parametrize_modules()
def test_settings_are_read_once_at_the_edge(module: str) -> None:
    if part_of(module) != "config":
        assert environment_reads(sources()[module]) == []
    if part_of(module) not in {"config", "cli", "commands"}:
        assert "load_settings" not in sources()[module]


@parametrize_modules()
def test_importing_a_module_declares_and_does_nothing_else(module: str) -> None:
    if not module.endswith("__main__"):
        assert work_at_import(sources()[module]) == []


@parametrize_modules()
def test_a_file_holds_one_idea(module: str) -> None:
    assert len(sources()[module].splitlines()) <= MAX_LINES


NO_WORK = """
import builtins, importlib, pkgutil, sys
import duckdb, pyarrow, numpy, pandas, seaborn, matplotlib.pyplot, jinja2, click, rich, faker

def refuse(*args, **kwargs):
    raise AssertionError(f"work at import: {args}")

def watch(event, args):
    writes = event == "open" and any(sign in str(args[1]) for sign in "wax+")
    if event in {"socket.connect", "subprocess.Popen", "os.mkdir", "os.remove"} or writes:
        refuse(event, args)

duckdb.connect = refuse
sys.dont_write_bytecode = True
sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_importing_every_module_opens_nothing() -> None:
    modules = [m for m in sources() if not m.endswith("__main__")]
    done = _python("-c", NO_WORK, *modules)
    assert done.returncode == 0, done.stderr


def test_help_loads_nothing_heavy() -> None:
    done = _python("-X", "importtime", "-m", NAME, "--help")
    assert done.returncode == 0, done.stderr
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert f"{NAME}.cli" in loaded
    assert loaded.isdisjoint(HEAVY)


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


class TestThatAFaultIsCaught:
    @pytest.mark.parametrize(
        ("module", "source"),
        [
            ("data_pipeline.contract", "from data_pipeline import cli"),
            ("data_pipeline.load", "import data_pipeline.commands"),
            ("data_pipeline.load", "def f():\n    from data_pipeline import metrics"),
            ("data_pipeline.errors", "from data_pipeline.contract import TABLES"),
            ("data_pipeline.load", "from data_pipeline.config import Settings"),
        ],
    )
    def test_wrong_import(self, module: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
        parts = ("cli", "commands", "metrics", "contract", "config")
        known = dict.fromkeys((f"{NAME}.{part}" for part in parts), "")
        monkeypatch.setattr(source_rules, "sources", lambda: known)
        assert wrong_imports(module, source)

    @pytest.mark.parametrize(
        "source",
        [
            "if engine == 'duckdb': pass",
            "x = url.scheme in ('redshift', 'bigquery')",
            "x = url.startswith('duckdb:///')",
            "match engine:\n    case 'spark': pass",
        ],
    )
    def test_engine_told_by_its_name(self, source: str) -> None:
        assert name_comparisons(source)

    @pytest.mark.parametrize(
        "source",
        [
            "x = float(price)",
            "x = frame.astype(float)",
            "x = np.float64",
            "x = pa.float64()",
            "x = 'SELECT CAST(price AS DOUBLE)'",
        ],
    )
    def test_float(self, source: str) -> None:
        assert floats_in(source)

    @pytest.mark.parametrize(
        "source", ["import os\nos.environ['A']", "from os import getenv", "os.getenv('A')"]
    )
    def test_environment(self, source: str) -> None:
        assert environment_reads(source)

    @pytest.mark.parametrize(
        "source", ["connect()", "for x in y: pass", "with open('x') as f: pass", "del x"]
    )
    def test_work_at_import(self, source: str) -> None:
        assert work_at_import(source)

    def test_part_without_a_layer(self) -> None:
        with pytest.raises(AssertionError, match="stands in no layer"):
            layer_of("utils")
