"""Squares that know which segments pass them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stcloud.index.array import Ints, frozen
from stcloud.index.bins import Frame
from stcloud.index.kernel import kernel
from stcloud.index.segment import Segments

__all__ = ["MARGIN", "Buckets", "buckets_of", "place_in"]

MARGIN = 1e-3
"""Of a square: what passes so close to it is listed in it, far more than coordinates are rounded by."""

_PER_SQUARE = 1  # segments, in squares that have any
_OF_LENGTH = 0.5  # of a middling segment: shorter squares would list each too often
_FEW, _PER_SEGMENT, _MOST = 2**16, 16, 2**22  # squares at most
_FINEST = 2.0**-34  # of the greatest coordinate: so that the last sentence is true
_LEAST_M = 1e-6


class Buckets(NamedTuple):
    """Squares in rows from south to north, in a row from west to east, with the segments that pass each.

    Parameters
    ----------
    frame
        Where they are.
    starts
        ``(rows * columns + 1,)`` int64: where each square starts in what follows.
    ends
        ``(c, 4)`` float64, metres: segments, as `Segments` has them, again in each square they pass or nearly do.
    owner
        ``(c,)`` int32: their shapes.
    periods
        ``(c, 2)`` int64, UTC microseconds, half-open: when their shapes were there.
    """

    frame: Frame
    starts: Any
    ends: Any
    owner: Any
    periods: Any


def buckets_of(segments: Segments, periods: Ints) -> Buckets:
    """Return the buckets of segments.

    Parameters
    ----------
    segments
        In any order.
    periods
        ``(r, 2)`` int64, UTC microseconds, half-open: when each shape was there.

    Notes
    -----
    O(segments + squares + segments in all squares). Squares are made smaller until those that have segments have few,
    so that one that lies far off costs memory, at most 32 MB, and little time.
    """
    frame = _frame(segments.ends)
    starts = np.zeros(frame.rows * frame.columns + 1, np.int64)
    _fill(segments.ends, frame, starts[1:], np.empty(0, np.int32))
    np.cumsum(starts, out=starts)
    order = np.empty(starts[-1], np.int32)
    _fill(segments.ends, frame, starts[:-1].copy(), order)
    owner = segments.owner[order]
    return Buckets(frame, frozen(starts), frozen(segments.ends[order]), frozen(owner), frozen(periods[owner]))


def _frame(ends: NDArray[np.float64]) -> Frame:
    if not len(ends):
        return Frame(np.inf, np.inf, -np.inf, -np.inf, 0.0, 1, 1)
    west, south = ends[:, 0].min(), ends[:, 1::2].min()
    east, north = ends[:, 2].max(), ends[:, 1::2].max()
    width, height, count = east - west, north - south, len(ends)
    most = min(max(_FEW, _PER_SEGMENT * count), _MOST)
    length = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]).mean()
    least = max(
        float(np.abs(ends).max()) * _FINEST, _LEAST_M, length * _OF_LENGTH, max(width, height) / _MOST
    )
    side = max(math.sqrt(width * height * _PER_SQUARE / count), max(width, height) / count, least)
    while True:
        frame = _squares(west, south, east, north, 1 / side)
        crowded = count > 2 * _PER_SQUARE * _occupied(ends, frame)
        finer = max(side / 2, least)
        if not crowded or finer == side or (width / finer + 1) * (height / finer + 1) > most:
            return frame
        side = finer


def _squares(west: float, south: float, east: float, north: float, per_m: float) -> Frame:
    rows, columns = int((north - south) * per_m) + 1, int((east - west) * per_m) + 1
    return Frame(float(west), float(south), float(east), float(north), float(per_m), rows, columns)


@kernel
def place_in(metres: float, count: int) -> int:
    """Return the row or column of a distance from the frame's edge, in squares; the last one when it is beyond.

    Parameters
    ----------
    metres
        In squares, from the southern or western edge; not NaN.
    count
        Of rows or columns.
    """
    return int(min(max(metres, 0.0), count - 1.0))


@kernel
def _occupied(ends: Any, frame: Frame) -> int:
    """Count squares in which a segment has its first end."""
    seen = np.zeros(frame.rows * frame.columns, np.bool_)
    count = 0
    for segment in range(len(ends)):
        row = place_in((ends[segment, 1] - frame.south) * frame.per_m, frame.rows)
        column = place_in((ends[segment, 0] - frame.west) * frame.per_m, frame.columns)
        count += not seen[row * frame.columns + column]
        seen[row * frame.columns + column] = True
    return count


@kernel
def _fill(ends: Any, frame: Frame, places: Any, order: Any) -> None:
    """Count the segments of each square in ``places``; or, where ``order`` has room, list them from there on."""
    for segment in range(len(ends)):
        u1, v1 = (ends[segment, 0] - frame.west) * frame.per_m, (ends[segment, 1] - frame.south) * frame.per_m
        u2, v2 = (ends[segment, 2] - frame.west) * frame.per_m, (ends[segment, 3] - frame.south) * frame.per_m
        if v1 > v2:
            u1, v1, u2, v2 = u2, v2, u1, v1
        flat = v2 - v1 <= MARGIN
        slope = 0.0 if flat else (u2 - u1) / (v2 - v1)
        for j in range(place_in(v1 - MARGIN, frame.rows), place_in(v2 + MARGIN, frame.rows) + 1):
            low, high = u1, u2
            if not flat:
                low = u1 + (max(v1, j - MARGIN) - v1) * slope
                high = u1 + (min(v2, j + 1 + MARGIN) - v1) * slope
            if low > high:
                low, high = high, low
            last = place_in(high + MARGIN, frame.columns)
            for i in range(place_in(low - MARGIN, frame.columns), last + 1):
                square = j * frame.columns + i
                if len(order):
                    order[places[square]] = segment
                places[square] += 1
