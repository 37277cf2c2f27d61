"""Crosswalks: how much of each cell of one grid lies in each cell of another.

Counts of one grid are re-stated on another by area: of the lattice and a unit grid, or of two versions of a
unit grid. What lies in no cell of the other grid is a row of its own, so nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import ArrayLike, NDArray

from stcloud.errors import InvalidInput
from stcloud.index.coverage import box_areas
from stcloud.space import Lattice, Level

__all__ = ["Apportioned", "Crosswalk", "crosswalk", "crosswalk_versions"]

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]
Geometries: TypeAlias = NDArray[np.object_]
Keys: TypeAlias = NDArray[Any]
Side: TypeAlias = Literal["left", "right"]

_NOISE = 1e-9  # share of a cell that is the rounding of its area and no piece of it
_OVERLAP = 1e-3  # share of a cell that may be in two cells of the other grid: millimetres along its edge


@dataclass(frozen=True, slots=True, eq=False)
class Apportioned:
    """Values on the cells of another grid.

    Parameters
    ----------
    keys
        ``(m,)`` text or int64, the cells.
    values
        ``(m,)`` float64, what each holds.
    outside
        What lies in none of them.
    """

    keys: Keys
    values: Floats
    outside: float


@dataclass(frozen=True, slots=True, eq=False)
class Crosswalk:
    """Area-weighted, many-to-many table of two sets of cells, called left and right.

    Parameters
    ----------
    left_keys, right_keys
        ``(n,)`` and ``(m,)`` text or int64, unique: the cells of each side.
    left_area_m2, right_area_m2
        ``(n,)`` and ``(m,)`` float64: their areas.
    left, right
        ``(k,)`` int64: positions of the two cells of each piece; -1 where a piece is in no cell of that side.
    area_m2
        ``(k,)`` float64, above 0: area of each piece.
    """

    left_keys: Keys
    right_keys: Keys
    left_area_m2: Floats
    right_area_m2: Floats
    left: Indices
    right: Indices
    area_m2: Floats

    def restate(self, values: ArrayLike, *, to: Side, keys: ArrayLike | None = None) -> Apportioned:
        """Spread values of one side's cells over the other's, each in proportion to area.

        For what adds up: counts, lengths, populations. Of a density, re-state density times area and divide
        by the area of the cells it goes to.

        Parameters
        ----------
        values
            ``(n,)`` numbers of the cells of the side they come from.
        to
            Side they go to.
        keys
            ``(n,)`` cells the values are of; by default all of their side, in its order. A cell that the table
            does not have is outside.

        Returns
        -------
        A value for every cell of the side they go to, in its order, and what is outside.

        Raises
        ------
        InvalidInput
            ``unequal-lengths``

        Notes
        -----
        Conserves mass: ``sum(result.values) + result.outside == sum(values)`` within 1e-9 of the sum of
        magnitudes, so where every cell is fully covered nothing is outside. O(pieces).

        Examples
        --------
        >>> table = crosswalk([shapely.box(50, 0, 150, 100)], ["a"], Lattice("EPSG:32618", (0, 0)), Level.M100)
        >>> spread = table.restate([8], to="right")
        >>> spread.keys.tolist(), spread.values.tolist(), spread.outside
        ([10000000000, 10000000010], [4.0, 4.0], 0.0)
        >>> table.restate([8, 2], to="left").outside
        5.0
        """
        own, other = (self.left, self.right) if to == "right" else (self.right, self.left)
        known, goal = (
            (self.left_keys, self.right_keys) if to == "right" else (self.right_keys, self.left_keys)
        )
        given = np.asarray(values, np.float64)
        wanted = known if keys is None else np.asarray(keys, known.dtype)
        if given.shape != (len(wanted),):
            raise InvalidInput("unequal-lengths", f"{given.size} values of {len(wanted)} cells")
        position = (
            pd.Index(known).get_indexer(pd.Index(wanted)) if keys is not None else np.arange(len(known))
        )
        held = np.bincount(position[position >= 0], given[position >= 0], len(known))
        row = own >= 0
        pieces = held[own[row]] * self.shares("left" if to == "right" else "right")[row]
        inside = other[row] >= 0
        spread = np.bincount(other[row][inside], pieces[inside], len(goal)).astype(np.float64)
        return Apportioned(goal, spread, float(pieces[~inside].sum() + given[position < 0].sum()))

    def shares(self, side: Side) -> Floats:
        """Return the share that each piece has of its cell of a side.

        Parameters
        ----------
        side
            The side.

        Returns
        -------
        ``(k,)`` float64 from 0 to 1; NaN where the piece is in no cell of that side.

        Notes
        -----
        The shares of a cell sum to 1: the pieces in no cell of the other side are among them.
        """
        own = self.left if side == "left" else self.right
        whole = np.bincount(own[own >= 0], self.area_m2[own >= 0], own.max(initial=-1) + 1)
        shares = np.full(own.size, np.nan)
        shares[own >= 0] = self.area_m2[own >= 0] / whole[own[own >= 0]]
        return shares

    def to_arrow(self, *, left: str = "unit", right: str = "cell") -> pa.Table:
        """Return a table of the pieces.

        Parameters
        ----------
        left, right
            What the sides are called.

        Returns
        -------
        Columns ``left``, ``right`` (null where a piece is in no cell of that side), ``area_m2`` and
        ``share_of_`` each side (null likewise).

        Examples
        --------
        >>> table = crosswalk([shapely.box(0, 0, 150, 100)], ["a"], Lattice("EPSG:32618", (0, 0)), Level.M100)
        >>> for row in table.to_arrow().select(["unit", "area_m2", "share_of_unit", "share_of_cell"]).to_pylist():
        ...     print(*row.values())
        a 10000.0 0.666... 1.0
        a 5000.0 0.333... 0.5
        None 5000.0 None 0.5
        """
        return pa.table(
            {
                left: _taken(self.left_keys, self.left),
                right: _taken(self.right_keys, self.right),
                "area_m2": self.area_m2,
                f"share_of_{left}": pa.array(self.shares("left"), from_pandas=True),
                f"share_of_{right}": pa.array(self.shares("right"), from_pandas=True),
            }
        )


def _taken(keys: Keys, positions: Indices) -> pa.Array:
    return pa.array(keys).take(pa.array(positions, mask=positions < 0))


def crosswalk(
    units: Geometries | Sequence[Any], codes: Sequence[str] | Keys, lattice: Lattice, level: Level
) -> Crosswalk:
    """Return a crosswalk of unit cells (left) and the cells of the lattice they touch (right).

    Parameters
    ----------
    units
        ``(n,)`` Polygons or MultiPolygons, valid and not empty, in the lattice's CRS.
    codes
        ``(n,)`` text, unique.
    lattice
        The lattice.
    level
        Level of its cells.

    Returns
    -------
    The crosswalk; its right side is the cells that hold a piece of a unit, ascending.

    Raises
    ------
    InvalidInput
        ``not-an-area``, ``duplicate-code``, ``unequal-lengths``, ``outside-lattice``,
        ``too-many-cells``; ``overlapping-cells`` when units overlap by more than a thousandth of a cell.

    Notes
    -----
    A piece's area is the integral along the unit's edges, without any geometry made. Time grows with the
    number of edges and of cells in the units' boxes: 140,000 units and cells of 100 m take two seconds.

    Examples
    --------
    >>> table = crosswalk([shapely.box(50, 0, 150, 100)], ["a"], Lattice("EPSG:32618", (0, 0)), Level.M100)
    >>> table.right_keys.tolist(), table.area_m2.tolist()
    ([10000000000, 10000000010], [5000.0, 5000.0, 5000.0, 5000.0])
    """
    shapes, names = _checked(units, codes)
    unit, x, y, areas = box_areas(shapes, lattice.origin, level.side_m)
    cells = lattice.cells(x, y, level)
    keys, cell = np.unique(cells, return_inverse=True)
    whole = np.full(keys.size, float(level.side_m) ** 2)
    return _tabulate((names, shapely.area(shapes), unit), (keys, whole, cell), areas)


def crosswalk_versions(
    old: Geometries | Sequence[Any],
    old_codes: Sequence[str] | Keys,
    new: Geometries | Sequence[Any],
    new_codes: Sequence[str] | Keys,
) -> Crosswalk:
    """Return a crosswalk of two versions of a unit grid, the old (left) and the new (right).

    Parameters
    ----------
    old, new
        ``(n,)`` and ``(m,)`` Polygons or MultiPolygons, valid and not empty, in one metric CRS.
    old_codes, new_codes
        ``(n,)`` and ``(m,)`` text, unique within a version.

    Returns
    -------
    The crosswalk.

    Raises
    ------
    InvalidInput
        ``not-an-area``, ``duplicate-code``, ``unequal-lengths``; ``overlapping-cells`` when the cells of a
        version overlap by more than a thousandth of a cell.

    Notes
    -----
    A cell with the same vertices in both is paired with itself, whole, and with no other; among the rest each
    pair that touches is intersected: 30 microseconds a pair.

    Examples
    --------
    >>> halves = [shapely.box(0, 0, 5, 10), shapely.box(5, 0, 10, 10)]
    >>> table = crosswalk_versions(halves, ["a", "b"], [shapely.box(0, 0, 10, 10)], ["c"])
    >>> table.restate([3, 4], to="right").values.tolist(), table.restate([7], to="left").values.tolist()
    ([7.0], [3.5, 3.5])
    """
    lefts, left_names = _checked(old, old_codes)
    rights, right_names = _checked(new, new_codes)
    left_area, right_area = shapely.area(lefts), shapely.area(rights)
    same_left, same_right = _unchanged(lefts, rights)
    left, right = np.delete(np.arange(lefts.size), same_left), np.delete(np.arange(rights.size), same_right)
    second, first = shapely.STRtree(lefts[left]).query(rights[right], predicate="intersects")
    left, right = left[first], right[second]
    areas = shapely.area(shapely.intersection(lefts[left], rights[right]))
    return _tabulate(
        (left_names, left_area, np.concatenate([same_left, left])),
        (right_names, right_area, np.concatenate([same_right, right])),
        np.concatenate([left_area[same_left], areas]),
    )


def _unchanged(old: Geometries, new: Geometries) -> tuple[Indices, Indices]:
    """Return the positions of the polygons that are in both, by the same vertices; none that is twice in one."""
    olds, news = (pd.Series(shapely.to_wkb(shapely.normalize(side))) for side in (old, new))
    olds, news = olds[~olds.duplicated(keep=False)], news[~news.duplicated(keep=False)]
    place = pd.Index(news).get_indexer(pd.Index(olds))
    return olds.index.to_numpy()[place >= 0], news.index.to_numpy()[place[place >= 0]]


def _checked(units: Geometries | Sequence[Any], codes: Sequence[str] | Keys) -> tuple[Geometries, Keys]:
    shapes, names = np.asarray(units, np.object_), np.asarray(codes, np.object_)
    if shapes.shape != names.shape:
        raise InvalidInput("unequal-lengths", f"{shapes.size} cells have {names.size} codes")
    strange = ~np.isin(shapely.get_type_id(shapes), (3, 6)) | shapely.is_empty(shapes)
    if strange.any():
        first = int(np.argmax(strange))
        raise InvalidInput(
            "not-an-area", f"cell {names[first]} is not a polygon with an inside: {shapes[first]}"
        )
    twice = pd.Index(names).duplicated()
    if twice.any():
        raise InvalidInput("duplicate-code", f"code {names[np.argmax(twice)]} stands twice in one grid")
    return shapes, names


def _tabulate(
    left: tuple[Keys, Floats, Indices], right: tuple[Keys, Floats, Indices], area_m2: Floats
) -> Crosswalk:
    """Keep the pieces that are more than rounding, and add a row for what each cell has outside the other grid."""
    (left_keys, left_area, lefts), (right_keys, right_area, rights) = left, right
    kept = area_m2 > _NOISE * np.minimum(left_area[lefts], right_area[rights])
    lefts, rights, area_m2 = lefts[kept], rights[kept], area_m2[kept]
    alone_left, rest_left = _rest(left_keys, left_area, lefts, area_m2)
    alone_right, rest_right = _rest(right_keys, right_area, rights, area_m2)
    nothing_left, nothing_right = np.full(alone_right.size, -1), np.full(alone_left.size, -1)
    return Crosswalk(
        left_keys, right_keys, left_area, right_area,
        np.concatenate([lefts, alone_left, nothing_left]),
        np.concatenate([rights, nothing_right, alone_right]),
        np.concatenate([area_m2, rest_left, rest_right]),
    )  # fmt: skip


def _rest(keys: Keys, whole_m2: Floats, cells: Indices, area_m2: Floats) -> tuple[Indices, Floats]:
    """Return the cells that the other grid does not cover, and the area left over."""
    rest = whole_m2 - np.bincount(cells, area_m2, whole_m2.size)
    if (rest < -_OVERLAP * whole_m2).any():
        worst = int(np.argmin(rest / whole_m2))
        raise InvalidInput(
            "overlapping-cells",
            f"{-rest[worst]:.3g} of {whole_m2[worst]:.6g} m² of {keys[worst]} lie in two cells of the other grid",
            hint="check the other grid for overlaps first",
        )
    open_ = np.flatnonzero(rest > _NOISE * whole_m2)
    return open_, rest[open_]
