"""A reader that remembers what was asked of the warehouse, so that an answer can say so."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from data_pipeline.metrics.reading import Recalls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_pipeline.dashboard.answers.shape import Json
    from data_pipeline.metrics import Reader
    from data_pipeline.metrics.columns.sales import Columns

_SUMS = re.compile(r"\bagg_\w+")
IN_ADVANCE = re.compile(
    r"\bagg_(state|terms)\b|information_schema|^SELECT MIN\(\"timestamp\"\), MAX\(\"timestamp\"\)"
)
"""What is looked up before a question can be put: it is no part of the answer."""

WHY = {
    "aggregate": "Sums that every load keeps; the same question to the sales gives the same.",
    "fact": "The sales themselves, one row a transaction.",
    "memory": "A copy of the sales in this program's memory, read when it opened this version of"
    " the data. The SQL below was sent to the sales themselves just now, to hold it against that.",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """The statements that were sent for an answer, with their values."""

    statements: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    recalled: list[str] = field(default_factory=list)
    """What was read from memory."""

    def source(self) -> Json:
        """Where the answer comes from: tables of sums, the sales, or the sales in memory."""
        sums = {name for sql, _ in self.statements for name in _SUMS.findall(sql)}
        is_fact = any('"sales"' in sql for sql, _ in self.statements)
        if self.recalled and not is_fact:
            return {"relation": ", ".join(["sales in memory", *sorted(sums)]), "kind": "memory"}
        is_stored = bool(sums) and not is_fact
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
    """Hands everything on to a reader, and notes in `sent` what it was asked.

    Unless it `recalls`, what the reader has in memory is not used: all is asked of the warehouse.
    """

    def __init__(self, reader: Reader, *, recalls: bool = True) -> None:
        self._reader, self._recalls = reader, recalls
        self.sent = Sent()

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """What the reader finds."""
        if not IN_ADVANCE.search(sql):
            self.sent.statements.append((sql, dict(values or {})))
        return self._reader.rows(sql, values)

    def has_table(self, name: str) -> bool:
        """Whether the warehouse has it."""
        return self._reader.has_table(name)

    def columns(self) -> Columns | None:
        """The sales in memory; whoever asks for them answers from them."""
        if not self._recalls or not isinstance(self._reader, Recalls):
            return None
        if found := self._reader.columns():
            self.sent.recalled.append("sales")
        return found
