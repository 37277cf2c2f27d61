"""Shapes as straight segments, and the distance of a point from one."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.index.kernel import kernel

__all__ = ["Segments", "distance", "micrometres", "segments_of"]

_POINT, _LINE, _RING, _AREA, _COLLECTION = 0, 1, 2, 3, 7


class Segments(NamedTuple):
    """Straight pieces of lines and of the rings of areas; a point is a piece of no length.

    Parameters
    ----------
    ends
        ``(m, 4)`` float64, metres: ``x1, y1, x2, y2``; the end further west, then south, comes first, so that shapes
        that share a piece are equally far from a point to the last bit.
    owner
        ``(m,)`` int32: the shape.
    """

    ends: Any
    owner: Any


def segments_of(shapes: NDArray[Any]) -> Segments:
    """Return the segments of shapes.

    Parameters
    ----------
    shapes
        ``(n,)`` shapely points, lines, polygons and multiples of one kind, metres; None and empty ones have none.

    Raises
    ------
    InvalidInput
        ``mixed-geometry``: a collection; ``not-finite``

    Examples
    --------
    >>> segments_of(shapely.from_wkt(["LINESTRING (3 0, 1 0)", None, "POINT (5 6)"])).ends.tolist()
    [[1.0, 0.0, 3.0, 0.0], [5.0, 6.0, 5.0, 6.0]]
    """
    if (shapely.get_type_id(shapes) == _COLLECTION).any():
        at = int(np.argmax(shapely.get_type_id(shapes) == _COLLECTION))
        raise InvalidInput("mixed-geometry", f"shape {at} is a collection", hint="give parts of one kind")
    parts, owner = shapely.get_parts(shapes, return_index=True)
    kind = shapely.get_type_id(parts)
    area, line, point = kind == _AREA, (kind == _LINE) | (kind == _RING), kind == _POINT
    rings, of_area = shapely.get_rings(parts[area], return_index=True)
    paths = np.concatenate([rings, parts[line]])
    owners = np.concatenate([owner[area][of_area], owner[line]])
    xy, path = shapely.get_coordinates(paths, return_index=True)
    first = np.flatnonzero(path[1:] == path[:-1])
    dots, dot = shapely.get_coordinates(parts[point], return_index=True)
    ends = np.concatenate([np.hstack([xy[first], xy[first + 1]]), np.hstack([dots, dots])])
    of_end = np.concatenate([owners[path[first]], owner[point][dot]]).astype(np.int32)
    if not np.isfinite(ends).all():
        at = int(of_end[np.argmin(np.isfinite(ends).all(axis=1))])
        raise InvalidInput(
            "not-finite", f"shape {at} has a vertex that is nowhere", hint="repair the feature"
        )
    back = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
    ends[back] = ends[back][:, [2, 3, 0, 1]]
    return Segments(ends, of_end)


@kernel
def distance(x: float, y: float, x1: float, y1: float, x2: float, y2: float) -> float:
    """Return how far a point is from a segment, metres.

    Parameters
    ----------
    x, y
        The point.
    x1, y1, x2, y2
        Ends of the segment, which may be the same.

    Notes
    -----
    As GEOS does it, rounding apart: relative to the distance to an end the error is a few parts in 10^16.

    Examples
    --------
    >>> distance(1.0, 2.0, 0.0, 0.0, 4.0, 0.0), distance(-3.0, 4.0, 0.0, 0.0, 4.0, 0.0)
    (2.0, 5.0)
    """
    dx, dy = x2 - x1, y2 - y1
    square = dx * dx + dy * dy
    along = (x - x1) * dx + (y - y1) * dy
    if along <= 0 or square == 0:
        return math.sqrt((x - x1) * (x - x1) + (y - y1) * (y - y1))
    if along >= square:
        return math.sqrt((x - x2) * (x - x2) + (y - y2) * (y - y2))
    return abs((y1 - y) * dx - (x1 - x) * dy) / square * math.sqrt(square)


@kernel
def micrometres(metres: float) -> int:
    """Return a distance as distances are compared: rounding never tells two that are equal apart.

    Parameters
    ----------
    metres
        At most 10^12.

    Examples
    --------
    >>> micrometres(20.000000000000004) == micrometres(20.0)
    True
    """
    return int(metres * 1e6 + 0.5)
