"""Intersections of convex polygons, pair by pair: one is clipped at each edge of the other.

The algorithm is that of I. E. Sutherland and G. W. Hodgman, "Reentrant polygon clipping", Communications of the ACM
17 (1974), 32-42; between two convex polygons it is exact but for rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.index.kernel import kernel, pays

__all__ = ["ConvexPolygons", "clip_convex", "convex_pays"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

_MOST_CORNERS = 64
"""A polygon with more corners is left to GEOS: clipping takes corners times corners."""
_STEPS = 12.0  # of `PLAIN_STEPS` that GEOS takes for the intersection of two small polygons
_SAME_M = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ConvexPolygons:
    """Those of some geometries that are convex polygons without holes.

    Parameters
    ----------
    corners
        ``(m, 2)`` float64, metres: the corners of each in turn, counter-clockwise, without the closing one.
    start
        ``(n + 1,)`` int64: where the corners of each geometry begin; none for what is not convex.
    convex
        ``(n,)``: which are.
    """

    corners: Floats
    start: Ints
    convex: Bools

    @classmethod
    def of(cls, shapes: NDArray[np.object_]) -> Self:
        """Find the convex polygons among valid geometries; others stay where they are, without corners."""
        single = shapely.get_type_id(shapes) == int(shapely.GeometryType.POLYGON)
        single &= shapely.get_num_interior_rings(shapes) == 0
        counts = np.where(single, shapely.get_num_coordinates(shapes) - 1, 0)
        single &= (counts >= 3) & (counts <= _MOST_CORNERS)
        rings = shapely.get_exterior_ring(shapely.orient_polygons(shapes[single]))
        corners, owner = shapely.get_coordinates(rings, return_index=True)
        last = np.append(owner[1:] != owner[:-1], True) if len(owner) else np.zeros(0, np.bool_)
        turns = _turns(corners, owner, last)
        bent = np.bincount(owner[~last], weights=turns[~last] < 0, minlength=len(rings)) > 0
        convex = np.zeros(len(shapes), np.bool_)
        convex[np.flatnonzero(single)[~bent]] = True
        kept = ~last & ~bent[owner] if len(owner) else last
        sizes = np.zeros(len(shapes) + 1, np.int64)
        sizes[1:][convex] = np.bincount(owner[kept], minlength=len(rings))[~bent]
        return cls(np.ascontiguousarray(corners[kept]), np.cumsum(sizes), convex)

    def sizes(self, rows: Ints) -> Ints:
        """Return how many corners polygons have."""
        sizes: Ints = self.start[rows + 1] - self.start[rows]
        return sizes


def _turns(corners: Floats, owner: Ints, last: Bools) -> Floats:
    """Return the cross product of the edges before and after each corner of closed rings; of the last one 0."""
    if not len(corners):
        return np.empty(0)
    after = np.vstack([corners[1:], corners[:1]]) - corners
    first = np.append(True, owner[1:] != owner[:-1])
    before = np.vstack([after[-1:], after[:-1]])
    closing = np.flatnonzero(last) - 1  # the edge that ends where the ring began
    before[first] = after[closing]
    turns: Floats = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turns[last] = 0.0
    return turns


def convex_pays(pairs: int) -> bool:
    """Tell whether clipping so many pairs pays, instead of leaving them to GEOS."""
    return pays(_clip_pairs, pairs * _STEPS)


def clip_convex(
    one: ConvexPolygons, other: ConvexPolygons, left: Ints, right: Ints
) -> tuple[NDArray[np.object_], Floats]:
    """Return what convex polygons share, pair by pair.

    Parameters
    ----------
    one, other
        The polygons.
    left, right
        ``(k,)`` positions in them, of convex ones.

    Returns
    -------
    ``(shapes, area_m2)``, each ``(k,)``: the shared polygons, None where there is no area, and their areas.

    Notes
    -----
    O(corners times corners) for a pair. Areas are right to rounding of coordinates: 1e-9 m times the perimeter.

    Examples
    --------
    >>> first, second = (ConvexPolygons.of(np.array([shapely.box(*box)])) for box in ((0, 0, 2, 2), (1, 1, 3, 3)))
    >>> shapes, areas = clip_convex(first, second, np.array([0]), np.array([0]))
    >>> areas.tolist(), shapes[0].bounds
    ([1.0], (1.0, 1.0, 2.0, 2.0))
    """
    most = one.sizes(left) + other.sizes(right) + 1
    begin = np.concatenate([[0], np.cumsum(most)]).astype(np.int64)
    corners, counts, areas = np.empty((begin[-1], 2)), np.zeros(len(left), np.int64), np.zeros(len(left))
    _clip_pairs(
        one.corners, one.start, other.corners, other.start, left, right, begin, corners, counts, areas
    )
    shapes: NDArray[np.object_] = np.full(len(left), None, object)
    shared = np.flatnonzero(areas > 0)
    if len(shared):
        rows = np.repeat(begin[shared], counts[shared]) + _within(counts[shared])
        owners = np.repeat(np.arange(len(shared)), counts[shared])
        shapes[shared] = shapely.polygons(shapely.linearrings(corners[rows], indices=owners))
    return shapes, areas


def _within(counts: Ints) -> Ints:
    """Return 0, 1, … within each run of so many."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


