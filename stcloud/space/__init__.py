"""Where: reference systems, datums, the decimal lattice, covers and areas.

Ring: pure. It knows coordinates, cells and polygons; it must not know files, tables, clocks or
cities, and imports nothing of stcloud but :mod:`stcloud.errors`.

Its nouns: a *CRS* is text that :func:`read_crs` reads; a :class:`Datum` says what Chinese maps
have shifted; a :class:`Level` and a *cell id* name a square of a :class:`Lattice`, and a :class:`Block` one that is
made of its cells; an
:class:`Area` is where a query looks; a :class:`Cover` is that area as cells.

Start reading at ``cell.py`` (ids), then ``lattice.py`` (ids of points), then ``covering.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.space.area import Area, project_area
    from stcloud.space.block import Block, CellSize, parse_cell, parse_cell_size
    from stcloud.space.cell import NO_CELL, CellIds, Level, children, descendants, level_of, parent
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
    "Block",
    "CellIds",
    "CellSize",
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
    "parse_cell_size",
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
    "Area": ".area", "area_of_use": ".crs", "Block": ".block", "CellIds": ".cell", "CellSize": ".block",
    "children": ".cell", "contains": ".covering", "Cover": ".covering", "cover": ".covering", "crs_text": ".crs",
    "Datum": ".datum", "descendants": ".cell", "from_wgs84": ".datum", "GivenCRS": ".crs",
    "inside_area_of_use": ".crs", "is_southern": ".crs", "Lattice": ".lattice", "Level": ".cell",
    "level_of": ".cell", "LONLAT": ".crs", "NO_CELL": ".cell", "parent": ".cell", "parse_cell": ".block",
    "parse_cell_size": ".block", "project": ".crs", "project_area": ".area", "project_shape": ".shape",
    "read_crs": ".crs", "require_metric": ".metric", "same_crs": ".crs", "suggest": ".metric", "to_wgs84": ".datum",
    "transformer": ".crs",
}  # fmt: skip

__getattr__ = late_names(__name__, _HOMES)  # pyproj and shapely are slow to import
