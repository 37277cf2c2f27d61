"""Search a time slice for few events in numpy and trees of boxes, without compiled loops."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.index.array import Ints, Metres
from stcloud.index.paired import distances, held, whole_micrometres
from stcloud.index.strip import Strips
from stcloud.index.timeslice import Runs

__all__ = ["BoxedCells", "PlainSegments", "PlainSlice"]

Rows: TypeAlias = NDArray[Any]
Partners: TypeAlias = tuple[Rows, Rows, Metres]
"""Events, versions in their order, metres."""

_ROUNDING_M = 1e-6
_AT_ONCE = 2**20  # pairs of events and segments
_WIDER = 2.0
_ROUNDING = 1e-9
_NOWHERE = [math.inf, math.inf, -math.inf, -math.inf]


class BoxedCells:
    """Cells with a tree of their boxes.

    Parameters
    ----------
    strips
        The cells.
    """

    def __init__(self, strips: Strips) -> None:
        self.strips = strips
        first, stop = (strips.starts[places] for places in (strips.cells[:-1], strips.cells[1:]))
        owner = np.repeat(np.arange(len(first)), stop - first)
        x1, x2 = strips.xy[strips.edges, 0], strips.xy[strips.edges + 1, 0]
        west, east = np.full(len(first), np.inf), np.full(len(first), -np.inf)
        np.minimum.at(west, owner, np.minimum(x1, x2))
        np.maximum.at(east, owner, np.maximum(x1, x2))
        boxes, filled = np.full(len(first), None, object), stop > first
        south, north = strips.heights[filled, :2].T
        boxes[filled] = shapely.box(west[filled], south, east[filled], north)
        self._tree = shapely.STRtree(boxes)

    def candidates(self, x: Metres, y: Metres) -> tuple[Rows, Rows]:
        """Return points with the cells whose boxes hold them, ascending by point, then cell."""
        placed = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        points, cells = self._tree.query(shapely.points(x[placed], y[placed]))
        order = np.lexsort((cells, points))
        return placed[points[order]], cells[order]

    def pairs(self, x: Metres, y: Metres, *, closed: bool) -> tuple[Rows, Rows]:
        """Return points with the cells that hold them, ascending by point, then cell.

        Parameters
        ----------
        x, y, closed
            As for `stcloud.index.Locator.pairs`.
        """
        points, cells = self.candidates(x, y)
        holds = held(x[points], y[points], cells, self.strips, closed=closed)
        return points[holds], cells[holds]


class PlainSegments:
    """Segments with a tree of their boxes.

    Parameters
    ----------
    ends, owner
        ``(m, 4)`` float64, metres, and ``(m,)`` int32: segments and their runs; one may come several times.
    """

    def __init__(self, ends: Metres, owner: Rows) -> None:
        self.ends, self.owner = ends, owner
        self._tree = shapely.STRtree(shapely.linestrings(ends.reshape(-1, 2, 2)))
        self._box = _NOWHERE if not len(owner) else shapely.total_bounds(self._tree.geometries).tolist()

    def candidates(self, x: Metres, y: Metres, metres: Metres) -> tuple[Rows, Rows]:
        """Return points with the segments whose boxes are within a distance of each, in no order."""
        reach = metres + _ROUNDING_M
        points, segments = self._tree.query(shapely.box(x - reach, y - reach, x + reach, y + reach))
        return points, segments

    def farthest(self, x: Metres, y: Metres) -> Metres:
        """Return a distance from each point within which all segments are."""
        west, south, east, north = self._box
        if not len(self.owner):
            return np.zeros(len(x))
        wide = np.maximum(np.abs(x - west), np.abs(x - east))
        tall = np.maximum(np.abs(y - south), np.abs(y - north))
        farthest: Metres = np.hypot(wide, tall) + 1
        return farthest

    def least(self, x: Metres, y: Metres) -> Metres:
        """Return a distance from each point within which a segment is, if there is any."""
        least = np.zeros(len(x))
        (points, _), far = self._tree.query_nearest(
            shapely.points(x, y), return_distance=True, all_matches=False
        )
        least[points] = far
        return least * (1 + _ROUNDING) + _ROUNDING_M


@dataclass(frozen=True, eq=False)
class PlainSlice:
    """What was valid at some instant of a span.

    Parameters
    ----------
    runs
        The runs.
    strips
        A cell for each run that is an area; none where none is.
    """

    runs: Runs
    strips: Strips

    @cached_property
    def _cells(self) -> BoxedCells:
        return BoxedCells(self.strips)

    @cached_property
    def _periods(self) -> Ints:
        return self.runs.periods

    def within(self, x: Metres, y: Metres, at_us: Ints, *, closed: bool) -> tuple[Rows, Rows]:
        """Return events with the versions whose area held them, ascending.

        Parameters
        ----------
        x, y, at_us, closed
            As for `stcloud.index.AsOfIndex.within`.
        """
        events, runs = self._holders(x, y, at_us, closed=closed)
        return events, self._version(runs, at_us[events])

    def within_distance(
        self, x: Metres, y: Metres, at_us: Ints, metres: Metres, lines: PlainSegments
    ) -> Partners:
        """Return events with the versions that were so near, ascending by event, distance, then version.

        Parameters
        ----------
        x, y, at_us
            As for `stcloud.index.AsOfIndex.within_distance`.
        metres
            ``(n,)`` float64: how far, for each event.
        lines
            The segments of the runs.
        """
        placed = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        step = max(1, _AT_ONCE // max(1, len(lines.owner)))
        chunks = [placed[low : low + step] for low in range(0, len(placed), step)]
        parts = [self._near(chunk, x, y, at_us, metres, lines) for chunk in chunks]
        held_by, held_in = self._holders(x, y, at_us, closed=True)
        events = np.concatenate([held_by, *(part[0] for part in parts)])
        runs = np.concatenate([held_in, *(part[1] for part in parts)])
        far = np.concatenate([np.zeros(len(held_by)), *(part[2] for part in parts)])
        order = np.lexsort((far, runs, events))
        events, runs, far = events[order], runs[order], far[order]
        new = np.flatnonzero((np.diff(events, prepend=-1) != 0) | (np.diff(runs, prepend=-1) != 0))
        events, runs, far = events[new], runs[new], far[new]
        order = np.lexsort((runs, whole_micrometres(far), events))
        return events[order], self._version(runs[order], at_us[events[order]]), far[order]

    def nearest(
        self, x: Metres, y: Metres, at_us: Ints, count: int, metres: float, lines: PlainSegments
    ) -> Partners:
        """Return events with the nearest versions, in order as `within_distance` returns them.

        Parameters
        ----------
        x, y, at_us, count, metres
            As for `stcloud.index.AsOfIndex.nearest`, where ``count`` is ``k``.
        lines
            The segments of the runs.
        """
        left, parts = np.flatnonzero(np.isfinite(x) & np.isfinite(y)), []
        most = np.minimum(lines.farthest(x[left], y[left]), metres)
        near = np.minimum(lines.least(x[left], y[left]), most)
        while len(left):
            events, versions, far = self.within_distance(x[left], y[left], at_us[left], near, lines)
            begin = np.flatnonzero(np.diff(events, prepend=-1) != 0)
            place = np.arange(len(events)) - np.repeat(begin, np.diff(np.append(begin, len(events))))
            done = (np.bincount(events, minlength=len(left)) >= count) | (near >= most)
            kept = done[events] & (place < count)
            parts.append((left[events[kept]], versions[kept], far[kept]))
            left, most, near = left[~done], most[~done], np.minimum(near[~done] * _WIDER, most[~done])
        none = np.empty(0, np.int64)
        events, versions, far = (
            np.concatenate(column) for column in zip(*parts, (none, none, np.empty(0)), strict=True)
        )
        order = np.argsort(events, kind="stable")
        return events[order], versions[order], far[order]

    def _holders(self, x: Metres, y: Metres, at_us: Ints, *, closed: bool) -> tuple[Rows, Rows]:
        events, runs = self._cells.candidates(x, y)
        valid = self._valid(runs, at_us[events])
        events, runs = events[valid], runs[valid]
        holds = held(x[events], y[events], runs, self.strips, closed=closed)
        return events[holds], runs[holds]

    def _near(
        self, events: Rows, x: Metres, y: Metres, at_us: Ints, metres: Metres, lines: PlainSegments
    ) -> Partners:
        """Return events with the runs of the segments that were so near; a run may come more than once."""
        which, segments = lines.candidates(x[events], y[events], metres[events])
        events, runs = events[which], lines.owner[segments].astype(np.int64)
        valid = self._valid(runs, at_us[events])
        events, runs, segments = events[valid], runs[valid], segments[valid]
        far = distances(x[events], y[events], lines.ends[segments])
        near = whole_micrometres(far) <= whole_micrometres(metres[events])
        return events[near], runs[near], far[near]

    def _valid(self, runs: Rows, at_us: Ints) -> NDArray[np.bool_]:
        valid: NDArray[np.bool_] = (self._periods[runs, 0] <= at_us) & (at_us < self._periods[runs, 1])
        return valid

    def _version(self, runs: Rows, at_us: Ints) -> Rows:
        """Return the version of each run that was valid at an instant at which the run was."""
        low: Rows
        low, high = self.runs.first[runs].copy(), self.runs.stop[runs].copy()
        while (high - low > 1).any():
            middle = (low + high) >> 1
            before = self.runs.start_us[middle] <= at_us
            open_ = high - low > 1
            low, high = np.where(open_ & before, middle, low), np.where(open_ & ~before, middle, high)
        return low
