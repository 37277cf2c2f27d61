"""The unit grid: official, irregular cells of about 10,000 m², with a code, at a time (ring: paas).

Knows: codes and their schemes, division, checks, location, the index of events, areas shared with the lattice. Must
not know: questions and answers, where files lie, commands and pages.

Nouns: `UnitGrid` (a grid's layer, ready for look-ups), `Scheme` and `Code`, `Units` (all versions of all cells),
`Report` of a check, `Division` and `DividedGrid` (a new grid), `LocatedPoints`, `Crosswalk`, `Indexed`, `DutyGrids`.

Start reading at `grid.py`, then `code.py`, `units.py`, `index.py`; `check` and `division` are rooms of their
own; which polygon holds a point is `stcloud.index`.
"""

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.grid.divided import DividedGrid, GroundSources, divide, divide_ground
    from stcloud.paas.grid.duty import DutyGrids
    from stcloud.paas.grid.geometries import GeometryReader, GeometrySource
    from stcloud.paas.grid.grid import UnitGrid, read_scheme
    from stcloud.paas.grid.index import Indexed
    from stcloud.paas.grid.indexer import Indexer
    from stcloud.paas.grid.points import LocatedPoints, locate_points
    from stcloud.paas.grid.units import Units

__all__ = [
    "DividedGrid", "DutyGrids", "GeometryReader", "GeometrySource", "GroundSources", "Indexed", "Indexer",
    "LocatedPoints", "UnitGrid", "Units", "divide", "divide_ground", "locate_points", "read_scheme",
]  # fmt: skip

_HOMES = {
    "DividedGrid": ".divided", "DutyGrids": ".duty", "GeometryReader": ".geometries",
    "GeometrySource": ".geometries", "GroundSources": ".divided", "Indexed": ".index", "Indexer": ".indexer",
    "LocatedPoints": ".points", "UnitGrid": ".grid", "Units": ".units", "divide": ".divided",
    "divide_ground": ".divided", "locate_points": ".points", "read_scheme": ".grid",
}  # fmt: skip

__getattr__ = late_names(__name__, _HOMES)  # a question needs few of them
