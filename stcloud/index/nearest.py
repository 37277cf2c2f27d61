"""Find the nearest shapes of events, ring of squares by ring of squares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stcloud.index.bins import Frame
from stcloud.index.bucket import Buckets, place_in
from stcloud.index.kernel import kernel
from stcloud.index.order import grown
from stcloud.index.ranking import place_among
from stcloud.index.segment import distance, micrometres
from stcloud.index.timeslice import NEVER, Areas, Runs, version_at
from stcloud.index.within import ROUNDING_M, areas_at, box_of, box_square

__all__ = ["beyond", "find_nearest", "find_nearest_point", "rings"]


@kernel
def find_nearest(
    x: Any, y: Any, at_us: Any, k: int, metres: float, areas: Areas, buckets: Buckets, runs: Runs
) -> Any:
    """Find the nearest shapes of each event at its instant.

    Parameters
    ----------
    x, y, at_us, metres, areas, buckets, runs
        As for `find_within_distance`.
    k
        So many at most.

    Returns
    -------
    As `find_within_distance`: the first of these.

    Notes
    -----
    Loops are given arrays one by one: a tuple of arrays would be counted anew at each call.
    """
    frame, starts, ends, owner, periods = buckets
    (bin_frame, labels, lists, codes), (xy, heights, cells, strips, edges) = areas
    begins, stops, start_us, end_us = runs
    counts, size, inside = np.empty(len(x), np.int32), 0, np.empty(16, np.int32)
    rows, far = np.empty(len(x) + k, np.int32), np.empty(len(x) + k)
    for event in range(len(x)):
        rows, far, count = grown(rows, size + k), grown(far, size + k), 0
        best, best_m = rows[size : size + k], far[size : size + k]
        area_count = 0
        if len(heights):
            area_count, inside = areas_at(
                x[event], y[event], bin_frame, labels, lists, codes, xy, heights, cells, strips, edges, inside
            )
        for at in range(area_count):
            if version_at(inside[at], at_us[event], begins, stops, start_us, end_us) != NEVER:
                count = place_among(inside[at], 0.0, best, best_m, count)
        counts[event] = rings(
            x[event], y[event], at_us[event], metres, frame, starts, ends, owner, periods, best, best_m, count,
        )  # fmt: skip
        for place in range(counts[event]):
            best[place] = version_at(best[place], at_us[event], begins, stops, start_us, end_us)
        size += counts[event]
    return counts, rows, far


@kernel
def rings(
    x: float, y: float, at_us: int, metres: float, frame: Frame, starts: Any, ends: Any, owner: Any,
    periods: Any, best: Any, best_m: Any, count: int,
) -> int:  # fmt: skip
    """Put the nearest shapes among the best; return how many there are then.

    Parameters
    ----------
    x, y, at_us, metres
        The event, and how far.
    frame, starts, ends, owner, periods
        The buckets, one by one.
    best, best_m, count
        ``(k,)`` int32 and float64, the nearest in order, written; how many there are.
    """
    box = box_of(x, y, metres, frame)
    low_j, high_j, low_i, high_i = box
    if high_j < low_j:
        return count
    mid_j = place_in((y - frame.south) * frame.per_m, frame.rows)
    mid_i = place_in((x - frame.west) * frame.per_m, frame.columns)
    ring, squares, reached = 1, 0, False  # the first ring with the square in it
    while not reached:
        if squares > len(owner):  # the squares are mostly empty: all segments are fewer
            return _look(x, y, at_us, metres, 0, len(owner), ends, owner, periods, best, best_m, count)
        for j in range(max(mid_j - ring, low_j), min(mid_j + ring, high_j) + 1):
            wide = 2 * ring if ring == 1 or abs(j - mid_j) == ring else 0
            for i in range(mid_i - ring, mid_i + ring - wide + 1, 2 * ring):
                first, last = max(i, low_i), min(i + wide, high_i)
                if first <= last:
                    count = _look(
                        x, y, at_us, metres, starts[j * frame.columns + first], starts[j * frame.columns + last + 1],
                        ends, owner, periods, best, best_m, count,
                    )  # fmt: skip
        bound = metres if count < len(best) else best_m[count - 1]
        reached = beyond(x, y, mid_j, mid_i, ring, box, frame) > bound + ROUNDING_M
        squares += 8 * ring
        ring += 1
    return count


@kernel
def _look(
    x: float, y: float, at_us: int, metres: float, first: int, last: int, ends: Any, owner: Any,
    periods: Any, best: Any, best_m: Any, count: int,
) -> int:  # fmt: skip
    """Put the nearest shapes of some segments among the best; return how many there are then."""
    most = ((metres if count < len(best) else best_m[count - 1]) + ROUNDING_M) ** 2
    for c in range(first, last):
        if box_square(x, y, ends, c) > most or not periods[c, 0] <= at_us < periods[c, 1]:
            continue
        far_m = distance(x, y, ends[c, 0], ends[c, 1], ends[c, 2], ends[c, 3])
        if micrometres(far_m) <= micrometres(metres):
            count = place_among(owner[c], far_m, best, best_m, count)
            most = ((metres if count < len(best) else best_m[count - 1]) + ROUNDING_M) ** 2
    return count


@kernel
def beyond(
    x: float, y: float, mid_j: int, mid_i: int, ring: int, box: tuple[int, int, int, int], frame: Frame
) -> float:
    """Return how far at least a point is from squares of a box that are further than a ring.

    Parameters
    ----------
    x, y
        The point.
    mid_j, mid_i, ring
        Its square, and so many squares around it.
    box, frame
        Of the squares that count, first and last row, then column; all squares.
    """
    low_j, high_j, low_i, high_i = box
    u, v, least = (x - frame.west) * frame.per_m, (y - frame.south) * frame.per_m, np.inf
    if mid_i - ring > low_i:
        least = min(least, u - (mid_i - ring))
    if mid_i + ring < high_i:
        least = min(least, mid_i + ring + 1 - u)
    if mid_j - ring > low_j:
        least = min(least, v - (mid_j - ring))
    if mid_j + ring < high_j:
        least = min(least, mid_j + ring + 1 - v)
    return least / frame.per_m


_NONE = -1


@kernel
def find_nearest_point(x: Any, y: Any, at_us: Any, metres: float, buckets: Buckets, runs: Runs) -> Any:
    """Find the nearest point of each event at its instant.

    Parameters
    ----------
    x, y, at_us, metres, runs
        As for `find_within_distance`.
    buckets
        Points: segments of no length.

    Returns
    -------
    As `find_nearest` for one at most, where no shape is an area.

    Notes
    -----
    Rows of squares that are further than the best are left out, so a crowded square costs little.
    """
    frame, starts, ends, owner, periods = buckets
    begins, stops, start_us, end_us = runs
    counts, size = np.zeros(len(x), np.int32), 0
    rows, far = np.empty(len(x), np.int32), np.empty(len(x))
    for event in range(len(x)):
        best, far_m = _nearest(x[event], y[event], at_us[event], metres, frame, starts, ends, owner, periods)
        if best != _NONE:
            rows[size] = version_at(best, at_us[event], begins, stops, start_us, end_us)
            far[size], counts[event], size = far_m, 1, size + 1
    return counts, rows, far


@kernel
def _nearest(
    x: float, y: float, at_us: int, metres: float, frame: Frame, starts: Any, ends: Any, owner: Any, periods: Any
) -> tuple[int, float]:  # fmt: skip
    """Return the run that is nearest and how far it is, or `_NONE`; of several as far, the first."""
    box = box_of(x, y, metres, frame)
    low_j, high_j, low_i, high_i = box
    best, best_um, best_m, most = _NONE, micrometres(metres), metres, (metres + ROUNDING_M) ** 2
    if high_j < low_j:
        return best, best_m
    v, side = (y - frame.south) * frame.per_m, 1 / frame.per_m
    mid_j, mid_i = place_in(v, frame.rows), place_in((x - frame.west) * frame.per_m, frame.columns)
    ring, squares, reached = 1, 0, False  # the first ring with the square in it
    while not reached:
        if squares > len(owner):  # the squares are mostly empty
            only, only_m = np.empty(1, np.int32), np.empty(1)
            count = rings(x, y, at_us, metres, frame, starts, ends, owner, periods, only, only_m, 0)
            return (only[0], only_m[0]) if count else (_NONE, metres)
        for turn in range(2 * ring + 1):  # the middle row first: then the others are often too far
            j = mid_j + ((turn + 1) // 2 if turn & 1 else -(turn // 2))
            off_m = max(v - j - 1, j - v, 0.0) * side
            if not low_j <= j <= high_j or off_m * off_m > most:
                continue
            wide = 2 * ring if ring == 1 or abs(j - mid_j) == ring else 0
            for i in range(mid_i - ring, mid_i + ring - wide + 1, 2 * ring):
                row, first = j * frame.columns, min(max(i, low_i), high_i + 1)
                stop = max(min(i + wide, high_i) + 1, low_i)
                for c in range(starts[row + first], starts[row + stop]):
                    dx, dy = ends[c, 0] - x, ends[c, 1] - y
                    if dx * dx + dy * dy <= most and periods[c, 0] <= at_us < periods[c, 1]:
                        far_m = math.sqrt(dx * dx + dy * dy)
                        um = micrometres(far_m)
                        if um < best_um or (um == best_um and (best == _NONE or owner[c] < best)):
                            best, best_um, best_m = owner[c], um, far_m
                            most = (far_m + ROUNDING_M) ** 2
        reached = beyond(x, y, mid_j, mid_i, ring, box, frame) > best_m + ROUNDING_M
        squares += 8 * ring
        ring += 1
    return best, best_m
