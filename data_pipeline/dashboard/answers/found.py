"""What an analysis gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data_pipeline.metrics import Frame


@dataclass(frozen=True, slots=True)
class Found:
    """Frames by name, single facts, and where they come from."""

    frames: dict[str, Frame]
    facts: dict[str, Any] = field(default_factory=dict)
    relation: str = "sales"

    @property
    def source_kind(self) -> str:
        return "fact" if self.relation == "sales" else "aggregate"
