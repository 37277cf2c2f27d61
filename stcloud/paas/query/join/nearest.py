"""Nearest: the nearest shapes of events, ring of squares by ring of squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from stcloud.paas.grid.location.bins import Frame
from stcloud.paas.grid.location.loop import loop
from stcloud.paas.query.join.around import ROUNDING_M, box_of, box_square
from stcloud.paas.query.join.epoch import Areas
from stcloud.paas.query.join.holding import holders
from stcloud.paas.query.join.mesh import Mesh, place_in
from stcloud.paas.query.join.order import roomy
from stcloud.paas.query.join.ranking import place_among
from stcloud.paas.query.join.run import NEVER, Runs, version_at
from stcloud.paas.query.join.segment import distance, micrometres

__all__ = ["beyond", "find_nearest", "rings"]


@loop
def find_nearest(
    x: Any, y: Any, at_us: Any, k: int, metres: float, areas: Areas, mesh: Mesh, runs: Runs
) -> Any:
    """Find the nearest shapes of each event at its instant.

    Parameters
    ----------
    x, y, at_us, metres, areas, mesh, runs
        As for `find_around`.
    k
        So many at most.

    Returns
    -------
    As `find_around`: the first of these.

    Notes
    -----
    Loops are given arrays one by one: a tuple of arrays would be counted anew at each call.
    """
    frame, starts, ends, owner, periods = mesh
    (bin_frame, labels, lists, codes), (xy, heights, cells, slabs, edges) = areas
    begins, stops, start_us, end_us = runs
    counts, size, inside = np.empty(len(x), np.int32), 0, np.empty(16, np.int32)
    rows, far = np.empty(len(x) + k, np.int32), np.empty(len(x) + k)
    for event in range(len(x)):
        rows, far, count = roomy(rows, size + k), roomy(far, size + k), 0
        best, best_m = rows[size : size + k], far[size : size + k]
        holding = 0
        if len(heights):
            holding, inside = holders(
                x[event], y[event], bin_frame, labels, lists, codes, xy, heights, cells, slabs, edges, inside
            )
        for one in range(holding):
            if version_at(inside[one], at_us[event], begins, stops, start_us, end_us) != NEVER:
                count = place_among(inside[one], 0.0, best, best_m, count)
        counts[event] = rings(
            x[event], y[event], at_us[event], metres, frame, starts, ends, owner, periods, best, best_m, count,
        )  # fmt: skip
        for one in range(counts[event]):
            best[one] = version_at(best[one], at_us[event], begins, stops, start_us, end_us)
        size += counts[event]
    return counts, rows, far


@loop
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
        The mesh, one by one.
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


@loop
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


@loop
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
    u, v, found = (x - frame.west) * frame.per_m, (y - frame.south) * frame.per_m, np.inf
    if mid_i - ring > low_i:
        found = min(found, u - (mid_i - ring))
    if mid_i + ring < high_i:
        found = min(found, mid_i + ring + 1 - u)
    if mid_j - ring > low_j:
        found = min(found, v - (mid_j - ring))
    if mid_j + ring < high_j:
        found = min(found, mid_j + ring + 1 - v)
    return found / frame.per_m
