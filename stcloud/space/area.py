"""Areas that queries look in, each in the CRS it is given in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import shapely
from shapely.errors import ShapelyError

from stcloud.errors import InvalidInput
from stcloud.space.bend import TOLERANCE_M, bend, forwarded, require_lonlat, too_far
from stcloud.space.crs import LONLAT, read_crs, transformer
from stcloud.space.metric import require_metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj
    from shapely.geometry.base import BaseGeometry

__all__ = ["Area", "project_area"]

_AREAS = ("Polygon", "MultiPolygon")
_MOST_VERTICES = 500_000
_DEEPEST = 8
_BRACKET = re.compile(r"[()]")


@dataclass(frozen=True, slots=True)
class Area:
    """An area of a question: a valid, non-empty Polygon or MultiPolygon and its CRS.

    Its edges are straight in that CRS and belong to the area.

    Parameters
    ----------
    geometry
        Polygon or MultiPolygon, holes allowed; x east, y north. Heights are dropped.
    crs
        Text of the CRS; longitude and latitude by default.

    Raises
    ------
    InvalidInput
        ``not-an-area``, ``empty-area``, ``lon-lat-out-of-range``, ``invalid-area``, ``unknown-crs``,
        ``too-many-vertices``

    Examples
    --------
    >>> Area.from_bbox(-74.02, 40.70, -73.93, 40.80).geometry.bounds
    (-74.02, 40.7, -73.93, 40.8)
    >>> Area(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))
    Traceback (most recent call last):
        ...
    stcloud.errors.InvalidInput: the area is not valid: Self-intersection[0.5 0.5];
    repair it, for instance with shapely.make_valid
    """

    geometry: BaseGeometry
    crs: str = LONLAT

    def __post_init__(self) -> None:
        given = self.geometry
        _refuse_many(shapely.get_num_coordinates(given))
        if given.geom_type not in _AREAS:
            raise _no_area(given.geom_type)
        if given.is_empty:
            raise InvalidInput("empty-area", "the area is empty", hint="give a polygon with an inside")
        crs = read_crs(self.crs)
        if crs.is_geographic:
            require_lonlat(*given.bounds)
        if not shapely.is_valid(given):
            raise InvalidInput(
                "invalid-area",
                f"the area is not valid: {shapely.is_valid_reason(given)}",
                hint="repair it, for instance with shapely.make_valid",
            )
        object.__setattr__(self, "geometry", shapely.force_2d(given))

    @classmethod
    def from_bbox(cls, west: float, south: float, east: float, north: float) -> Self:
        """Return the area between two meridians and two parallels.

        Parameters
        ----------
        west, south, east, north
            Degrees, WGS 84. If west > east, the area crosses the antimeridian, as in OGC API Features, and has
            two parts.

        Returns
        -------
        The area.

        Raises
        ------
        InvalidInput
            ``lon-lat-out-of-range``, ``empty-area``

        Examples
        --------
        >>> len(Area.from_bbox(179, -18, -179, -17).geometry.geoms)
        2
        """
        require_lonlat(west, south, east, north)
        if west == east or south >= north:
            raise InvalidInput(
                "empty-area", f"bbox {west:g},{south:g},{east:g},{north:g} has no inside", hint="give W,S,E,N"
            )
        if west < east:
            return cls(shapely.box(west, south, east, north))
        sides = [(west, 180.0), (-180.0, east)]
        parts = [shapely.box(w, south, e, north) for w, e in sides if w < e]
        return cls(shapely.MultiPolygon(parts))

    @classmethod
    def from_wkt(cls, text: str, crs: str = LONLAT) -> Self:
        """Return the area of a well-known text.

        Parameters
        ----------
        text
            WKT of a polygon or multipolygon, x before y.
        crs
            Text of the CRS.

        Returns
        -------
        The area.

        Raises
        ------
        InvalidInput
            ``unreadable-area`` and those of :class:`Area`.

        Examples
        --------
        >>> Area.from_wkt("POLYGON ((0 0, 100 0, 0 100, 0 0))", "EPSG:32618").geometry.area
        5000.0
        """
        _refuse_many(text.count(","))
        _refuse_deep(text)
        try:
            geometry = shapely.from_wkt(text)
        except (ShapelyError, TypeError) as error:
            raise InvalidInput(
                "unreadable-area", f"not WKT: {error}", hint="write POLYGON ((x y, ...))"
            ) from None
        return cls(geometry, crs)

    @classmethod
    def from_geojson(cls, mapping: Mapping[str, Any]) -> Self:
        """Return the area of a GeoJSON object.

        Parameters
        ----------
        mapping
            A Polygon or MultiPolygon, a Feature with one, or a FeatureCollection of those, which
            are united. Longitude, latitude on WGS 84, unless an (older) ``crs`` member names another.

        Returns
        -------
        The area.

        Raises
        ------
        InvalidInput
            ``unreadable-area`` and those of :class:`Area`.

        Examples
        --------
        >>> ring = [[0, 0], [1, 0], [0, 1], [0, 0]]
        >>> Area.from_geojson({"type": "Polygon", "coordinates": [ring]}).geometry.area
        0.5
        """
        crs = _geojson_crs(mapping)
        parts = [cls(_geojson_geometry(item), crs) for item in mapping.get("features", [mapping])]
        if not parts:
            raise InvalidInput("empty-area", "the FeatureCollection is empty", hint="give one with polygons")
        return parts[0] if len(parts) == 1 else cls(shapely.union_all([p.geometry for p in parts]), crs)


def _no_area(kind: object) -> InvalidInput:
    return InvalidInput("not-an-area", f"a {kind} is not an area", hint="give a polygon")


def _refuse_many(vertices: int) -> None:
    if vertices > _MOST_VERTICES:
        raise InvalidInput(
            "too-many-vertices", f"the area has {vertices:,} vertices; at most {_MOST_VERTICES:,} are taken",
            hint="simplify it, for instance with shapely.simplify",
        )  # fmt: skip


def _refuse_deep(text: str) -> None:
    """Refuse WKT that is nested deeper than any area: the parser's stack is not without end."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] == "(" else -1
        if depth > _DEEPEST:
            raise InvalidInput(
                "unreadable-area", f"not WKT of an area: its brackets are nested more than {_DEEPEST} deep",
                hint="write POLYGON ((x y, ...))",
            )  # fmt: skip


