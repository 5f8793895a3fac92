"""Google's own analyzer as a program: does BigQuery's language allow these statements?

Runs on the analyzer's own environment. Reads a JSON line a statement, in the order in which they
are sent: its text and the types of its parameters. Writes a JSON line each: null, or what is wrong.
Tables that statements make are there for those that follow, with the types that they would have.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from wasmtime import Config
from zetasql import types
from zetasql.api import CatalogBuilder, TableBuilder
from zetasql.core import wasm_client
from zetasql.core.local_service import ZetaSqlLocalService, local_service_pb2, parse_proto
from zetasql.types import TypeKind

CONTROL = re.compile(r"(BEGIN|COMMIT|ROLLBACK) TRANSACTION|CALL BQ[.]ABORT_SESSION.*")
DROP = re.compile(r"DROP TABLE (?:IF EXISTS )?`?(\w+)`?")
QUALIFIED = re.compile(r"`[\w-]+`[.]`\w+`[.](?=[\w`])")
MADE = ("ResolvedCreateTableStmt", "ResolvedCreateTableAsSelectStmt", "ResolvedCreateViewStmt")


def remembering() -> Config:
    """Compile the analyzer once a machine: that takes half a minute."""
    config = Config()
    config.cache = True
    return config


class Catalog:
    """The tables by name, and what is asked with which types of parameters."""

    def __init__(self) -> None:
        language = types.LanguageOptions.maximum_features()
        language.product_mode = types.ProductMode.PRODUCT_EXTERNAL
        self._language = language
        self._functions = types.ZetaSQLBuiltinFunctionOptions(language_options=language)
        self._tables: dict[str, Any] = {}
        self._known: dict[Any, tuple[str | None, Any]] = {}

    def fault_in(self, sql: str, parameters: dict[str, str]) -> str | None:
        if CONTROL.fullmatch(sql):
            return None
        sql = QUALIFIED.sub("", sql)
        if dropped := DROP.fullmatch(sql):
            return None if self._tables.pop(dropped[1], None) else f"{dropped[1]} is not there"
        tables = {name: table for name, table in self._tables.items() if name in sql}
        asked = (sql, *parameters.items(), *((name, id(table)) for name, table in tables.items()))
        if asked not in self._known:
            self._known[asked] = self._analyze(sql, parameters, tables)
        fault, made = self._known[asked]
        if made is not None:
            self._tables[made.name] = made
        return fault

    def _analyze(
        self, sql: str, parameters: dict[str, str], tables: dict[str, Any]
    ) -> tuple[str | None, Any]:
        """What is wrong, and the table that the statement makes."""
        options = types.AnalyzerOptions(language_options=self._language)
        options.query_parameters = [
            types.AnalyzerOptions.QueryParameter(name=name, type=type_named(kind))
            for name, kind in parameters.items()
        ]
        builder = CatalogBuilder("shop").with_builtin_functions(self._functions)
        for table in tables.values():
            builder.add_table(table)
        asked = types.AnalyzeRequest(
            sql_statement=sql, options=options, simple_catalog=builder.build()
        )
        try:
            answer = ZetaSqlLocalService.get_instance().wasm_client.call_grpc_func(
                "ZetaSqlLocalService_Analyze", asked.to_proto(), local_service_pb2.AnalyzeResponse
            )
        except Exception as error:  # noqa: BLE001 (its own words are the answer)
            return str(error), None
        if not sql.startswith("CREATE"):
            return None, None  # to take the answer apart is half the work
        found = parse_proto(answer).as_type(types.AnalyzeResponse).resolved_statement
        return None, table_of(found)


def table_of(made: Any) -> Any:
    assert type(made).__name__ in MADE
    builder = TableBuilder(made.name_path[-1])
    columns = getattr(made, "column_definition_list", None) or made.output_column_list
    for column in columns:
        kind = getattr(column, "type", None) or column.column.type
        builder.add_column(column.name, kind)
    return builder.build()


def type_named(name: str) -> Any:
    if name.startswith("ARRAY<"):
        element = types.Type(type_kind=TypeKind[f"TYPE_{name[6:-1]}"])
        return types.Type(
            type_kind=TypeKind.TYPE_ARRAY, array_type=types.ArrayType(element_type=element)
        )
    return types.Type(type_kind=TypeKind[f"TYPE_{name}"])


if __name__ == "__main__":
    wasm_client.Config = remembering
    catalog = Catalog()
    for line in sys.stdin:
        told = json.loads(line)
        fault = catalog.fault_in(told["sql"], told["parameters"])
        print(json.dumps(fault), flush=True)  # noqa: T201 (for who started it)
