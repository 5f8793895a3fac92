"""Proof that a simulated store behaves like a store: facts, their bands, where the bands are from."""

from data_pipeline.simulator.certify.evidence import Evidence, read_evidence
from data_pipeline.simulator.certify.facts import Fact, Part, certify

__all__ = ["Evidence", "Fact", "Part", "certify", "read_evidence"]
