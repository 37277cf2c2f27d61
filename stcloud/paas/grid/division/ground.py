"""What stands where cuts are made: buildings to go around, components to share out.

Tested by `tests/paas/grid/division/test_cut.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.paas.grid.division.chord import Obstacles

__all__ = ["Plot", "PlotIndex"]

SMALL_M2 = 3000.0

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """The ground of one place, in metres from ``origin``.

    Parameters
    ----------
    corners, starts
        ``(c, 2)`` corners of outer rings, closed, ring after ring; ``(b + 1,)`` where each ring starts.
    discs
        ``(b, 4)`` disc around each building (x, y, radius), and its weight.
    load
        ``(l, 2)`` components.
    """

    origin: Floats
    corners: Floats
    starts: Ints
    discs: Floats
    load: Floats

    def obstacles(self, points: Floats) -> Obstacles:
        """Return the buildings, and the numbers of those in the box of some points ``(n, 2)``, from ``origin``."""
        (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
        x, y, radius = self.discs[:, 0], self.discs[:, 1], self.discs[:, 2]
        near = (x + radius > west) & (x - radius < east) & (y + radius > south) & (y - radius < north)
        return self.corners, self.starts, self.discs, np.flatnonzero(near)


@dataclass(frozen=True, slots=True, eq=False)
class PlotIndex:
    """The ground of a city, found by place."""

    rings: shapely.STRtree
    weight: Floats
    points: shapely.STRtree
    load: Floats

    @classmethod
    def of(cls, buildings: Geometries, components: Geometries) -> PlotIndex:
        """Take polygons, and geometries of any kind."""
        parts = shapely.get_parts(buildings)
        parts = parts[shapely.get_dimensions(parts) == 2]
        rings = shapely.get_exterior_ring(parts)
        load = shapely.get_coordinates(shapely.centroid(components))
        weight = np.where(shapely.area(parts) < SMALL_M2, 1.0, 0.4)
        return cls(shapely.STRtree(rings), weight, shapely.STRtree(shapely.points(load)), load)

    def plots(self, places: Geometries) -> list[Plot]:
        """Return what stands in each place: buildings that touch it, components within, in the order given."""
        place, ring = self.rings.query(places, predicate="intersects")
        owner, point = self.points.query(places, predicate="intersects")
        order, loads = np.lexsort((ring, place)), np.lexsort((point, owner))
        count = np.arange(1, len(places))
        rings = np.split(ring[order], np.searchsorted(place[order], count))
        points = np.split(point[loads], np.searchsorted(owner[loads], count))
        origins = shapely.get_coordinates(shapely.point_on_surface(places))
        return [
            self._plot(origin, ring, self.load[point])
            for origin, ring, point in zip(origins, rings, points, strict=True)
        ]

    def _plot(self, origin: Floats, rings: NDArray[np.intp], load: Floats) -> Plot:
        outlines = self.rings.geometries[rings]
        corners, ring = shapely.get_coordinates(outlines, return_index=True)
        starts = np.searchsorted(ring, np.arange(len(rings) + 1)).astype(np.int64)
        boxes = shapely.bounds(outlines).reshape(-1, 4)
        middle, radius = (boxes[:, :2] + boxes[:, 2:]) / 2, np.hypot(*(boxes[:, 2:] - boxes[:, :2]).T) / 2
        discs = np.column_stack((middle - origin, radius, self.weight[rings]))
        return Plot(origin, corners - origin, starts, discs, load - origin)
