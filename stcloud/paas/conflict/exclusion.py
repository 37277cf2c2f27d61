"""Exclusions: what two features share, without slivers.

Tested by `tests/paas/conflict/test_exclusion.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.index.sharedarea import Areas, shared_areas
from stcloud.paas.conflict.conflictrules import SliverClause

__all__ = ["NOISE_M2", "Shared", "shared_of"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Objects: TypeAlias = NDArray[np.object_]

NOISE_M2 = 1e-6
"""Less is rounding of coordinates: the areas touch."""


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What pairs of features share.

    Attributes
    ----------
    shape
        ``(k,)``: where; None: nothing, or slivers only.
    area_m2, length_m
        ``(k,)`` float64: area of what two areas share, length of what a line shares; NaN for the other.
    slivers, sliver_m2
        ``(k,)``: how many pieces are slivers, and their area.
    """

    shape: Objects
    area_m2: Floats
    length_m: Floats
    slivers: Ints
    sliver_m2: Floats

    def take(self, chosen: Bools) -> Self:
        """Return some pairs."""
        return type(self)(
            self.shape[chosen], self.area_m2[chosen], self.length_m[chosen], self.slivers[chosen],
            self.sliver_m2[chosen],
        )  # fmt: skip


def shared_of(one: Areas, other: Areas, left: Ints, right: Ints, tolerance: SliverClause) -> Shared:
    """Return what geometries share, pair by pair.

    Parameters
    ----------
    one, other
        Geometries of two plans, of any kind.
    left, right
        ``(k,)`` positions in them.
    tolerance
        Which pieces of a shared area are slivers.
    """
    size = len(left)
    shared = Shared(
        np.full(size, None, object), np.full(size, np.nan), np.full(size, np.nan), np.zeros(size, np.int64),
        np.zeros(size),
    )  # fmt: skip
    dimension = np.minimum(
        shapely.get_dimensions(one.shapes)[left], shapely.get_dimensions(other.shapes)[right]
    )
    areas = np.flatnonzero(dimension == 2)
    _put_areas(shared, areas, shared_areas(one, other, left[areas], right[areas]), tolerance)
    others = np.flatnonzero(dimension < 2)
    if len(others):
        _put_lines(shared, others, one.shapes[left[others]], other.shapes[right[others]])
    return shared


def _put_areas(shared: Shared, rows: Ints, shapes: Objects, tolerance: SliverClause) -> None:
    """Note what areas share; what falls into several pieces is looked at piece by piece."""
    kinds = shapely.get_type_id(shapes)
    whole = kinds == int(shapely.GeometryType.POLYGON)
    area, sliver, noise = _pieces(shapes, tolerance)
    kept = whole & ~sliver & ~noise
    shared.shape[rows[kept]] = shapes[kept]
    shared.area_m2[rows[kept]] = area[kept]
    left_out = whole & sliver & ~noise
    shared.slivers[rows[left_out]] = 1
    shared.sliver_m2[rows[left_out]] = area[left_out]
    for at in np.flatnonzero(kinds == int(shapely.GeometryType.MULTIPOLYGON)).tolist():
        parts = shapely.get_parts(shapes[at])
        area, sliver, noise = _pieces(parts, tolerance)
        kept, left_out = ~sliver & ~noise, sliver & ~noise
        row = rows[at]
        shared.slivers[row], shared.sliver_m2[row] = left_out.sum(), area[left_out].sum()
        if kept.any():
            shared.shape[row] = parts[kept][0] if kept.sum() == 1 else shapely.multipolygons(parts[kept])
            shared.area_m2[row] = area[kept].sum()


def _pieces(shapes: Objects, tolerance: SliverClause) -> tuple[Floats, Bools, Bools]:
    """Return the area of each piece, whether it is a sliver, and whether it is rounding only."""
    area = shapely.area(shapes)
    sliver = area < tolerance.area_m2
    if tolerance.width_m:
        perimeter = shapely.length(shapes)
        sliver |= 2 * area < tolerance.width_m * perimeter
    return area, sliver, area < NOISE_M2


def _put_lines(shared: Shared, rows: Ints, one: Objects, other: Objects) -> None:
    """Note what lines or points share with anything, where they do more than touch."""
    shapely.prepare(one)
    meet = shapely.intersects(one, other) & ~shapely.touches(one, other)
    shapes = shapely.intersection(one[meet], other[meet])
    shared.shape[rows[meet]] = shapes
    shared.length_m[rows[meet]] = shapely.length(shapes)
