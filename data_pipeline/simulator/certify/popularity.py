"""Which products are bought."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from data_pipeline.simulator.certify.evidence import Evidence
from data_pipeline.simulator.certify.part import Part
from data_pipeline.simulator.certify.statistics import slope
from data_pipeline.simulator.parameters import Parameters

FEWEST_PRODUCTS = 100
POINTS = 60


def popularity(evidence: Evidence, parameters: Parameters) -> Iterator[Part]:
    """Fit log sales on log rank, at ranks evenly spread in logarithms: upper half, lower half."""
    del parameters
    counts = np.sort(np.bincount(evidence.product[evidence.sold]))[::-1]
    counts = counts[counts > 0].astype(np.float64)
    n = len(counts)
    if n < FEWEST_PRODUCTS:
        yield Part("exponent", math.nan, 0.6, 1.1)
        return
    head = np.unique(np.geomspace(1, n / 2, POINTS).astype(np.int64))
    tail = np.unique(np.geomspace(n / 2, n, POINTS).astype(np.int64))
    exponent = slope(head.astype(np.float64), counts[head - 1])
    yield Part("exponent", exponent, 0.6, 1.1)
    yield Part(
        "exponent of the lower half over it",
        slope(tail.astype(np.float64), counts[tail - 1]) / exponent,
        1.2,
    )
