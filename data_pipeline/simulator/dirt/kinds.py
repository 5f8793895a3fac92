"""The kinds of defects and how often each is planted."""

from __future__ import annotations

from dataclasses import dataclass

from data_pipeline.simulator.dirt import customers, products, sales
from data_pipeline.simulator.dirt.sheet import Plant


@dataclass(frozen=True)
class Kind:
    """A kind of defect."""

    name: str
    weight: float
    """How common it is among the defects of its table."""
    plant: Plant
    structural: bool = False
    """Whether it is about how a record is written, so that only text files can have it."""


def _kinds(plants: dict[str, tuple[float, Plant]], structural: frozenset[str]) -> tuple[Kind, ...]:
    return tuple(
        Kind(name, weight, plant, name in structural) for name, (weight, plant) in plants.items()
    )


STRUCTURAL = frozenset(
    {"short_line", "long_line", "bad_bytes", "nul_byte", "text_after_quote", "unclosed_quote",
     "stray_return"}
)  # fmt: skip

KINDS: dict[str, tuple[Kind, ...]] = {
    "customers": _kinds(customers.PLANTS, STRUCTURAL),
    "products": _kinds(products.PLANTS, STRUCTURAL),
    "sales": _kinds(sales.PLANTS, STRUCTURAL),
}
