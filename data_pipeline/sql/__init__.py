"""SQL of more than a few lines: templates with {names}, one statement a file."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files


@lru_cache
def _template(name: str) -> str:
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def render(name: str, **values: str) -> str:
    """Fill the template `name`; the values are SQL already (quoted names, literals, lists)."""
    return _template(name).format(**values)
