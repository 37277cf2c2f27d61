"""Spot: the nearest of points, for one is asked for most often; no segments, no list of the best."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stcloud.paas.grid.location.bins import Frame
from stcloud.paas.grid.location.loop import loop
from stcloud.paas.query.join.around import ROUNDING_M, box_of
from stcloud.paas.query.join.mesh import Mesh, place_in
from stcloud.paas.query.join.nearest import beyond, rings
from stcloud.paas.query.join.run import Runs, version_at
from stcloud.paas.query.join.segment import micrometres

__all__ = ["find_nearest_spot"]

_NONE = -1


@loop
def find_nearest_spot(x: Any, y: Any, at_us: Any, metres: float, mesh: Mesh, runs: Runs) -> Any:
    """Find the nearest point of each event at its instant.

    Parameters
    ----------
    x, y, at_us, metres, runs
        As for `find_around`.
    mesh
        Points: segments of no length.

    Returns
    -------
    As `find_nearest` for one at most, where no shape is an area.

    Notes
    -----
    Rows of squares that are further than the best are left out, so a crowded square costs little.
    """
    frame, starts, ends, owner, periods = mesh
    begins, stops, start_us, end_us = runs
    counts, size = np.zeros(len(x), np.int32), 0
    rows, far = np.empty(len(x), np.int32), np.empty(len(x))
    for event in range(len(x)):
        best, far_m = _nearest(x[event], y[event], at_us[event], metres, frame, starts, ends, owner, periods)
        if best != _NONE:
            rows[size] = version_at(best, at_us[event], begins, stops, start_us, end_us)
            far[size], counts[event], size = far_m, 1, size + 1
    return counts, rows, far


@loop
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
