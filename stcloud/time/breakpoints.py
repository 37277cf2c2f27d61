"""Break points in order, counted up to many values at once: as `numpy.searchsorted`, ten times as fast.

Tested by `tests/time/test_breakpoints.py`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stcloud.time.micros import Micros

__all__ = ["BreakPoints"]

_MOST_BUCKETS = 1 << 21


class BreakPoints:
    """Strictly increasing whole numbers.

    Parameters
    ----------
    points
        ``(n,)`` int64, strictly increasing.

    Notes
    -----
    Buckets as wide as the least distance of two points hold at most one each, so that one look into a table of
    buckets and one comparison count them. Where that would take too many buckets, the points are searched.

    Examples
    --------
    >>> BreakPoints(np.array([10, 20, 40])).up_to(np.array([9, 10, 39, 99])).tolist()
    [0, 1, 2, 3]
    """

    def __init__(self, points: Micros) -> None:
        self._points = points
        self._counts: npt.NDArray[np.int32] | None = None
        if len(points) < 2:
            return
        self._shift = np.int64(int(np.diff(points).min()).bit_length() - 1)
        self._origin = points[0] - (np.int64(1) << self._shift)
        buckets = (int(points[-1] - self._origin) >> int(self._shift)) + 2
        if buckets <= _MOST_BUCKETS:
            begins = self._origin + (np.arange(buckets, dtype=np.int64) << self._shift)
            self._counts = np.searchsorted(points, begins, side="right").astype(np.int32)
            self._next = np.append(points, np.iinfo(np.int64).max)

    def up_to(self, values: Micros) -> npt.NDArray[np.int64]:
        """Count the points that are not above each value.

        Parameters
        ----------
        values
            ``(m,)`` int64.

        Returns
        -------
        ``(m,)`` int64, from 0 to n.
        """
        if self._counts is None:
            return np.searchsorted(self._points, values, side="right")
        bucket = values - self._origin
        bucket >>= self._shift
        count: npt.NDArray[np.int64] = self._counts.take(bucket, mode="clip").astype(np.int64)
        count += self._next.take(count) <= values
        return count
