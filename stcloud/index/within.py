"""Find the areas that held events, and the shapes that were near them. Squares and time prune; geometry decides."""

from __future__ import annotations

from typing import Any

import numpy as np

from stcloud.index.bins import NOWHERE, Frame, bin_of
from stcloud.index.bucket import MARGIN, Buckets, place_in
from stcloud.index.kernel import kernel
from stcloud.index.order import grown
from stcloud.index.ranking import rank
from stcloud.index.segment import distance, micrometres
from stcloud.index.strip import holds
from stcloud.index.timeslice import NEVER, Areas, Runs, version_at

__all__ = ["ROUNDING_M", "areas_at", "box_of", "box_square", "find_within", "find_within_distance"]

_CLOSED = True


@kernel
def find_within(
    x: Any, y: Any, at_us: Any, closed: Any, first: Any, areas: Areas, runs: Runs, periods: Any
) -> Any:
    """Find the areas that held each event at its instant.

    Parameters
    ----------
    x, y, at_us
        ``(n,)`` float64 metres and int64 UTC microseconds: the events.
    closed
        Whether areas hold their whole boundary.
    first
        Whether only the first of the areas that held an event is found.
    areas
        A cell for each run.
    runs, periods
        The runs, and when they were.

    Returns
    -------
    ``(counts, rows)``: how many versions each event has in ``rows``, ascending, one event after the other.
    """
    (frame, labels, lists, codes), (xy, heights, cells, strips, edges) = areas
    begins, stops, start_us, end_us = runs
    counts = np.empty(len(x), np.int32)
    rows, size = np.empty(len(x) + 1, np.int32), 0
    for event in range(len(x)):
        begin, at_time = size, at_us[event]
        place = bin_of(x[event], y[event], frame)
        run = labels[place] if place != NOWHERE else NOWHERE
        if run >= 0:
            if periods[run, 0] <= at_time < periods[run, 1]:
                if size >= len(rows):  # a call counts arrays
                    rows = grown(rows, size)
                rows[size] = version_at(run, at_time, begins, stops, start_us, end_us)
                size += 1
        elif run < NOWHERE:
            for at in range(lists[-2 - run], lists[-1 - run]):
                cell = codes[at] >> 1
                if (periods[cell, 0] <= at_time < periods[cell, 1]) and (
                    codes[at] & 1
                    or holds(x[event], y[event], cell, closed, xy, heights, cells, strips, edges)
                ):
                    if size >= len(rows):
                        rows = grown(rows, size)
                    rows[size] = version_at(cell, at_time, begins, stops, start_us, end_us)
                    size += 1
                    if first:
                        break
        counts[event] = size - begin
    return counts, rows


@kernel
def areas_at(
    x: float, y: float, frame: Frame, labels: Any, lists: Any, codes: Any, xy: Any, heights: Any, cells: Any,
    strips: Any, edges: Any, runs: Any,
) -> tuple[int, Any]:  # fmt: skip
    """Find the runs whose area holds a point, boundary included, whenever they were.

    Parameters
    ----------
    x, y
        The point, metres.
    frame, labels, lists, codes, xy, heights, cells, strips, edges
        A cell for each run, in its bins and strips one by one.
    runs
        ``(m,)`` int32, written as far as it goes.

    Returns
    -------
    ``(count, runs)``: how many there are, and ``runs``, longer if need be.
    """
    place, count = bin_of(x, y, frame), 0
    run = labels[place] if place != NOWHERE else NOWHERE
    if run >= 0:
        runs[0], count = run, 1
    elif run < NOWHERE:
        for at in range(lists[-2 - run], lists[-1 - run]):
            cell = codes[at] >> 1
            if codes[at] & 1 or holds(x, y, cell, _CLOSED, xy, heights, cells, strips, edges):
                runs = grown(runs, count)
                runs[count] = cell
                count += 1
    return count, runs


ROUNDING_M = 1e-6
"""Distances are compared as micrometres."""


@kernel
def find_within_distance(
    x: Any, y: Any, at_us: Any, metres: float, areas: Areas, buckets: Buckets, runs: Runs
) -> Any:
    """Find the shapes that were at most so far from each event at its instant.

    Parameters
    ----------
    x, y, at_us
        ``(n,)`` float64 metres and int64 UTC microseconds: the events.
    metres
        Inclusive.
    areas
        A cell for each run, or none where no run is an area.
    buckets
        Segments of the runs' shapes.
    runs
        The runs.

    Returns
    -------
    ``(counts, rows, metres)``: how many versions each event has in the others, one event after the other, for each
    ascending by distance, then row.
    """
    frame, starts, ends, owner, periods = buckets
    (bin_frame, labels, lists, codes), (xy, heights, cells, strips, edges) = areas
    begins, stops, start_us, end_us = runs
    size, most, square = 0, micrometres(metres), (metres + ROUNDING_M) ** 2
    counts, rows, far = np.empty(len(x), np.int32), np.empty(len(x) + 1, np.int32), np.empty(len(x) + 1)
    last, slot, inside = np.full(len(begins), -1), np.empty(len(begins), np.int64), np.empty(16, np.int32)
    for event in range(len(x)):
        px, py, at, begin = x[event], y[event], at_us[event], size
        area_count = 0
        if len(heights):
            area_count, inside = areas_at(
                px, py, bin_frame, labels, lists, codes, xy, heights, cells, strips, edges, inside
            )
        for k in range(area_count):
            if version_at(inside[k], at, begins, stops, start_us, end_us) != NEVER:
                rows, far = grown(rows, size), grown(far, size)
                size += _meet(inside[k], 0.0, event, last, slot, rows, far, size)
        low_j, high_j, low_i, high_i = box_of(px, py, metres, frame)
        for j in range(low_j, high_j + 1):
            for k in range(starts[j * frame.columns + low_i], starts[j * frame.columns + high_i + 1]):
                if box_square(px, py, ends, k) <= square and periods[k, 0] <= at < periods[k, 1]:
                    far_m = distance(px, py, ends[k, 0], ends[k, 1], ends[k, 2], ends[k, 3])
                    if micrometres(far_m) <= most:
                        rows, far = grown(rows, size), grown(far, size)
                        size += _meet(owner[k], far_m, event, last, slot, rows, far, size)
        for k in range(begin, size):
            rows[k] = version_at(rows[k], at, begins, stops, start_us, end_us)
        rank(rows[begin:size], far[begin:size])
        counts[event] = size - begin
    return counts, rows, far


@kernel
def _meet(run: int, far_m: float, event: int, last: Any, slot: Any, rows: Any, far: Any, size: int) -> int:
    """Note how far a run is from an event; return 1 when it is new to the event.

    ``last`` holds the event that met each run last, ``slot`` the place where that is noted.
    """
    if last[run] == event:
        far[slot[run]] = min(far[slot[run]], far_m)
        return 0
    last[run], slot[run], rows[size], far[size] = event, size, run, far_m
    return 1


@kernel
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


@kernel
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
