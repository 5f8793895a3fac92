"""The written list of what Redshift has not: each entry is shown a fault, and sound SQL passes."""

from __future__ import annotations

import pytest

from tests.redshift.lacks import RULES, faults_in

PLANTED = {
    "an aggregate over ORDER BY needs a frame": "SELECT SUM(a) OVER (ORDER BY b) AS s FROM t",
    "a frame counts ROWS": (
        "SELECT SUM(a) OVER (ORDER BY b RANGE UNBOUNDED PRECEDING) AS s FROM t"
    ),
    "a subquery inside CASE, OR or ON": (
        "SELECT CASE WHEN a IN (SELECT b FROM u) THEN 1 END AS c FROM t"
    ),
    "a text without a type in a query that another reads": (
        "CREATE TEMPORARY TABLE x AS SELECT 'loaded' AS place"
    ),
    "VARCHAR without a length is VARCHAR(256)": "SELECT CAST(a AS VARCHAR) AS a FROM t",
    "a type that Redshift has not": "CREATE TABLE t (a UUID)",
    "FILTER": "SELECT COUNT(*) FILTER (WHERE a > 1) AS n FROM t",
    "an array": "SELECT ARRAY[1, 2] AS a",
    "an alias in DELETE or UPDATE": "DELETE FROM t AS x WHERE x.a = 1",
    "VALUES as a table": "SELECT a FROM (VALUES (1), (2)) AS v(a)",
    "a truth value has no text": "SELECT CAST(a = 1 AS VARCHAR(9)) AS a FROM t",
    "CREATE TABLE names DISTKEY once": "CREATE TABLE t (a INTEGER) DISTKEY(a) DISTKEY(a)",
}


@pytest.mark.parametrize("rule", RULES)
def test_a_planted_fault_is_caught(rule: str) -> None:
    assert rule in faults_in(PLANTED[rule])


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t (a) VALUES (1) RETURNING a",
        "INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING",
        "CREATE TEMP TABLE t (a INTEGER) ON COMMIT DROP",
        "CREATE INDEX i ON t (a)",
        "SELECT STRING_AGG(a, ',') AS a FROM t",
        "SAVEPOINT keys",
        "SET CONSTRAINTS ALL DEFERRED",
        "TRUNCATE t",
        "SELECT pg_try_advisory_lock(1)",
        "SELECT n FROM GENERATE_SERIES(1, 9) AS g(n)",
        "SELECT DISTINCT ON (a) a, b FROM t",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
        "SELECT a::BIGINT FROM t",
        "VACUUM t",
        "SELECT FROM WHERE",
        "FETCH FORWARD 5000 FROM rows",
        "COPY \"t\" FROM 's3://b/p/' IAM_ROLE default FORMAT AS CSV",
        "COPY \"t\" FROM 's3://b/p/' CREDENTIALS 'aws_access_key_id=x' FORMAT AS PARQUET",
        "DECLARE c CURSOR FOR SELECT NOW() AS a",
    ],
)
def test_what_postgresql_has_is_refused(sql: str) -> None:
    assert faults_in(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "BEGIN",
        "LOCK TABLE run_lock",
        "SELECT SUM(a) OVER (ORDER BY b ROWS UNBOUNDED PRECEDING) AS s FROM t",
        "SELECT 'a' AS a",
        "DELETE FROM t WHERE a IN (SELECT a FROM u) AND EXISTS (SELECT 1 FROM v WHERE v.a = t.a)",
        "CREATE TABLE t (a VARCHAR(65535) COLLATE CASE_SENSITIVE) DISTKEY(a) SORTKEY(a)",
        "COPY \"t\" FROM 's3://b/p/' IAM_ROLE default FORMAT AS PARQUET",
        "SELECT 'RETURNING ::' || a AS said FROM t",
    ],
)
def test_what_redshift_has_passes(sql: str) -> None:
    assert faults_in(sql) == []
