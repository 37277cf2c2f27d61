"""Places on streets: each at the nearest point of a piece, anywhere between its nodes.

Tested by `tests/paas/reach/test_snappedplaces.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from stcloud.paas.reach.streetlines import Flags, Floats, Ints, Shapes
from stcloud.paas.reach.streetpieces import StreetPieces

__all__ = ["SnappedPlaces", "points_of"]

_HALF_UM = 5e-7  # distances are compared as whole micrometres
_SAME_M = 1e-6  # streets that are so alike are equally near


@dataclass(frozen=True, slots=True, eq=False)
class SnappedPlaces:
    """Where places are on streets, ``(n,)``.

    Parameters
    ----------
    piece
        Number of the piece; -1: no street is near enough.
    at_m
        How far along the piece, metres; 0 where there is none.
    distance_m
        How far the nearest street is, metres; NaN where there is none at all, or the place is not known.
    """

    piece: Ints
    at_m: Floats
    distance_m: Floats

    @property
    def placed(self) -> Flags:
        """Whether each has a street."""
        return self.piece >= 0

    @classmethod
    def of(cls, points: Shapes, pieces: StreetPieces, most_m: float) -> SnappedPlaces:
        """Snap points to pieces, at most so far, inclusive; of several equally near to the first."""
        count = len(points)
        piece, distance_m = np.full(count, -1, np.int64), np.full(count, np.nan)
        if len(pieces):
            known = np.flatnonzero(~shapely.is_missing(points))
            tree = shapely.STRtree(pieces.shapes)
            (nearest, _), far_m = tree.query_nearest(points[known], return_distance=True, all_matches=False)
            here = known[nearest]
            distance_m[here] = far_m
            near, number = tree.query(points[here], predicate="dwithin", distance=far_m + _SAME_M)
            order = np.lexsort((number, near))
            first = order[np.unique(near[order], return_index=True)[1]]
            piece[here[near[first]]] = number[first]
        piece[~(distance_m <= most_m + _HALF_UM)] = -1
        placed, at_m = piece >= 0, np.zeros(count)
        at_m[placed] = shapely.line_locate_point(pieces.shapes[piece[placed]], points[placed])
        return cls(piece, at_m, distance_m)


def points_of(shapes: Shapes) -> Shapes:
    """Return the point that stands for each shape: a point of an area's inside, the middle of a line; None: none."""
    points = np.full(len(shapes), None, object)
    there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    line = there & (shapely.get_type_id(shapes) == int(shapely.GeometryType.LINESTRING))
    points[line] = shapely.line_interpolate_point(shapes[line], 0.5, normalized=True)
    point = there & (shapely.get_type_id(shapes) == int(shapely.GeometryType.POINT))
    points[point] = shapes[point]
    other = there & ~line & ~point
    points[other] = shapely.point_on_surface(shapes[other])
    return np.asarray(shapely.force_2d(points), object)
