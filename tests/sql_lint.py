"""The portable subset of SQL, as rules over the parsed text.

What stands here goes wrong, most of it without an error, on at least one of DuckDB, PostgreSQL,
Redshift, BigQuery and Spark, or makes money inexact. Each rule names the way out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import ParseError, TokenError

PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""`{name}` in a .sql file: what the renderer puts there. A name that ends in `_cases` stands for
WHEN branches, in `_joins` for joins, any other for an identifier or an expression."""

NOT_PORTABLE = frozenset(
    """
    any_value arg_max arg_min approx_count_distinct bool_and bool_or dayofweek epoch epoch_ms
    epoch_us first glob isodow last list list_aggregate list_contains list_extract list_sort
    list_value median mode percentile_cont percentile_disc quantile quantile_cont quantile_disc
    regexp_full_match regexp_matches strftime string_split strptime struct_pack try_strptime
    unnest weekday yearweek
    """.split()  # noqa: SIM905
)
"""Functions that a target has not, or has with another meaning."""

FLOAT_TYPES = (exp.DType.DOUBLE, exp.DType.FLOAT)
DAY_OF_WEEK = {"DOW", "DAYOFWEEK", "DAYOFWEEKISO", "ISODOW", "WEEKDAY"}


def _asks_for_an_answer(node: exp.Expr) -> bool:
    """HAVING SUM(a) where the answer has an `a` of its own: BigQuery takes that one."""
    having = node.args.get("having") if isinstance(node, exp.Select) else None
    if having is None:
        return False
    made = {c.alias for c in node.expressions if c.alias and c.alias != c.unalias().name}
    return any(
        column.name in made and not column.table
        for aggregate in having.find_all(exp.AggFunc)
        for column in aggregate.find_all(exp.Column)
    )


PORTABLE_RULES: dict[str, tuple[str, Callable[[exp.Expr], bool]]] = {
    "qualify": (
        "QUALIFY: a window in a CTE, then WHERE",
        lambda node: isinstance(node, exp.Qualify),
    ),
    "group-by-all": (
        "GROUP BY ALL: name the columns",
        lambda node: isinstance(node, exp.Group) and bool(node.args.get("all")),
    ),
    "order-by-all": (
        "ORDER BY ALL: name the columns",
        lambda node: isinstance(node, exp.Ordered) and node.this.sql().upper() == "ALL",
    ),
    "filter": (
        "FILTER: CASE inside the aggregate",
        lambda node: isinstance(node, exp.Filter),
    ),
    "day-of-week": (
        "EXTRACT(DOW): days since a Monday, modulo 7",
        lambda node: isinstance(node, exp.Extract) and node.this.name.upper() in DAY_OF_WEEK,
    ),
    "try-cast": (
        "TRY_CAST: guard, then CAST",
        lambda node: isinstance(node, exp.TryCast),
    ),
    "backslash": (
        "a backslash in a string: [.] in patterns",
        lambda node: isinstance(node, exp.Literal) and node.is_string and "\\" in node.this,
    ),
    "star-exclude": (
        "* EXCLUDE or REPLACE: name the columns",
        lambda node: isinstance(node, exp.Star) and any(map(node.args.get, ("except_", "replace"))),
    ),
    "nested": (
        "lists, structs and lambdas: rows",
        lambda node: isinstance(node, exp.Array | exp.List | exp.Struct | exp.Lambda | exp.Bracket),
    ),
    "pivot": ("PIVOT: CASE inside aggregates", lambda node: isinstance(node, exp.Pivot)),
    "on-conflict": (
        "ON CONFLICT: DELETE, then INSERT",
        lambda node: isinstance(node, exp.OnConflict) or bool(node.args.get("alternative")),
    ),
    "odd-join": (
        "ASOF and POSITIONAL joins: join on keys",
        lambda node: isinstance(node, exp.Join) and node.method in {"ASOF", "POSITIONAL"},
    ),
    "window-frame": (
        "an aggregate OVER (ORDER BY ...) without a frame: ROWS UNBOUNDED PRECEDING",
        lambda node: (
            isinstance(node, exp.Window)
            and isinstance(node.this, exp.Sum | exp.Count | exp.Min | exp.Max | exp.Avg)
            and bool(node.args.get("order"))
            and not node.args.get("spec")
        ),
    ),
    "alias-of-target": (
        "DELETE or UPDATE with an alias: the table's own name",
        lambda node: (
            isinstance(node, exp.Delete | exp.Update) and bool(node.this.args.get("alias"))
        ),
    ),
    "having": (
        "HAVING over a column whose name an answer bears: the name of its table before it",
        _asks_for_an_answer,
    ),
    "rowid": (
        "rowid: a key",
        lambda node: isinstance(node, exp.Column) and node.name.lower() == "rowid",
    ),
}
"""Rule to its message and to what breaks it; for SQL that runs on more than one engine."""

