"""Every statement that is sent passes Google's own analyzer.

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

from data_pipeline.config import Settings
from data_pipeline.inspection import read_quarantine, read_status, trace_sale
from data_pipeline.metrics import open_reader
from data_pipeline.warehouses import Access, open_warehouse
from data_pipeline.warehouses.bqcost import PASSES, REFERENCES
from data_pipeline.warehouses.bqjobs import Column, Jobs
from tests.bigquery.environments import needed_python
from tests.rawfiles import customers, products, sales
from tests.shop import Shop
from tests.test_same_content import frames

ANALYZER = Path(__file__).with_name("analyzer.py")
LATE = {
    "sales-2.csv": sales("9,7,1,1,5,2025-03-04", "10,1,7,1,5,2025-03-04", "1,1,1,3,5,2025-03-09"),
    "customers-2.csv": customers("1,Ann B,,Rome,2025-01-01"),
}
LATER = {"products-2.csv": products("7,Late,Kitchen,5,2025-01-01")}
NOT_THERE_YET = "SELECT COUNT(*) AS runs FROM runs"
"""Asked before there is a table: BigQuery says 404, and that is the answer."""

REFUSED = [
    "CREATE TEMP TABLE a AS SELECT CAST(1 AS NUMERIC) AS amount",
    "INSERT INTO a SELECT CAST(1 AS BIGNUMERIC)",
    "DELETE FROM a",
    "SELECT amount FROM a WHERE amount = 'x'",
    "SELECT 'a' || 1",
    "SELECT COUNT(*) FROM nowhere",
]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
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
    """What the analyzer says against statements; each is looked at once, DDL each time."""
    kept = {
        (sql, parameters, number if sql.startswith(("CREATE", "DROP")) else 0): None
        for number, (sql, parameters) in enumerate(statements)
    }
    told = [json.dumps({"sql": s, "parameters": json.loads(p)}) for s, p, _ in kept]
    done = subprocess.run(
        [str(needed_python("analyzer")), str(ANALYZER)],
        input="\n".join(told),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    pairs = zip(kept, verdicts, strict=True)
    return {sql: verdict for (sql, *_), verdict in pairs if verdict is not None}


def test_all_that_is_sent_is_of_bigquery(store: Shop, sent: list[tuple[str, str]]) -> None:
    for files in ({}, LATE, LATER):
        store.put(files)
        start = len(sent)
        store.run()
        run = [sql for sql, _ in sent[start:]]
        assert len(names_of_tables(run)) <= REFERENCES
        assert names_of_tables(run).count("sales") <= PASSES
    store.run(full_refresh=True)
    with open_warehouse(store.url, Access(read_only=True)) as reader:
        assert read_status(reader).files
        assert read_quarantine(reader, None, 3)
        settings = Settings(raw=store.raw, warehouse=store.url)
        assert [step.verdict for step in trace_sale(reader, 9, settings).steps]
    with open_reader(store.url) as one:
        for timezone in ("UTC", "Europe/Berlin"):
            frames(one, timezone)
    faults = analyze([*sent, *((sql, "{}") for sql in REFUSED)])
    assert set(faults) - {NOT_THERE_YET} == set(REFUSED[1:]), faults
    assert "NUMERIC" in faults[REFUSED[1]]


def names_of_tables(statements: list[str]) -> list[str]:
    named = re.compile(r"\b(?:FROM|JOIN|INTO) `?(\w+)`?")
    return [name for sql in statements for name in named.findall(sql)]
