"""The synthetic store: data that behaves like a shop's, dirt on purpose, and the right answers."""

from data_pipeline.simulator.parameters import PRESETS, Category, Parameters, preset

__all__ = ["PRESETS", "Category", "Parameters", "preset"]
