"""Where: reference systems, datums, the decimal lattice, covers and areas.

Ring: pure. It knows coordinates, cells and polygons; it must not know files, tables, clocks or
cities, and imports nothing of stcloud but :mod:`stcloud.errors`.

Its nouns: a *CRS* is text that :func:`read_crs` reads; a :class:`Datum` says what Chinese maps
have shifted; a :class:`Level` and a *cell id* name a square of a :class:`Lattice`; an
:class:`Area` is where a query looks; a :class:`Cover` is that area as cells.

Start reading at ``cell.py`` (ids), then ``lattice.py`` (ids of points), then ``cover.py``.
"""

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
from stcloud.space.cover import Cover, contains, cover
from stcloud.space.crs import (
    LONLAT,
    area_of_use,
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
    "Lattice",
    "Level",
    "area_of_use",
    "children",
    "contains",
    "cover",
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
