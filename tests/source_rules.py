"""What can be read off the package's source: imports, names in comparisons, floats, work at import.

Each rule is a function from source text to faults.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "data_pipeline"
NAME = PACKAGE.name

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"__main__", "cli"}),
    frozenset({"commands"}),
    frozenset({"", "pipeline", "preview", "inspection", "grade", "aggregates", "simulator"})
    | {"metrics", "charts", "report", "dashboard"},
    frozenset({"extract", "judge", "plain", "transform", "load", "ledger", "processed", "config"})
    | {"brake", "landing", "plan", "staging"},
    frozenset({"sources", "engines", "warehouses"}),
    frozenset({"databases"}),
    frozenset({"sql", "timezones", "contract", "kinds", "layout", "postgres", "published"})
    | {"masking", "urls"},
    frozenset({"errors", "signals", "heap"}),
)
"""From the edge to the core: a module imports from its own layer or from those behind it.
"" is the package's own __init__, which offers the public names."""

KNOW_SETTINGS = LAYERS[0] | LAYERS[1] | {"", "config", "pipeline", "plan", "preview", "inspection"}
"""The edge makes the settings and the pipeline deals them out; a stage takes values."""


def part_of(module: str) -> str:
    """The first name behind the package's: `data_pipeline.sources.files` is part of `sources`."""
    return module.removeprefix(NAME).lstrip(".").split(".")[0]


def layer_of(part: str) -> int:
    for number, parts in enumerate(LAYERS):
        if part in parts:
            return number
    raise AssertionError(f"{NAME}.{part} stands in no layer: say in LAYERS where it belongs")


def module_name(path: Path) -> str:
    names = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


@cache
def sources() -> dict[str, str]:
    """Module name to source text."""
    return {module_name(p): p.read_text(encoding="utf-8") for p in sorted(PACKAGE.rglob("*.py"))}


def only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def nodes_at_run_time(tree: ast.AST, *, inside_functions: bool = True) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(tree):
        if only_for_types(child):
            continue
        if not inside_functions and isinstance(
            child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
        ):
            continue
        yield child
        yield from nodes_at_run_time(child, inside_functions=inside_functions)


def own_imports_in(source: str, *, inside_functions: bool = True) -> set[str]:
    """The modules of the package that are imported.

    `from a import b` imports a.b when that is a module, else a. The package's own `__version__` is
    everybody's.
    """
    found: set[str] = set()
    for node in nodes_at_run_time(ast.parse(source), inside_functions=inside_functions):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for name in {alias.name for alias in node.names} - {"__version__"}:
                module = f"{node.module}.{name}"
                found.add(module if module in sources() else str(node.module))
    return found & {NAME, *sources()}


def wrong_imports(module: str, source: str) -> list[str]:
    part = part_of(module)
    wrong = [
        imported
        for imported in sorted(own_imports_in(source))
        if layer_of(part_of(imported)) < layer_of(part)
    ]
    if part not in KNOW_SETTINGS:
        wrong += sorted(i for i in own_imports_in(source) if part_of(i) == "config")
    return wrong


def engine_names() -> frozenset[str]:
    """What is found by name: a file in engines/, warehouses/ or sources/ is called after it."""
    stems = {
        path.stem.strip("_")
        for place in ("engines", "warehouses", "databases")
        for path in (PACKAGE / place).glob("*.py")
    }
    known = {"duckdb", "spark", "postgres", "postgresql", "redshift", "bigquery", "mysql"}
    return frozenset(known | stems - {"init", "base", "files", "csv", "parquet", "text"})


def name_comparisons(source: str) -> list[str]:
    """Comparisons with the name of an engine, a warehouse or a source, in any dress."""
    names = engine_names()

    def names_one(node: ast.AST) -> bool:
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return any(map(names_one, node.elts))
        text = node.value if isinstance(node, ast.Constant) else None
        return isinstance(text, str) and text.split(":")[0].lower() in names

    faults = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            judged = [node.left, *node.comparators]
        elif isinstance(node, ast.match_case):
            judged = [value.value for value in ast.walk(node) if isinstance(value, ast.MatchValue)]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            judged = node.args if node.func.attr in {"startswith", "endswith"} else []
        else:
            continue
        faults += [f"line {one.lineno}" for one in judged if names_one(one)]
    return faults


def floats_in(source: str) -> list[str]:
    """Where money could become a float: float(), a float dtype or array type, a SQL float."""
    faults = []
    for node in ast.walk(ast.parse(source)):
        found = ""
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id == "float":
                found = "float()"
            elif any(isinstance(a, ast.Name) and a.id == "float" for a in node.args):
                found = "float as a type"
        elif isinstance(node, ast.Attribute) and node.attr.startswith(("float", "double")):
            found = node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.upper().replace(")", " ").replace("(", " ").split()
            casts = {("AS", "DOUBLE"), ("AS", "FLOAT"), ("AS", "REAL")}
            if casts & set(pairwise(words)) or node.value == "float64":
                found = "a float in SQL or dtype"
        if found:
            faults.append(f"line {getattr(node, 'lineno', 0)}: {found}")
    return faults


def environment_reads(source: str) -> list[str]:
    banned = {"environ", "environb", "getenv", "putenv"}
    faults = []
    for node in ast.walk(ast.parse(source)):
        attribute = isinstance(node, ast.Attribute) and node.attr in banned
        imported = isinstance(node, ast.ImportFrom) and banned & {a.name for a in node.names}
        if attribute or imported:
            faults.append(f"line {getattr(node, 'lineno', 0)}")
    return faults


def work_at_import(source: str) -> list[str]:
    """Statements that do something when the module is imported: bare calls, loops, with, try."""
    declares = (
        ast.Import
        | ast.ImportFrom
        | ast.FunctionDef
        | ast.AsyncFunctionDef
        | ast.ClassDef
        | ast.Assign
        | ast.AnnAssign
    )
    faults = []
    for node in ast.parse(source).body:
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        guarded = isinstance(node, ast.If) and (
            only_for_types(node) or ast.unparse(node.test) == "__name__ == '__main__'"
        )
        if not (isinstance(node, declares) or text or guarded):
            faults.append(f"line {node.lineno}: {ast.unparse(node).splitlines()[0]}")
    return faults
