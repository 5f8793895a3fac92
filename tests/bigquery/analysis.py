"""What is sent to BigQuery, and what Google's own analyzer says of it.

The emulator allows what BigQuery does not; the analyzer knows the language and its types. What
neither knows (quotas, rights, what a load job makes of a file) only the service can say.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from data_pipeline.warehouses.bqjobs import Column, Jobs
from tests.bigquery.environments import needed_python

ANALYZER = Path(__file__).with_name("analyzer.py")
NOT_THERE_YET = "SELECT COUNT(*) AS runs FROM runs"
"""Asked before there is a table: BigQuery says 404, and that is the answer."""

REFUSED = [
    "CREATE TEMP TABLE a AS SELECT CAST(1 AS NUMERIC) AS amount",
    "INSERT INTO a SELECT CAST(1 AS BIGNUMERIC)",
    "DELETE FROM a",
    "SELECT amount FROM a WHERE amount = 'x'",
    "SELECT CAST(SUM(amount) AS NUMERIC) AS amount FROM a HAVING SUM(amount) <> 0",
    "SELECT COUNT(*) FROM nowhere",
]
"""The first is allowed, the others are not."""


def listen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The statements in the order in which they are sent, each with its parameters as JSON."""
    found: list[tuple[str, str]] = []
    query = Jobs.query

    def listening(self: Jobs, sql: str, values: Any = None, **options: Any) -> Any:
        kinds = {name: kind_of(self, name, value) for name, value in (values or {}).items()}
        found.append((sql, json.dumps(kinds)))
        return query(self, sql, values, **options)

    monkeypatch.setattr(Jobs, "query", listening)
    return found


def kind_of(jobs: Jobs, name: str, value: Any) -> str:
    parameter = jobs._parameter(name, value)
    return f"ARRAY<{parameter.array_type}>" if isinstance(value, Column) else parameter.type_


def analyze(statements: list[tuple[str, str]]) -> dict[str, str]:
    """What the analyzer says against statements, in the order in which they are sent."""
    told = [json.dumps({"sql": s, "parameters": json.loads(p)}) for s, p in statements]
    done = subprocess.run(
        [str(needed_python("analyzer")), str(ANALYZER)],
        input="\n".join(told),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    pairs = zip(statements, verdicts, strict=True)
    return {sql: verdict for (sql, _), verdict in pairs if verdict is not None}


def names_of_tables(statements: list[str]) -> list[str]:
    """The tables that statements name, as often as they name them."""
    named = re.compile(r"\b(?:FROM|JOIN|INTO) `?(\w+)`?")
    return [name for sql in statements for name in named.findall(sql)]
