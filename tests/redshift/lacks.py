"""What Redshift does not have, or has with another meaning, as rules over a parsed statement.

The written list that every statement is held against which the tests send. Each entry comes from
Amazon's documentation (unsupported PostgreSQL features, types, functions; leader-node functions;
correlated subqueries; window frames), and is shown a planted fault in test_lacks.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

PLAIN = re.compile(
    r"(BEGIN|COMMIT|ROLLBACK|CREATE SCHEMA \"[^\"]+\"|CLOSE \w+|LOCK TABLE \w+"
    r"|SET (LOCAL )?statement_timeout TO \d+|SET search_path TO \"[^\"]+\""
    r"|FETCH FORWARD \d+ FROM \w+|COMMENT ON (TABLE|COLUMN) .*)",
    re.DOTALL,
)
"""Statements that are taken as they are."""
COPY = re.compile(
    r'COPY "(?P<table>\w+)" FROM \'s3://(?P<bucket>[^/\']+)/(?P<prefix>[^\']+)\' '
    r"IAM_ROLE (?P<role>default|'arn:aws:iam::\d{12}:role/[^']+') FORMAT AS PARQUET"
)
CURSOR = re.compile(r"DECLARE (?P<name>\w+) CURSOR FOR (?P<select>SELECT|WITH)\b", re.IGNORECASE)
MOST_FETCHED = 1_000

LEADER_ONLY = re.compile(
    r"\b(age|array_agg|array_length|array_to_string|current_setting|encode|format|generate_series"
    r"|generate_subscripts|get_bit|json_agg|now|overlay|pg_(try_)?advisory_\w+|quote_literal"
    r"|regexp_match(es)?|regexp_split_to_array|row_to_json|set_bit|set_config|setseed|string_agg"
    r"|string_to_array|to_json|to_regclass|txid_current|unnest)\s*\(",
    re.IGNORECASE,
)
"""Functions that compute nodes, or all of Redshift, do not have."""

NOT_THERE = re.compile(
    r"\b(RETURNING|ON CONFLICT|ON COMMIT|DEFERRABLE|SET CONSTRAINTS|SAVEPOINT"
    r"|CREATE (UNIQUE )?INDEX|TRUNCATE|DISTINCT ON|LATERAL|FOR UPDATE|SERIAL|FILTER \("
    r"|WITHOUT OIDS|INHERITS|TABLESPACE|UNLOGGED|NULLS NOT DISTINCT|GROUPS BETWEEN"
    r"|EXCLUDE (TIES|GROUP)|MERGE INTO)\b",
    re.IGNORECASE,
)
TYPES_NOT_THERE = {
    exp.DType.TEXT, exp.DType.ARRAY, exp.DType.JSON, exp.DType.JSONB, exp.DType.UUID,
    exp.DType.SERIAL, exp.DType.BIGSERIAL, exp.DType.MONEY, exp.DType.XML, exp.DType.HSTORE,
}  # fmt: skip
AGGREGATES = (exp.Sum, exp.Count, exp.Min, exp.Max, exp.Avg)
SUBQUERY_HOLDERS = (exp.Case, exp.Or, exp.Join)


def faults_in(sql: str) -> list[str]:
    """What is wrong with a statement, in words; nothing when Redshift takes it."""
    if PLAIN.fullmatch(sql):
        count = re.match(r"FETCH FORWARD (\d+)", sql)
        many = bool(count) and int(count[1]) > MOST_FETCHED  # type: ignore[index]
        return [f"a single node gives no more than {MOST_FETCHED} rows at once"] if many else []
    if sql.startswith("COPY "):
        return [] if COPY.fullmatch(sql) else ["not the form of COPY that was looked up"]
    if found := CURSOR.match(sql):
        sql = sql[found.start("select") :]
    return [*_faults_of(sql)]


@lru_cache(maxsize=4096)
def _faults_of(sql: str) -> tuple[str, ...]:
    without_texts = re.sub(r"'(?:\\.|''|[^'])*'", "''", sql)
    faults = [f"{found[0]}: Redshift has it not" for found in NOT_THERE.finditer(without_texts)]
    faults += [f"{found[1]}: no function of ours" for found in LEADER_ONLY.finditer(without_texts)]
    if "::" in without_texts:
        faults.append(":: for a cast is not portable")
    try:
        tree = sqlglot.parse_one(sql, read="redshift")
    except SqlglotError as error:
        return (*faults, f"cannot be parsed: {str(error).splitlines()[0]}")
    if isinstance(tree, exp.Command):
        return (*faults, "a command that is not on the list")
    for node in tree.walk():
        faults += [said for said, is_wrong in RULES.items() if is_wrong(node)]
    return tuple(dict.fromkeys(faults))


def _is_aggregate_without_frame(node: exp.Expr) -> bool:
    return (
        isinstance(node, exp.Window)
        and isinstance(node.this, AGGREGATES)
        and bool(node.args.get("order"))
        and not node.args.get("spec")
    )


def _is_odd_frame(node: exp.Expr) -> bool:
    return isinstance(node, exp.WindowSpec) and node.args.get("kind") != "ROWS"


def _is_subquery_in_a_condition(node: exp.Expr) -> bool:
    """IN and EXISTS inside CASE, OR or ON are "not supported yet"."""
    asks = isinstance(node, exp.Exists) or (
        isinstance(node, exp.In) and node.args.get("query") is not None
    )
    above = node.parent
    while asks and above is not None and not isinstance(above, exp.Query | exp.DML):
        if isinstance(above, SUBQUERY_HOLDERS):
            return True
        above = above.parent
    return False


def _is_untyped_text(node: exp.Expr) -> bool:
    """A bare text in a query that another reads has the type "unknown"."""
    if not isinstance(node, exp.Select):
        return False
    is_last = node.parent is None
    return not is_last and any(column.unalias().is_string for column in node.expressions)


def _is_text_without_length(node: exp.Expr) -> bool:
    """VARCHAR alone is VARCHAR(256), and a cast to it cuts."""
    return (
        isinstance(node, exp.DataType) and node.this is exp.DType.VARCHAR and not node.expressions
    )


RULES: dict[str, Callable[[exp.Expr], bool]] = {
    "an aggregate over ORDER BY needs a frame": _is_aggregate_without_frame,
    "a frame counts ROWS": _is_odd_frame,
    "a subquery inside CASE, OR or ON": _is_subquery_in_a_condition,
    "a text without a type in a query that another reads": _is_untyped_text,
    "VARCHAR without a length is VARCHAR(256)": _is_text_without_length,
    "a type that Redshift has not": lambda n: (
        isinstance(n, exp.DataType) and n.this in TYPES_NOT_THERE
    ),
    "FILTER": lambda n: isinstance(n, exp.Filter),
    "an array": lambda n: isinstance(n, exp.Array | exp.Bracket | exp.Unnest),
    "an alias in DELETE or UPDATE": lambda n: (
        isinstance(n, exp.Delete | exp.Update) and bool(n.this.args.get("alias"))
    ),
    "VALUES as a table": lambda n: (
        isinstance(n, exp.Values) and not isinstance(n.parent, exp.Insert)
    ),
    "a truth value has no text": lambda n: (
        isinstance(n, exp.Cast)
        and n.to.this in exp.DataType.TEXT_TYPES
        and isinstance(n.this, exp.Boolean | exp.Predicate)
    ),
    "CREATE TABLE names DISTKEY once": lambda n: (
        isinstance(n, exp.Properties)
        and sum(isinstance(p, exp.DistKeyProperty) for p in n.expressions) > 1
    ),
}
"""What is wrong, and how it is seen."""
