"""Where SQL of BigQuery is not what sqlglot makes of the portable subset."""

from __future__ import annotations

from typing import Any


def adapt(tree: Any) -> Any:
    """Where BigQuery has something else than sqlglot thinks: one exact type, times in UTC, a DELETE
    that says which rows, and no word on NULLs in the order of a running sum (there are none).
    """
    from sqlglot import exp

    for kind in tree.find_all(exp.DataType):
        if kind.this == exp.DType.DECIMAL:
            kind.set("expressions", [])
        elif kind.this in {exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ}:
            kind.set("this", exp.DType.TIMESTAMPTZ)
    for window in tree.find_all(exp.Window):
        for ordered in window.find_all(exp.Ordered) if isinstance(window.this, exp.Sum) else ():
            ordered.set("nulls_first", not ordered.args.get("desc"))
    if isinstance(tree, exp.Delete) and tree.args.get("where") is None:
        tree.set("where", exp.Where(this=exp.true()))
    return tree


def in_full(view: str, project: str, dataset: str) -> tuple[str, str]:
    """The name of a view, and the statement that makes it with all names in full: a view has no
    dataset of its own.
    """
    from sqlglot import exp, parse_one

    tree = parse_one(view, read="bigquery")
    name = tree.this.name
    for table in tree.find_all(exp.Table):
        table.set("db", exp.to_identifier(dataset, quoted=True))
        table.set("catalog", exp.to_identifier(project, quoted=True))
    return name, tree.sql("bigquery")
