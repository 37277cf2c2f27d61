"""Which cells are near each cell: within a distance, side by side, or the nearest ones. A cell is near itself.

Tested by `tests/paas/cube/test_neighbours.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from stcloud.errors import InvalidInput

__all__ = ["CellNeighbours"]

_ROUNDING_M = 1e-6
"""Coordinates of cells are sums of metres: what is nearer to a distance than this is at it."""
_MANY = 5_000
"""So many points take longer in a tree of boxes than a tree of points takes to import."""


@dataclass(frozen=True, slots=True, eq=False)
class CellNeighbours:
    """The cells near each cell, itself among them.

    Parameters
    ----------
    start
        ``(c + 1,)`` int64: the neighbours of cell ``i`` are ``cell[start[i]:start[i + 1]]``.
    cell
        ``(n,)`` int64, positions of cells, ascending within each cell's neighbours.

    Examples
    --------
    >>> near = CellNeighbours.within([0.0, 100.0, 250.0], [0.0, 0.0, 0.0], 150)
    >>> near.start.tolist(), near.cell.tolist()
    ([0, 2, 5, 7], [0, 1, 0, 1, 2, 1, 2])
    """

    start: NDArray[np.int64]
    cell: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start) - 1

    @classmethod
    def within(cls, x: ArrayLike, y: ArrayLike, distance_m: float) -> CellNeighbours:
        """Return the cells whose centres are within a distance of each other, inclusive.

        Parameters
        ----------
        x, y
            ``(c,)`` float64: centres, metres; NaN: a cell without a place, which is near itself alone.
        distance_m
            Metres, at least 0.

        Raises
        ------
        InvalidInput
            ``bad-distance``
        """
        if not distance_m >= 0:
            raise InvalidInput("bad-distance", f"{distance_m} m is no distance", hint="give metres, e.g. 300")
        points, placed = _points(x, y)
        reach = distance_m + _ROUNDING_M
        first, second = _pairs_within(points, reach)
        return cls._of_pairs(placed[first], placed[second], np.size(np.asarray(x)))

    @classmethod
    def nearest(cls, x: ArrayLike, y: ArrayLike, count: int) -> CellNeighbours:
        """Return the cells whose centres are nearest to each, and those that are as near as the last of them.

        Parameters
        ----------
        x, y
            As for `within`.
        count
            How many besides itself, at least 1.

        Raises
        ------
        InvalidInput
            ``bad-count``
        """
        if count < 1:
            raise InvalidInput("bad-count", f"{count} neighbours are none", hint="give 1 or more, e.g. 8")
        from scipy.spatial import cKDTree  # noqa: PLC0415  (slow to import)

        points, placed = _points(x, y)
        if not len(points):
            return cls._of_pairs(placed, placed, np.size(np.asarray(x)))
        xy = shapely.get_coordinates(points)
        tree = cKDTree(xy)
        last = tree.query(xy, k=min(count + 1, len(xy)))[0].reshape(len(xy), -1)[:, -1]
        lists = tree.query_ball_point(xy, last + _ROUNDING_M)
        first = np.repeat(np.arange(len(xy)), [len(near) for near in lists])
        second = np.concatenate([np.asarray(near, np.int64) for near in lists] or [np.empty(0, np.int64)])
        return cls._of_pairs(placed[first], placed[second], np.size(np.asarray(x)))

    @classmethod
    def touching(cls, shapes: ArrayLike) -> CellNeighbours:
        """Return the cells that share a side or a corner.

        Parameters
        ----------
        shapes
            ``(c,)`` shapely geometries, metres; None and empty ones are near themselves alone.
        """
        areas = np.asarray(shapes, object)
        placed = np.flatnonzero(~(shapely.is_missing(areas) | shapely.is_empty(areas)))
        first, second = shapely.STRtree(areas[placed]).query(areas[placed], predicate="intersects")
        return cls._of_pairs(placed[first], placed[second], len(areas))

    @classmethod
    def _of_pairs(cls, first: NDArray[Any], second: NDArray[Any], count: int) -> CellNeighbours:
        itself = np.arange(count, dtype=np.int64)
        pairs = np.concatenate([first * count + second, itself * count + itself]).astype(np.int64)
        pairs.sort()  # much faster than unique
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
        start = np.searchsorted(pairs, np.arange(count + 1, dtype=np.int64) * count)
        return cls(start.astype(np.int64), pairs % max(count, 1))


def _pairs_within(points: NDArray[np.object_], reach_m: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return positions of points so near to each other; many by a tree of points, which is slow to import."""
    if len(points) < _MANY:
        first, second = shapely.STRtree(points).query(points, predicate="dwithin", distance=reach_m)
        return first, second
    from scipy.spatial import cKDTree  # noqa: PLC0415

    pairs = cKDTree(shapely.get_coordinates(points)).query_pairs(reach_m, output_type="ndarray")
    return np.concatenate([pairs[:, 0], pairs[:, 1]]), np.concatenate([pairs[:, 1], pairs[:, 0]])


def _points(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Return points, and the positions of the cells whose centres these are."""
    east, north = np.asarray(x, np.float64), np.asarray(y, np.float64)
    placed = np.flatnonzero(np.isfinite(east) & np.isfinite(north))
    return np.asarray(shapely.points(east[placed], north[placed]), object), placed
