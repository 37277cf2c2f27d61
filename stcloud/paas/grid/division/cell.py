"""Cells as polygons: slits closed, needless vertices dropped.

Tested by `tests/paas/grid/division/test_ring.py`.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.paas.grid.division.ring import without_slits

__all__ = ["closed", "simple"]

_STRAIGHT_M = 1e-3

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]


def closed(rings: list[Floats]) -> tuple[Geometries, NDArray[np.intp]]:
    """Return polygons of closed rings, and the number of the ring of each.

    A slit that a ring runs along both ways is no edge; a ring that touches itself becomes several polygons.
    """
    numbers = np.arange(len(rings))
    outlines = shapely.linearrings(
        np.concatenate(rings), indices=np.repeat(numbers, [len(ring) for ring in rings])
    )
    polygons = shapely.polygons(outlines)
    odd = np.flatnonzero(~shapely.is_valid(polygons)).tolist()
    repaired = [without_slits(rings[number]) for number in odd]
    whole = np.delete(numbers, odd)
    owner = np.concatenate((whole, np.repeat(odd, [len(parts) for parts in repaired]).astype(np.intp)))
    order = np.argsort(owner, kind="stable")
    return np.concatenate((polygons[whole], *repaired))[order], owner[order]


def simple(polygons: Geometries) -> Geometries:
    """Return the polygons without vertices that no corner needs; shared edges stay shared."""
    simplified: Geometries = shapely.normalize(shapely.coverage_simplify(polygons, _STRAIGHT_M))
    return simplified
