"""What areas share, pair by pair: polygons of which one is convex by a compiled loop, others by GEOS.

Tested by `tests/index/test_sharedarea.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.index.ringclip import Clipped, RingPolygons, clip_rings, clipping_pays

__all__ = ["Areas", "SharedAreas", "areal", "shared_areas"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Objects: TypeAlias = NDArray[np.object_]

_POLYGON, _MULTIPOLYGON, _COLLECTION = (
    int(kind)
    for kind in (
        shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON, shapely.GeometryType.GEOMETRYCOLLECTION,
    )
)  # fmt: skip
_ELSEWHERE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Valid geometries, with what is known about them before they are intersected.

    Parameters
    ----------
    shapes
        ``(n,)`` geometries in a metric CRS.
    rings
        Those that are polygons without holes.
    wide
        ``(n,)``: which have an area.
    """

    shapes: Objects
    rings: RingPolygons
    wide: NDArray[np.bool_]

    @classmethod
    def of(cls, shapes: Objects) -> Self:
        """Make geometries ready."""
        return cls(shapes, RingPolygons.of(shapes), np.asarray(shapely.get_dimensions(shapes) == 2))


@dataclass(frozen=True, slots=True, eq=False)
class SharedAreas:
    """What pairs of areas share.

    Attributes
    ----------
    area_m2, length_m
        ``(k,)`` float64: area, and length of all outlines; 0 where no area is shared.
    shape
        ``(k,)``: polygon or multipolygon of a pair that GEOS intersected; None for others, and where none is shared.
    clipped, place
        What the compiled loop made, and ``(k,)`` where each pair lies in that; -1: GEOS did it.
    """

    area_m2: Floats
    length_m: Floats
    shape: Objects
    clipped: Clipped | None
    place: Ints

    @property
    def in_pieces(self) -> Ints:
        """Positions of the pairs that share several pieces."""
        return np.flatnonzero(shapely.get_type_id(self.shape) == _MULTIPOLYGON)

    def wkb(self, rows: Ints) -> pa.Array:
        """Return what some pairs share, which do share an area, as WKB."""
        place = self.place[rows]
        by_loop, by_geos = np.flatnonzero(place != _ELSEWHERE), np.flatnonzero(place == _ELSEWHERE)
        shapes = pa.array(shapely.to_wkb(self.shape[rows[by_geos]]), pa.binary())
        if self.clipped is None or not len(by_loop):
            return shapes
        both = pa.concat_arrays([self.clipped.wkb(place[by_loop]), shapes])
        return both.take(pa.array(np.argsort(np.concatenate([by_loop, by_geos]), kind="stable")))


def shared_areas(areas: Areas, other: Areas, left: Ints, right: Ints) -> SharedAreas:
    """Return the areas that geometries share, pair by pair.

    Parameters
    ----------
    areas, other
        The geometries.
    left, right
        ``(k,)`` positions in them; pairs of one ``left`` lie together.

    Examples
    --------
    >>> boxes = [Areas.of(np.array([shapely.box(*box)])) for box in ((0, 0, 2, 2), (1, 1, 3, 3), (2, 0, 4, 2))]
    >>> first = np.array([0])
    >>> [shared_areas(boxes[0], other, first, first).area_m2.tolist() for other in boxes[1:]]
    [[1.0], [0.0]]
    """
    size = len(left)
    area, length, place = np.zeros(size), np.zeros(size), np.full(size, _ELSEWHERE)
    shape: Objects = np.full(size, None, object)
    plain = areas.rings.plain[left] & other.rings.plain[right]
    plain &= areas.rings.convex[left] | other.rings.convex[right]
    clipped = None
    if clipping_pays(int(plain.sum())):
        rows = np.flatnonzero(plain)
        clipped = clip_rings(areas.rings, other.rings, left[rows], right[rows])
        whole = np.flatnonzero(clipped.whole)
        area[rows], length[rows] = clipped.area_m2, clipped.length_m
        place[rows[whole]] = whole
    rest = np.flatnonzero(place == _ELSEWHERE)
    shape[rest] = _by_geos(areas.shapes[left[rest]], other.shapes[right[rest]])
    area[rest], length[rest] = (
        np.nan_to_num(measure(shape[rest])) for measure in (shapely.area, shapely.length)
    )
    return SharedAreas(area, length, shape, clipped, place)


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


def _by_geos(areas: Objects, other: Objects) -> Objects:
    """Intersect pairs: where one lies within the other it is what they share."""
    shared: Objects = np.full(len(areas), None, object)
    if not len(areas):
        return shared
    shapely.prepare(areas)
    near = np.flatnonzero(shapely.intersects(areas, other))
    within = shapely.contains_properly(areas[near], other[near])
    shared[near[within]] = other[near[within]]
    cut = near[~within]
    shared[cut] = areal(shapely.intersection(areas[cut], other[cut]))
    return shared
