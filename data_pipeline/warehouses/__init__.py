"""Warehouses, found by the scheme of their URL: `duckdb:///path` is `warehouses/duckdb.py`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from data_pipeline.errors import ConfigError
from data_pipeline.urls import hide_password
from data_pipeline.warehouses.base import Access, Warehouse

__all__ = ["Access", "Warehouse", "check_url", "known_schemes", "open_warehouse"]


SHARED = frozenset({"base", "remote", "remote_schema", "duckdb_keys", "pgcopy"}) | {
    *("redshift_session", "redshift_tables", "redshift_words", "s3", "aws"),
    *("bqcost", "bqjobs", "bqlock", "bqsql", "bqtables", "bqurl", "bqwords"),
}
"""Modules beside the warehouses that are none."""


def known_schemes() -> list[str]:
    """The schemes that a warehouse URL may have."""
    return sorted(m.name for m in iter_modules(__path__) if m.name not in SHARED)


def check_url(url: str) -> str:
    """The scheme of a warehouse URL; ConfigError when there is no such warehouse."""
    scheme = url.partition("://")[0].casefold()
    if "://" not in url or scheme not in known_schemes():
        known = ", ".join(known_schemes())
        raise ConfigError(
            f"unknown warehouse {hide_password(url)!r}; known: {known} "
            "(for example duckdb:///data/warehouse.duckdb)"
        )
    return scheme


def open_warehouse(url: str, access: Access = Access()) -> Warehouse:  # noqa: B008 (frozen)
    """Open the warehouse behind `url`, or raise ConfigError or WarehouseError."""
    module = import_module(f"{__name__}.{check_url(url)}")
    warehouse: Warehouse = module.connect(url, access)
    return warehouse