@kernel
def _clip_pairs(
    one: Any, one_start: Any, other: Any, other_start: Any, left: Any, right: Any, begin: Any, corners: Any,
    counts: Any, areas: Any,
) -> None:  # fmt: skip
    work = np.empty((2, 4 * 64 + 8, 2))
    for pair in range(len(left)):
        a, a_end = one_start[left[pair]], one_start[left[pair] + 1]
        b, b_end = other_start[right[pair]], other_start[right[pair] + 1]
        size, held = a_end - a, 0
        for at in range(size):
            work[0, at, 0], work[0, at, 1] = one[a + at, 0], one[a + at, 1]
        for edge in range(b, b_end):
            to = edge + 1 if edge + 1 < b_end else b
            size = _clip_edge(work[held], size, other[edge], other[to], work[1 - held])
            held = 1 - held
            if size == 0:
                break
        size = _without_repeats(work[held], size)
        if size < 3:
            continue
        area = _area_of(work[held], size)
        if area > 0.0:
            areas[pair], counts[pair] = area, size
            for at in range(size):
                corners[begin[pair] + at, 0] = work[held, at, 0]
                corners[begin[pair] + at, 1] = work[held, at, 1]


@kernel
def _clip_edge(given: Any, size: Any, start: Any, end: Any, left: Any) -> Any:
    """Put what of a polygon lies to the left of a line into ``left``; return how many corners that has."""
    count = 0
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    x, y = given[size - 1, 0], given[size - 1, 1]
    side = along_x * (y - start[1]) - along_y * (x - start[0])
    for at in range(size):
        next_x, next_y = given[at, 0], given[at, 1]
        next_side = along_x * (next_y - start[1]) - along_y * (next_x - start[0])
        if (side > 0.0 and next_side < 0.0) or (side < 0.0 and next_side > 0.0):
            share = side / (side - next_side)
            left[count, 0], left[count, 1] = x + share * (next_x - x), y + share * (next_y - y)
            count += 1
        if next_side >= 0.0:
            left[count, 0], left[count, 1] = next_x, next_y
            count += 1
        x, y, side = next_x, next_y, next_side
    return count


@kernel
def _without_repeats(given: Any, size: Any) -> Any:
    """Drop corners that all but repeat the one before; return how many stay."""
    count = 0
    for at in range(size):
        x, y = given[at, 0], given[at, 1]
        if count and abs(x - given[count - 1, 0]) + abs(y - given[count - 1, 1]) <= _SAME_M:
            continue
        given[count, 0], given[count, 1] = x, y
        count += 1
    while (
        count > 1
        and abs(given[0, 0] - given[count - 1, 0]) + abs(given[0, 1] - given[count - 1, 1]) <= _SAME_M
    ):
        count -= 1
    return count


@kernel
def _area_of(given: Any, size: Any) -> Any:
    """Return the area of a polygon, from its first corner: positive where it runs counter-clockwise."""
    area, x, y = 0.0, given[0, 0], given[0, 1]
    for at in range(1, size - 1):
        area += (given[at, 0] - x) * (given[at + 1, 1] - y) - (given[at + 1, 0] - x) * (given[at, 1] - y)
    return area / 2
