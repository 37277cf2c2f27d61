"""Where: areas and lattice cells, united. A point on an area's edge is inside; cells alone are half-open.

Tested by `tests/conformance/test_where.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.query.condition.place import Place
from stcloud.paas.query.place.formula import shown
from stcloud.space import Area, Lattice, parse_cell, project_area

if TYPE_CHECKING:
    from stcloud.daas.load.memory_geometries import MemoryGeometries

__all__ = ["PlaceInput", "read_where"]

PlaceInput: TypeAlias = "str | int | BaseGeometry | Area | Mapping[str, Any] | Any"
"""Text, a cell id, a polygon, or rows in memory with polygons; see `read_where`."""


def read_where(places: Iterable[PlaceInput], lattice: Lattice, crs: str | None) -> Place:
    """Unite alternatives into one place.

    Parameters
    ----------
    places
        Texts (``bbox:W,S,E,N`` in degrees, ``wkt:…``, ``cell:ID``), cell ids, boxes ``(w, s, e, n)``,
        polygons (shapely, GeoJSON mappings), `Area` values, frames, tables and features with
        polygons (in their own CRS).
    lattice
        The city's.
    crs
        CRS of boxes, polygons and WKT; None: longitude and latitude.

    Raises
    ------
    InvalidInput
        ``no-place``, ``unknown-where``, ``unreadable-area``, ``invalid-area``, ``crs-needed``, ``no-geometry``.
    Unsupported
        ``where-later``: a form that `Query.where` reads.
    """
    areas: list[BaseGeometry] = []
    cells: list[int] = []
    texts: list[str] = []
    for place in places:
        value = _read(place, crs)
        if isinstance(value, int):
            cells.append(value)
            texts.append(f"cell:{value}")
        else:
            areas.append(project_area(value, lattice.crs))
            texts.append(_text_of(place, value))
    if not texts:
        raise InvalidInput(
            "no-place", "where was asked without a place", hint="e.g. bbox:-74.05,40.68,-73.90,40.83"
        )
    area = shapely.union_all(areas) if len(areas) > 1 else areas[0] if areas else None
    return Place(area, tuple(sorted(set(cells))), " or ".join(texts))


def _text_of(place: PlaceInput, area: Area) -> str:
    if isinstance(place, str) and len(place) <= 80:
        return place
    west, south, east, north = area.geometry.bounds
    return (
        f"{area.geometry.geom_type.lower()} within {west:.6g},{south:.6g},{east:.6g},{north:.6g} ({area.crs})"
    )


def _read(place: PlaceInput, crs: str | None) -> Area | int:
    if isinstance(place, Area):
        return place
    if isinstance(place, int | np.integer):
        return parse_cell(int(place))
    if isinstance(place, str):
        return _spec(place, crs)
    if isinstance(place, Mapping):
        return Area.from_geojson(_placed(place))
    if isinstance(place, BaseGeometry):
        return Area(place, crs) if crs else Area(place)
    return _box(place, crs) if _is_box(place) else _in_memory(place, crs)


def _is_box(place: object) -> bool:
    """Tell whether a place is given as numbers: ``(w, s, e, n)``."""
    if not isinstance(place, tuple | list | np.ndarray) or not len(place):
        return False
    return all(isinstance(bound, int | float | np.number) for bound in place)


def _box(bounds: Sequence[Any], crs: str | None) -> Area:
    """Return the area of ``(w, s, e, n)``, in degrees or in a CRS."""
    if len(bounds) != 4:
        raise InvalidInput(
            "unknown-where", f"{shown(str(bounds))} is no box", hint="give (west, south, east, north)"
        )
    west, south, east, north = map(float, bounds)
    if crs is None:
        return Area.from_bbox(west, south, east, north)
    if not (west < east and south < north):
        raise InvalidInput(
            "empty-area", f"the box {shown(str(bounds))} has no inside", hint="give (w, s, e, n)"
        )
    return Area(shapely.box(west, south, east, north), crs)


def _in_memory(place: object, crs: str | None) -> Area:
    from stcloud.daas.load.memory_geometries import is_in_memory, memory_geometries  # noqa: PLC0415  (reads files, too)

    if not is_in_memory(place):
        raise InvalidInput(
            "unknown-where", f"an object of type {type(place).__name__} is no place",
            hint="give text, a polygon, (w, s, e, n), a GeoDataFrame, a table with geometry or GeoJSON features",
        )  # fmt: skip
    return _union(memory_geometries(place, crs))


def _placed(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return GeoJSON without the features of a collection that have no geometry: they add nothing."""
    features = mapping.get("features")
    if not isinstance(features, list):
        return mapping
    kept = [
        item for item in features if not isinstance(item, Mapping) or item.get("geometry", item) is not None
    ]
    return {**mapping, "features": kept}


def _union(given: MemoryGeometries) -> Area:
    """Return the area that all rows cover together; rows without a geometry add nothing."""
    shapes = given.shapes()
    return Area(shapely.union_all(shapes[~shapely.is_missing(shapes)]), given.crs)


def _spec(text: str, crs: str | None) -> Area | int:
    form, _, rest = text.partition(":")
    if form == "bbox":
        return Area.from_bbox(*_numbers(rest, text))
    if form == "wkt":
        return Area.from_wkt(rest, crs) if crs else Area.from_wkt(rest)
    if form == "cell":
        return parse_cell(rest)
    if form in ("unit", "duty", "near"):
        raise Unsupported(
            "where-later", f"'{shown(text)}' is more than an area or a cell",
            hint="ask it with city.query(LAYER).as_of(T).where(...)",
        )  # fmt: skip
    if form == "file":
        raise InvalidInput(
            "unknown-where", f"'{shown(text)}' is no place here: only the command line reads files",
            hint=f"read it: where(geopandas.read_file({shown(rest)!r}))",
        )  # fmt: skip
    raise InvalidInput(
        "unknown-where",
        f"'{shown(text)}' is no place",
        hint="write bbox:W,S,E,N, wkt:… or cell:ID, or give polygons, as geopandas.read_file does",
        in_shell="write bbox:W,S,E,N, wkt:…, cell:ID or file:area.geojson",
    )


def _numbers(text: str, whole: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidInput("unknown-where", f"'{shown(whole)}' is not bbox:W,S,E,N in degrees") from error
    return west, south, east, north
