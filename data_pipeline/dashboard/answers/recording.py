"""A reader that remembers what was asked of the warehouse, so that an answer can say so."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_pipeline.dashboard.answers.shape import Json
    from data_pipeline.metrics import Reader

_SUMS = re.compile(r"\bagg_\w+")
_IN_ADVANCE = re.compile(
    r"\bagg_(state|terms)\b|information_schema|^SELECT MIN\(\"timestamp\"\), MAX\(\"timestamp\"\)"
)
"""What is looked up before a question can be put: it is no part of the answer."""

WHY = {
    "aggregate": "Sums that every load keeps; the same question to the sales gives the same.",
    "fact": "The sales themselves, one row a transaction.",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """The statements that were sent for an answer, with their values."""

    statements: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def source(self) -> Json:
        """Where the answer comes from: tables of sums, or the sales."""
        sums = {name for sql, _ in self.statements for name in _SUMS.findall(sql)}
        is_stored = bool(sums) and not any('"sales"' in sql for sql, _ in self.statements)
        relation = ", ".join(sorted(sums)) if is_stored else "sales"
        return {"relation": relation, "kind": "aggregate" if is_stored else "fact"}

    def sql(self) -> str:
        """All statements, each once."""
        return ";\n\n".join(dict.fromkeys(sql.strip() for sql, _ in self.statements))

    def values(self) -> dict[str, str]:
        """The parameters of all statements."""
        return {
            name: "" if value is None else str(value)
            for _, values in self.statements
            for name, value in values.items()
        }


class Recorder:
    """Hands everything on to a reader, and notes in `sent` what it was asked."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.sent = Sent()

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """What the reader finds."""
        if not _IN_ADVANCE.search(sql):
            self.sent.statements.append((sql, dict(values or {})))
        return self._reader.rows(sql, values)

    def has_table(self, name: str) -> bool:
        """Whether the warehouse has it."""
        return self._reader.has_table(name)
