"""What an analysis gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data_pipeline.metrics import Frame


@dataclass(frozen=True, slots=True)
class Found:
    """Frames by name, and single facts."""

    frames: dict[str, Frame]
    facts: dict[str, Any] = field(default_factory=dict)
