"""What the user declares of a table that lives in a database."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import quote

from data_pipeline.contract import TABLES
from data_pipeline.databases import scheme_of
from data_pipeline.errors import ConfigError
from data_pipeline.urls import place_of

PASSWORDS = {"mysql": "MYSQL_PWD"}
"""The variable that holds a password which the URL leaves out, where the driver does not look."""

OVERLAP = {"time": 3600, "number": 100_000}
"""How far behind its highest value a watermark stands, unless declared: seconds, or numbers."""


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One of the three tables, as a table or a query of the database behind `url`.

    `columns` maps the contract's names to the database's. `watermark` is a column of the database;
    without one, changes are told by the server's own count, or by comparing everything.
    """

    table: str
    url: str
    name: str = ""
    query: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    watermark: str = ""
    overlap: int | None = None

    @property
    def shown(self) -> str:
        """Where it is, without anything secret."""
        return f"{place_of(self.url)}, {'query' if self.query else self.name}"

    def digest(self, *more: str) -> str:
        """A digest of what is read, which changes with it."""
        parts = (self.name, self.query, self.watermark, *sorted(self.columns.items()), *more)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def read_sources(
    declared: Any, url: str | None, environment: Mapping[str, str]
) -> tuple[SourceTable, ...]:
    """Make the source tables of [sources.<table>] and of the URL that stands for all of them.

    When none is declared, the URL's database has all three, under the contract's names.
    """
    if not isinstance(declared, dict):
        raise ConfigError("sources is not a table; write [sources.sales], and source = for a URL")
    if not declared and url:
        declared = {name: {} for name in TABLES}
    if unknown := sorted(set(declared) - set(TABLES)):
        raise ConfigError(f"[sources.{unknown[0]}]: unknown table; known: {', '.join(TABLES)}")
    found = []
    for name in (t for t in TABLES if t in declared):
        where = f"[sources.{name}]"
        told = _checked(where, name, declared[name])
        place = told.pop("url", url)
        if not place:
            raise ConfigError(f"{where} has no url, and no source is set; add one of them")
        place = with_password(place, environment)
        given = told.pop("name", "" if "query" in told else name)
        found.append(SourceTable(name, place, given, **told))
    return tuple(found)


def with_password(url: str, environment: Mapping[str, str]) -> str:
    """Put the password of the environment into a URL of a known database that has none."""
    variable = PASSWORDS.get(scheme_of(url), "")
    rest = url.partition("://")[2]
    user, at, _ = rest.partition("/")[0].rpartition("@")
    if variable not in environment or ":" in user:
        return url
    secret = quote(environment[variable], safe="")
    bare = rest.removeprefix(user + at)
    return f"{url.partition('://')[0]}://{user}:{secret}@{bare}"


def _checked(where: str, table: str, given: Any) -> dict[str, Any]:
    """Refuse a declaration that cannot be meant; `table` in it is called `name` here."""
    if not isinstance(given, dict):
        raise ConfigError(f"{where} is not a table of settings")
    told = {("name" if key == "table" else key): value for key, value in given.items()}
    known = {f.name for f in fields(SourceTable)} - {"table", "name"} | {"table"}
    if unknown := sorted(set(given) - known):
        raise ConfigError(
            f"{where}: unknown setting {unknown[0]!r}; known: {', '.join(sorted(known))}"
        )
    for key, value in given.items():
        _check(where, table, key, value)
    if "name" in told and "query" in told:
        raise ConfigError(f"{where} has both table and query; one of them says what is read")
    return told


def _check(where: str, table: str, key: str, value: Any) -> None:
    if key == "overlap":
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ConfigError(f"{where}: overlap = {value!r} is no whole number from 0 on")
    elif key == "columns":
        known = [c.name for c in TABLES[table].raw_columns]
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise ConfigError(f'{where}: columns maps names: columns = {{price = "unit_price"}}')
        if unknown := sorted(set(value) - set(known)):
            raise ConfigError(f"{where}: unknown column {unknown[0]!r}; known: {', '.join(known)}")
    elif not isinstance(value, str) or not value:
        raise ConfigError(f"{where}: {key} = {value!r} is not a text")
