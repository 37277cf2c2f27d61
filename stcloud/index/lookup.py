"""Look up the polygons of many points, a chunk at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from stcloud.index.bins import NOWHERE, Bins, Frame, bin_of
from stcloud.index.kernel import kernel
from stcloud.index.strip import Strips, holds

__all__ = ["find_cells", "list_cells"]

_TILE = 6  # 2^6 bins: what a tile needs of bins and cells stays in the cache
_ORDERED = 8  # points in a row in one tile, on average: then moving them does not pay


@kernel
def find_cells(x: Any, y: Any, closed: Any, bins: Bins, strips: Strips, rows: Any, counts: Any) -> None:
    """Write the least row of the cells that hold each point, NOWHERE for none, and how many they are.

    Parameters
    ----------
    x, y
        ``(n,)`` float64, the points, metres.
    closed
        Whether cells hold their whole boundary.
    bins, strips
        The cells.
    rows
        ``(n,)`` int32, written.
    counts
        ``(n,)`` int32, written; or ``(0,)``: not wanted.
    """
    frame, labels, starts, codes = bins
    xy, heights, cells, strip_starts, edges = strips
    x, y, points = _ordered(x, y, frame)
    for at in range(len(x)):
        place = bin_of(x[at], y[at], frame)
        row = labels[place] if place != NOWHERE else NOWHERE
        count = int(row >= 0)
        if row < NOWHERE:
            first, last = starts[-2 - row], starts[-1 - row]
            row = NOWHERE
            for position in range(first, last):
                cell = codes[position] >> 1
                if codes[position] & 1 or holds(
                    x[at], y[at], cell, closed, xy, heights, cells, strip_starts, edges
                ):
                    row = row if count else cell
                    count += 1
                    if not len(counts):
                        break
        point = points[at] if len(points) else at
        rows[point] = row
        if len(counts):
            counts[point] = count


@kernel
def list_cells(
    x: Any, y: Any, closed: Any, bins: Bins, strips: Strips, first_rows: Any, starts: Any, rows: Any
) -> None:
    """Write the rows of the cells that hold each point, ascending.

    Parameters
    ----------
    x, y, closed, bins, strips, first_rows
        As for `find_cells`, which has written ``rows``.
    starts
        ``(n + 1,)`` int64 or longer: where the rows of each point start in ``rows``; those of the last stop at the
        last of these.
    rows
        ``(m,)`` int32, written.
    """
    frame, labels, lists, codes = bins
    xy, heights, cells, strip_starts, edges = strips
    for point in range(len(x)):
        at, stop = starts[point], starts[point + 1]
        if stop - at == 1:
            rows[at] = first_rows[point]
        elif stop > at:
            k = -2 - labels[bin_of(x[point], y[point], frame)]
            for position in range(lists[k], lists[k + 1]):
                cell = codes[position] >> 1
                if codes[position] & 1 or holds(
                    x[point], y[point], cell, closed, xy, heights, cells, strip_starts, edges
                ):
                    rows[at] = cell
                    at += 1


@kernel
def _ordered(x: Any, y: Any, frame: Frame) -> tuple[Any, Any, Any]:
    """Return the points tile by tile, and which they were; no such list where they came in order."""
    none = np.empty(0, np.int32)
    counts = np.zeros(((frame.rows >> _TILE) + 1) * ((frame.columns >> _TILE) + 1) + 1, np.int64)
    last, changes = -1, 0
    for point in range(len(x)):
        tile = _tile(x[point], y[point], frame)
        changes += tile != last
        counts[tile + 1] += 1
        last = tile
    if changes * _ORDERED < len(x) or len(x) < len(counts):
        return x, y, none
    ends = counts
    for tile in range(1, len(ends)):
        ends[tile] += ends[tile - 1]
    points, xs, ys = np.empty(len(x), np.int32), np.empty(len(x)), np.empty(len(x))
    for point in range(len(x)):
        tile = _tile(x[point], y[point], frame)
        at = ends[tile]
        points[at], xs[at], ys[at] = point, x[point], y[point]
        ends[tile] = at + 1
    return xs, ys, points


@kernel
def _tile(x: float, y: float, frame: Frame) -> int:
    """Return the tile of a point; that of the south-west corner when it is outside."""
    if not (frame.west <= x <= frame.east and frame.south <= y <= frame.north):
        return 0
    wide = (frame.columns >> _TILE) + 1
    row, column = int((y - frame.south) * frame.per_m) >> _TILE, int((x - frame.west) * frame.per_m) >> _TILE
    return min(row, frame.rows >> _TILE) * wide + min(column, wide - 1)
