"""What areas share, pair by pair: convex ones by a compiled loop, others by GEOS.

Tested by `tests/index/test_sharedarea.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.index.convexclip import ConvexPolygons, clip_convex, convex_pays

__all__ = ["Areas", "areal", "shared_areas"]

Ints: TypeAlias = NDArray[np.int64]
Objects: TypeAlias = NDArray[np.object_]

_POLYGON, _MULTIPOLYGON, _COLLECTION = (
    int(kind)
    for kind in (
        shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON, shapely.GeometryType.GEOMETRYCOLLECTION,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Valid geometries, with what is known about them before they are intersected.

    Parameters
    ----------
    shapes
        ``(n,)`` geometries in a metric CRS.
    convex
        Those that are convex.
    """

    shapes: Objects
    convex: ConvexPolygons

    @classmethod
    def of(cls, shapes: Objects) -> Self:
        """Make geometries ready."""
        return cls(shapes, ConvexPolygons.of(shapes))


def shared_areas(one: Areas, other: Areas, left: Ints, right: Ints) -> Objects:
    """Return the areas that geometries share, pair by pair.

    Parameters
    ----------
    one, other
        The geometries.
    left, right
        ``(k,)`` positions in them; pairs of one ``left`` lie together.

    Returns
    -------
    ``(k,)`` polygons and multipolygons; None where nothing, or no area, is shared.

    Examples
    --------
    >>> boxes = [Areas.of(np.array([shapely.box(*box)])) for box in ((0, 0, 2, 2), (1, 1, 3, 3), (2, 0, 4, 2))]
    >>> first = np.array([0])
    >>> [shapely.area(shared_areas(boxes[0], other, first, first)).tolist() for other in boxes[1:]]
    [[1.0], [nan]]
    """
    shared: Objects = np.full(len(left), None, object)
    convex = one.convex.convex[left] & other.convex.convex[right]
    if convex_pays(int(convex.sum())):
        clipped = np.flatnonzero(convex)
        shared[clipped], _ = clip_convex(one.convex, other.convex, left[clipped], right[clipped])
    else:
        convex[:] = False
    rest = np.flatnonzero(~convex)
    shared[rest] = _by_geos(one.shapes[left[rest]], other.shapes[right[rest]])
    return shared


def areal(shapes: Objects) -> Objects:
    """Return the parts of geometries that have an area; None where there is none.

    Examples
    --------
    >>> mixed = shapely.GeometryCollection([shapely.box(0, 0, 1, 1), shapely.Point(5, 5)])
    >>> [shape and shape.geom_type for shape in areal(np.array([mixed, shapely.Point(0, 0), None], object))]
    ['Polygon', None, None]
    """
    kinds = shapely.get_type_id(shapes)
    kept: Objects = shapes.copy()
    kept[(kinds != _POLYGON) & (kinds != _MULTIPOLYGON)] = None
    for at in np.flatnonzero(kinds == _COLLECTION).tolist():
        parts = shapely.get_parts(shapely.get_parts(shapes[at]))
        polygons = parts[shapely.get_type_id(parts) == _POLYGON]
        if len(polygons):
            kept[at] = polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)
    kept[shapely.is_empty(kept)] = None
    return kept


def _by_geos(one: Objects, other: Objects) -> Objects:
    """Intersect pairs: where one lies within the other it is what they share."""
    shared: Objects = np.full(len(one), None, object)
    if not len(one):
        return shared
    shapely.prepare(one)
    near = np.flatnonzero(shapely.intersects(one, other))
    within = shapely.contains_properly(one[near], other[near])
    shared[near[within]] = other[near[within]]
    cut = near[~within]
    shared[cut] = areal(shapely.intersection(one[cut], other[cut]))
    return shared
