"""The catalogue of hostile variants, by what they attack.

What is in the files is data: tables of texts and bytes, each with the outcome that it must have,
worked out by hand from the contract. That the oracle, which shares no code with the package, comes
to the same outcome is tested, and its values are what the warehouse is held against.
"""

from __future__ import annotations

from tests.hostile.catalogue import dresses, encodings, structure, texts, times, values
from tests.hostile.variant import Variant

GROUPS = {
    "dresses": dresses.variants,
    "encodings": encodings.variants,
    "structure": structure.variants,
    "values": values.variants,
    "times": times.variants,
    "texts": texts.variants,
}


def catalogue() -> dict[str, list[Variant]]:
    """All variants by group; the same ones each time."""
    return _MADE


_MADE = {name: make() for name, make in GROUPS.items()}
