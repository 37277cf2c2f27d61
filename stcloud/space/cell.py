"""Cell ids: prefix codes on a decimal lattice, and the algebra that needs no coordinates.

An id is a leading 1, then one pair (column digit, row digit) per level: ``1 35`` is column 3,
row 5 of the 1,000 km cells, ``1 35 07`` its child in column 0, row 7. So the number of digits is
the level, and a parent is the id without its last pair.
"""

from __future__ import annotations

import enum
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput

__all__ = [
    "NO_CELL", "CellIds", "Level", "children", "descendants", "digits_of", "level_of", "parent", "parse_level_cell",
    "unknown_cell",
]  # fmt: skip

CellIds: TypeAlias = NDArray[np.int64]

NO_CELL = 0
"""The id of no cell: what a point without coordinates gets."""


class Level(enum.IntEnum):
    """Level of the lattice; its value is the number of digits of an id, so finer is greater.

    Examples
    --------
    >>> Level.M100.label, Level.M100.side_m, Level.M100.digits
    ('100m', 100, 11)
    >>> Level.parse("1km") < Level.M100
    True
    """

    KM1000 = 3
    KM100 = 5
    KM10 = 7
    KM1 = 9
    M100 = 11
    M10 = 13

    def __str__(self) -> str:
        return self.label

    @property
    def digits(self) -> int:
        """Number of digits of an id of this level."""
        return self.value

    @property
    def side_m(self) -> int:
        """Side of a cell in metres."""
        return int(10 ** ((15 - self.value) // 2))

    @property
    def label(self) -> str:
        """Name in metres or kilometres: ``100m``, ``1km``."""
        return f"{self.side_m}m" if self.side_m < 1000 else f"{self.side_m // 1000}km"

    @classmethod
    def parse(cls, text: str) -> Level:
        """Read a level's name.

        Parameters
        ----------
        text
            ``10m``, ``100m``, ``1km``, ``10km``, ``100km`` or ``1000km``.

        Returns
        -------
        The level.

        Raises
        ------
        InvalidInput
            ``unknown-level``

        Examples
        --------
        >>> Level.parse("100m")
        <Level.M100: 11>
        """
        known = {level.label: level for level in cls}
        if text not in known:
            names = ", ".join(reversed(known))
            raise InvalidInput("unknown-level", f"there are no cells of {text!r}", hint=f"use one of {names}")
        return known[text]


def level_of(cell: int) -> Level:
    """Level of a cell.

    Parameters
    ----------
    cell
        Cell id.

    Returns
    -------
    The level.

    Raises
    ------
    InvalidInput
        ``unknown-cell``

    Examples
    --------
    >>> level_of(1350742)
    <Level.KM10: 7>
    """
    return Level(int(digits_of(np.asarray(cell, np.int64))))


def digits_of(cells: CellIds) -> NDArray[np.intp]:
    """Count the digits of each id: its level.

    Parameters
    ----------
    cells
        int64, any shape; levels may be mixed.

    Returns
    -------
    intp, same shape.

    Raises
    ------
    InvalidInput
        ``unknown-cell``
    """
    digits = np.zeros(cells.shape, np.intp)
    for level in Level:
        low = 10 ** (level - 1)
        digits[(cells >= low) & (cells < 2 * low)] = level
    if cells.size and not digits.all():
        raise unknown_cell(int(cells[digits == 0].flat[0]))
    return digits


def unknown_cell(cell: object) -> InvalidInput:
    """Return the error of what is no cell."""
    return InvalidInput(
        "unknown-cell",
        f"{cell} is not a cell id",
        hint="an id is a 1 followed by 1 to 6 pairs of digits, such as 13507429318 (a block of 250m or 500m, whose "
        "number begins with 2 or 5, is a place to ask for, and has no level)",
    )


_POWERS = 100 ** np.arange(6, dtype=np.int64)


@overload
def parent(cells: int, level: Level | None = None) -> int: ...
@overload
def parent(cells: CellIds, level: Level | None = None) -> CellIds: ...
def parent(cells: int | CellIds, level: Level | None = None) -> int | CellIds:
    """Return the parent of each cell, one level up or at a given level.

    Parameters
    ----------
    cells
        Cell id, or int64 array of any shape; ``NO_CELL`` stays what it is.
    level
        Level of the answer, no finer than any of the cells; one level up by default.

    Returns
    -------
    Id or int64 array of the same shape.

    Raises
    ------
    InvalidInput
        ``unknown-cell``, ``cell-too-coarse``

    Notes
    -----
    The parent of a point's cell is the point's cell one level up.

    Examples
    --------
    >>> parent(1350742), parent(13507429318, Level.KM1)
    (13507, 135074293)
    """
    ids = np.asarray(cells, np.int64)
    held = ids != NO_CELL
    digits = digits_of(ids[held])
    target = digits - 2 if level is None else np.full(digits.shape, level)
    coarse = ids[held][(target > digits) | (target < Level.KM1000)]
    if coarse.size:
        fault = "has no parent" if level is None else f"is coarser than {level}"
        raise InvalidInput("cell-too-coarse", f"cell {coarse[0]} {fault}", hint="ask for a coarser level")
    steps = np.zeros(ids.shape, np.intp)
    steps[held] = (digits - target) // 2
    parents = ids // _POWERS[steps]
    return int(parents) if isinstance(cells, int) else parents


@overload
def descendants(cells: int, level: Level = Level.M10) -> tuple[int, int]: ...
@overload
def descendants(cells: CellIds, level: Level = Level.M10) -> tuple[CellIds, CellIds]: ...
def descendants(cells: int | CellIds, level: Level = Level.M10) -> tuple[int, int] | tuple[CellIds, CellIds]:
    """Return the range of ids that lie within each cell at a finer level.

    Parameters
    ----------
    cells
        Cell id, or int64 array of any shape.
    level
        Level of the answer, no coarser than any of the cells.

    Returns
    -------
    ``(first, stop)``, half-open: the ids with ``first <= id < stop`` are all the descendants.

    Raises
    ------
    InvalidInput
        ``unknown-cell``, ``cell-too-fine``

    Notes
    -----
    Descendants of a cell are contiguous, and those of different cells of a level are disjoint.

    Examples
    --------
    >>> descendants(1350742, Level.M100)
    (13507420000, 13507430000)
    """
    ids = np.asarray(cells, np.int64)
    digits = digits_of(ids)
    fine = ids[digits > level]
    if fine.size:
        raise InvalidInput(
            "cell-too-fine", f"cell {fine[0]} is finer than {level}", hint="ask for a finer level"
        )
    factor = _POWERS[(level - digits) // 2]
    first, stop = ids * factor, (ids + 1) * factor
    return (int(first), int(stop)) if isinstance(cells, int) else (first, stop)


def children(cell: int) -> CellIds:
    """Return the 100 cells that make up a cell, one level down.

    Parameters
    ----------
    cell
        Cell id, coarser than 10 m.

    Returns
    -------
    ``(100,)`` int64, ascending: column by column, each from south to north.

    Raises
    ------
    InvalidInput
        ``unknown-cell``, ``cell-too-fine``

    Examples
    --------
    >>> children(135)[[0, 1, 10, 99]].tolist()
    [13500, 13501, 13510, 13599]
    """
    if level_of(cell) is Level.M10:
        raise InvalidInput(
            "cell-too-fine", f"cell {cell} of 10m has no children", hint="ask for a coarser cell"
        )
    return np.arange(cell * 100, cell * 100 + 100, dtype=np.int64)


def parse_level_cell(text: str | int) -> int:
    """Read the id of a cell of a level given by a person.

    Parameters
    ----------
    text
        Digits, without spaces or separators.

    Returns
    -------
    The id.

    Raises
    ------
    InvalidInput
        ``unknown-cell``

    Examples
    --------
    >>> parse_level_cell("13507429318")
    13507429318
    """
    plain = str(text).strip()
    if not (plain.isascii() and plain.isdecimal() and plain[0] == "1" and len(plain) in set(Level)):
        raise unknown_cell(repr(text))
    return int(plain)
