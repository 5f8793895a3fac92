"""Defects, planted on purpose into records that were clean, each with its right answer."""

from data_pipeline.simulator.dirt.kinds import KINDS, Kind
from data_pipeline.simulator.dirt.sheet import Chance, Dirty, Marks, soil

__all__ = ["KINDS", "Chance", "Dirty", "Kind", "Marks", "soil"]
