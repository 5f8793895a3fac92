"""Databases of shops, found by the scheme of their URL: `mysql://...` is `databases/mysql.py`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from data_pipeline.databases.base import Database
from data_pipeline.errors import ConfigError
from data_pipeline.urls import hide_password

__all__ = ["Database", "known_schemes", "open_database", "scheme_of"]

ALIASES = {"postgres": "postgresql", "mariadb": "mysql"}
NO_DATABASES = {"base", "mysql_options", "packets"}
EXAMPLE = "postgresql://user@host:5432/shop"


def known_schemes() -> list[str]:
    """The schemes that a database URL may have."""
    return sorted(m.name for m in iter_modules(__path__) if m.name not in NO_DATABASES)


def scheme_of(url: str) -> str:
    """Say which kind of database a URL names, or raise ConfigError."""
    scheme = url.partition("://")[0].casefold()
    scheme = ALIASES.get(scheme, scheme)
    if "://" not in url or scheme not in known_schemes():
        known = ", ".join(known_schemes())
        raise ConfigError(
            f"unknown database {hide_password(url)!r}; known: {known} (for example {EXAMPLE})"
        )
    return scheme


def open_database(url: str, *, read_only: bool = True) -> Database:
    """Connect to the database behind `url`, or raise ConfigError or SourceError."""
    module = import_module(f"{__name__}.{scheme_of(url)}")
    database: Database = module.connect(url, read_only=read_only)
    return database
