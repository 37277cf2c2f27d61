"""The unit grid: official, irregular cells of about 10,000 m², with a code, at a time (ring: paas).

Knows: codes and their schemes, division, checks, location, the index of events, areas shared with the lattice. Must
not know: questions and answers, where files lie, commands and pages.

Nouns: `UnitGrid` (a grid's layer, ready to be asked), `Scheme` and `Code`, `Units` (all versions of all cells),
`Locator` (which polygon holds a point), `Report` of a check, `Division`, `Crosswalk`, `Indexed`,
`DutyGrids`.

Start reading at `grid.py`, then `code.py`, `units.py`, `index.py`; `location`, `check` and `division` are rooms of
their own.
"""

from stcloud.paas.grid.duty import DutyGrids
from stcloud.paas.grid.grid import UnitGrid, read_scheme
from stcloud.paas.grid.index import Indexed
from stcloud.paas.grid.indexer import Indexer
from stcloud.paas.grid.units import Units

__all__ = ["DutyGrids", "Indexed", "Indexer", "UnitGrid", "Units", "read_scheme"]
