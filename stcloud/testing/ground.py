"""Plain places for the oracle: pyproj and shapely, one point at a time.

Tested by `tests/conformance/test_engines.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pyproj
import shapely

from stcloud.space import LONLAT, Area

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from stcloud.testing.question import Places

__all__ = ["LEVELS", "Ground", "Position"]

Position = tuple[float, float, int]
"""x, y in the city's metres, and the 10 m cell."""

LEVELS = {"1000km": 3, "100km": 5, "10km": 7, "1km": 9, "100m": 11, "10m": 13}
"""Number of digits of a cell's id by the name of its level."""
_BLOCKS = {"250m": 250, "500m": 500}

_SIDE_M = 10_000_000
_MARGIN_DEG = 1.5
_EQUAL_DATUMS = ("World Geodetic System 1984", "China 2000")


class Ground:
    """A city's metres.

    Parameters
    ----------
    crs
        The city's metric CRS.
    origin
        South-west corner of its lattice, metres.
    """

    def __init__(self, crs: str, origin: tuple[int, int]) -> None:
        self.crs = pyproj.CRS(crs)
        self.origin = origin

    def place(self, first: float, second: float, declared: str) -> Position | None:
        """Return where coordinates in a declared CRS lie; None outside of where the two CRSs are used."""
        source = _crs(declared)
        lon, lat = (
            (first, second) if source.is_geographic else _forward(declared, LONLAT).transform(first, second)
        )
        if not (
            abs(lon) <= 180 and abs(lat) <= 90 and _used_at(source, lon, lat) and _used_at(self.crs, lon, lat)
        ):
            return None
        x, y = (first, second) if source == self.crs else self._metres(declared).transform(first, second)
        (x0, y0), finite = self.origin, math.isfinite(x) and math.isfinite(y)
        if not finite or not (x0 <= x < x0 + _SIDE_M and y0 <= y < y0 + _SIDE_M):
            return None
        return x, y, self.cell(x, y)

    def cell(self, x: float, y: float) -> int:
        """Return the id of the 10 m cell: a 1, then column and row digit of each level."""
        column, row = (f"{math.floor(at) - start:07}" for at, start in zip((x, y), self.origin, strict=True))
        return int("1" + "".join(east + north for east, north in zip(column[:6], row[:6], strict=True)))

    def cell_by(self, position: Position, size: str) -> int:
        """Return the cell of a level, or the block, that a position lies in."""
        x, y, cell = position
        if size in LEVELS:
            return int(str(cell)[: LEVELS[size]])
        column, row = (math.floor(at) % 1000 // _BLOCKS[size] for at in (x, y))
        return int(f"{size[0]}{str(cell)[1:9]}{column}{row}")

    def lie_in(self, positions: Sequence[Position], places: Places) -> list[bool]:
        """Tell for each spot whether it lies in what one call of ``where`` asks for."""
        cells = [str(_cell(place)) for place in places.alternatives if _cell(place) is not None]
        areas = [
            self._project(part, crs)
            for place in places.alternatives
            if _cell(place) is None
            for part, crs in _areas(place, places.crs or LONLAT)
        ]
        points = [shapely.Point(x, y) for x, y, _ in positions]
        shapely.prepare(areas)
        inside = [shapely.intersects(area, points) for area in areas]
        return [
            any(self._in_cell(position, cell) for cell in cells) or any(holds[number] for holds in inside)
            for number, position in enumerate(positions)
        ]

    def _in_cell(self, position: Position, cell: str) -> bool:
        if cell[0] == "1":
            return str(position[2]).startswith(cell)
        return self.cell_by(position, "250m" if cell[0] == "2" else "500m") == int(cell)

    def project(self, shape: BaseGeometry, crs: str | None) -> BaseGeometry:
        """Return a shape in the city's metres, its edges bent; None: it is in longitude and latitude."""
        return self._project(shape, crs or LONLAT)

    def _metres(self, declared: str) -> pyproj.Transformer:
        return _forward(declared, self.crs.srs)

    def _project(self, area: BaseGeometry, crs: str) -> BaseGeometry:
        """Project an area, its edges divided so finely that they bend as they must."""
        if _crs(crs) == self.crs:
            return area
        step = (1e-5 if area.length < 10 else 1e-3) if _crs(crs).is_geographic else 1.0
        forward = self._metres(crs)
        return shapely.transform(
            shapely.segmentize(area, step),
            lambda at: np.stack(forward.transform(at[:, 0], at[:, 1]), axis=-1),
        )


@cache
def _crs(text: str) -> pyproj.CRS:
    return pyproj.CRS(text)


@cache
def _forward(source: str, target: str) -> pyproj.Transformer:
    """Make a transformer; longitude and latitude on CGCS2000 and on WGS 84 count as equal."""
    first, second = _crs(source), _crs(target)
    if first.is_geographic and all(_datum(crs).startswith(_EQUAL_DATUMS) for crs in (first, second)):
        first = second.geodetic_crs or first
    elif second.is_geographic and all(_datum(crs).startswith(_EQUAL_DATUMS) for crs in (first, second)):
        second = first.geodetic_crs or second
    return pyproj.Transformer.from_crs(first, second, always_xy=True)


def _datum(crs: pyproj.CRS) -> str:
    geodetic = crs.geodetic_crs
    return geodetic.datum.name if geodetic is not None and geodetic.datum is not None else ""


def _used_at(crs: pyproj.CRS, lon: float, lat: float) -> bool:
    """Tell whether a CRS is used at a place, or within a degree and a half of where it is."""
    area = crs.area_of_use
    if area is None:
        return True
    east = area.east + (360 if area.east < area.west else 0)
    along = any(area.west - _MARGIN_DEG <= lon + turn <= east + _MARGIN_DEG for turn in (-360, 0, 360))
    return along and area.south - _MARGIN_DEG <= lat <= area.north + _MARGIN_DEG


def _cell(place: Any) -> int | None:
    if isinstance(place, int):
        return place
    return int(place.removeprefix("cell:")) if isinstance(place, str) and place.startswith("cell:") else None


def _areas(place: Any, crs: str) -> Iterator[tuple[BaseGeometry, str]]:
    """Give the geometries of a place, each with its CRS."""
    if isinstance(place, Area):
        yield place.geometry, place.crs
    elif isinstance(place, geopandas.GeoDataFrame | geopandas.GeoSeries):
        yield from ((geometry, place.crs.to_string()) for geometry in place.geometry)
    elif isinstance(place, Mapping):
        yield from ((geometry, LONLAT) for geometry in _geojson(place))
    elif not isinstance(place, str):
        yield place, crs
    elif place.startswith("wkt:"):
        yield shapely.from_wkt(place.removeprefix("wkt:")), crs
    else:
        yield from (
            (geometry, LONLAT) for geometry in _boxes(*map(float, place.removeprefix("bbox:").split(",")))
        )


def _boxes(west: float, south: float, east: float, north: float) -> Iterable[BaseGeometry]:
    if west <= east:
        return [shapely.box(west, south, east, north)]
    return [shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)]


def _geojson(document: Mapping[str, Any]) -> Iterator[BaseGeometry]:
    if document["type"] == "FeatureCollection":
        for feature in document["features"]:
            yield from _geojson(feature)
    else:
        yield shapely.geometry.shape(document["geometry"] if document["type"] == "Feature" else document)
