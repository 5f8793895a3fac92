"""The faults: each swaps one piece of a module for another that a slip could have put there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
SQL = (
    (r"<>", "="),
    (r"(?<=\w) = (?=[\w$'{])", " <> "),
    (r"\bAND\b", "OR"),
    (r"\bOR\b(?! REPLACE)", "AND"),
    (r"\bDESC\b", "ASC"),
    (r"\bNOT BETWEEN\b", "BETWEEN"),
    (r"\bBETWEEN\b", "NOT BETWEEN"),
    (r"\bIS NOT NULL\b", "IS NULL"),
    (r"\bIS NULL\b", "IS NOT NULL"),
    (r"\bIN \(", "NOT IN ("),
    (r"\bMAX\(", "MIN("),
    (r"\bSUM\(", "MAX("),
    (r"\bINNER JOIN\b", "LEFT JOIN"),
    (r"\+ 1\b", "+ 2"),
    (r" - ", " + "),
    (r", 0\)", ", 1)"),
)
"""What stands in a text of SQL, and what stands there instead."""


@dataclass(frozen=True)
class Mutant:
    """A module with one fault. `name` says where it is and what, and not on which line."""

    name: str
    original: str
    node: int
    change: int

    @property
    def source(self) -> str:
        """The module with the fault in it."""
        tree = ast.parse(self.original)
        _, plant = list(_changes(list(ast.walk(tree))[self.node]))[self.change]
        plant()
        return ast.unparse(ast.fix_missing_locations(tree))


def mutants(source: str) -> list[Mutant]:
    """Every fault of a module; those with one name are numbered."""
    tree = ast.parse(source)
    owners = {node: _name_of(part) for part in tree.body for node in ast.walk(part)}
    counts: Counter[str] = Counter()
    found = []
    for index, node in enumerate(ast.walk(tree)):
        for number, (what, _) in enumerate(_changes(node)):
            shown = " ".join(ast.unparse(node).split())[:80]
            name = f"{owners[node]}: {what}: {shown}"
            counts[name] += 1
            suffix = f" #{counts[name]}" if counts[name] > 1 else ""
            found.append(Mutant(name + suffix, source, index, number))
    return found


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[], None]]]:  # noqa: C901 (a case an operator)
    """What can be changed at a node: a word for it, and the function that does it."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            other = COMPARISONS[type(op)]
            yield (
                f"{type(op).__name__} -> {other.__name__}",
                lambda: setattr(node, "ops", [other()]),
            )
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in ARITHMETIC:
            sign = ARITHMETIC[type(op)]
            yield f"{type(op).__name__} -> {sign.__name__}", lambda: setattr(node, "op", sign())
        case ast.BoolOp(op=op):
            swap: type[ast.boolop] = ast.Or if isinstance(op, ast.And) else ast.And
            yield f"{type(op).__name__} -> {swap.__name__}", lambda: setattr(node, "op", swap())
        case ast.If(test=test) | ast.IfExp(test=test):
            negated = ast.UnaryOp(ast.Not(), test)
            yield "not", lambda: setattr(node, "test", negated)
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", lambda: setattr(node, "value", not value)
        case ast.Constant(value=int(value)):
            yield f"{value} -> {value + 1}", lambda: setattr(node, "value", value + 1)
        case ast.Constant(value=str(text)):
            for pattern, instead in SQL:
                for found in re.finditer(pattern, text):
                    new = text[: found.start()] + instead + text[found.end() :]
                    what = f"{found[0].strip()} -> {instead.strip()}"
                    yield what, partial(setattr, node, "value", new)
        case ast.Expr(value=ast.Call()):
            gone = ast.Constant(None)
            yield "call left out", lambda: setattr(node, "value", gone)


def _name_of(statement: ast.stmt) -> str:
    """The function, class or name that a statement of a module makes."""
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return "module"
