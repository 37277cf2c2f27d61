"""A cube on other cells, each of its own cells shared out by area: for cells that do not lie in each other.

Tested by `tests/paas/cube/test_apportion.py` and `tests/paas/query/run/test_cube_cells.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import Unsupported

if TYPE_CHECKING:
    from stcloud.paas.cube.cells import CubeCells
    from stcloud.paas.cube.cube import Cube

__all__ = ["CellShares", "apportioned"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_WHOLE = 1 - 1e-6
"""So much of a cell is all of it, but for rounding along its edges."""


@dataclass(frozen=True, slots=True, eq=False)
class CellShares:
    """What share of each cell lies in each of other cells.

    Parameters
    ----------
    cells
        The others.
    source, target
        ``(k,)`` int64: positions of the two cells of each piece; -1 for a target: the piece is in none of them.
    share
        ``(k,)`` float64: of the source's area. Those of one source add up to 1.
    covered
        ``(c,)`` float64: share of each of the other cells that lies in cells of the cube.
    """

    cells: CubeCells
    source: Ints
    target: Ints
    share: Floats
    covered: Floats


def apportioned(cube: Cube, shares: CellShares) -> Cube:
    """Return the cube on other cells: what a cell has is shared out in proportion to area.

    Returns
    -------
    A cube with float64 sums. A bin is known if the cell lies wholly in cells of the cube that are known in it. What
    comes to lie in no other cell is counted as ``outside``, and in bins that are not known as ``unknown``: parts of
    rows too.

    Raises
    ------
    Unsupported
        ``not-additive``
    """
    for measure in cube.measures.values():
        if measure.joined != "sum":
            raise Unsupported(
                "not-additive",
                f"'{measure.written}' cannot be shared out by area",
                hint="use counts and sums",
            )
    target = replace(cube, cells=shares.cells, mask=_known(cube, shares))
    step, cell, *others = cube.positions()
    row, piece = _pieces(shares, cell, len(cube.cells))
    goal = shares.target[piece]
    known = goal >= 0
    known[known] = target.known[step[row][known], goal[known]]
    axes = [step[row][known], goal[known], *(part[row][known] for part in others)]
    at, place = np.unique(np.ravel_multi_index(axes, target.shape), return_inverse=True)
    parts = {
        name: np.nan_to_num(measure.values.astype(np.float64))[row] * shares.share[piece]
        for name, measure in cube.measures.items()
    }
    measures = {
        name: replace(measure, values=np.bincount(place, parts[name][known], len(at)))
        for name, measure in cube.measures.items()
    }
    counts = [parts[name] for name, measure in cube.measures.items() if measure.written == "count"]
    lost = {"outside": goal < 0, "unknown": (goal >= 0) & ~known}
    leftovers: dict[str, float] = {
        reason: number for reason, number in cube.leftovers.items() if counts or reason not in lost
    }
    for reason, chosen in lost.items():
        if counts:
            leftovers[reason] = leftovers.get(reason, 0) + float(counts[0][chosen].sum())
    return replace(target, at=at.astype(np.int64), measures=measures, leftovers=leftovers)


def _pieces(shares: CellShares, cell: Ints, cells: int) -> tuple[Ints, Ints]:
    """Return the pieces of the cell of each bin: positions of bins, and of their pieces."""
    order = np.argsort(shares.source, kind="stable")
    count = np.bincount(shares.source, minlength=cells)
    start = np.cumsum(count) - count
    each = count[cell]
    row = np.repeat(np.arange(len(cell)), each)
    within = np.arange(len(row)) - np.repeat(np.cumsum(each) - each, each)
    return row, order[start[cell][row] + within]


def _known(cube: Cube, shares: CellShares) -> NDArray[np.bool_]:
    """Return in which bins all cells that another cell lies in are known."""
    mask = np.repeat((shares.covered >= _WHOLE)[None, :], len(cube.labels), axis=0)
    inside = shares.target >= 0
    source, target = shares.source[inside], shares.target[inside]
    for step, known in enumerate(cube.known):
        mask[step, target[~known[source]]] = False
    return mask
