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
    (r"\bUNION ALL\b", "UNION"),
    (r"\bUNION\b(?! ALL)", "UNION ALL"),
    (r"\bNULLS LAST\b", "NULLS FIRST"),
    (r"\bLEFT JOIN\b", "INNER JOIN"),
    (r"> 1\b", "> 2"),
    (r"(?<== )1\b", "2"),
    (r"(?<![\w)])-(?=SUM)", ""),
)
"""What stands in a text of SQL, and what stands there instead."""


@dataclass(frozen=True)
class Mutant:
    """A file with one fault. `name` says where it is and what, and not on which line."""

    name: str
    make: Callable[[], str]

    @property
    def source(self) -> str:
        """The file with the fault in it."""
        return self.make()


def mutants(source: str) -> list[Mutant]:
    """Every fault of a module; those with one name are numbered. What is only read, annotations
    and docstrings, has none.
    """
    tree = ast.parse(source)
    owners = {node: _name_of(part) for part in tree.body for node in ast.walk(part)}
    only_read = {part for node in ast.walk(tree) for part in _only_read(node)}
    found = []
    for index, node in enumerate(ast.walk(tree)):
        if node not in only_read:
            for number, (what, _) in enumerate(_changes(node)):
                shown = " ".join(ast.unparse(node).split())[:80]
                make = partial(_planted, source, index, number)
                found.append(Mutant(f"{owners[node]}: {what}: {shown}", make))
    return _told_apart(found)


def sql_mutants(statement: str) -> list[Mutant]:
    """Every fault of a file of SQL, named by the line in which it stands."""
    begin = statement.index("\n") if statement.startswith("--") else 0
    found = []
    for what, place, new in _changes_of_sql(statement):
        if place > begin:
            line = statement[statement.rfind("\n", 0, place) + 1 :].partition("\n")[0].strip()
            found.append(Mutant(f"{what}: {line[:80]}", partial(str, new)))
    return _told_apart(found)


def _told_apart(found: list[Mutant]) -> list[Mutant]:
    counts: Counter[str] = Counter()
    told = []
    for mutant in found:
        counts[mutant.name] += 1
        suffix = f" #{counts[mutant.name]}" if counts[mutant.name] > 1 else ""
        told.append(Mutant(mutant.name + suffix, mutant.make))
    return told


def _planted(source: str, index: int, number: int) -> str:
    tree = ast.parse(source)
    _, plant = list(_changes(list(ast.walk(tree))[index]))[number]
    plant()
    return ast.unparse(ast.fix_missing_locations(tree))


def _only_read(node: ast.AST) -> Iterator[ast.AST]:
    for name in ("annotation", "returns"):
        if (annotation := getattr(node, name, None)) is not None:
            yield from ast.walk(annotation)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value


def _changes_of_sql(statement: str) -> Iterator[tuple[str, int, str]]:
    """A word for each change, where it is, and what the text is then."""
    for pattern, instead in SQL:
        for found in re.finditer(pattern, statement):
            new = statement[: found.start()] + instead + statement[found.end() :]
            yield f"{found[0].strip()} -> {instead.strip()}", found.start(), new


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[], None]]]:
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
            for what, _, new in _changes_of_sql(text):
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
