"""Where SQL of BigQuery is not what sqlglot makes of the portable subset."""

from __future__ import annotations

from typing import Any

from data_pipeline.contract import Column, Instant, Money


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


def text_of(column: Column, value: str) -> str:
    """A value as text as the other warehouses write it: BigQuery has times with their zone and
    three or six digits of a second, and decimals without their last zeros.
    """
    if isinstance(column.type, Money):
        return f"FORMAT('%.4f', {value})"
    text = f"CAST({value} AS VARCHAR)"
    if isinstance(column.type, Instant):
        text = f"REGEXP_REPLACE({text}, '[+]00$', '')"
        return f"CASE WHEN {text} LIKE '%.%' THEN RTRIM({text}, '0') ELSE {text} END"
    return text


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
