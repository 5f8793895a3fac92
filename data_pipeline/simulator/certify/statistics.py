"""The few statistics that the facts need, in numpy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from data_pipeline.simulator.randomness import Floats, Ints

CHI_SQUARE_LIMIT = {6: 22.46, 23: 49.73}
"""What chance exceeds once in a thousand times, by degrees of freedom."""
MOST_COUNTED = 20_000
"""Chi-square is scaled to so many, or any model would be rejected in a large enough store."""


def chi_square(found: Ints | Floats, expected: Ints | Floats) -> float:
    """Return the statistic of counts against weights, as if there were at most MOST_COUNTED."""
    total = float(found.sum())
    if total == 0:
        return math.inf
    share = expected / expected.sum()
    statistic = float((((found / total) - share) ** 2 / share).sum())
    return statistic * min(total, MOST_COUNTED)


def slope(ranks: Floats, counts: Ints | Floats) -> float:
    """Return the exponent with which counts fall with ranks, by least squares in logarithms."""
    return -float(np.polyfit(np.log(ranks), np.log(counts), 1)[0])


def skewness(values: Floats) -> float:
    """Return the third standardised moment."""
    spread = values.std()
    return float((((values - values.mean()) / spread) ** 3).mean()) if spread > 0 else math.inf


def evenness(counts: Ints | Floats) -> float:
    """Return the effective number of values (exp of the entropy) over their number; 1 is even."""
    share = counts[counts > 0] / counts.sum()
    return math.exp(-float((share * np.log(share)).sum())) / len(share)


def ranks(values: Floats) -> Floats:
    """Return the place of each value in their order."""
    return np.argsort(np.argsort(values)).astype(np.float64)


def smallest(function: Callable[[Floats], float], start: Floats, steps: int = 120) -> Floats:
    """Return where the function is smallest (Nelder and Mead 1965)."""
    n = len(start)
    points = [start] + [start + 0.4 * np.eye(n)[i] for i in range(n)]
    values = [function(p) for p in points]
    for _ in range(steps):
        order = np.argsort(values)
        points, values = [points[i] for i in order], [values[i] for i in order]
        if values[-1] - values[0] < 1e-7 * (1 + abs(values[0])):
            break
        centre = np.mean(points[:-1], axis=0)
        mirrored = centre + (centre - points[-1])
        value = function(mirrored)
        if value < values[0]:
            further = centre + 2 * (centre - points[-1])
            beyond = function(further)
            points[-1], values[-1] = (further, beyond) if beyond < value else (mirrored, value)
        elif value < values[-2]:
            points[-1], values[-1] = mirrored, value
        else:
            inside = centre + 0.5 * (points[-1] - centre)
            nearer = function(inside)
            if nearer < values[-1]:
                points[-1], values[-1] = inside, nearer
            else:
                points = [points[0] + 0.5 * (p - points[0]) for p in points]
                values = [function(p) for p in points]
    return np.asarray(points[int(np.argmin(values))])
