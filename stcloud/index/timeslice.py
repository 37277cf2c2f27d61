"""Histories in runs of one shape, and spans of valid time with the runs that were valid in each."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.index.array import Ints, frozen
from stcloud.index.bins import Bins, bins_of
from stcloud.index.bucket import Buckets, buckets_of
from stcloud.index.kernel import kernel
from stcloud.index.outline import outlines_of
from stcloud.index.segment import Segments, segments_of
from stcloud.index.strip import Strips, strips_of

__all__ = ["NEVER", "Areas", "Runs", "TimeSlice", "cuts_of", "runs_of", "slices_of", "version_at"]

NEVER = -1


class Runs(NamedTuple):
    """Versions in order of key and time, in runs of one feature and one shape.

    Parameters
    ----------
    first, stop
        ``(r,)`` int64: where each run starts in the versions, and where it ends, exclusive.
    start_us, end_us
        ``(n,)`` int64, UTC microseconds, half-open; in a run each ends where the next one begins.
    """

    first: Any
    stop: Any
    start_us: Any
    end_us: Any

    @property
    def periods(self) -> Ints:
        """``(r, 2)`` int64, UTC microseconds, half-open: when a run was valid, all the time between."""
        return np.column_stack([self.start_us[self.first], self.end_us[self.stop - 1]])

    def take(self, chosen: NDArray[Any]) -> Runs:
        """Return some of the runs; versions keep their numbers."""
        return Runs(frozen(self.first[chosen]), frozen(self.stop[chosen]), self.start_us, self.end_us)


def runs_of(key: Ints, start_us: Ints, end_us: Ints, shapes: NDArray[Any]) -> Runs:
    """Return the runs of versions.

    Parameters
    ----------
    key
        ``(n,)`` int64: equal for equal keys; ascending, and ``start_us`` ascending for each.
    start_us, end_us
        ``(n,)`` int64, UTC microseconds, half-open.
    shapes
        ``(n,)`` shapely geometries.

    Examples
    --------
    >>> shapes = shapely.points([[0, 0], [0, 0], [1, 0]])
    >>> runs_of(np.zeros(3), np.array([0, 5, 9]), np.array([5, 9, 12]), shapes).first.tolist()
    [0, 2]
    """
    same = (key[1:] == key[:-1]) & (end_us[:-1] == start_us[1:])
    same[same] = shapely.equals_identical(shapes[1:][same], shapes[:-1][same])
    starts = np.flatnonzero(np.concatenate([[True], ~same])) if len(key) else np.empty(0, np.int64)
    stops = np.append(starts[1:], len(key))[: len(starts)]
    return Runs(
        *(frozen(np.ascontiguousarray(column, np.int64)) for column in (starts, stops, start_us, end_us))
    )


@kernel
def version_at(run: int, at_us: int, first: Any, stop: Any, start_us: Any, end_us: Any) -> int:
    """Return the version of a run that was valid at an instant, or `NEVER`.

    Parameters
    ----------
    run
        The run.
    at_us
        UTC microseconds.
    first, stop, start_us, end_us
        The runs, one by one: a tuple of arrays would be counted anew at each call.

    Notes
    -----
    O(log versions of the run).
    """
    low, high = first[run], stop[run]
    while high - low > 1:
        middle = (low + high) >> 1
        if start_us[middle] <= at_us:
            low = middle
        else:
            high = middle
    valid = start_us[low] <= at_us < end_us[low]
    return low if valid else NEVER


Areas: TypeAlias = tuple[Bins, Strips]

_RENEWED = 0.75  # of what was valid when a time slice began has been replaced, or come: time for the next one
_FEWEST = 1024  # runs that begin are worth a time slice
_OF_SIDE = 12  # bins along the side of a middling area
_AREAS = (3, 6)  # Polygon, MultiPolygon
_NOTHING = np.empty(0, object)


@dataclass(frozen=True, slots=True, eq=False)
class TimeSlice:
    """What was valid at some instant of a span.

    Parameters
    ----------
    runs
        The runs, by key and start.
    shapes
        ``(r,)`` shapely geometries, one for each run, metres; none where what is needed of them is kept.
    """

    runs: Runs
    shapes: NDArray[Any]

    def areas(self) -> Areas:
        """Return a cell for each run that is an area; where none is, no cell.

        Raises
        ------
        InvalidInput
            ``not-finite``, ``too-many-vertices``
        """
        cells = self._cells()
        tall = np.diff(shapely.bounds(cells[~shapely.is_missing(cells)])[:, 1::2])
        bin_m = float(np.median(tall)) / _OF_SIDE if tall.size else 0.0
        polygons = outlines_of(cells)
        strips = strips_of(polygons)
        return bins_of(polygons, strips, bin_m if 0 < bin_m < np.inf else None), strips

    def strips(self) -> Strips:
        """Return the strips of `areas` alone; raises as it does."""
        return strips_of(outlines_of(self._cells()))

    def _cells(self) -> NDArray[Any]:
        """Return the shapes that are areas, None for each other; nothing where none is."""
        areas = np.isin(shapely.get_type_id(self.shapes), _AREAS) & ~shapely.is_empty(self.shapes)
        cells = self.shapes.copy() if areas.any() else self.shapes[:0]
        cells[~areas[: len(cells)]] = None
        return cells

    def buckets(self) -> Buckets:
        """Return the segments of the shapes; `InvalidInput` as `segments_of` raises."""
        return buckets_of(self.segments(), self.runs.periods)

    def segments(self) -> Segments:
        """Return the segments of the shapes in no order; raises as `buckets` does."""
        return segments_of(self.shapes)


def slices_of(runs: Runs, shapes: NDArray[Any] | None, cuts_us: Ints) -> tuple[TimeSlice, ...]:
    """Return the slices between cuts: what was valid before the first, between two, and from the last on.

    Parameters
    ----------
    runs
        All runs.
    shapes
        ``(r,)`` shapely geometries, one for each run, metres; None: they are not needed.
    cuts_us
        ``(c,)`` int64, UTC microseconds, ascending.
    """
    if not len(cuts_us):
        return (TimeSlice(runs, _NOTHING if shapes is None else shapes),)
    start, end = runs.periods.T
    chosen = [start < cuts_us[0]]
    chosen += [(start < later) & (end > cut) for cut, later in itertools.pairwise(cuts_us.tolist())]
    chosen += [end > cuts_us[-1]]
    return tuple(TimeSlice(runs.take(rows), _NOTHING if shapes is None else shapes[rows]) for rows in chosen)


def cuts_of(runs: Runs) -> Ints:
    """Return where slices begin, but for the first.

    Parameters
    ----------
    runs
        All runs.

    Returns
    -------
    ``(c,)`` int64, UTC microseconds, ascending: instants by which about as many runs have begun since the cut before
    as were valid then.

    Notes
    -----
    So of the runs of a time slice half or more are valid at any instant, all where a layer changes as a whole,
    however long its history; and all slices together hold each run twice or so. O(runs * log runs).
    """
    start, end = runs.periods.T
    begins, counts = np.unique(start, return_counts=True)
    begun, ends = np.cumsum(counts), np.sort(end)
    cuts, at = [], 0
    while at < len(begins):
        valid = begun[at] - np.searchsorted(ends, begins[at], "right")
        at = int(np.searchsorted(begun, begun[at] + max(_FEWEST, _RENEWED * valid)))
        cuts += [begins[at]] if at < len(begins) else []
    return np.array(cuts, np.int64)
