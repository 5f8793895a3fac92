"""Redshift's statements as PostgreSQL takes them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot import exp

from tests.redshift.lacks import CURSOR, PLAIN

KEPT_PROPERTIES = (exp.TemporaryProperty,)
KEYS = (exp.PrimaryKey, exp.ForeignKey)


def nothing() -> str:
    """A statement that does nothing and gives no rows."""
    return "DO $nothing$BEGIN END$nothing$"


def failing(words: str, code: str) -> str:
    """A statement that fails with these words."""
    told = words.replace("'", "''")
    return f"DO $fail$BEGIN RAISE EXCEPTION USING MESSAGE = '{told}', ERRCODE = '{code}'; END$fail$"


@lru_cache(maxsize=4096)
def to_postgres(sql: str) -> str:
    """Translate a statement; keys, places and encodings are left out, texts are ordered by byte."""
    if PLAIN.fullmatch(sql):
        return sql
    head = ""
    if found := CURSOR.match(sql):
        head, sql = sql[: found.start("select")], sql[found.start("select") :]
    tree = sqlglot.parse_one(sql, read="redshift")
    if isinstance(tree, exp.Create):
        _without_places(tree)
    for kind in tree.find_all(exp.DataType):
        if kind.this is exp.DType.VARCHAR and kind.expressions[0].name.upper() == "MAX":
            kind.set("expressions", None)
    written: str = tree.transform(_in_whole_days).sql("postgres")
    return head + written


def _without_places(create: exp.Create) -> None:
    properties = create.args.get("properties")
    kept = (
        [p for p in properties.expressions if isinstance(p, KEPT_PROPERTIES)] if properties else []
    )
    create.set("properties", exp.Properties(expressions=kept) if kept else None)
    if isinstance(create.this, exp.Schema):
        columns = [e for e in create.this.expressions if not isinstance(e, KEYS)]
        create.this.set("expressions", columns)
    for collation in list(create.find_all(exp.CollateColumnConstraint)):
        assert collation.this.name.upper() == "CASE_SENSITIVE"
        collation.set("this", exp.to_identifier("C", quoted=True))


def _in_whole_days(node: Any) -> Any:
    """DATEDIFF counts borders between days, as the difference of two dates does."""
    if isinstance(node, exp.DateDiff) and node.text("unit").upper() == "DAY":
        first, second = (exp.cast(part.copy(), "date") for part in (node.expression, node.this))
        return exp.cast(exp.paren(exp.Sub(this=second, expression=first)), "bigint")
    return node
