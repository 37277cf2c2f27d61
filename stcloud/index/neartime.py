"""The reading of a station that is nearest in time: of two that are as near, the earlier one.

Tested by `tests/index/test_neartime.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["nearest_in_time"]


def nearest_in_time(
    starts: NDArray[np.int64],
    time_us: NDArray[np.int64],
    station: NDArray[np.int64],
    at_us: NDArray[np.int64],
    within_us: int,
) -> NDArray[np.int64]:
    """Return the row that is nearest in time to each wanted instant, among the rows of its station.

    Parameters
    ----------
    starts
        ``(s + 1,)`` int64: the first row of each station, and how many rows there are.
    time_us
        ``(n,)`` int64, ascending within a station.
    station, at_us
        ``(m,)`` int64: what is wanted; station -1: of none.
    within_us
        The farthest that counts, inclusive; 0 or more.

    Returns
    -------
    ``(m,)`` int64 rows; -1: none is so near.

    Examples
    --------
    >>> times = np.array([0, 10, 20])
    >>> nearest_in_time(np.array([0, 3]), times, np.zeros(3, np.int64), np.array([15, 16, 40]), 5).tolist()
    [1, 2, -1]
    """
    rows = np.full(len(at_us), -1, np.int64)
    order = np.argsort(station, kind="stable")
    edges = np.searchsorted(station[order], np.arange(len(starts)))
    for number in np.flatnonzero(np.diff(edges)).tolist():
        wanted = order[edges[number] : edges[number + 1]]
        low, high = int(starts[number]), int(starts[number + 1])
        if low < high:
            rows[wanted] = _nearest(time_us[low:high], at_us[wanted], within_us, low)
    return rows


def _nearest(
    times: NDArray[np.int64], at_us: NDArray[np.int64], within_us: int, first: int
) -> NDArray[np.int64]:
    after = np.searchsorted(times, at_us, side="right")
    before = np.maximum(after - 1, 0)
    after = np.minimum(after, len(times) - 1)
    far_before, far_after = np.abs(at_us - times[before]), np.abs(times[after] - at_us)
    row = np.where(far_before <= far_after, before, after)
    return np.where(np.minimum(far_before, far_after) <= within_us, row + first, -1)
