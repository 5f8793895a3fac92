"""An e-commerce sales pipeline that can prove its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data_pipeline.config import Settings
    from data_pipeline.errors import PipelineError
    from data_pipeline.pipeline import Result, run
    from data_pipeline.warehouses import open_warehouse

__all__ = ["PipelineError", "Result", "Settings", "open_warehouse", "run"]

_HOMES = {
    "PipelineError": "errors",
    "Result": "pipeline",
    "Settings": "config",
    "open_warehouse": "warehouses",
    "run": "pipeline",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: importing the package does no work."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
