"""Intersections of polygons without holes, pair by pair, of which one is convex: the other is clipped at its edges.

The algorithm is that of I. E. Sutherland and G. W. Hodgman, "Reentrant polygon clipping", Communications of the ACM
17 (1974), 32-42. It is exact but for rounding as long as no edge cuts the other polygon into more than two pieces;
where one does, the pair is left to others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.index.kernel import kernel, pays

__all__ = ["Clipped", "RingPolygons", "clip_rings", "clipping_pays"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

_MOST_CORNERS = 64
"""A polygon with more corners is left to others: clipping takes corners times corners."""
_STEPS = 12.0  # of `PLAIN_STEPS` that GEOS takes for the intersection of two small polygons
_SAME_M = 1e-9
_HEAD = np.frombuffer(b"\x01\x03\x00\x00\x00\x01\x00\x00\x00", np.uint8)
"""WKB of a polygon with one ring, up to the number of its points; little-endian."""
_POINT_BYTES, _COUNT_BYTES = 16, 4


@dataclass(frozen=True, slots=True, eq=False)
class RingPolygons:
    """Those of some geometries that are polygons without holes, and have few corners.

    Parameters
    ----------
    corners
        ``(m, 2)`` float64, metres: the corners of each in turn, counter-clockwise, without the closing one.
    start
        ``(n + 1,)`` int64: where the corners of each geometry begin; none for what is no such polygon.
    plain, convex
        ``(n,)``: which are such polygons, and which are convex.
    """

    corners: Floats
    start: Ints
    plain: Bools
    convex: Bools

    @classmethod
    def of(cls, shapes: NDArray[np.object_]) -> Self:
        """Find them among valid geometries; others stay where they are, without corners."""
        plain = shapely.get_type_id(shapes) == int(shapely.GeometryType.POLYGON)
        plain &= shapely.get_num_interior_rings(shapes) == 0
        counts = np.where(plain, shapely.get_num_coordinates(shapes) - 1, 0)
        plain &= (counts >= 3) & (counts <= _MOST_CORNERS)
        counts = np.where(plain, counts, 0).astype(np.int64)
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        points = shapely.get_coordinates(shapes[plain])
        closing = start[1:][plain] + np.arange(int(plain.sum()))
        corners = np.delete(points, closing, axis=0)
        bent = np.zeros(len(shapes), np.bool_)
        if len(corners):
            corners = _counter_clockwise(corners, start[:-1][plain], counts[plain])
            turns = _turns(corners, start[:-1][plain], counts[plain])
            bent[plain] = np.minimum.reduceat(turns, start[:-1][plain]) < 0
        return cls(np.ascontiguousarray(corners), start, plain, plain & ~bent)

    def sizes(self, rows: Ints) -> Ints:
        """Return how many corners polygons have."""
        sizes: Ints = self.start[rows + 1] - self.start[rows]
        return sizes


def _counter_clockwise(corners: Floats, start: Ints, counts: Ints) -> Floats:
    """Return corners of rings, those of rings that run clockwise backwards."""
    from_first = corners - np.repeat(corners[start], counts, axis=0)
    after = from_first[_next(start, counts)]
    areas = np.add.reduceat(from_first[:, 0] * after[:, 1] - after[:, 0] * from_first[:, 1], start)
    place = np.arange(len(corners))
    within = place - np.repeat(start, counts)
    last = np.repeat(start + counts - 1, counts)
    ordered: Floats = corners[np.where(np.repeat(areas < 0, counts), last - within, place)]
    return ordered


def _next(start: Ints, counts: Ints) -> Ints:
    """Return the position of the corner after each corner of closed rings."""
    after: Ints = np.arange(1, int(counts.sum()) + 1)
    after[start + counts - 1] = start
    return after


def _turns(corners: Floats, start: Ints, counts: Ints) -> Floats:
    """Return the cross product of the edges after and before the end of each edge: negative where a ring bends in."""
    after = _next(start, counts)
    edge = corners[after] - corners
    turns: Floats = edge[:, 0] * edge[after, 1] - edge[:, 1] * edge[after, 0]
    return turns


@dataclass(frozen=True, slots=True, eq=False)
class Clipped:
    """What pairs of polygons share.

    Attributes
    ----------
    area_m2, length_m
        ``(k,)`` float64: area, and length of the outline; 0 where no area is shared.
    whole
        ``(k,)``: False where the polygon falls into pieces, so that this is not what they share.
    corners, begin, counts
        Corners, where those of each pair begin, and how many it has.
    """

    area_m2: Floats
    length_m: Floats
    whole: Bools
    corners: Floats
    begin: Ints
    counts: Ints

    def wkb(self, rows: Ints) -> pa.Array:
        """Return shared polygons of some pairs, which share an area, as little-endian WKB."""
        counts = self.counts[rows]
        sizes = len(_HEAD) + _COUNT_BYTES + _POINT_BYTES * (counts + 1)
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        data = np.empty(offsets[-1], np.uint8)
        for count in np.unique(counts).tolist():
            chosen = np.flatnonzero(counts == count)
            ring = np.append(np.arange(count), 0)
            points = self.corners[self.begin[rows[chosen]][:, None] + ring].astype("<f8")
            text = np.empty((len(chosen), sizes[chosen[0]]), np.uint8)
            text[:, : len(_HEAD)] = _HEAD
            text[:, len(_HEAD) : len(_HEAD) + _COUNT_BYTES] = np.frombuffer(
                np.array([count + 1], "<u4").tobytes(), np.uint8
            )
            text[:, len(_HEAD) + _COUNT_BYTES :] = points.reshape(len(chosen), -1).view(np.uint8)
            data[offsets[chosen][:, None] + np.arange(text.shape[1])] = text
        buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data.tobytes())]
        return pa.Array.from_buffers(pa.large_binary(), len(rows), buffers).cast(pa.binary())


def clipping_pays(pairs: int) -> bool:
    """Tell whether clipping so many pairs pays, instead of leaving them to GEOS."""
    return pays(_clip_pairs, pairs * _STEPS)


def clip_rings(areas: RingPolygons, other: RingPolygons, left: Ints, right: Ints) -> Clipped:
    """Return what polygons share, pair by pair.

    Parameters
    ----------
    areas, other
        The polygons.
    left, right
        ``(k,)`` positions in them, of plain ones, one of each pair convex.

    Notes
    -----
    O(corners times corners) for a pair. Areas are right to rounding of coordinates: 1e-9 m times the perimeter.

    Examples
    --------
    >>> first, second = (RingPolygons.of(np.array([shapely.box(*box)])) for box in ((0, 0, 2, 2), (1, 1, 3, 3)))
    >>> clipped = clip_rings(first, second, np.array([0]), np.array([0]))
    >>> shape = shapely.from_wkb(clipped.wkb(np.array([0]))[0].as_py())
    >>> clipped.area_m2.tolist(), clipped.length_m.tolist(), shape.bounds
    ([1.0], [4.0], (1.0, 1.0, 2.0, 2.0))
    """
    most = areas.sizes(left) + other.sizes(right) + 1
    begin = np.concatenate([[0], np.cumsum(most)]).astype(np.int64)
    corners, counts = np.empty((begin[-1], 2)), np.zeros(len(left), np.int64)
    measures, whole = np.zeros((len(left), 2)), np.ones(len(left), np.bool_)
    _clip_pairs(
        areas.corners, areas.start, other.corners, other.start, left, right, other.convex[right], begin, corners,
        counts, measures, whole,
    )  # fmt: skip
    return Clipped(measures[:, 0], measures[:, 1], whole, corners, begin, counts)


@kernel
def _clip_pairs(
    areas: Any, one_start: Any, other: Any, other_start: Any, left: Any, right: Any, other_convex: Any, begin: Any,
    corners: Any, counts: Any, measures: Any, whole: Any,
) -> None:  # fmt: skip
    work = np.empty((2, 6 * 64, 2))
    for pair in range(len(left)):
        a, a_end = one_start[left[pair]], one_start[left[pair] + 1]
        b, b_end = other_start[right[pair]], other_start[right[pair] + 1]
        if other_convex[pair]:
            size = _clip_polygon(areas, a, a_end, other, b, b_end, work)
        else:
            size = _clip_polygon(other, b, b_end, areas, a, a_end, work)
        if size < 0:
            whole[pair] = False
            continue
        size = _without_repeats(work[0], size)
        if size < 3:
            continue
        area, length = _measures_of(work[0], size)
        if area > 0.0:
            measures[pair, 0], measures[pair, 1], counts[pair] = area, length, size
            for at in range(size):
                corners[begin[pair] + at, 0] = work[0, at, 0]
                corners[begin[pair] + at, 1] = work[0, at, 1]


@kernel
def _clip_polygon(given: Any, a: Any, a_end: Any, clip: Any, b: Any, b_end: Any, work: Any) -> Any:
    """Put what of a polygon lies in a convex one into ``work[0]``; return how many corners that has, -1: pieces."""
    size, held = a_end - a, 0
    for at in range(size):
        work[0, at, 0], work[0, at, 1] = given[a + at, 0], given[a + at, 1]
    for edge in range(b, b_end):
        to = edge + 1 if edge + 1 < b_end else b
        size = _clip_edge(work[held], size, clip[edge], clip[to], work[1 - held])
        held = 1 - held
        if size <= 0:
            return size
    if held == 1:
        for at in range(size):
            work[0, at, 0], work[0, at, 1] = work[1, at, 0], work[1, at, 1]
    return size


@kernel
def _clip_edge(given: Any, size: Any, start: Any, end: Any, left: Any) -> Any:
    """Put what of a polygon lies to the left of a line into ``left``; return how many corners it has, -1: pieces."""
    count, changes = 0, 0
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    x, y = given[size - 1, 0], given[size - 1, 1]
    side = along_x * (y - start[1]) - along_y * (x - start[0])
    for at in range(size):
        next_x, next_y = given[at, 0], given[at, 1]
        next_side = along_x * (next_y - start[1]) - along_y * (next_x - start[0])
        if (side >= 0.0) != (next_side >= 0.0):
            changes += 1
            if side != 0.0 and next_side != 0.0:
                share = side / (side - next_side)
                left[count, 0], left[count, 1] = x + share * (next_x - x), y + share * (next_y - y)
                count += 1
        if next_side >= 0.0:
            left[count, 0], left[count, 1] = next_x, next_y
            count += 1
        x, y, side = next_x, next_y, next_side
    return count if changes <= 2 else -1


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
def _measures_of(given: Any, size: Any) -> Any:
    """Return the area of a polygon that runs counter-clockwise, and the length of its outline."""
    area, x, y = 0.0, given[0, 0], given[0, 1]
    length = np.hypot(given[0, 0] - given[size - 1, 0], given[0, 1] - given[size - 1, 1])
    for at in range(1, size):
        before = at - 1
        area += (given[before, 0] - x) * (given[at, 1] - y) - (given[at, 0] - x) * (given[before, 1] - y)
        length += np.hypot(given[at, 0] - given[before, 0], given[at, 1] - given[before, 1])
    return area / 2, length
