"""Blocks: squares of 250 m and 500 m, made of whole 10 m cells, that events are counted by like the lattice's cells.

The number of a block is that of its cell of 1 km with one more pair, its column and row within that cell, and with a
2 (250 m) or a 5 (500 m) in place of the leading 1: ``5 45 55 80 37 10`` is the south-east quarter of
``1 45 55 80 37``.
"""

from __future__ import annotations

import enum
import functools
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.space.cell import NO_CELL, CellIds, Level, descendants, digits_of, parse_level_cell, unknown_cell

__all__ = ["Block", "CellSize", "anchored", "parse_cell", "parse_cell_size", "ranges"]

Floats: TypeAlias = NDArray[np.float64]

_FINE_M = Level.M10.side_m
_ACROSS = Level.KM1.side_m // _FINE_M
"""Cells of 10 m side by side in a cell of 1 km."""
_FINE_IN_KM = _ACROSS**2
_PAIR = 100
_KM_LOW = int(10 ** (Level.KM1.digits - 1))


class Block(enum.Enum):
    """Size of a block; its value is the side in metres.

    Examples
    --------
    >>> Block.M500.label, Block.M500.across
    ('500m', 2)
    >>> Block.M500.of(np.array([1455580374963, NO_CELL])).tolist()
    [54555803701, 0]
    """

    M250 = 250
    M500 = 500

    def __str__(self) -> str:
        return self.label

    @property
    def side_m(self) -> int:
        """Side in metres."""
        return int(self.value)

    @property
    def label(self) -> str:
        """Name in metres."""
        return f"{self.side_m}m"

    @property
    def across(self) -> int:
        """Blocks side by side in a cell of 1 km."""
        return Level.KM1.side_m // self.side_m

    @property
    def fine(self) -> int:
        """Cells of 10 m side by side in a block."""
        return self.side_m // _FINE_M

    @property
    def above(self) -> int:
        """What is added to a cell of 1 km and one pair, so that the leading 1 is the block's digit."""
        digit = int(str(self.side_m)[0])
        return (digit - 1) * _KM_LOW * _PAIR

    def of(self, cells: CellIds) -> CellIds:
        """Return the block that each cell of 10 m is in.

        Parameters
        ----------
        cells
            int64, any shape; `NO_CELL` stays what it is.

        Returns
        -------
        int64, same shape.
        """
        km, within = np.divmod(cells, _FINE_IN_KM)
        blocks: CellIds = np.where(cells == NO_CELL, NO_CELL, km * _PAIR + self.above + _pairs(self)[within])
        return blocks


CellSize: TypeAlias = Level | Block
"""What cells are counted by: a level of the lattice, or a block of its cells."""


def parse_cell_size(text: str) -> CellSize:
    """Read the name of a level, or of a block.

    Parameters
    ----------
    text
        ``10m``, ``100m``, ``250m``, ``500m``, ``1km``, ``10km``, ``100km`` or ``1000km``.

    Returns
    -------
    The level or block.

    Raises
    ------
    InvalidInput
        ``unknown-level``, with the names there are.

    Examples
    --------
    >>> parse_cell_size("500m"), parse_cell_size("1km")
    (<Block.M500: 500>, <Level.KM1: 9>)
    """
    sizes: list[CellSize] = sorted((*Level, *Block), key=lambda size: size.side_m)
    known = {size.label: size for size in sizes}
    if text not in known:
        raise InvalidInput(
            "unknown-level", f"there are no cells of {text!r}", hint=f"use one of {', '.join(known)}"
        )
    return known[text]


def parse_cell(text: str | int) -> int:
    """Read the number of a cell or of a block given by a person.

    Parameters
    ----------
    text
        Digits, without spaces or separators.

    Returns
    -------
    The number.

    Raises
    ------
    InvalidInput
        ``unknown-cell``

    Examples
    --------
    >>> parse_cell("13507429318"), parse_cell("53507429310")
    (13507429318, 53507429310)
    """
    plain = str(text).strip()
    if plain.isascii() and plain.isdecimal() and plain[0] != "0" and len(plain) == Level.M100.digits:
        number = int(plain)
        if _block_of(number) is not None:
            return number
    return parse_level_cell(text)


def _block_of(number: int) -> Block | None:
    """Return the size of a block, or None if the number is none of a block."""
    column, row = number // 10 % 10, number % 10
    for block in Block:
        if 0 <= number - block.above - _KM_LOW * _PAIR < _KM_LOW * _PAIR:
            return block if max(column, row) < block.across else None
    return None


def anchored(cells: CellIds) -> tuple[CellIds, Floats, Floats]:
    """Return the cell of a level that has the same south-west corner as each cell or block.

    Parameters
    ----------
    cells
        int64, any shape; levels and blocks may be mixed.

    Returns
    -------
    Of the same shape: int64 ids, those of levels as they were; float64 sides of these, and of what was given, metres.

    Raises
    ------
    InvalidInput
        ``unknown-cell``

    Examples
    --------
    >>> [values.tolist() for values in anchored(np.array([145558037, 54555803710]))]
    [[145558037, 1455580375000], [1000.0, 10.0], [1000.0, 500.0]]
    """
    ids, of_block = cells, []
    for block in Block:
        number = cells - block.above
        is_block = (number >= _KM_LOW * _PAIR) & (number < 2 * _KM_LOW * _PAIR)
        if is_block.any():
            km, pair = np.divmod(number, _PAIR)
            is_wrong = is_block & (np.maximum(pair // 10, pair % 10) >= block.across)
            if is_wrong.any():
                raise unknown_cell(int(cells[is_wrong].flat[0]))
            corner = _within(pair // 10 * block.fine, pair % 10 * block.fine)
            ids = np.where(is_block, km * _FINE_IN_KM + corner, ids)
            of_block.append((is_block, block.side_m))
    level_m = np.asarray(10.0 ** ((15 - digits_of(ids)) // 2))
    side_m = level_m.copy()
    for is_block, metres in of_block:
        side_m[is_block] = metres
    return ids, level_m, side_m


def ranges(cell: int) -> tuple[tuple[int, int], ...]:
    """Return the 10 m cells of a cell or block as half-open ranges, ascending.

    Raises
    ------
    InvalidInput
        ``unknown-cell``

    Examples
    --------
    >>> ranges(145558037), len(ranges(54555803710))
    (((1455580370000, 1455580380000),), 5)
    """
    block = _block_of(cell)
    if block is None:
        return (descendants(cell),)
    km, pair = divmod(cell - block.above, _PAIR)
    inside = np.flatnonzero(_pairs(block) == pair)
    starts = inside[np.diff(inside, prepend=-2) != 1]
    stops = inside[np.diff(inside, append=_FINE_IN_KM + 1) != 1] + 1
    first = km * _FINE_IN_KM
    return tuple(
        (first + start, first + stop) for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
    )


def _within(column: CellIds, row: CellIds) -> CellIds:
    """Return the two last pairs of 10 m cells, by their columns and rows within the cell of 1 km."""
    pairs: CellIds = column // 10 * 1000 + row // 10 * 100 + column % 10 * 10 + row % 10
    return pairs


@functools.cache
def _pairs(block: Block) -> CellIds:
    """Return the pair of the block, by the two last pairs of a 10 m cell (80 kB)."""
    column, row = np.divmod(np.arange(_FINE_IN_KM, dtype=np.int64), _ACROSS)
    pairs = np.empty(_FINE_IN_KM, np.int64)
    pairs[_within(column, row)] = column // block.fine * 10 + row // block.fine
    pairs.flags.writeable = False
    return pairs
