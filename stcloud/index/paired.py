"""Pairs of points and cells, tested side by side in numpy: what few points take, without a compiled loop.

Each test follows the rule of the kernel of the same purpose, and decides as exactly: what rounding leaves open is
computed with fractions. Tested by `tests/index/test_few.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stcloud.index.array import Metres
from stcloud.index.edge import DOUBT
from stcloud.index.strip import Strips

__all__ = ["distances", "held", "spread", "whole_micrometres"]

Mask: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = NDArray[Any]

_AT_ONCE = 2**20  # edges


def held(x: Metres, y: Metres, rows: Rows, strips: Strips, *, closed: bool) -> Mask:
    """Tell for each pair whether the cell holds the point, as `stcloud.index.strip.holds` does.

    Parameters
    ----------
    x, y, rows
        ``(n,)`` float64 metres and integers: points, and the cell of each.
    strips
        The cells.
    closed
        Whether the whole boundary belongs to a cell, instead of the western and southern part.
    """
    low, high, per_m = strips.heights[rows].T
    holds = np.zeros(len(rows), np.bool_)
    pairs = np.flatnonzero((low <= y) & (y <= high))
    most = strips.cells[rows[pairs] + 1] - strips.cells[rows[pairs]] - 1
    above = ((y[pairs] - low[pairs]) * per_m[pairs]).astype(np.int64)
    strip = strips.cells[rows[pairs]] + np.minimum(above, most)
    first, stop = strips.starts[strip], strips.starts[strip + 1]
    for part in _parts(stop - first):
        where, place = spread(first[part], stop[part])
        pair = pairs[part]
        holds[pair] = _held_by_edges(x[pair], y[pair], where, strips.xy, strips.edges[place], closed=closed)
    return holds


def spread(first: Rows, stop: Rows) -> tuple[Rows, Rows]:
    """Return each place from ``first`` to ``stop``, exclusive, and to which of these ranges it belongs.

    Examples
    --------
    >>> [column.tolist() for column in spread(np.array([3, 9, 0]), np.array([5, 9, 1]))]
    [[0, 0, 2], [3, 4, 0]]
    """
    counts = stop - first
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts - first, counts)


def distances(x: Metres, y: Metres, ends: Metres) -> Metres:
    """Return how far each point is from its segment, metres, to the bit as `stcloud.index.segment.distance` does.

    Parameters
    ----------
    x, y, ends
        ``(n,)`` and ``(n, 4)`` float64, metres: points, and the segment of each.
    """
    x1, y1, x2, y2 = ends.T
    dx, dy = x2 - x1, y2 - y1
    square, along = dx * dx + dy * dy, (x - x1) * dx + (y - y1) * dy
    start = np.sqrt((x - x1) * (x - x1) + (y - y1) * (y - y1))
    end = np.sqrt((x - x2) * (x - x2) + (y - y2) * (y - y2))
    with np.errstate(invalid="ignore", divide="ignore"):
        beside = np.abs((y1 - y) * dx - (x1 - x) * dy) / square * np.sqrt(square)
    far: Metres = np.where((along <= 0) | (square == 0), start, np.where(along >= square, end, beside))
    return far


def whole_micrometres(metres: Metres) -> NDArray[np.int64]:
    """Return distances as they are compared, as `stcloud.index.segment.micrometres` does."""
    whole: NDArray[np.int64] = (metres * 1e6 + 0.5).astype(np.int64)
    return whole


def _parts(counts: Rows) -> Iterator[slice]:
    """Yield parts of the pairs that have about as many edges as may be looked at once."""
    total = np.cumsum(counts)
    cuts = np.arange(_AT_ONCE, int(total[-1]) if len(total) else 0, _AT_ONCE)
    bounds = np.unique([0, *np.searchsorted(total, cuts, "right"), len(counts)])
    yield from (slice(low, high) for low, high in itertools.pairwise(bounds))


def _held_by_edges(x: Metres, y: Metres, where: Rows, xy: Metres, edges: Rows, *, closed: bool) -> Mask:
    """Tell for each point whether an odd number of its edges lie west of it; ``where`` is the point of each edge."""
    px, py = x[where], y[where]
    x1, y1, x2, y2 = xy[edges, 0], xy[edges, 1], xy[edges + 1, 0], xy[edges + 1, 1]
    below, passed = y1 <= py, (y1 <= py) != (y2 <= py)
    left, right = (x1 - px) * (y2 - py), (y1 - py) * (x2 - px)
    crossed = passed & ((left < right) == below)
    unsure = ~(np.abs(left - right) > DOUBT * (np.abs(left) + np.abs(right)))
    met = closed & (np.minimum(x1, x2) <= px) & (px <= np.maximum(x1, x2))
    met &= (np.minimum(y1, y2) <= py) & (py <= np.maximum(y1, y2))
    touched = np.zeros(len(x), np.bool_)
    for at in np.flatnonzero(unsure & (passed | met)).tolist():
        side = _side(x1[at], y1[at], x2[at], y2[at], px[at], py[at])
        crossed[at] = passed[at] and (side <= 0 if y2[at] > y1[at] else side >= 0)
        touched[where[at]] |= bool(met[at]) and side == 0
    odd = np.bincount(where[crossed], minlength=len(x)) & 1
    inside: Mask = touched | (odd == 1)
    return inside


def _side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Return 1 when p lies left of the line from a to b, -1 right of it, 0 on it; without rounding."""
    x, y = Fraction(px), Fraction(py)
    turn = (Fraction(ax) - x) * (Fraction(by) - y) - (Fraction(ay) - y) * (Fraction(bx) - x)
    return (turn > 0) - (turn < 0)
