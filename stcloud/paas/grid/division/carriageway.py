"""Parallel carriageways and ramps: of two lines that run side by side, one is enough.

Tested by `tests/paas/grid/division/test_network.py`.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["collapsed"]

_LONG = 2.5

Geometries = NDArray[np.object_]
Flags = NDArray[np.bool_]


def collapsed(lines: Geometries, fixed: Flags, apart_m: float) -> Geometries:
    """Drop one side of every strip between two lines no farther apart than ``apart_m``.

    Parameters
    ----------
    lines
        ``(n,)`` noded LineStrings, metres.
    fixed
        ``(n,)`` bool: lines that may not be dropped.
    apart_m
        Greatest mean distance of the two sides.

    Notes
    -----
    The side that goes is the one without fixed lines, else the one further to the north-east: the same side along
    a straight road. Streets that ended there become near misses.
    """
    faces = shapely.get_parts(shapely.polygonize(lines))
    strips = shapely.normalize(faces[_is_strip(faces, apart_m)])
    strips = strips[np.argsort(shapely.to_wkb(strips))]
    tree, dropped = shapely.STRtree(lines), np.zeros(len(lines), dtype=np.bool_)
    rows, line = tree.query(shapely.boundary(strips), predicate="covers")
    order = np.lexsort((line, rows))
    groups = np.split(line[order], np.searchsorted(rows[order], np.arange(1, len(strips))))
    for strip, beside in zip(strips, groups, strict=False):
        if not dropped[beside].any():
            dropped[_side_to_drop(strip, lines, beside, fixed)] = True
    return lines[~dropped]


def _is_strip(faces: Geometries, apart_m: float) -> Flags:
    area, half = shapely.area(faces), shapely.length(faces) / 2
    root = np.sqrt(np.maximum(half * half - 4 * area, 0))
    width, length = (half - root) / 2, (half + root) / 2
    is_strip: Flags = (width <= apart_m) & (length >= _LONG * width) & (root > 0)
    return is_strip


def _side_to_drop(
    strip: shapely.Polygon, lines: Geometries, beside: NDArray[np.intp], fixed: Flags
) -> NDArray[np.intp]:
    """Return the long lines of the side to drop; none if both sides are fixed."""
    corners = shapely.get_coordinates(strip)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(lines[beside], 0.5, normalized=True))
    axis = np.linalg.svd(corners - corners.mean(axis=0), full_matrices=False)[2][0]
    ring = shapely.get_exterior_ring(strip)
    at = corners @ axis
    ends = shapely.line_locate_point(ring, shapely.points(corners[[np.argmin(at), np.argmax(at)]]))
    place = shapely.line_locate_point(ring, shapely.points(middle))
    first = (place > ends.min()) & (place < ends.max())
    width = 2 * strip.area / strip.length
    long = shapely.length(lines[beside]) > 1.5 * width
    sides = [beside[first & long], beside[~first & long]]
    free = [side for side in sides if len(side) and not fixed[side].any()]
    if len(free) == 2:
        where = [middle[np.isin(beside, side)].mean(axis=0) @ (0.6, 0.8) for side in free]
        free = [free[int(np.argmax(where))]]
    dropped: NDArray[np.intp] = free[0] if free and all(len(side) for side in sides) else beside[:0]
    return dropped
