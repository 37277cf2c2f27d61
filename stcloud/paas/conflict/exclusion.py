"""Exclusions: what two features share, without slivers.

Tested by `tests/paas/conflict/test_exclusion.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from stcloud.index.sharedarea import Areas, SharedAreas, shared_areas
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
    exists
        ``(k,)``: whether they share more than slivers.
    place
        ``(k,)`` WKB: where; null where nothing is shared.
    area_m2, length_m
        ``(k,)`` float64: area of what two areas share, length of what a line shares; NaN for the other.
    slivers, sliver_m2
        ``(k,)``: how many pieces are slivers, and their area.
    """

    exists: Bools
    place: pa.Array
    area_m2: Floats
    length_m: Floats
    slivers: Ints
    sliver_m2: Floats


def shared_of(areas: Areas, other: Areas, left: Ints, right: Ints, tolerance: SliverClause) -> Shared:
    """Return what geometries share, pair by pair.

    Parameters
    ----------
    areas, other
        Geometries of two plans, of any kind.
    left, right
        ``(k,)`` positions in them; pairs of one ``left`` lie together.
    tolerance
        Which pieces of a shared area are slivers.
    """
    flat = areas.wide[left] & other.wide[right]
    if flat.all():
        return _areas_of(shared_areas(areas, other, left, right), tolerance)
    wide, thin = np.flatnonzero(flat), np.flatnonzero(~flat)
    parts = (
        _areas_of(shared_areas(areas, other, left[wide], right[wide]), tolerance),
        _lines_of(areas.shapes[left[thin]], other.shapes[right[thin]]),
    )
    order = np.argsort(np.concatenate([wide, thin]), kind="stable")
    numbers = [
        np.concatenate([getattr(part, name) for part in parts])[order]
        for name in ("exists", "area_m2", "length_m", "slivers", "sliver_m2")
    ]
    place = pa.concat_arrays([part.place for part in parts]).take(pa.array(order))
    return Shared(numbers[0], place, *numbers[1:])


def _areas_of(shared: SharedAreas, tolerance: SliverClause) -> Shared:
    """Return what areas share; what falls into several pieces is looked at piece by piece."""
    area = shared.area_m2.copy()
    sliver = _are_slivers(area, shared.length_m, tolerance)
    noise = area < NOISE_M2
    slivers, sliver_m2 = (sliver & ~noise).astype(np.int64), np.where(sliver & ~noise, area, 0.0)
    exists = ~sliver & ~noise
    for row in shared.in_pieces.tolist():
        parts = shapely.get_parts(shared.shape[row])
        part_area = shapely.area(parts)
        sliver_parts = _are_slivers(part_area, shapely.length(parts), tolerance)
        kept, left_out = ~sliver_parts & (part_area >= NOISE_M2), sliver_parts & (part_area >= NOISE_M2)
        slivers[row], sliver_m2[row] = left_out.sum(), part_area[left_out].sum()
        exists[row], area[row] = kept.any(), part_area[kept].sum()
        shared.shape[row] = parts[kept][0] if kept.sum() == 1 else shapely.multipolygons(parts[kept])
    area[~exists] = np.nan
    place = _scattered(shared.wkb(np.flatnonzero(exists)), exists)
    return Shared(exists, place, area, np.full(len(area), np.nan), slivers, sliver_m2)


def _are_slivers(area: Floats, perimeter: Floats, tolerance: SliverClause) -> Bools:
    sliver = area < tolerance.area_m2
    if tolerance.width_m:
        sliver |= 2 * area < tolerance.width_m * perimeter
    return sliver


def _lines_of(areas: Objects, other: Objects) -> Shared:
    """Return what lines or points share with anything, where they do more than touch."""
    shapely.prepare(areas)
    exists = shapely.intersects(areas, other) & ~shapely.touches(areas, other)
    shapes = shapely.intersection(areas[exists], other[exists])
    length = np.full(len(areas), np.nan)
    length[exists] = shapely.length(shapes)
    place = _scattered(pa.array(shapely.to_wkb(shapes), pa.binary()), exists)
    nothing = np.zeros(len(areas), np.int64)
    return Shared(exists, place, np.full(len(areas), np.nan), length, nothing, nothing.astype(np.float64))


def _scattered(values: pa.Array, exists: Bools) -> pa.Array:
    """Return values where they exist, null elsewhere."""
    return values.take(pa.array(np.cumsum(exists) - 1, mask=~exists))
