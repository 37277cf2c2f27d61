"""Covers: the cells of an area, those wholly inside apart from those at its edge.

A point in an inner cell is in the area, and needs no geometry to say so; only points in edge
cells are compared with the polygon itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from stcloud.errors import InvalidInput
from stcloud.space.cell import CellIds, Level, descendants

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from stcloud.space.lattice import Lattice

__all__ = ["Cover", "contains", "cover"]

Mask: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]

MAX_CELLS = 20_000

# A boundary that crosses a cell crosses about ten of its hundred children, and hardly ever fewer than this.
_FEWEST_HEIRS = 4

_NEIGHBOURS = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1]), axis=-1).reshape(-1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """Disjoint cells that together hold an area.

    Parameters
    ----------
    inner
        ``(n,)`` int64, ids of mixed levels, ascending within a level: cells wholly in the area.
    edge
        ``(m,)`` int64, ids of one level, ascending: the other cells that touch the area.
    """

    inner: CellIds
    edge: CellIds

    def ranges(self, level: Level = Level.M10) -> tuple[CellIds, CellIds, Mask]:
        """Ranges of ids at one level, neighbours of the same kind merged.

        Parameters
        ----------
        level
            Level of the ids, no coarser than the cover's cells.

        Returns
        -------
        ``(starts, stops, inner)``, each ``(n,)``, ascending and disjoint: ids with
        ``start <= id < stop`` are in the cover, and where ``inner`` is True wholly in the area.

        Raises
        ------
        InvalidInput
            ``cell-too-fine``

        Notes
        -----
        A cell lies in one of the ranges exactly when it or an ancestor is in the cover.

        Examples
        --------
        >>> from stcloud.space.lattice import Lattice
        >>> lattice = Lattice("EPSG:32618", (0, 0))
        >>> starts, stops, inner = cover(shapely.box(10, 10, 90, 290), lattice).ranges(Level.M100)
        >>> starts.tolist(), stops.tolist(), inner.tolist()
        ([10000000000], [10000000003], [False])
        """
        cells = np.concatenate([self.inner, self.edge])
        kinds = np.arange(cells.size) < self.inner.size
        starts, stops = descendants(cells, level)
        order = np.argsort(starts)
        starts, stops, kinds = starts[order], stops[order], kinds[order]
        fresh = np.ones(starts.size, np.bool_)
        fresh[1:] = (starts[1:] != stops[:-1]) | (kinds[1:] != kinds[:-1])
        return starts[fresh], stops[np.roll(fresh, -1)], kinds[fresh]

    def merged_ranges(self, max_ranges: int, level: Level = Level.M10) -> tuple[CellIds, CellIds]:
        """Few ranges of ids that hold the cover, for leaving out what cannot match.

        Parameters
        ----------
        max_ranges
            How many ranges at most, 1 or more.
        level
            Level of the ids, no coarser than the cover's cells.

        Returns
        -------
        ``(starts, stops)``, each ``(n,)``, ascending, disjoint, half-open. They hold the cover
        and, where there were too many ranges, also the smallest of the gaps between them.

        Raises
        ------
        InvalidInput
            ``invalid-range-count``, ``cell-too-fine``

        Examples
        --------
        >>> from stcloud.space.lattice import Lattice
        >>> lattice = Lattice("EPSG:32618", (0, 0))
        >>> starts, stops = cover(shapely.box(10, 10, 290, 90), lattice).merged_ranges(1, Level.M100)
        >>> starts.tolist(), stops.tolist()
        ([10000000000], [10000000021])
        """
        if max_ranges < 1:
            raise InvalidInput(
                "invalid-range-count", f"asked for {max_ranges} ranges", hint="ask for 1 or more"
            )
        starts, stops, _ = self.ranges(level)
        gaps = starts[1:] - stops[:-1]
        widest = np.argsort(-gaps, kind="stable")[: max_ranges - 1]
        kept = np.sort(widest[gaps[widest] > 0])
        first, last = np.append(0, kept + 1), np.append(kept, starts.size - 1)
        return (starts[first], stops[last]) if starts.size else (starts, stops)


def cover(
    area: BaseGeometry, lattice: Lattice, *, finest: Level = Level.M100, max_cells: int = MAX_CELLS
) -> Cover:
    """Cover of an area: large cells inside, small ones at its edge.

    Parameters
    ----------
    area
        Polygon or MultiPolygon, valid, in the lattice's CRS; closed: its edge belongs to it.
    lattice
        The lattice.
    finest
        Level of the edge cells.
    max_cells
        Above about so many cells the edge cells are left coarser; one level of cells is always given.

    Returns
    -------
    The cover. What lies outside the lattice's square is left out.

    Raises
    ------
    InvalidInput
        ``not-an-area``

    Notes
    -----
    Cells are disjoint and together hold the area; inner cells lie wholly in it (a cell is taken
    with all its four sides here). Time grows with the length of the boundary, not with the area.

    Examples
    --------
    >>> from stcloud.space.lattice import Lattice
    >>> cells = cover(shapely.box(50, 50, 350, 350), Lattice("EPSG:32618", (0, 0)))
    >>> len(cells.inner), len(cells.edge)
    (4, 12)
    """
    if area.geom_type not in {"Polygon", "MultiPolygon"}:
        raise InvalidInput("not-an-area", f"a {area.geom_type} covers no cells", hint="give a polygon")
    if area.is_empty:
        return Cover(np.empty(0, np.int64), np.empty(0, np.int64))
    boundary = shapely.boundary(area)
    shapely.prepare([area, boundary])
    level, cells = _first_cells(area, lattice, finest, max_cells)
    inner, edge = _sort_out(cells, lattice.centres(cells), level, area, boundary, lattice)
    inside = [inner]
    while level < finest and sum(map(len, inside)) + _FEWEST_HEIRS * len(edge) <= max_cells:
        heirs, centres = _heirs(edge, level, lattice)
        inner, finer = _sort_out(heirs, centres, Level(level + 2), area, boundary, lattice)
        if sum(map(len, inside)) + len(inner) + len(finer) > max_cells:
            break
        inside.append(inner)
        edge, level = finer, Level(level + 2)
    return Cover(np.concatenate(inside), edge)


def _first_cells(
    area: BaseGeometry, lattice: Lattice, finest: Level, max_cells: int
) -> tuple[Level, CellIds]:
    """Lay the coarsest cells that could lie within the area all over its bounds."""
    xmin, ymin, xmax, ymax = area.bounds
    extent = max(xmax - xmin, ymax - ymin)
    level = next((each for each in Level if each.side_m <= extent), finest)
    level = min(level, finest)
    # A cell whose far side the area's edge runs along touches it too.
    west, south = np.nextafter([xmin, ymin], -np.inf)
    cells = lattice.cells_of_box(west, south, xmax, ymax, level)
    if cells.size > max_cells and level > Level.KM1000:
        level = Level(level - 2)
        cells = lattice.cells_of_box(west, south, xmax, ymax, level)
    return level, cells


def _heirs(cells: CellIds, level: Level, lattice: Lattice) -> tuple[CellIds, tuple[Floats, Floats]]:
    """Return the cells of the next level within some of one level, with their centres, from few larger ones'."""
    pair, side = np.arange(100), level.side_m / 10
    x, y = lattice.centres(cells)
    east, north = (
        (x[:, None] + (pair // 10 - 4.5) * side).ravel(),
        (y[:, None] + (pair % 10 - 4.5) * side).ravel(),
    )
    return (cells[:, None] * 100 + pair).ravel(), (east, north)


def _sort_out(
    cells: CellIds,
    centres: tuple[Floats, Floats],
    level: Level,
    area: BaseGeometry,
    boundary: BaseGeometry,
    lattice: Lattice,
) -> tuple[CellIds, CellIds]:
    """Inner cells and edge cells among ``cells``, all of one level; the others are dropped."""
    crossed = np.isin(cells, _beside(boundary, lattice, level))
    (x, y), half = centres, level.side_m / 2
    bounds = np.stack([x - half, y - half, x + half, y + half])[:, crossed]
    squares = shapely.box(*bounds)  # making them takes longer than comparing them
    really = shapely.intersects(boundary, squares)
    crossed[crossed] = really
    # A cell clear of the boundary is wholly inside or wholly outside: its centre decides.
    inner = np.zeros(cells.shape, np.bool_)
    inner[~crossed] = shapely.intersects_xy(area, x[~crossed], y[~crossed])
    inner[crossed] = _within(squares[really], bounds[:, really], area)
    return cells[inner], cells[crossed & ~inner]


def _within(squares: NDArray[np.object_], bounds: NDArray[np.float64], area: BaseGeometry) -> Mask:
    """Tell which squares an area covers; only those are compared whose corners it does."""
    covered = np.ones(len(squares), np.bool_)
    for x, y in ((0, 1), (0, 3), (2, 1), (2, 3)):
        covered[covered] = shapely.intersects_xy(area, bounds[x, covered], bounds[y, covered])
    covered[covered] = shapely.covers(area, squares[covered])
    return covered


def _beside(boundary: BaseGeometry, lattice: Lattice, level: Level) -> CellIds:
    """Return all cells of a level that a boundary crosses or touches, and others beside it."""
    # From a point on it to the next it is half a cell at most: no farther than the cells around the point's.
    points = shapely.get_coordinates(shapely.segmentize(boundary, level.side_m / 2))
    near = (points[:, None] + _NEIGHBOURS * level.side_m).reshape(-1, 2)
    x, y = near[lattice.contains(*near.T)].T
    return np.unique(lattice.cells(x, y, level))


def contains(area: BaseGeometry, x: ArrayLike, y: ArrayLike) -> Mask:
    """Return a mask of the points that lie in an area.

    Parameters
    ----------
    area
        Polygon or MultiPolygon; it is prepared on the way.
    x, y
        float64, any shape, broadcast; in the CRS of ``area``.

    Returns
    -------
    bool, same shape. A point on the edge of the area, or of a hole in it, is in; NaN is not.

    Examples
    --------
    >>> contains(shapely.box(0, 0, 1, 1), [0.5, 1.0, 1.1], [0.5, 0.5, 0.5]).tolist()
    [True, True, False]
    """
    shapely.prepare(area)
    return np.asarray(shapely.intersects_xy(area, x, y), np.bool_)
