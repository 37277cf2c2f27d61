"""Cells of a cube: what they are called, where they are, how large, and when they were there.

Tested by `tests/paas/cube/test_cells.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stcloud.paas.cube.apportion import CellShares

__all__ = ["CubeCells", "Floats", "Ints", "Lives", "Parents", "Shapes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = Callable[[], NDArray[Any]]
Parents = Callable[[str], "tuple[CubeCells, Ints]"]
Shares = Callable[[str], "CellShares"]


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """When cells were there; a cell may have gone and come again.

    Parameters
    ----------
    cell
        ``(n,)`` int64, positions of cells.
    begin_us, end_us
        ``(n,)`` int64: when it was there, half-open, UTC microseconds.
    """

    cell: Ints
    begin_us: Ints
    end_us: Ints

    def through(self, edges_us: Ints, count: int) -> NDArray[np.bool_]:
        """Tell which cells were there through the whole of each bin.

        Parameters
        ----------
        edges_us
            ``(t + 1,)`` int64, ascending: bins are half-open.
        count
            How many cells there are.

        Returns
        -------
        ``(t, count)``

        Examples
        --------
        Cell 0 was there from 0 to 10, in two pieces; cell 1 from 5 on:

        >>> lives = Lives(np.array([0, 0, 1]), np.array([0, 4, 5]), np.array([4, 10, 99]))
        >>> lives.through(np.array([0, 5, 10, 15]), 2).tolist()
        [[True, False], [True, True], [False, True]]
        """
        return self._within(edges_us[:-1], edges_us[1:], count)

    def at(self, instants_us: Ints, count: int) -> NDArray[np.bool_]:
        """Tell which of so many cells were there at instants, ascending, ``(t, count)``.

        >>> Lives(np.array([0]), np.array([0]), np.array([4])).at(np.array([-1, 0, 3, 4]), 1)[:, 0].tolist()
        [False, True, True, False]
        """
        return self._within(instants_us, instants_us + 1, count)

    def ever(self, edges_us: Ints, count: int) -> NDArray[np.bool_]:
        """Tell which of so many cells were there at any instant of each bin, ``(t, count)``.

        >>> Lives(np.array([0]), np.array([4]), np.array([6])).ever(np.array([0, 4, 5, 6, 9]), 1)[:, 0].tolist()
        [False, True, True, False]
        """
        there = np.zeros((len(edges_us) - 1, count), np.bool_)
        first = np.searchsorted(edges_us[1:], self.begin_us, side="right")
        stop = np.searchsorted(edges_us[:-1], self.end_us, side="left")
        for place, low, high in zip(self.cell.tolist(), first.tolist(), stop.tolist(), strict=True):
            there[low:high, place] = True
        return there

    def _within(self, begin: Ints, end: Ints, count: int) -> NDArray[np.bool_]:
        """Tell which cells were there through each of some periods ``[begin, end)``, both ascending."""
        there = np.zeros((len(begin), count), np.bool_)
        cell, begin_us, end_us = self._joined()
        first = np.searchsorted(begin, begin_us, side="left")
        stop = np.searchsorted(end, end_us, side="right")
        for place, low, high in zip(cell.tolist(), first.tolist(), stop.tolist(), strict=True):
            there[low:high, place] = True
        return there

    def _joined(self) -> tuple[Ints, Ints, Ints]:
        """Return periods of one cell that follow each other as one."""
        order = np.lexsort((self.begin_us, self.cell))
        cell, begin_us, end_us = self.cell[order], self.begin_us[order], self.end_us[order]
        if not len(cell):
            return cell, begin_us, end_us
        new = np.ones(len(cell), np.bool_)
        latest = end_us.copy()
        for at in range(1, len(cell)):
            if cell[at] == cell[at - 1] and begin_us[at] <= latest[at - 1]:
                new[at], latest[at] = False, max(latest[at], latest[at - 1])
        last = np.append(np.flatnonzero(new)[1:] - 1, len(cell) - 1)
        return cell[new], begin_us[new], latest[last]


@dataclass(frozen=True, slots=True, eq=False)
class CubeCells:
    """The cells of a cube, in the order of its axis.

    Parameters
    ----------
    noun
        The field that names them, as in answers: ``cell_100m``, ``unit``, ``in_communities``.
    names
        ``(c,)`` int64 or text, ascending.
    x, y
        ``(c,)`` float64: centres, or points inside, metres of the city's CRS; NaN where a cell has no place.
    area_m2
        ``(c,)`` float64; NaN where it is not known.
    lives
        When they were there; None: always.
    shapes
        Gives ``(c,)`` geometries in the city's CRS, when they are needed.
    parents
        Gives larger cells by their name (``1km``, ``community``), and which of them each cell is in, ``(c,)``.
    shares
        Gives what share of each cell lies in other cells, by their name.
    boxes
        Gives west, south, east and north of each cell, ``(4, c)``, where all shapes are boxes; None: that is not
        known before the shapes are looked at.
    """

    noun: str
    names: pa.Array
    x: Floats
    y: Floats
    area_m2: Floats
    lives: Lives | None = None
    shapes: Shapes | None = None
    parents: Parents | None = None
    shares: Shares | None = None
    boxes: Callable[[], Floats] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def through(self, edges_us: Ints) -> NDArray[np.bool_]:
        """Tell which cells were there through the whole of each bin, ``(t, c)``."""
        if self.lives is None:
            return np.ones((len(edges_us) - 1, len(self)), np.bool_)
        return self.lives.through(edges_us, len(self))

    def at(self, instants_us: Ints) -> NDArray[np.bool_]:
        """Tell which cells were there at instants, ascending, ``(t, c)``."""
        if self.lives is None:
            return np.ones((len(instants_us), len(self)), np.bool_)
        return self.lives.at(instants_us, len(self))

    def ever(self, edges_us: Ints) -> NDArray[np.bool_]:
        """Tell which cells were there at any instant of each bin, ``(t, c)``."""
        if self.lives is None:
            return np.ones((len(edges_us) - 1, len(self)), np.bool_)
        return self.lives.ever(edges_us, len(self))

    @property
    def changes_us(self) -> Ints:
        """Instants at which any of them began or ended, ascending."""
        if self.lives is None:
            return np.empty(0, np.int64)
        return np.unique(np.concatenate([self.lives.begin_us, self.lives.end_us]))

    @property
    def is_even(self) -> bool:
        """Whether all are of one area, so that counts can be compared as they are."""
        known = self.area_m2[~np.isnan(self.area_m2)]
        return bool(len(known) == 0 or np.ptp(known) <= 1e-6 * known.max())
