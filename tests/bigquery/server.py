"""The emulator bqemulator as a program, with what BigQuery does and it does not.

Runs on the emulator's own environment: `python server.py` prints its port and serves until its
standard input ends. What is added, so that a fault of ours shows here as it would there:

- sessions: a transaction and temporary tables live from job to job, on a connection of their own,
  see what was committed when they began, and are undone when the session is aborted;
- inside a transaction no table is made or dropped that is not temporary;
- a job id is used once: the second time it is 409;
- labels of tables that a statement makes are kept, and listed;
- NUMERIC has nine decimals; what the emulator makes of it has three in DuckDB;
- a number with a point beside a NUMERIC is one too (Google's analyzer says so), not a FLOAT64;
- tables.delete takes a view away, too;
- keys, which BigQuery only writes down, are taken out: DuckDB would refuse the words;
- If-Match: who has another version of a table's description than the server is told 412.
"""

from __future__ import annotations

import asyncio
import re
import sys
from contextvars import ContextVar
from functools import cache
from typing import Any

import sqlglot
from bqemulator import server
from bqemulator.api.routes import jobs, tables, upload
from bqemulator.catalog import ddl_sync
from bqemulator.config import PersistenceMode, Settings
from bqemulator.domain.errors import InvalidQueryError, ResourceRef, resource_already_exists
from bqemulator.jobs import ddl_result, executor
from bqemulator.sql import translator
from bqemulator.sql.rewriter.default_dataset import qualify_unqualified_tables
from bqemulator.storage.engine import DuckDBEngine
from bqemulator.versioning.snapshots import SnapshotManager
from duckdb import CatalogException
from sqlglot import exp

SESSIONS: dict[str, Any] = {}
CURRENT: ContextVar[Any] = ContextVar("connection", default=None)
NOTHING = "SELECT 1 AS done"
KEYS = re.compile(r", (PRIMARY|FOREIGN) KEY [^,]*? NOT ENFORCED")
NUMERIC = re.compile(r"\bDECIMAL\b(?!\()")
MADE = re.compile(r"CREATE (?:OR REPLACE )?TABLE `(\w+)`")
LABELS = re.compile(r"labels = \[\('(\w+)', '(\w+)'\)\]")
TEMPORARY = "SELECT table_name FROM duckdb_tables() WHERE temporary"
ABORT = re.compile(r"CALL BQ[.]ABORT_SESSION\('(\w+)'\)")

list_item = tables._table_to_list_item
handle_query = jobs._handle_query_job
execute_load = jobs.execute_load_job
translate = executor.rewrite_and_translate_statement
execute = DuckDBEngine.execute


async def handle_in_session(project: str, job_id: str, config: dict[str, Any], **rest: Any) -> Any:
    refuse_used(project, job_id, rest["ctx"])
    query = dict(config["query"])
    query["query"] = sql = KEYS.sub("", query["query"])
    name = session_of(query)
    if sql == "BEGIN TRANSACTION":
        meta = await handle_query(
            project, job_id, config | {"query": query | {"query": NOTHING}}, **rest
        )
        name = name or meta.statistics["sessionInfo"]["sessionId"]
        if name not in SESSIONS:
            SESSIONS[name] = rest["ctx"].engine._connection.cursor()
            SESSIONS[name].execute("SET TimeZone = 'UTC'")
        SESSIONS[name].execute("BEGIN")
        SESSIONS[name].execute("SELECT count(*) FROM duckdb_tables()").fetchall()
        return meta
    if sql in {"COMMIT TRANSACTION", "ROLLBACK TRANSACTION"}:
        SESSIONS[name].execute(sql.split()[0])
        query["query"] = NOTHING
    elif aborted := ABORT.fullmatch(sql):
        end_session(aborted[1])
        query["query"] = NOTHING
    token = CURRENT.set(SESSIONS.get(name))
    try:
        done = await handle_query(project, job_id, config | {"query": query}, **rest)
    finally:
        CURRENT.reset(token)
    note_labels(project, query, rest["ctx"].catalog)
    return done


def note_labels(project: str, query: dict[str, Any], catalog: Any) -> None:
    """Labels that a CREATE TABLE gives; tables.list shows them."""
    labels, made = LABELS.search(query["query"]), MADE.match(query["query"])
    if labels and made:
        table = catalog.get_table(project, query["defaultDataset"]["datasetId"], made[1])
        if table is not None:
            found = {"labels": {labels[1]: labels[2]}}
            catalog.update_table(table.model_copy(update=found))


def list_with_labels(table: Any) -> Any:
    return list_item(table) | {"labels": table.labels}


def session_of(query: dict[str, Any]) -> str:
    properties = {p["key"]: p["value"] for p in query.get("connectionProperties", [])}
    return str(properties.get("session_id", ""))


def end_session(name: str) -> None:
    if name not in SESSIONS:
        raise InvalidQueryError(f"Session {name} does not exist")
    SESSIONS.pop(name).close()
    jobs._SESSION_CATALOG.discard(name)


def refuse_used(project: str, job_id: str, context: Any) -> None:
    if context.catalog.get_job(project, job_id) is not None:
        raise resource_already_exists(ResourceRef("job", project, "", job_id))


