"""The outer boundary of many cells: edges that no neighbour shares. They prove that no two cells overlap.

Tested by `tests/paas/grid/check/test_coverage.py`.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.paas.grid.check.inspected import Geometries

__all__ = ["boundary_edges", "edges_prove_no_overlap"]

_MOST = 0.1  # of the edges: where more are on the boundary, most cells do not match their neighbours


def edges_prove_no_overlap(shapes: Geometries) -> bool:
    """Tell whether the edges alone prove that no two polygons share ground.

    Parameters
    ----------
    shapes
        ``(n,)`` valid polygons or multipolygons, not empty.

    Returns
    -------
    True is a proof; False is none: polygons may overlap, or share edges but not the vertices on them.

    Notes
    -----
    Let all outlines run anticlockwise. An edge that two neighbours share runs there and back: it cancels out, and
    what is left is the boundary. How many polygons hold a point is how often the boundary winds around it: that is
    the same in each face of the boundary, so one point of each face is enough.
    """
    if not len(shapes):
        return True
    edges, most = boundary_edges(shapes)
    if most > 1 or not shapely.is_simple(shapely.multilinestrings(edges)):
        return False
    faces = shapely.get_parts(shapely.polygonize(edges))
    shape, face = shapely.STRtree(shapely.point_on_surface(faces)).query(shapes, predicate="intersects")
    doubtful, first = np.unique(face, return_index=True)
    several = np.bincount(face, minlength=1)[doubtful] > 1
    if not several.any():
        return True
    # The point may lie on an edge between two polygons; one well within the first of them does not.
    within = shapely.intersection(faces[doubtful[several]], shapes[shape[first[several]]])
    _, face_within = shapely.STRtree(shapely.point_on_surface(within)).query(shapes, predicate="intersects")
    return bool(np.bincount(face_within).max(initial=0) <= 1)


def boundary_edges(shapes: Geometries) -> tuple[Geometries, int]:
    """Return the edges that do not cancel out, and how often the same one is left at most.

    When they are more than a tenth of all edges they are not drawn: there is no boundary to speak of.
    """
    ends, sign = _edges(shapes)
    low, high = _mixed(ends[:, :2]), _mixed(ends[:, 2:])
    sign = np.where(low < high, sign, -sign)
    # Equal keys mean equal edges but for one chance in 10^7 with a million edges.
    key = np.minimum(low, high) * np.uint64(0x9E3779B97F4A7C15) ^ np.maximum(low, high)
    order = np.argsort(key)
    starts = np.flatnonzero(np.diff(key[order], prepend=~key[order[:1]]))
    left = np.abs(np.add.reduceat(sign[order], starts)) if len(starts) else np.empty(0)
    open_ = order[starts[left > 0]]
    if len(open_) > max(1_000, _MOST * len(ends)):
        return np.empty(0, object), 2
    return np.asarray(shapely.linestrings(ends[open_].reshape(-1, 2, 2))), int(left.max(initial=0))


def _edges(shapes: Geometries) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(m, 4)`` edges from point to point, and 1 for those of an outline that runs as it should, otherwise -1."""
    polygons = shapely.get_parts(shapes)
    _, points, (ring_ends, polygon_ends) = shapely.to_ragged_array(polygons)
    ring = np.repeat(np.arange(len(ring_ends) - 1), np.diff(ring_ends))
    ends = np.concatenate((points[:-1], points[1:]), axis=1)
    within = (ring[1:] == ring[:-1]) & (ends[:, :2] != ends[:, 2:]).any(axis=1)
    middle = points[ring_ends[:-1]][ring[:-1]]  # near by, or the areas would drown in rounding
    x, y = (ends[:, [0, 2]] - middle[:, :1]), (ends[:, [1, 3]] - middle[:, 1:])
    area = np.bincount(ring[:-1], np.where(ring[1:] == ring[:-1], x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0], 0.0))
    turn = -np.sign(area)
    turn[polygon_ends[:-1]] *= -1  # the first ring of a polygon is its outline, others are holes
    return ends[within], turn[ring[:-1][within]]


def _mixed(points: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return a hash of each point's bits.

    Round numbers end in many zeros, so each coordinate is mixed before the next is added.
    """
    bits = (np.ascontiguousarray(points) + 0.0).view(np.uint64)  # + 0.0 turns -0.0 to 0.0
    with np.errstate(over="ignore"):
        return _finished(_finished(bits[:, 0] + np.uint64(0x9E3779B97F4A7C15)) + bits[:, 1])


def _finished(mixed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix all bits: the finalizer of SplitMix64, which makes no two numbers one."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))
