"""Colours of pictures, safe for colour-blind eyes. Ramps are ColorBrewer's; the darkness alone tells the order.

Tested by `tests/saas/report/test_classes.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = [
    "ABSENT", "COLD", "DIFFERING", "GREY", "HAIR", "HOT", "INK", "LAND", "LINES", "NO_VALUE", "OTHERS", "POINT",
    "SEQUENTIAL", "UNDER", "ZERO", "diverging", "sequential",
]  # fmt: skip

INK, GREY, HAIR, LAND = "#1f2328", "#59616b", "#c3c8ce", "#f3f4f5"
POINT = "#bd0026"
ZERO, ABSENT, NO_VALUE = "#ffffff", "#e8eaed", "#d0d4d9"
"""Faces of areas with the value zero, of areas that the answer does not have, and of those that have no value."""
UNDER = ("#b9bfc6", "#87909a")
"""Lines of streets and outlines of areas under a map."""

# YlOrRd from its second step on, and a darker last one.
SEQUENTIAL = ("#fed976", "#feb24c", "#fd8d3c", "#f03b20", "#bd0026", "#6b0020")
# PuOr without its light middle: below zero purple, above zero orange.
_BELOW = ("#c3bcdc", "#8073ac", "#4a1f80")
_ABOVE = ("#fdc477", "#e08214", "#8a4206")

# Okabe and Ito's colours, black last; lines of a chart.
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
# Of the same colours; faces are lighter than the outlines, lines and points.
DIFFERING = {
    "removed": ("#f7cfb0", "#d55e00"),
    "changed": ("#cfe6f5", "#0072b2"),
    "added": ("#b5e3d5", "#009e73"),
}
"""Face and line of features that differ between two instants, those named last drawn above."""

# Yellow to brown and light to dark blue: no two are alike to eyes that lack one of the three kinds of cones.
HOT = {
    "new": "#f0cf45", "consecutive": "#ffa010", "intensifying": "#380006", "persistent": "#763000",
    "diminishing": "#ad3045", "sporadic": "#fb6b78", "oscillating": "#da4608", "historical": "#f4e4bd",
}  # fmt: skip
COLD = {
    "new": "#12c6f7", "consecutive": "#5494ff", "intensifying": "#05053f", "persistent": "#0a1a80",
    "diminishing": "#0f24cf", "sporadic": "#847fac", "oscillating": "#005fe0", "historical": "#aedfff",
}  # fmt: skip
OTHERS = {"none": LAND, "unknown": "#a5acb4", "not analysed": NO_VALUE}
"""Faces of cells by their class of hot and of cold spots, and of cells that are neither."""


def sequential(number: int) -> list[str]:
    """Return colours from light to dark, spread over the ramp; of one class a middle one."""
    return _spread(SEQUENTIAL, number) if number > 1 else [SEQUENTIAL[2]]


def diverging(number: int, *, below: bool) -> list[str]:
    """Return colours from near zero outwards, below or above it."""
    ramp = _BELOW if below else _ABOVE
    return _spread(ramp, number) if number > 1 else [ramp[1]]


def _spread(ramp: Sequence[str], number: int) -> list[str]:
    return [ramp[round(at)] for at in np.linspace(0, len(ramp) - 1, number)]
