"""SQL as text: names and literals, column lists made from the contract, and templates.

SQL of more than a few lines is a template with {names} in a .sql file, one statement a file.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from data_pipeline.contract import Column, Table
from data_pipeline.layout import Relation

PROVENANCE = "source_file VARCHAR NOT NULL, source_line BIGINT NOT NULL, repairs VARCHAR"
"""The columns behind the contract's: where a row came from, and what was repaired in it."""


@lru_cache
def _template(name: str) -> str:
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def render(name: str, **values: str) -> str:
    """Fill the template `name`; the values are SQL already (quoted names, literals, lists)."""
    return _template(name).format(**values)


def quote(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Write a text literal."""
    return "'" + value.replace("'", "''") + "'"


def staging_name(table: Table) -> str:
    """The table that holds the clean rows of the files being loaded."""
    return f"incoming_{table.name}"


def column_type(column: Column) -> str:
    """A column with its type, as DDL."""
    return f"{quote(column.name)} {column.type.sql}" + ("" if column.nullable else " NOT NULL")


def field_types(relation: Relation) -> str:
    """The columns of a table of the warehouse with their types, as DDL."""
    return ", ".join(
        f"{quote(f.name)} {f.sql}" + ("" if f.nullable else " NOT NULL") for f in relation.fields
    )


def column_list(table: Table, prefix: str = "") -> str:
    """The table's columns in the order of the warehouse, quoted."""
    return ", ".join(prefix + quote(c.name) for c in table.columns)
