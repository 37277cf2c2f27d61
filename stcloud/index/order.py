"""Put events in the order of squares, so that what neighbours need stays in the cache, and put results back."""

from __future__ import annotations

from typing import Any

import numpy as np

from stcloud.index.bins import Frame
from stcloud.index.kernel import kernel

__all__ = ["gather", "grown", "note_places", "sort_slice"]


@kernel
def sort_slice(x: Any, y: Any, at_us: Any, slices: Any, number: int, frame: Frame, bits: int) -> Any:
    """Return the events of a time slice, tile by tile.

    Parameters
    ----------
    x, y, at_us
        ``(n,)`` float64 metres and int64 UTC microseconds: the events.
    slices
        ``(n,)`` int64, the time slice of each; or ``(0,)``: all are wanted.
    number
        Which are wanted.
    frame
        Squares; events outside go with the first tile.
    bits
        A tile is ``2 ** bits`` squares wide.

    Returns
    -------
    ``(events, x, y, at_us)``: which they were, int32, and their columns.
    """
    ends = np.zeros(((frame.rows >> bits) + 1) * ((frame.columns >> bits) + 1) + 1, np.int64)
    tiles = np.full(len(x), -1, np.int32)
    for event in range(len(x)):
        if not len(slices) or slices[event] == number:
            tiles[event] = _tile(x[event], y[event], frame, bits)
            ends[tiles[event] + 1] += 1
    for tile in range(1, len(ends)):
        ends[tile] += ends[tile - 1]
    count = ends[-1]
    events, xs, ys, ats = (
        np.empty(count, np.int32),
        np.empty(count),
        np.empty(count),
        np.empty(count, np.int64),
    )
    for event in range(len(x)):
        if tiles[event] >= 0:
            at = ends[tiles[event]]
            events[at], xs[at], ys[at], ats[at] = event, x[event], y[event], at_us[event]
            ends[tiles[event]] = at + 1
    return events, xs, ys, ats


@kernel
def _tile(x: float, y: float, frame: Frame, bits: int) -> int:
    if not (frame.west <= x <= frame.east and frame.south <= y <= frame.north):
        return 0
    row, column = int((y - frame.south) * frame.per_m) >> bits, int((x - frame.west) * frame.per_m) >> bits
    return row * ((frame.columns >> bits) + 1) + column


@kernel
def grown(values: Any, at: int) -> Any:
    """Return the values in an array that has a place ``at``: the same, or one twice as long.

    Parameters
    ----------
    values
        ``(n,)``, any type.
    at
        The place, 0 or more.
    """
    if at < len(values):
        return values
    longer = np.empty(2 * at + 16, values.dtype)
    longer[: len(values)] = values
    return longer


@kernel
def note_places(counts: Any, events: Any, begin: int, where: Any, count: Any) -> None:
    """Write for some events where what was found for each begins, and how much that is.

    Parameters
    ----------
    counts
        How much, in the order of ``events``.
    events
        Which they were.
    begin
        Where what was found for the first begins.
    where, count
        ``(n,)`` int64 and int32, written.
    """
    for position in range(len(events)):
        where[events[position]], count[events[position]] = begin, counts[position]
        begin += counts[position]


@kernel
def gather(where: Any, counts: Any, rows: Any, first: int, numbers: Any) -> Any:
    """Return events and what was found for them, ascending by event.

    Parameters
    ----------
    where, counts
        As `note_places` wrote them.
    rows
        What was found.
    first
        Number of the first event.
    numbers
        What rows are called.

    Returns
    -------
    ``(events, named, places)``, int64: the last in ``rows``.
    """
    total = 0
    for event in range(len(counts)):
        total += counts[event]
    events, named, places = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total, np.int64)
    at = 0
    for event in range(len(counts)):
        for k in range(where[event], where[event] + counts[event]):
            events[at], named[at], places[at] = first + event, numbers[rows[k]], k
            at += 1
    return events, named, places
