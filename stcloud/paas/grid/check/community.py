"""Cells and communities: what strays from one into another or out of all, and what none of its cells covers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.grid.check.coverage import covered, gap_faults
from stcloud.paas.grid.check.inspected import Geometries, InspectedGrid, Mask, Positions, polygonal
from stcloud.paas.grid.check.report import Fault
from stcloud.paas.grid.check.rules import Rules
from stcloud.paas.grid.check.tolerance import opened

__all__ = ["Communities", "Fit", "fit"]


@dataclass(frozen=True, slots=True, eq=False)
class Communities:
    """Polygons of communities and their codes."""

    polygons: Geometries
    codes: NDArray[np.object_]

    @classmethod
    def of(cls, polygons: Any, codes: Any) -> Communities:
        """Take what a caller has; refuse communities without codes of their own."""
        shapes, texts = np.asarray(polygons, object), np.asarray([] if codes is None else codes, object)
        if len(shapes) != len(texts) or len(set(texts.tolist())) < len(texts):
            raise InvalidInput(
                "invalid-communities",
                f"{len(shapes)} communities have {len(set(texts.tolist()))} codes",
                hint="give each a code of its own",
            )
        return cls(polygonal(np.asarray(shapely.make_valid(shapes))), texts)

    def home_of(self, ground: Geometries) -> Positions:
        """Return the community that holds a point of each cell; -1 for none."""
        points = shapely.STRtree(shapely.point_on_surface(ground))
        which, cell = points.query(self.polygons, predicate="intersects")
        home = np.full(len(ground), -1)
        home[cell[::-1]] = which[::-1]
        return home


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Community that each current cell lies in, -1 for none; and what is wrong with that."""

    home: Positions
    faults: tuple[Fault, ...]


def fit(grid: InspectedGrid, current: Mask, communities: Communities, suspect: Mask, rules: Rules) -> Fit:
    """Lay the current cells over the communities.

    Notes
    -----
    Each community is compared with the union of its cells, so that no cell is compared with its community unless
    something is wrong: an operation per community, not per cell.
    """
    rows = np.flatnonzero(current & ~shapely.is_empty(grid.ground))
    home = np.full(len(grid), -1)
    home[rows] = communities.home_of(grid.ground[rows])
    unions = covered(grid, home, len(communities.polygons), suspect)
    stray, owner = opened(
        polygonal(np.asarray(shapely.difference(unions, communities.polygons))), rules.tolerance_m
    )
    strays = np.concatenate((_straying(grid, home, stray, owner), rows[home[rows] < 0]))
    faults: list[Fault] = []
    lost = list(stray)
    for row in np.unique(strays):
        home[row] = _own(grid, communities, row)
        faults += _fault_of(grid, communities, int(row), int(home[row]), rules)
        lost.append(grid.ground[row])
    bare = shapely.difference(communities.polygons, unions)
    if lost:
        bare = shapely.difference(bare, shapely.union_all(lost))
    faults += gap_faults(grid, polygonal(np.asarray(bare)), current, rules)
    return Fit(home, tuple(faults))


def _straying(grid: InspectedGrid, home: Positions, stray: Geometries, owner: Positions) -> Positions:
    """Return the cells that have ground in the pieces that lie outside of their community."""
    if not len(stray):
        return np.empty(0, np.intp)
    piece, cell = shapely.STRtree(grid.ground).query(stray, predicate="intersects")
    straying: Positions = cell[home[cell] == owner[piece]]
    return straying


def _own(grid: InspectedGrid, communities: Communities, row: int) -> int:
    """Return the community that most of a cell lies in; -1 for none."""
    areas = shapely.area(shapely.intersection(communities.polygons, grid.ground[row]))
    return int(np.argmax(areas)) if areas.any() else -1


def _fault_of(
    grid: InspectedGrid, communities: Communities, row: int, own: int, rules: Rules
) -> Iterator[Fault]:
    """Tell what of a cell lies in other communities, and what in none."""
    cell, near = grid.ground[row], communities.polygons
    away = cell if own < 0 else shapely.difference(cell, near[own])
    others = np.flatnonzero(shapely.intersects(near, cell) & (np.arange(len(near)) != own))
    for other in others:
        where, names = _wide(shapely.intersection(away, near[other]), rules), communities.codes
        if where is not None:
            message = f"{where.area:.6g} m² of a cell of {names[own]} lie in {names[other]}"
            yield grid.fault("across-community", (row,), message, where)
    nowhere = _wide(shapely.difference(away, shapely.union_all(near[others])), rules)
    if nowhere is not None:
        message = f"{nowhere.area:.6g} m² of a cell lie in no community"
        yield grid.fault("outside-community", (row,), message, nowhere)


def _wide(shape: Any, rules: Rules) -> Any:
    """Return the parts that are wide enough to be a fault, as one geometry; None when there are none."""
    parts, _ = opened(polygonal(np.array([shape], object)), rules.tolerance_m)
    return shapely.union_all(parts) if len(parts) else None
