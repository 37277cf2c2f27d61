"""Runs: pieces of a feature's history in which its shape stayed the same."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from stcloud.daas.timeline import Ints
from stcloud.paas.grid.location.loop import loop
from stcloud.paas.grid.location.slab import frozen

__all__ = ["NEVER", "Runs", "runs_of", "version_at"]

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
    return Runs(*(frozen(np.ascontiguousarray(one, np.int64)) for one in (starts, stops, start_us, end_us)))


@loop
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
