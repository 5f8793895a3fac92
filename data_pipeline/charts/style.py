"""How every chart looks: sizes, type and colours, once.

The colours are Okabe and Ito's, which people with any kind of colour blindness can tell apart.
"""

from __future__ import annotations

from typing import Any

INK = "#1b2733"
MUTED = "#586674"
GRID = "#e1e6eb"
FAINT = "#b9c3cd"
PAPER = "#ffffff"
CELL_INK = "#0b1620"
CELL_PAPER = "#fdfdfd"
"""Writing on light and on dark cells, whose colours stay in the dark."""
BLUE = "#0072b2"
SKY = "#56b4e9"
ORANGE = "#d55e00"
AMBER = "#e69f00"
GREEN = "#009e73"
PINK = "#cc79a7"


SEQUENCE = "Blues"
"""For amounts on a map: the darker the more."""

WIDTH_IN = 6.0
HEIGHT_IN = 4.0
ROW_IN = 0.29
"""The height of one bar in a chart that grows with its bars."""

PNG_DPI = 200
"""Twice the 100 that a screen shows."""

RC: Any = {
    "figure.dpi": 100,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "font.family": "DejaVu Sans",
    "font.size": 9.8,
    "text.color": INK,
    "text.parse_math": False,
    "axes.facecolor": PAPER,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9.3,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 9.3,
    "ytick.labelsize": 9.3,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 9.3,
    "svg.fonttype": "none",
    "svg.hashsalt": "ecommerce-sales-pipeline",
    "path.simplify": False,
}
