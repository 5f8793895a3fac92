"""Proof that a simulated store behaves like a store: facts, bands, and who says so."""

from data_pipeline.simulator.certify.evidence import Evidence, read_evidence
from data_pipeline.simulator.certify.facts import Fact, certify
from data_pipeline.simulator.certify.part import Part

__all__ = ["Evidence", "Fact", "Part", "certify", "read_evidence"]
