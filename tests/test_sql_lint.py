"""Every .sql file of the package keeps to the portable subset; what does not is caught."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlglot.errors import UnsupportedError

from data_pipeline.metrics import DIMENSIONS, METRICS
from tests.source_rules import PACKAGE, ROOT
from tests.sql_lint import EXACT_RULES, PORTABLE_RULES, faults_in, faults_in_file, translated

ONE_ENGINE = ("duckdb", "spark", "postgres", "redshift", "bigquery")
"""A file below a folder of this name, or called so, is for that engine only. It need not be
portable; grain, final columns and exact money hold there too."""

ALLOWED: dict[tuple[str, str], str] = {}
"""(file, rule) to the reason why this one file may break this one rule."""

FILES = sorted(PACKAGE.rglob("*.sql"))


def is_portable(path: Path) -> bool:
    parts = (*path.relative_to(PACKAGE).parts[:-1], path.stem.split("_")[0])
    return not set(parts) & set(ONE_ENGINE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_file_keeps_the_rules(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    faults = faults_in_file(path.read_text(encoding="utf-8"), portable=is_portable(path))
    allowed = {rule for file, rule in ALLOWED if file == name}
    assert allowed <= set(faults), "an exception that is no longer needed"
    assert {rule: text for rule, text in faults.items() if rule not in allowed} == {}


def test_exceptions_name_files_that_exist() -> None:
    assert {file for file, _ in ALLOWED} <= {str(path.relative_to(ROOT)) for path in FILES}


FORMULAS = {
    **{f"metric {metric.name}": metric.sql for metric in METRICS.values() if not metric.is_ratio},
    **{
        f"dimension {column.name}": column.sql
        for dimension in DIMENSIONS.values()
        for column in dimension.columns
    },
}


@pytest.mark.parametrize("sql", FORMULAS.values(), ids=FORMULAS.keys())
def test_formula_of_the_registry_keeps_the_rules(sql: str) -> None:
    assert faults_in(f"SELECT {sql} AS answer FROM sale") == {}


DIALECTS = ("postgres", "redshift", "spark")
"""Those that portable SQL is translated into."""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_all_portable_sql_can_be_said_in_every_dialect(dialect: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in FILES if is_portable(path)]
    texts += [f"SELECT {sql} AS answer FROM sale" for sql in FORMULAS.values()]
    assert len(texts) > 60
    for text in texts:
        assert translated(text, dialect)


def test_what_a_dialect_cannot_say_is_caught() -> None:
    with pytest.raises(UnsupportedError):
        translated("SELECT UNNEST(a) AS a FROM t", "redshift")


PLANTED = {
    "qualify": "SELECT a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) = 1",
    "group-by-all": "SELECT a, COUNT(*) AS n FROM t GROUP BY ALL",
    "order-by-all": "SELECT a FROM t ORDER BY ALL",
    "filter": "SELECT COUNT(*) FILTER (WHERE a > 1) AS n FROM t",
    "day-of-week": "SELECT EXTRACT(DOW FROM a) AS d FROM t",
    "try-cast": "SELECT TRY_CAST(a AS INT) AS a FROM t",
    "backslash": r"SELECT REGEXP_REPLACE(a, '\.', '') AS a FROM t",
    "star-exclude": "WITH c AS (SELECT * EXCLUDE (b) FROM t) SELECT a FROM c",
    "nested": "SELECT [a, b] AS c FROM t",
    "pivot": "SELECT a FROM (PIVOT t ON b USING SUM(c))",
    "on-conflict": "INSERT INTO t SELECT a FROM s ON CONFLICT DO NOTHING",
    "odd-join": "SELECT a FROM t ASOF JOIN s ON t.a >= s.a",
    "window-frame": "SELECT SUM(a) OVER (ORDER BY b) AS a FROM t",
    "alias-of-target": "DELETE FROM t AS x WHERE x.a = 1",
    "having": "SELECT CAST(SUM(a) AS BIGINT) AS a FROM t HAVING SUM(a) <> 0",
    "rowid": "DELETE FROM t WHERE rowid = 1",
    "division": "SELECT SUM(a) / COUNT(*) AS a FROM t",
    "average": "SELECT AVG(total_sales) AS a FROM sales",
    "float": "SELECT CAST(a AS DOUBLE) AS a FROM t",
    "round": "SELECT ROUND(a, 2) AS a FROM t",
    "double-colon": "SELECT a::INT AS a FROM t",
    "function": "SELECT TRY_STRPTIME(a, '%Y') AS a FROM t",
    "star": "SELECT * FROM t",
    "parse": "SELECT FROM WHERE",
}


@pytest.mark.parametrize("rule", sorted({*PORTABLE_RULES, *EXACT_RULES, *PLANTED}))
def test_planted_fault_is_caught(rule: str) -> None:
    assert rule in faults_in(PLANTED[rule])


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE x AS SELECT * FROM t",
        "INSERT INTO x SELECT t.* FROM t",
        "SELECT a FROM t UNION ALL SELECT * FROM s",
        "WITH c AS (SELECT a FROM t) SELECT * FROM c",
        "FROM t",
        "SELECT a FROM t; SELECT * FROM t",
    ],
)
def test_final_star_is_caught_wherever_it_ends(sql: str) -> None:
    assert "star" in faults_in(sql)


def test_percentile_cont_is_caught_in_its_long_form() -> None:
    sql = "SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY a) AS m FROM t"
    assert "function" in faults_in(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "WITH c AS (SELECT * FROM t) SELECT a, COUNT(*) AS n FROM c GROUP BY a",
        "WITH c AS (SELECT a, RANK() OVER (ORDER BY b) AS r FROM t) SELECT a FROM c WHERE r = 1",
        "SELECT CAST(CASE WHEN REGEXP_LIKE(a, '^[0-9]+[.]?$') THEN a END AS BIGINT) AS a FROM {t}",
        "SELECT b AS b, SUM(t.a) AS a FROM t GROUP BY b HAVING SUM(t.a) <> 0 AND MIN(b) > 1",
        "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {changes})",
        "SELECT SUM(CASE WHEN a > 0 THEN b ELSE 0 END) AS b FROM t",
        "SELECT EXTRACT(HOUR FROM a) AS hour FROM t",
        "SELECT CASE {when_cases} ELSE 0 END AS a FROM t {other_joins} WHERE {test}",
    ],
)
def test_portable_sql_passes(sql: str) -> None:
    assert faults_in(sql) == {}


def test_sql_of_one_engine_is_still_exact() -> None:
    assert faults_in("SELECT a::DECIMAL(18,4) AS a FROM t QUALIFY r = 1", portable=False) == {}
    assert set(faults_in("SELECT a / b AS c FROM t", portable=False)) == {"division"}


def test_file_states_its_grain() -> None:
    assert set(faults_in_file("SELECT a FROM t")) == {"grain"}
    assert faults_in_file("-- grain: one row a t\nSELECT a FROM t") == {}
