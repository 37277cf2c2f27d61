"""A clean grid of four communities, and ways to look at what a check says of it."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest
import shapely

from stcloud.iaas.bundle import bundled_text
from stcloud.paas.grid.check import Rules, inspect
from stcloud.paas.grid.numbering import centres, standard_order
from stcloud.paas.grid.scheme import Scheme
from stcloud.testing.town import quads

SCHEME = Scheme.from_toml(bundled_text("grids", "unit-grid-15.toml"), name="unit-grid-15.toml")
NX, NY = 12, 10


@dataclass(repr=False)
class Clean:
    """A grid without a fault; `check` inspects it, or what a test made of it."""

    cells: np.ndarray
    codes: np.ndarray
    names: np.ndarray = field(init=False)
    whole: np.ndarray = field(init=False)

    def __post_init__(self):
        self.names = np.unique([code[:12] for code in self.codes])
        members = [np.char.startswith(self.codes.astype(str), name) for name in self.names]
        self.whole = np.array([shapely.coverage_union_all(self.cells[one]) for one in members], object)

    def check(self, cells=None, codes=None, start=None, end=None, *, with_communities=True, **rules):
        cells = self.cells if cells is None else cells
        codes = self.codes if codes is None else codes
        around = (self.whole, self.names) if with_communities else (None, None)
        return inspect(cells, codes, *around, start, end, scheme=SCHEME, rules=Rules(**rules))

    def changed(self, **cells):
        """Cells of which some are another: ``r12=polygon`` for row 12."""
        made = self.cells.copy()
        for name, cell in cells.items():
            made[int(name[1:])] = cell
        return made

    def beside(self, row):
        """Rows of the cells that share an edge with one, by the edge's middle; the rim's edges have None."""
        corners = shapely.get_coordinates(self.cells[row])
        middles = [shapely.Point(*at) for at in (corners[:-1] + corners[1:]) / 2]
        column, line = row % NX, row // NX
        near = [(column, line - 1), (column + 1, line), (column, line + 1), (column - 1, line)]
        rows = [c + r * NX if 0 <= c < NX and 0 <= r < NY else None for c, r in near]
        return list(zip(middles, rows, strict=True))

    def community(self, row):
        return self.codes[row][:12]


def codes():
    """Codes of four communities of six by five cells."""
    cells, _ = quads(NX, NY)
    row = np.arange(NX * NY)
    names = np.char.add("9901010010", np.char.zfill((row % NX // 6 + row // NX // 5 * 2 + 1).astype(str), 2))
    order = standard_order(*centres(cells), names)
    found = np.empty(NX * NY, object)
    found[order] = [f"{names[at]}{place % 30 + 1:03d}" for place, at in enumerate(order)]
    return found


@pytest.fixture(scope="session")
def clean():
    return Clean(quads(NX, NY)[0], codes())


@pytest.fixture(scope="session")
def kinds():
    """Faults as a multiset of kind and codes."""
    return lambda report: Counter((fault.kind, fault.codes) for fault in report.faults)
