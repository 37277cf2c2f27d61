"""Geometry as filters write it, in the city's CRS.

Tested by `tests/paas/query/filter/test_law.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from stcloud.errors import InvalidInput
from stcloud.space import LONLAT, Area, area_of_use, project_shape, read_crs

__all__ = ["read_shape"]

_MARGIN_DEG = 1.5


def read_shape(written: Mapping[str, Any], city: str | None, crs: str | None) -> BaseGeometry:
    """Return a geometry that was written as GeoJSON, or as CQL2's ``bbox``.

    Parameters
    ----------
    written
        CQL2-JSON.
    city
        The city's CRS; None leaves the coordinates as they are.
    crs
        The CRS that it is written in; None: longitude and latitude.

    Returns
    -------
    In ``city``; edges bend as they must, heights are dropped. Of a shape in longitude and latitude that reaches
    farther than ``city`` does, the part that it can show, which may be empty: no row lies elsewhere.

    Raises
    ------
    InvalidInput
        ``unreadable-geometry``, and those of `Area` and `project_shape`.
    """
    shape = _box(written["bbox"], crs) if "bbox" in written else _geojson(written)
    if city is None:
        return shapely.force_2d(shape)
    if crs is not None and not read_crs(crs).is_geographic:
        return project_shape(shape, city, crs)
    return _shown(shape, city, crs or LONLAT)


def _shown(shape: BaseGeometry, city: str, crs: str) -> BaseGeometry:
    try:
        return project_shape(shape, city, crs)
    except InvalidInput as error:
        used = area_of_use(city)
        if error.kind != "area-not-projectable" or used is None:
            raise
    west, south, east, north = used
    region = Area.from_bbox(
        max(west - _MARGIN_DEG, -180), max(south - _MARGIN_DEG, -90),
        min(east + _MARGIN_DEG, 180), min(north + _MARGIN_DEG, 90),
    )  # fmt: skip
    shown = shapely.intersection(shapely.force_2d(shape), region.geometry)
    return shown if shown.is_empty else project_shape(shown, city, crs)


def _box(numbers: list[float], crs: str | None) -> BaseGeometry:
    """Return a box of four numbers, or of six, whose heights do not count."""
    if len(numbers) not in (4, 6):
        raise InvalidInput(
            "unreadable-geometry", f"a box of {len(numbers)} numbers is none", hint="write BBOX(W, S, E, N)"
        )
    west, south, east, north = (*numbers[:2], *numbers[len(numbers) // 2 :][:2])
    if crs is None or read_crs(crs).is_geographic:
        return Area.from_bbox(west, south, east, north).geometry
    if west >= east or south >= north:
        raise InvalidInput(
            "empty-area",
            f"the box {west:g},{south:g},{east:g},{north:g} has no inside",
            hint="write BBOX(W, S, E, N)",
        )
    return shapely.box(west, south, east, north)


def _geojson(written: Mapping[str, Any]) -> BaseGeometry:
    try:
        shape: BaseGeometry = shapely.geometry.shape(written)
    except (ShapelyError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise InvalidInput(
            "unreadable-geometry", f"not a geometry: {type(error).__name__} {error}",
            hint="write WKT, such as POINT(117.03 31.9), or GeoJSON",
        ) from None  # fmt: skip
    if shape.is_empty:
        raise InvalidInput(
            "unreadable-geometry", f"the {shape.geom_type} is empty", hint="write one with a place"
        )
    return shape
