"""Around: the shapes that were near events. Squares and time prune; geometry decides what is left."""

from __future__ import annotations

from typing import Any

import numpy as np

from stcloud.paas.grid.location.bins import Frame
from stcloud.paas.grid.location.loop import loop
from stcloud.paas.query.join.epoch import Areas
from stcloud.paas.query.join.holding import holders
from stcloud.paas.query.join.mesh import MARGIN, Mesh, place_in
from stcloud.paas.query.join.order import roomy
from stcloud.paas.query.join.ranking import rank
from stcloud.paas.query.join.run import NEVER, Runs, version_at
from stcloud.paas.query.join.segment import distance, micrometres

__all__ = ["ROUNDING_M", "box_of", "box_square", "find_around"]

ROUNDING_M = 1e-6
"""Distances are compared as micrometres."""


@loop
def find_around(x: Any, y: Any, at_us: Any, metres: float, areas: Areas, mesh: Mesh, runs: Runs) -> Any:
    """Find the shapes that were at most so far from each event at its instant.

    Parameters
    ----------
    x, y, at_us
        ``(n,)`` float64 metres and int64 UTC microseconds: the events.
    metres
        Inclusive.
    areas
        A cell for each run, or none where no run is an area.
    mesh
        Segments of the runs' shapes.
    runs
        The runs.

    Returns
    -------
    ``(counts, rows, metres)``: how many versions each event has in the others, one event after the other, for each
    ascending by distance, then row.
    """
    frame, starts, ends, owner, periods = mesh
    (bin_frame, labels, lists, codes), (xy, heights, cells, slabs, edges) = areas
    begins, stops, start_us, end_us = runs
    size, most, square = 0, micrometres(metres), (metres + ROUNDING_M) ** 2
    counts, rows, far = np.empty(len(x), np.int32), np.empty(len(x) + 1, np.int32), np.empty(len(x) + 1)
    last, slot, inside = np.full(len(begins), -1), np.empty(len(begins), np.int64), np.empty(16, np.int32)
    for event in range(len(x)):
        px, py, at, begin = x[event], y[event], at_us[event], size
        holding = 0
        if len(heights):
            holding, inside = holders(
                px, py, bin_frame, labels, lists, codes, xy, heights, cells, slabs, edges, inside
            )
        for k in range(holding):
            if version_at(inside[k], at, begins, stops, start_us, end_us) != NEVER:
                rows, far = roomy(rows, size), roomy(far, size)
                size += _meet(inside[k], 0.0, event, last, slot, rows, far, size)
        low_j, high_j, low_i, high_i = box_of(px, py, metres, frame)
        for j in range(low_j, high_j + 1):
            for k in range(starts[j * frame.columns + low_i], starts[j * frame.columns + high_i + 1]):
                if box_square(px, py, ends, k) <= square and periods[k, 0] <= at < periods[k, 1]:
                    far_m = distance(px, py, ends[k, 0], ends[k, 1], ends[k, 2], ends[k, 3])
                    if micrometres(far_m) <= most:
                        rows, far = roomy(rows, size), roomy(far, size)
                        size += _meet(owner[k], far_m, event, last, slot, rows, far, size)
        for k in range(begin, size):
            rows[k] = version_at(rows[k], at, begins, stops, start_us, end_us)
        rank(rows[begin:size], far[begin:size])
        counts[event] = size - begin
    return counts, rows, far


@loop
def _meet(run: int, far_m: float, event: int, last: Any, slot: Any, rows: Any, far: Any, size: int) -> int:
    """Note how far a run is from an event; return 1 when it is new to the event.

    ``last`` tells the event that met each run last, ``slot`` where that was noted.
    """
    if last[run] == event:
        far[slot[run]] = min(far[slot[run]], far_m)
        return 0
    last[run], slot[run], rows[size], far[size] = event, size, run, far_m
    return 1


@loop
def box_of(x: float, y: float, metres: float, frame: Frame) -> tuple[int, int, int, int]:
    """Return first and last row, then column, of the squares that may be so near a point; none when it is nowhere.

    Parameters
    ----------
    x, y, metres
        The point, and how far.
    frame
        The squares.
    """
    near = (
        frame.west - metres <= x <= frame.east + metres and frame.south - metres <= y <= frame.north + metres
    )
    if not (near and abs(x) < np.inf and abs(y) < np.inf):
        return 0, -1, 0, -1
    reach, u, v = (
        metres * frame.per_m + MARGIN, (x - frame.west) * frame.per_m, (y - frame.south) * frame.per_m
    )  # fmt: skip
    return (
        place_in(v - reach, frame.rows),
        place_in(v + reach, frame.rows),
        place_in(u - reach, frame.columns),
        place_in(u + reach, frame.columns),
    )


@loop
def box_square(x: float, y: float, ends: Any, k: int) -> float:
    """Return the squared distance to a segment's box, never more than that to the segment.

    Parameters
    ----------
    x, y
        The point.
    ends, k
        The segments, and which.
    """
    dx = max(ends[k, 0] - x, x - ends[k, 2], 0.0)
    dy = max(min(ends[k, 1], ends[k, 3]) - y, y - max(ends[k, 1], ends[k, 3]), 0.0)
    square: float = dx * dx + dy * dy
    return square
