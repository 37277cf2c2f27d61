"""Horizontal strips of polygons, with the edges that pass each: a test of a point looks at one strip only."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from stcloud.index.array import frozen
from stcloud.index.edge import DOUBT, crosses, touches
from stcloud.index.kernel import kernel, pays
from stcloud.index.outline import Outlines

__all__ = ["Strips", "holds", "plain_strips", "strips_of"]

_EDGES = 4  # of a strip, if each were in one only
_COPIES = 2  # of an edge, on average, are worth it
_LEAST_M = 1e-3
_STEPS = 0.4  # of `PLAIN_STEPS` that numpy takes for an edge


class Strips(NamedTuple):
    """Cells ready for an exact test of a point, which looks at the edges of one strip only.

    Parameters
    ----------
    xy
        ``(v, 2)`` float64, metres: vertices.
    heights
        ``(n, 3)`` float64: least and greatest y of each cell, strips per metre.
    cells
        ``(n + 1,)`` int64: where each cell starts in ``starts``.
    starts
        ``(s + 1,)`` int64: where each strip starts in ``edges``.
    edges
        ``(e,)`` int32: the vertex each edge starts at; it ends at the next one.
    """

    xy: Any
    heights: Any
    cells: Any
    starts: Any
    edges: Any


def strips_of(polygons: Outlines) -> Strips:
    """Return the strips of cells.

    Parameters
    ----------
    polygons
        The cells.

    Notes
    -----
    O(edges): a cell whose outline goes up and down often has fewer and thicker strips, so that an edge is listed
    three times on average at most. A strip holds about as many edges as a horizontal line meets, and a few more.
    """
    if not pays(_plan, len(polygons.first) * _STEPS):
        return plain_strips(polygons)
    n = len(polygons.cells) - 1
    heights, cells = np.empty((n, 3)), np.zeros(n + 1, np.int64)
    _plan(polygons, heights, cells[1:])
    np.cumsum(cells, out=cells)
    starts = np.zeros(cells[-1] + 1, np.int64)
    _count(polygons, heights, cells, starts[1:])
    np.cumsum(starts, out=starts)
    edges = np.empty(starts[-1], np.int32)
    _list(polygons, heights, cells, starts[:-1].copy(), edges)
    return Strips(*(frozen(array) for array in (polygons.xy, heights, cells, starts, edges)))


def plain_strips(polygons: Outlines) -> Strips:
    """Return the strips of cells, made in numpy: the same arrays as `strips_of` gives.

    Parameters
    ----------
    polygons
        The cells.
    """
    n = len(polygons.cells) - 1
    edges = np.diff(polygons.cells)
    owner = np.repeat(np.arange(n), edges)
    y1, y2 = polygons.xy[polygons.first, 1], polygons.xy[polygons.first + 1, 1]
    heights, climb = np.zeros((n, 3)), np.bincount(owner, np.abs(y2 - y1), minlength=n)
    heights[:, 0], heights[:, 1] = np.inf, -np.inf
    np.minimum.at(heights[:, 0], owner, np.minimum(y1, y2))
    np.maximum.at(heights[:, 1], owner, np.maximum(y1, y2))
    counts = np.minimum(edges, 1)
    tall = np.flatnonzero(np.minimum(heights[:, 1] - heights[:, 0], climb) > _LEAST_M)
    height = heights[tall, 1] - heights[tall, 0]
    most = np.minimum(edges[tall] // _EDGES, (_COPIES * edges[tall] * height / climb[tall]).astype(np.int64))
    counts[tall] = np.maximum(counts[tall], most)
    several = np.flatnonzero(counts > 1)
    heights[several, 2] = counts[several] / (heights[several, 1] - heights[several, 0])
    cells = np.append(0, np.cumsum(counts))
    low, high = (
        np.minimum(((y - heights[owner, 0]) * heights[owner, 2]).astype(np.int64), counts[owner] - 1)
        for y in (np.minimum(y1, y2), np.maximum(y1, y2))
    )
    passed = high - low + 1
    edge = np.repeat(np.arange(len(owner)), passed)
    strip = (
        np.repeat(cells[owner] + low, passed)
        + np.arange(len(edge))
        - np.repeat(np.cumsum(passed) - passed, passed)
    )
    starts = np.append(0, np.cumsum(np.bincount(strip, minlength=cells[-1])))
    listed = polygons.first[edge[np.argsort(strip, kind="stable")]]
    return Strips(*(frozen(array) for array in (polygons.xy, heights, cells, starts, listed)))


@kernel
def holds(
    x: float, y: float, row: int, closed: Any, xy: Any, heights: Any, cells: Any, starts: Any, edges: Any
) -> bool:
    """Tell whether a cell holds a point.

    Parameters
    ----------
    x, y
        The point, metres; not NaN.
    row
        The cell.
    closed
        Whether the whole boundary belongs to the cell, instead of the western and southern part.
    xy, heights, cells, starts, edges
        The strips, one by one: a tuple of arrays would be counted anew at each call.
    """
    if not heights[row, 0] <= y <= heights[row, 1]:
        return False
    strip = cells[row] + _strip_at(y, row, heights, cells)
    odd, doubt = False, False
    for at in range(starts[strip], starts[strip + 1]):
        v = edges[at]
        y1, y2 = xy[v, 1], xy[v + 1, 1]
        below, passed = y1 <= y, (y1 <= y) != (y2 <= y)
        left, right = (xy[v, 0] - x) * (y2 - y), (y1 - y) * (xy[v + 1, 0] - x)
        odd ^= passed & ((left < right) == below)
        doubt |= passed & (not abs(left - right) > DOUBT * (abs(left) + abs(right)))
        doubt |= closed & ((y1 == y) | (y2 == y))
    return _holds_exactly(x, y, closed, xy, edges[starts[strip] : starts[strip + 1]]) if doubt else odd


@kernel
def _holds_exactly(x: float, y: float, closed: Any, xy: Any, edges: Any) -> bool:
    odd = False
    for v in edges:
        x1, y1, x2, y2 = xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1]
        if closed and touches(x, y, x1, y1, x2, y2):
            return True
        odd ^= crosses(x, y, x1, y1, x2, y2)
    return odd


@kernel
def _strip_at(y: float, row: int, heights: Any, cells: Any) -> int:
    """Return the strip of a height within the cell: a greater height is never in a lower strip, however it rounds."""
    strip: int = min(int((y - heights[row, 0]) * heights[row, 2]), cells[row + 1] - cells[row] - 1)
    return strip


@kernel
def _plan(polygons: Outlines, heights: Any, counts: Any) -> None:
    """Find how many strips each cell has."""
    xy, first, cells = polygons
    for row in range(len(counts)):
        low, high, climb = np.inf, -np.inf, 0.0
        for at in range(cells[row], cells[row + 1]):
            y1, y2 = xy[first[at], 1], xy[first[at] + 1, 1]
            low, high, climb = min(low, y1), max(high, y1), climb + abs(y2 - y1)
        edges = cells[row + 1] - cells[row]
        count = min(edges, 1)
        if min(high - low, climb) > _LEAST_M:  # rings apart that are each flat climb nothing
            count = max(count, min(edges // _EDGES, int(_COPIES * edges * (high - low) / climb)))
        heights[row, 0], heights[row, 1] = low, high
        heights[row, 2] = count / (high - low) if count > 1 else 0.0
        counts[row] = count


@kernel
def _count(polygons: Outlines, heights: Any, cells: Any, counts: Any) -> None:
    """Count the edges of each strip."""
    for row in range(len(heights)):
        for at in range(polygons.cells[row], polygons.cells[row + 1]):
            low, high = _passed(polygons, polygons.first[at], row, heights, cells)
            for strip in range(low, high + 1):
                counts[strip] += 1


@kernel
def _list(polygons: Outlines, heights: Any, cells: Any, ends: Any, edges: Any) -> None:
    """List the edges of each strip; ``ends`` moves on from where each strip starts."""
    for row in range(len(heights)):
        for at in range(polygons.cells[row], polygons.cells[row + 1]):
            v = polygons.first[at]
            low, high = _passed(polygons, v, row, heights, cells)
            for strip in range(low, high + 1):
                edges[ends[strip]] = v
                ends[strip] += 1


@kernel
def _passed(polygons: Outlines, v: int, row: int, heights: Any, cells: Any) -> tuple[int, int]:
    """Return the lowest and the highest strip that an edge passes."""
    low = _strip_at(polygons.xy[v, 1], row, heights, cells)
    high = _strip_at(polygons.xy[v + 1, 1], row, heights, cells)
    return cells[row] + min(low, high), cells[row] + max(low, high)