def _geojson_geometry(item: Any) -> BaseGeometry:
    try:
        geometry = item["geometry"] if item["type"] == "Feature" else item
        if geometry["type"] == "GeometryCollection":  # may be nested deeper than any stack
            raise _no_area("GeometryCollection")
        _refuse_many(_vertices(geometry))
        return shapely.geometry.shape(geometry)
    except InvalidInput:
        raise
    except (ShapelyError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise InvalidInput(
            "unreadable-area", f"not GeoJSON: {type(error).__name__} {error}", hint="give a GeoJSON polygon"
        ) from None


def _vertices(geometry: Mapping[str, Any]) -> int:
    """Return how many vertices a polygon has, or several have."""
    parts = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}
    return sum(len(ring) for rings in parts.get(geometry["type"], []) for ring in rings)


def _geojson_crs(mapping: Mapping[str, Any]) -> str:
    """Read the CRS that GeoJSON before RFC 7946 may name."""
    try:
        return str((mapping.get("crs") or {"properties": {"name": LONLAT}})["properties"]["name"])
    except (KeyError, TypeError, AttributeError):
        raise InvalidInput("unreadable-area", "the GeoJSON's crs has no name", hint="leave crs out") from None


def project_area(area: Area, target: str | pyproj.CRS) -> BaseGeometry:
    """Project an area, its edges bending as they must.

    An edge straight in longitude and latitude is a curve in metres: over 15 km it bends 2.7 m.

    Parameters
    ----------
    area
        The area.
    target
        A projected CRS in metres.

    Returns
    -------
    Polygon or MultiPolygon in ``target``, holes kept. The very geometry when the CRSs are equal.

    Raises
    ------
    InvalidInput
        ``area-not-projectable`` when it reaches farther than the CRS does, ``metric-crs-needed``
    Unsupported
        ``ballpark-transformation``

    Notes
    -----
    Edges are divided until they deviate less than 1 cm from the true curve. A vertex stays a vertex.

    Examples
    --------
    >>> strip = Area.from_bbox(-74.02, 40.70, -73.84, 40.71)
    >>> projected = project_area(strip, "EPSG:32618")
    >>> len(strip.geometry.exterior.coords), len(projected.exterior.coords) > 20
    (5, True)
    """
    source = read_crs(area.crs)
    if source == require_metric(target):
        return area.geometry
    parts = shapely.get_parts(area.geometry)
    rings, owner = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    forward = transformer(source, target)
    bent, ring = bend(points, ring, forward)
    polygons = shapely.polygons(shapely.linearrings(bent, indices=ring), indices=owner)
    whole = polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)
    if not shapely.is_valid(whole):
        # Parts or holes that touch may overlap by a hair after bending: take that hair away.
        whole = shapely.make_valid(whole, method="structure", keep_collapsed=False)
    # Around a place that the projection cannot show, inside and outside change places.
    inside = shapely.get_coordinates(shapely.point_on_surface(parts))
    witnesses = shapely.points(forwarded(inside, forward))
    if not shapely.dwithin(whole, witnesses, 2 * TOLERANCE_M).all():
        raise too_far()
    return whole
