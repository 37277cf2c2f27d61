"""Polygons of one CRS in another: edges that were straight bend, and are divided where they do.

Tested by `tests/space/test_polygons.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.space.bend import bend
from stcloud.space.crs import GivenCRS, crs_text, read_crs, same_crs, transformer

__all__ = ["project_polygons"]

_AT_ONCE = 20_000
_AREAS = (3, 6)


def project_polygons(
    shapes: NDArray[Any], source: GivenCRS, target: GivenCRS, tolerance: float
) -> NDArray[np.object_]:
    """Project Polygons and MultiPolygons.

    Parameters
    ----------
    shapes
        ``(n,)``; None, empty shapes and other kinds give None.
    source, target
        The CRSs; of one and the same, the shapes are given as they are.
    tolerance
        How far an edge may be from its true curve, in units of ``target``.

    Raises
    ------
    InvalidInput
        ``area-not-projectable``, ``unknown-crs``
    Unsupported
        ``ballpark-transformation``
    """
    areal = np.isin(shapely.get_type_id(shapes), _AREAS) & ~shapely.is_empty(shapes)
    made = np.full(len(shapes), None, object)
    first, second = crs_text(source), crs_text(target)
    if same_crs(first, second) and read_crs(first).is_geographic == read_crs(second).is_geographic:
        made[areal] = shapely.force_2d(shapes[areal])
        return made
    rows = np.flatnonzero(areal)
    forward = transformer(first, second)
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        kind, xy, offsets = shapely.to_ragged_array(shapes[some], include_z=False)
        ring = np.repeat(np.arange(len(offsets[0]) - 1), np.diff(offsets[0]))
        bent, ring = bend(xy, ring.astype(np.intp), forward, tolerance)
        rings = np.searchsorted(ring, np.arange(len(offsets[0])))
        made[some] = shapely.from_ragged_array(kind, bent, (rings, *offsets[1:]))
    return made