async def load_once(project: str, job_id: str, config: dict[str, Any], context: Any) -> Any:
    refuse_used(project, job_id, context)
    return await execute_load(project, job_id, config, context)


def qualify(sql: str, query: dict[str, Any], *, request_project_id: str) -> str:
    """Names without a dataset are those of temporary tables first."""
    dataset = query.get("defaultDataset") or {}
    connection = CURRENT.get()
    temporary = None
    if connection is not None:
        temporary = frozenset(name for (name,) in connection.execute(TEMPORARY).fetchall())
    project = dataset.get("projectId") or request_project_id
    return qualified(sql, project, dataset.get("datasetId", ""), temporary)


@cache
def qualified(sql: str, project: str, dataset: str, temporary: frozenset[str] | None) -> str:
    """Outside a session nothing is temporary."""
    full: str = qualify_unqualified_tables(sql, default_project=project, default_dataset=dataset)
    if temporary is None:
        return full
    tree = sqlglot.parse_one(full, read="bigquery")
    target = tree.find(exp.Table) if isinstance(tree, exp.Create | exp.Drop) else None
    if isinstance(tree, exp.Create) and tree.find(exp.TemporaryProperty) and target is not None:
        temporary |= {target.name}
    if target is not None and target.name not in temporary:
        raise InvalidQueryError("DDL statements in a transaction are for temporary tables alone")
    for table in tree.find_all(exp.Table):
        if table.name in temporary:
            table.set("db", None)
            table.set("catalog", None)
    return tree.sql("bigquery")


def drop_view_too(engine: Any, sql: str, parameters: list[Any] | None = None) -> Any:
    try:
        return execute(engine, sql, parameters)
    except CatalogException as error:
        if "of type View" not in str(error):
            raise
        return execute(engine, sql.replace("DROP TABLE", "DROP VIEW", 1))


class IfMatch:
    """Refuse a PATCH of a table that is no longer as the client saw it."""

    def __init__(self, app: Any, context: Any) -> None:
        self._app, self._context = app, context

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "").split("/")
        wanted = dict(scope.get("headers", ())).get(b"if-match", b"").decode()
        if scope.get("method") == "PATCH" and wanted and "tables" in path:
            project, dataset, table = path[-5], path[-3], path[-1]
            there = self._context.catalog.get_table(project, dataset, table)
            if there is not None and there.etag != wanted:
                head = {"status": 412, "headers": [(b"content-type", b"application/json")]}
                said = b'{"error": {"code": 412, "message": "Precondition check failed."}}'
                await send({"type": "http.response.start"} | head)
                await send({"type": "http.response.body", "body": said})
                return
        await self._app(scope, receive, send)


READERS = {
    ddl_sync: (
        *("_detect_catalog_drop", "_detect_create_schema"),
        *("_detect_plain_create_table", "_detect_plain_create_view"),
    ),
    ddl_result: ("_parse_statement",),
    executor: ("_parse_for_classification", "detect_drop_routine", "rewrite_table_refs"),
}
"""What the emulator makes of a text alone and changes no more: done once a text."""


def remember(function: Any) -> Any:
    """Parse a text once; the emulator does it twenty times a statement."""
    known: dict[Any, Any] = {}

    def parse_one(sql: str, **options: Any) -> Any:
        key = (sql, *options.items())
        if key not in known:
            known[key] = function(sql, **options)
        return known[key].copy()

    return parse_one


TRANSLATED: dict[str, str] = {}


async def translate_once(sql: str, **rest: Any) -> str:
    """Translate a statement for DuckDB, once a text."""
    if sql not in TRANSLATED:
        TRANSLATED[sql] = NUMERIC.sub("DECIMAL(38, 9)", await translate(sql, **rest))
    return TRANSLATED[sql]


async def nothing_to_do(*_: Any) -> None:
    pass


async def serve() -> None:
    sqlglot.parse_one = remember(sqlglot.parse_one)
    jobs._handle_query_job = handle_in_session
    jobs._apply_default_dataset = qualify
    tables._table_to_list_item = list_with_labels
    executor.rewrite_and_translate_statement = translate_once
    translator.rewrite_decimal_literals = str
    for module in (jobs, upload):
        module.execute_load_job = load_once
    DuckDBEngine.connection = property(lambda self: CURRENT.get() or self._connection)
    DuckDBEngine.execute = drop_view_too
    for module, names in READERS.items():
        for name in names:
            setattr(module, name, cache(getattr(module, name)))
    executor._reject_dml_on_immutable = lambda *_: None  # there are no snapshots
    executor._capture_dml_snapshots = nothing_to_do  # nor is time travel of our contract
    SnapshotManager.record_change = lambda *_: None
    DuckDBEngine._load_spatial = lambda _: None  # places are not of our contract
    create_app = server.create_app
    server.create_app = lambda context: IfMatch(create_app(context), context)
    settings = Settings(
        persistence_mode=PersistenceMode.EPHEMERAL,
        rest_port=0,
        grpc_port=0,
        log_level="error",
        enable_format_extensions=False,
    )
    running = server.EmulatorServer(settings)
    await running.start()
    print("port", running.rest_port, flush=True)  # noqa: T201 (for who started it)
    await asyncio.to_thread(sys.stdin.read)
    await running.stop()


if __name__ == "__main__":
    asyncio.run(serve())
