"""What a run on BigQuery costs at most, by the bytes that its statements read."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

from data_pipeline.warehouses.base import Cost

LEAST_BYTES = 10 << 20
"""So much is billed for each table that a statement names, however small it is."""
REFERENCES, PASSES = 600, 40
"""So often, at most, the statements of a run name any table, and so often the sales."""
SWELLING = 2
"""Rows are longer in the warehouse than as text, with their file, line and empty columns."""
TIB = Decimal(1 << 40)
DOLLARS_A_TIB = Decimal("6.25")
"""On demand, in most regions, as Google's price list had it in 2025; the first TiB of a month is
free."""


def most(stored: int, size: int) -> Cost:
    """What a run may cost that finds so many bytes in the star, and loads so many of raw files."""
    read = LEAST_BYTES * REFERENCES + PASSES * (stored + SWELLING * size)
    return Cost(read, (read * DOLLARS_A_TIB / TIB).quantize(Decimal("0.01"), ROUND_UP))
