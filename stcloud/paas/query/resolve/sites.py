"""Places resolved: what a formula of places stands for, features as they were known at one recorded instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from stcloud.daas.table.schema import UNIT
from stcloud.daas.table.timeline import Ints
from stcloud.errors import InternalError, InvalidInput
from stcloud.paas.query.condition.located import Neighbours
from stcloud.paas.query.condition.place import Place
from stcloud.paas.query.condition.units import InUnits, OnDuty
from stcloud.paas.query.place.extent import Extent, extent_near
from stcloud.paas.query.place.formula import And, Formula, Or, joined
from stcloud.paas.query.place.region import Region
from stcloud.paas.query.place.site import AtTimes, InCodes, InRegion, NearLayer, NearShape, OnCells
from stcloud.paas.query.place.spec import Beside, Named
from stcloud.paas.query.place.touch import Touching, TouchingAny
from stcloud.paas.query.place.versions import History
from stcloud.paas.query.plan.resolving import Reader
from stcloud.space import LONLAT, Lattice, cover, project

__all__ = ["Unread", "shape_of", "site_of"]

_AREAS = ("Polygon", "MultiPolygon")


@dataclass(frozen=True, slots=True, eq=False)
class Unread:
    """Stands for features where a query is explained and not run."""

    extent: Extent | None
    columns: tuple[str, ...] = ("st_time",)
    is_thin: bool = False
    units: None = None

    def holds(self, _: object) -> Any:
        """Refuse to test rows."""
        raise InternalError("not-read", "a query that is explained tests no rows")


def site_of(leaf: Any, reader: Reader, span: tuple[int, int], lattice: Lattice) -> Formula:
    """Return what rows of events are tested against.

    Parameters
    ----------
    leaf
        `Place`, `InUnits`, `OnDuty` or `Neighbours`.
    reader
        Reads other layers.
    span
        When the rows may be, UTC microseconds, half-open: other versions are left out.
    lattice
        The city's.

    Raises
    ------
    NotFound, InvalidInput
        As `read_history`; ``unknown-duty``.
    """
    if isinstance(leaf, Place):
        region = leaf.region(lattice)
        return InRegion(region, Extent.of(region, leaf.boxes(lattice)))
    if isinstance(leaf, InUnits):
        return InCodes(leaf.ranges)
    if isinstance(leaf, OnDuty):
        cells = reader.duty_cells(leaf.layer, leaf.duties)
        return Unread(None, (UNIT, "st_time")) if cells is None else OnCells(cells)
    if isinstance(leaf.place, Beside):
        return _near(_point(leaf.place, lattice), leaf.place.metres, lattice)
    past = reader.history(leaf.place, leaf.at_us, span)
    if past is None:
        return Unread(reader.extent(leaf.place, lattice))
    return _of_layer(leaf.place, past, leaf.at_us, lattice)


def shape_of(leaf: Any, reader: Reader, window: tuple[int, int], lattice: Lattice) -> Formula:
    """Return what features are tested against: shapes that they touch while both are there.

    Parameters
    ----------
    leaf, reader, lattice
        As for `site_of`; only events have units.
    window
        The time of the query, UTC microseconds, half-open.
    """
    if isinstance(leaf, Place):
        return Touching(leaf.area(lattice))
    assert isinstance(leaf, Neighbours)  # noqa: S101  (only events have units)
    if isinstance(leaf.place, Beside):
        return Touching(_point(leaf.place, lattice), leaf.place.metres)
    named = leaf.place
    past = reader.history(named, leaf.at_us, window)
    if past is None:
        return Unread(reader.extent(named, lattice))
    if named.key is None:
        return TouchingAny(past, named.metres or 0.0, always=leaf.at_us is not None)
    parts = [
        Touching(
            past.shapes[of[0]],
            named.metres,
            None if leaf.at_us is not None else (past.start_us[of], past.end_us[of]),
        )
        for of in _alike(past)
    ]
    return joined(Or, parts)


def _of_layer(named: Named, past: History, at_us: int | None, lattice: Lattice) -> Formula:
    if named.key is None:
        metres = named.metres or 0.0
        return NearLayer(past, metres, at_us, extent_near(past.shapes, metres, lattice))
    parts: list[Formula] = []
    for of in _alike(past):
        shape = past.shapes[of[0]]
        there = _in(shape, lattice) if named.metres is None else _near(shape, named.metres, lattice)
        times = AtTimes(past.start_us[of], past.end_us[of])
        parts.append(there if at_us is not None else And((times, there)))
    return joined(Or, parts)


def _alike(past: History) -> list[Ints]:
    """Return the versions that have the same shape, for each shape."""
    shapes = np.unique(shapely.to_wkb(past.shapes), return_inverse=True)[1] if len(past) else np.empty(0, int)
    return [np.flatnonzero(shapes == number) for number in range(shapes.max(initial=-1) + 1)]


def _in(shape: BaseGeometry, lattice: Lattice) -> InRegion:
    """Return the site of a shape; of a line or a point every cell is on the edge."""
    if shape.geom_type in _AREAS:
        region = Region.of(shape, cover(shape, lattice), ())
        return InRegion(region, Extent.of(region, [shape.bounds]))
    extent = extent_near(np.array([shape], object), 0.0, lattice)
    starts, stops = np.array(extent.ranges, np.int64).reshape(-1, 2).T
    nothing = np.empty(0, np.int64)
    region = Region(shape, starts, stops, np.zeros(len(starts), np.bool_), nothing, nothing)
    return InRegion(region, extent)


def _near(shape: BaseGeometry, metres: float, lattice: Lattice) -> NearShape:
    return NearShape(shape, metres, extent_near(np.array([shape], object), metres, lattice))


def _point(place: Beside, lattice: Lattice) -> BaseGeometry:
    x, y = project(place.lon, place.lat, LONLAT, lattice.crs)
    if not np.isfinite(x):
        raise InvalidInput(
            "area-not-projectable", f"lon {place.lon:g}, lat {place.lat:g} is farther than the city's CRS reaches",
            hint="ask for a place in the city",
        )  # fmt: skip
    return shapely.Point(float(x), float(y))
