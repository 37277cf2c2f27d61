"""Where: reference systems, datums, the decimal lattice, covers and areas.

Ring: pure. It knows coordinates, cells and polygons; it must not know files, tables, clocks or
cities, and imports nothing of stcloud but :mod:`stcloud.errors`.

Its nouns: a *CRS* is text that :func:`read_crs` reads; a :class:`Datum` says what Chinese maps
have shifted; a :class:`Level` and a *cell id* name a square of a :class:`Lattice`; an
:class:`Area` is where a query looks; a :class:`Cover` is that area as cells.

Start reading at ``cell.py`` (ids), then ``lattice.py`` (ids of points), then ``covering.py``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stcloud.space.area import Area, project_area
    from stcloud.space.cell import (
        NO_CELL,
        CellIds,
        Level,
        children,
        descendants,
        level_of,
        parent,
        parse_cell,
    )
    from stcloud.space.covering import Cover, contains, cover
    from stcloud.space.crs import (
        LONLAT,
        GivenCRS,
        area_of_use,
        crs_text,
        inside_area_of_use,
        is_southern,
        project,
        read_crs,
        same_crs,
        transformer,
    )
    from stcloud.space.datum import Datum, from_wgs84, to_wgs84
    from stcloud.space.lattice import Lattice
    from stcloud.space.metric import require_metric, suggest
    from stcloud.space.shape import project_shape

__all__ = [
    "LONLAT",
    "NO_CELL",
    "Area",
    "CellIds",
    "Cover",
    "Datum",
    "GivenCRS",
    "Lattice",
    "Level",
    "area_of_use",
    "children",
    "contains",
    "cover",
    "crs_text",
    "descendants",
    "from_wgs84",
    "inside_area_of_use",
    "is_southern",
    "level_of",
    "parent",
    "parse_cell",
    "project",
    "project_area",
    "project_shape",
    "read_crs",
    "require_metric",
    "same_crs",
    "suggest",
    "to_wgs84",
    "transformer",
]

_HOMES = {
    "GivenCRS": "crs", "crs_text": "crs",
    "Area": "area", "CellIds": "cell", "Cover": "covering", "Datum": "datum", "LONLAT": "crs",
    "Lattice": "lattice", "Level": "cell", "NO_CELL": "cell", "area_of_use": "crs", "children": "cell",
    "contains": "covering", "cover": "covering", "descendants": "cell", "from_wgs84": "datum",
    "inside_area_of_use": "crs", "is_southern": "crs", "level_of": "cell", "parent": "cell",
    "parse_cell": "cell", "project": "crs", "project_area": "area", "project_shape": "shape",
    "read_crs": "crs", "require_metric": "metric", "same_crs": "crs", "suggest": "metric",
    "to_wgs84": "datum", "transformer": "crs",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: pyproj and shapely are slow to import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
