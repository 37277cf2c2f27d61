"""The decimal lattice: cells of 1,000 km down to 10 m in a city's metric CRS.

``10,000-metre cell`` (万米单元) is about 10,000 square metres: the 100 m cells. Those who mean a side of
10,000 metres ask for the 10 km cells of the same lattice.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stcloud.errors import InvalidInput
from stcloud.space.block import anchored
from stcloud.space.cell import NO_CELL, CellIds, Level
from stcloud.space.origin import ORIGIN_STEP_M, SIDE_M, origin_of

if TYPE_CHECKING:
    import pyproj
    import shapely

__all__ = ["Lattice"]

Floats: TypeAlias = NDArray[np.float64]

MAX_BOX_CELLS = 10_000_000
_CHUNK = 32_768  # points at once: what is worked on stays in the second-level cache


@dataclass(frozen=True, slots=True)
class Lattice:
    """A square of 10,000 km x 10,000 km in a metric CRS, divided by ten and ten again.

    Parameters
    ----------
    crs
        Text of the CRS.
    origin
        ``(x0, y0)``, south-west corner in metres, multiples of 1,000,000.

    Examples
    --------
    >>> lattice = Lattice("EPSG:32618", (-4_000_000, -1_000_000))
    >>> lattice.cells(583_960.0, 4_507_351.0, Level.M100).item()
    14555803793
    """

    crs: str
    origin: tuple[int, int]

    def __post_init__(self) -> None:
        if len(self.origin) != 2 or any(not float(o).is_integer() or o % ORIGIN_STEP_M for o in self.origin):
            raise InvalidInput(
                "invalid-origin",
                f"a lattice starts at two multiples of 1,000,000 m, not at {self.origin}",
                hint="use Lattice.for_crs",
            )
        _require_metric(self.crs)

    @classmethod
    def kept(cls, crs: str, origin: tuple[int, int]) -> Lattice:
        """Return the lattice of arguments that made one before; they are not checked again."""
        lattice = object.__new__(cls)
        object.__setattr__(lattice, "crs", crs)
        object.__setattr__(lattice, "origin", origin)
        return lattice

    @classmethod
    def for_crs(cls, crs: str) -> Lattice:
        """Lattice centred on the area a CRS is made for.

        Parameters
        ----------
        crs
            Text of a projected CRS in metres.

        Returns
        -------
        The lattice. Its square holds the area of use, 75 S to 75 N, as long as that fits in
        10,000 km; when the area is unknown (PROJ strings) the square is laid by the false origin.

        Raises
        ------
        InvalidInput
            ``metric-crs-needed``, ``unknown-crs``

        Examples
        --------
        >>> Lattice.for_crs("EPSG:4528").origin
        (36000000, -1000000)
        """
        return cls(crs, origin_of(_require_metric(crs)))

    def cells(self, x: ArrayLike, y: ArrayLike, level: Level = Level.M10) -> CellIds:
        """Return the cell of each point.

        Parameters
        ----------
        x, y
            float64, any shape, broadcast; metres in the lattice's CRS.
        level
            Level of the cells.

        Returns
        -------
        int64, same shape; ``NO_CELL`` (0) where x or y is NaN.

        Raises
        ------
        InvalidInput
            ``outside-lattice``, naming the first offending position.

        Notes
        -----
        Every point is in exactly one cell: cells are half-open, and a point on an edge belongs to
        the cell east or north of it. Edges are whole metres, so rounding a coordinate down to
        whole metres, which is exact, decides as a comparison with the edges does. O(n).

        Examples
        --------
        >>> lattice = Lattice("EPSG:32618", (0, 0))
        >>> lattice.cells([99.9, 100.0, float("nan")], 0.0, Level.M100).tolist()
        [10000000000, 10000000010, 0]
        """
        xs, ys = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
        flat_x, flat_y = xs.ravel(), ys.ravel()
        ids = np.empty(flat_x.shape, np.int64)
        for start in range(0, ids.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            self._fill(ids[part], flat_x[part], flat_y[part], level, start)
        return ids.reshape(xs.shape)

    def _fill(self, ids: CellIds, x: Floats, y: Floats, level: Level, start: int) -> None:
        """Write the cells of one chunk into ``ids``."""
        if self._holds(x, y):
            _interleave(ids, self._index(x, 0, level), self._index(y, 1, level), level)
            return
        nowhere = np.isnan(x) | np.isnan(y)
        stray = np.flatnonzero(~(nowhere | self.contains(x, y)))
        if stray.size:
            raise self._outside(x[stray[0]], y[stray[0]], start + int(stray[0]))
        some_x = np.where(nowhere, self.origin[0], x)
        some_y = np.where(nowhere, self.origin[1], y)
        _interleave(ids, self._index(some_x, 0, level), self._index(some_y, 1, level), level)
        ids[nowhere] = NO_CELL

    def _holds(self, x: Floats, y: Floats) -> bool:
        """Tell whether all points have coordinates within the square; NaN makes every comparison false."""
        (x0, y0), low, high = self.origin, np.min, np.max
        return bool(low(x) >= x0 and high(x) < x0 + SIDE_M and low(y) >= y0 and high(y) < y0 + SIDE_M)

    def _index(self, values: Floats, axis: int, level: Level) -> NDArray[np.intp]:
        """Column (axis 0) or row (axis 1) of each coordinate within the square."""
        index = np.floor(values)
        # Half a metre keeps whole metres off the quotient's whole numbers: truncation is then exact.
        index -= self.origin[axis] - 0.5
        index *= 1.0 / level.side_m
        return index.astype(np.intp)

    def _outside(self, x: float, y: float, position: int) -> InvalidInput:
        x0, y0 = self.origin
        return InvalidInput(
            "outside-lattice",
            f"point {position} at ({x:.10g}, {y:.10g}) is outside the lattice: "
            f"x {x0} to {x0 + SIDE_M}, y {y0} to {y0 + SIDE_M} m in {self.crs}",
            hint="check the order of the axes and the CRS",
            position=position,
        )

    def contains(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
        """Return a mask of the points that lie in the square.

        Parameters
        ----------
        x, y
            float64, any shape, broadcast; metres in the lattice's CRS.

        Returns
        -------
        bool, same shape. Half-open like a cell; False for NaN.

        Examples
        --------
        >>> Lattice("EPSG:32618", (0, 0)).contains([0.0, 1e7], [0.0, 0.0]).tolist()
        [True, False]
        """
        xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
        x0, y0 = self.origin
        return np.asarray((xs >= x0) & (xs < x0 + SIDE_M) & (ys >= y0) & (ys < y0 + SIDE_M))

    def bounds(self, cells: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the bounds of each cell.

        Parameters
        ----------
        cells
            Id of a cell or block, or int64 array of any shape; levels may be mixed.

        Returns
        -------
        ``(xmin, ymin, xmax, ymax)``, float64 of the same shape, metres; a cell holds its west and
        south edges and not its east and north ones.

        Raises
        ------
        InvalidInput
            ``unknown-cell``

        Examples
        --------
        >>> [int(b) for b in Lattice("EPSG:32618", (0, 0)).bounds(10000000010)]
        [100, 0, 200, 100]
        """
        ids, level_m, side_m = anchored(np.asarray(cells, np.int64))
        column, row, weight, rest = np.zeros(ids.shape), np.zeros(ids.shape), 1.0, ids
        for _ in range(6):
            rest, pair = np.divmod(rest, 100)
            pair = np.where(rest > 0, pair, 0)  # what is left of the leading 1 is no pair
            column += pair // 10 * weight
            row += pair % 10 * weight
            weight *= 10
        west, south = self.origin[0] + column * level_m, self.origin[1] + row * level_m
        return west, south, west + side_m, south + side_m

    def centres(self, cells: ArrayLike) -> tuple[Floats, Floats]:
        """Centre of each cell.

        Parameters
        ----------
        cells
            Id of a cell or block, or int64 array of any shape; levels may be mixed.

        Returns
        -------
        ``(x, y)``, float64 of the same shape, metres.

        Raises
        ------
        InvalidInput
            ``unknown-cell``

        Notes
        -----
        A cell's centre is in the cell.

        Examples
        --------
        >>> [float(c) for c in Lattice("EPSG:32618", (0, 0)).centres(10000000010)]
        [150.0, 50.0]
        """
        xmin, ymin, xmax, ymax = self.bounds(cells)
        return (xmin + xmax) / 2, (ymin + ymax) / 2

    def polygon(self, cell: int) -> shapely.Polygon:
        """Square of a cell, for maps.

        Parameters
        ----------
        cell
            Id of a cell or block.

        Returns
        -------
        Polygon in the lattice's CRS, closed as polygons are.

        Raises
        ------
        InvalidInput
            ``unknown-cell``

        Examples
        --------
        >>> Lattice("EPSG:32618", (0, 0)).polygon(10000000010).area
        10000.0
        """
        import shapely  # noqa: PLC0415  (slow to import)

        return shapely.box(*self.bounds(cell))

    def cells_of_box(self, xmin: float, ymin: float, xmax: float, ymax: float, level: Level) -> CellIds:
        """Return the cells that hold a point of a box.

        Parameters
        ----------
        xmin, ymin, xmax, ymax
            Metres in the lattice's CRS; the box is closed.
        level
            Level of the cells.

        Returns
        -------
        ``(n,)`` int64, ascending; what lies outside the square is left out.

        Raises
        ------
        InvalidInput
            ``invalid-box``, ``too-many-cells`` (more than 10 million).

        Examples
        --------
        >>> Lattice("EPSG:32618", (0, 0)).cells_of_box(0, 0, 100, 99, Level.M100).tolist()
        [10000000000, 10000000010]
        """
        if not (xmin <= xmax and ymin <= ymax):
            raise InvalidInput(
                "invalid-box",
                f"box ({xmin:g}, {ymin:g}, {xmax:g}, {ymax:g}) has no inside",
                hint="give W, S, E, N",
            )
        columns, rows = self._span(xmin, xmax, 0, level), self._span(ymin, ymax, 1, level)
        if len(columns) * len(rows) > MAX_BOX_CELLS:
            raise InvalidInput(
                "too-many-cells",
                f"the box has {len(columns) * len(rows):,} cells of {level}",
                hint="ask for larger cells",
            )
        table = _spread()
        ids = table[columns.start : columns.stop, None] * 10 + table[rows.start : rows.stop]
        return np.sort(ids.ravel() + 10 ** (level - 1))

    def _span(self, low: float, high: float, axis: int, level: Level) -> range:
        """Return the columns (axis 0) or rows (axis 1) from one coordinate to another, cut to the square."""
        start = self.origin[axis]
        if high < start or low >= start + SIDE_M:
            return range(0)
        first = (math.floor(max(low, start)) - start) // level.side_m
        last = (math.floor(min(high, start + SIDE_M - 1)) - start) // level.side_m
        return range(first, last + 1)


@functools.cache
def _spread() -> CellIds:
    """Spread the digits of 0..999,999 over every other decimal place: 123 -> 10203 (8 MB)."""
    table = np.zeros(1, np.int64)
    for _ in range(6):
        table = (table[:, None] * 100 + np.arange(10)).ravel()
    table.flags.writeable = False
    return table


def _interleave(ids: CellIds, column: NDArray[np.intp], row: NDArray[np.intp], level: Level) -> None:
    """Write the ids of columns and rows into ``ids``."""
    table = _spread()
    np.take(table, column, out=ids, mode="clip")  # all indices are valid; "raise" would buffer the output
    ids *= 10
    ids += np.take(table, row, mode="clip")
    ids += 10 ** (level - 1)


def _require_metric(crs: str) -> pyproj.CRS:
    from stcloud.space.metric import require_metric  # noqa: PLC0415  (pyproj is slow to import)

    return require_metric(crs)
