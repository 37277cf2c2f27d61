"""Extents: boxes and cells that hold whatever lies at some sites, so that the rest is not read.

Tested by `tests/paas/query/resolve/test_sites.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.paas.query.place.region import Region
from stcloud.space import Cover, Lattice, Level, cover

__all__ = ["Box", "Extent", "extent_near", "united"]

Box: TypeAlias = tuple[float, float, float, float]

_WIDER, _SPARE_M = 1.05, 0.01  # a circle of sixteen sides lies within the circle, by 2 %
_SIDES = 4  # of a quarter
_MANY_SHAPES, _MANY_VERTICES = 500, 50_000  # are not worth a cover of their own
_MANY_BOXES = 16


@dataclass(frozen=True, eq=False)
class Extent:
    """Where something lies at most.

    Parameters
    ----------
    boxes
        ``(xmin, ymin, xmax, ymax)`` that together hold it; closed, metres.
    ranges
        Half-open ranges of 10 m cells that together hold it.
    """

    boxes: tuple[Box, ...]
    ranges: tuple[tuple[int, int], ...]

    @cached_property
    def region(self) -> Region:
        """The cells, for telling whether a row lies in one."""
        nothing = np.empty(0, np.int64)
        return Region.of(None, Cover(nothing, nothing), self.ranges)

    @property
    def square_m(self) -> float:
        """How large the boxes are together, for choosing the smaller of two extents."""
        return sum((east - west) * (north - south) for west, south, east, north in self.boxes)

    @classmethod
    def of(cls, region: Region, boxes: Iterable[Box]) -> Extent:
        """Return the extent of a region, given boxes that hold it."""
        both = [(region.starts, region.stops), (region.cell_starts, region.cell_stops)]
        ranges = [
            pair for starts, stops in both for pair in zip(starts.tolist(), stops.tolist(), strict=True)
        ]
        return cls(tuple(boxes), tuple(ranges))


def united(extents: Sequence[Extent | None]) -> Extent | None:
    """Return what holds all of several; None where one has no bound."""
    known = [extent for extent in extents if extent is not None]
    if len(known) < len(extents):
        return None
    boxes = [box for extent in known for box in extent.boxes]
    return Extent(tuple(_fewer(boxes)), tuple(pair for extent in known for pair in extent.ranges))


def extent_near(shapes: NDArray[Any], metres: float, lattice: Lattice) -> Extent:
    """Return what holds all places at most so far from shapes.

    Parameters
    ----------
    shapes
        ``(n,)`` shapely geometries, metres, none empty.
    metres
        0 or more.
    lattice
        The city's.

    Notes
    -----
    Of many shapes only the box around them all.
    """
    if not len(shapes):
        return Extent((), ())
    reach = metres * _WIDER + _SPARE_M
    bounds = shapely.bounds(shapes) + np.array([-reach, -reach, reach, reach])
    if len(shapes) <= _MANY_SHAPES and shapely.get_num_coordinates(shapes).sum() <= _MANY_VERTICES:
        hull, finest = shapely.union_all(shapely.buffer(shapes, reach, quad_segs=_SIDES)), Level.M100
    else:
        bounds = np.concatenate([bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)])[None]
        hull, finest = shapely.box(*bounds[0]), Level.KM1
    starts, stops, _ = cover(hull, lattice, finest=finest).ranges()
    ranges = tuple(zip(starts.tolist(), stops.tolist(), strict=True))
    return Extent(tuple(_fewer([tuple(box) for box in bounds.tolist()])), ranges)


def _fewer(boxes: list[Any]) -> list[Any]:
    """Return boxes, or where they are many the one around them all."""
    if len(boxes) <= _MANY_BOXES:
        return boxes
    west, south, east, north = np.array(boxes).T
    return [(float(west.min()), float(south.min()), float(east.max()), float(north.max()))]
