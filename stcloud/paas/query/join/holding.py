"""Holding: the areas that held events. Squares and time prune; geometry decides what is left."""

from __future__ import annotations

from typing import Any

import numpy as np

from stcloud.paas.grid.location.bins import NOWHERE, Frame, bin_of
from stcloud.paas.grid.location.loop import loop
from stcloud.paas.grid.location.slab import holds
from stcloud.paas.query.join.epoch import Areas
from stcloud.paas.query.join.order import roomy
from stcloud.paas.query.join.run import Runs, version_at

__all__ = ["find_within", "holders"]

_CLOSED = True


@loop
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
    (frame, labels, lists, codes), (xy, heights, cells, slabs, edges) = areas
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
                    rows = roomy(rows, size)
                rows[size] = version_at(run, at_time, begins, stops, start_us, end_us)
                size += 1
        elif run < NOWHERE:
            for at in range(lists[-2 - run], lists[-1 - run]):
                cell = codes[at] >> 1
                if (periods[cell, 0] <= at_time < periods[cell, 1]) and (
                    codes[at] & 1 or holds(x[event], y[event], cell, closed, xy, heights, cells, slabs, edges)
                ):
                    if size >= len(rows):
                        rows = roomy(rows, size)
                    rows[size] = version_at(cell, at_time, begins, stops, start_us, end_us)
                    size += 1
                    if first:
                        break
        counts[event] = size - begin
    return counts, rows


@loop
def holders(
    x: float, y: float, frame: Frame, labels: Any, lists: Any, codes: Any, xy: Any, heights: Any, cells: Any,
    slabs: Any, edges: Any, found: Any,
) -> tuple[int, Any]:  # fmt: skip
    """Find the runs whose area holds a point, boundary included, whenever they were.

    Parameters
    ----------
    x, y
        The point, metres.
    frame, labels, lists, codes, xy, heights, cells, slabs, edges
        A cell for each run, in its bins and slabs one by one.
    found
        ``(m,)`` int32, written as far as it goes.

    Returns
    -------
    ``(count, found)``: how many there are, and ``found``, longer if need be.
    """
    place, count = bin_of(x, y, frame), 0
    run = labels[place] if place != NOWHERE else NOWHERE
    if run >= 0:
        found[0], count = run, 1
    elif run < NOWHERE:
        for at in range(lists[-2 - run], lists[-1 - run]):
            cell = codes[at] >> 1
            if codes[at] & 1 or holds(x, y, cell, _CLOSED, xy, heights, cells, slabs, edges):
                found = roomy(found, count)
                found[count] = cell
                count += 1
    return count, found