EXACT_RULES: dict[str, tuple[str, Callable[[exp.Expr], bool]]] = {
    "division": (
        "division: integers are cut, decimals become floats; divide in Decimal",
        lambda node: isinstance(node, exp.Div | exp.IntDiv),
    ),
    "average": (
        "AVG makes a float of money: SUM and COUNT",
        lambda node: isinstance(node, exp.Avg),
    ),
    "float": (
        "a float type: DECIMAL",
        lambda node: isinstance(node, exp.DataType) and node.this in FLOAT_TYPES,
    ),
    "round": (
        "ROUND: nothing is rounded on the way",
        lambda node: isinstance(node, exp.Round),
    ),
}
"""Rules that hold on every engine."""


def faults_in_file(text: str, *, portable: bool = True) -> dict[str, str]:
    """Rule to message for what is wrong in a .sql file, whose first line states its grain."""
    faults = faults_in(text, portable=portable)
    if not re.match(r"-- \S.*\n", text):
        faults["grain"] = "the first line is no comment that states the grain"
    return faults


def faults_in(text: str, *, portable: bool = True) -> dict[str, str]:
    """Rule to message for what is wrong in one or more statements."""
    sql = PLACEHOLDER.sub(_stand_in, text)
    try:
        tokens = sqlglot.tokenize(sql, read="duckdb")
        statements = [one for one in sqlglot.parse(sql, read="duckdb") if one]
    except (ParseError, TokenError) as error:
        return {"parse": f"cannot be parsed: {str(error).splitlines()[0]}"}
    faults = dict(_faults_of_tokens(tokens)) if portable else {}
    for statement in statements:
        if isinstance(statement, exp.Command):
            faults["parse"] = f"cannot be parsed: {statement.sql()[:60]}"
        if any(select.is_star for select in _final_selects(statement)):
            faults["star"] = "SELECT * at the end: name the columns"
        rules = EXACT_RULES | (PORTABLE_RULES if portable else {})
        for node in statement.walk():
            faults |= {name: message for name, (message, bad) in rules.items() if bad(node)}
    return faults


def translated(text: str, dialect: str) -> str:
    """A statement of the portable subset in another dialect; raises for what has no meaning there.

    `adapt` of a warehouse is not asked: what only one of them cannot take is its own affair.
    """
    tree = sqlglot.parse_one(PLACEHOLDER.sub(_stand_in, text), read="duckdb")
    return tree.sql(dialect, unsupported_level=sqlglot.ErrorLevel.RAISE)


def _stand_in(placeholder: re.Match[str]) -> str:
    name = placeholder[1]
    if name.endswith("_cases"):
        return f"WHEN {name} THEN 1"
    return "" if name.endswith("_joins") else name


def _faults_of_tokens(tokens: list[Token]) -> Iterator[tuple[str, str]]:
    """What the parsed tree no longer shows: how a cast was written, how a function was called."""
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.token_type is TokenType.DCOLON:
            yield "double-colon", ":: for a cast: CAST(x AS type)"
        called = following is not None and following.token_type is TokenType.L_PAREN
        if called and token.text.lower() in NOT_PORTABLE:
            yield "function", f"{token.text}: not portable"


def _final_selects(statement: exp.Expr) -> Iterator[exp.Select]:
    """The SELECTs whose columns are the statement's answer, or go into its table."""
    if isinstance(statement, exp.Select):
        yield statement
    elif isinstance(statement, exp.SetOperation):
        yield from _final_selects(statement.left)
        yield from _final_selects(statement.right)
    elif isinstance(statement, exp.Create | exp.Insert | exp.Subquery):
        inner = statement.this if isinstance(statement, exp.Subquery) else statement.expression
        if inner is not None:
            yield from _final_selects(inner)
