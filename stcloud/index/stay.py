"""Stays: runs of fixes that remain near the first of them, for long enough.

Tested by `tests/index/test_stay.py`.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from stcloud.index.array import Ints, Metres
from stcloud.index.kernel import kernel, pays, plainly
from stcloud.index.order import grown
from stcloud.index.segment import micrometres

__all__ = ["stays"]

_STEPS = 4.0  # of `PLAIN_STEPS` that Python takes for a fix


def stays(
    starts: Ints, time_us: Ints, x: Metres, y: Metres, within_m: float, least_us: int, most_us: int
) -> tuple[Ints, Ints]:
    """Return the stays of movers, by the first and the last fix of each.

    From a track's first fix on, the run of fixes that follow each other within a distance of the run's first fix is
    taken as far as it goes. Where it lasts long enough it is a stay, and the search goes on after it; else it goes on
    with the next fix.

    Parameters
    ----------
    starts
        ``(t + 1,)`` int64: the first fix of each track, and how many fixes there are.
    time_us, x, y
        ``(n,)`` the fixes, in order of time within a track; UTC microseconds, metres.
    within_m
        The distance, inclusive.
    least_us, most_us
        How long a stay lasts at least, 1 or more; a longer time without a fix ends a run.

    Returns
    -------
    ``(first, last)``, each ``(s,)`` int64, ascending.

    Examples
    --------
    >>> time, x = np.array([0, 10, 20, 30]), np.array([0.0, 1.0, 0.0, 99.0])
    >>> first, last = stays(np.array([0, 4]), time, x, np.zeros(4), 5.0, 20, 100)
    >>> first.tolist(), last.tolist()
    ([0], [2])
    """
    search: Any = find_stays if pays(find_stays, len(time_us) * _STEPS) else partial(plainly, find_stays)
    first, last, count = search(
        *map(np.ascontiguousarray, (starts, time_us)), *map(np.ascontiguousarray, (x, y)), float(within_m),
        int(least_us), int(most_us),
    )  # fmt: skip
    return first[:count].copy(), last[:count].copy()


@kernel
def find_stays(
    starts: Any, time_us: Any, x: Any, y: Any, within_m: float, least_us: int, most_us: int
) -> Any:
    """Find the stays of movers; see `stays`.

    Parameters
    ----------
    starts, time_us, x, y, within_m, least_us, most_us
        As for `stays`.

    Returns
    -------
    ``(first, last, count)``: arrays of which the first ``count`` are stays.
    """
    first, last, count = np.empty(64, np.int64), np.empty(64, np.int64), 0
    reach = micrometres(within_m)
    for track in range(len(starts) - 1):
        at, end = starts[track], starts[track + 1]
        while at < end:
            stop = at + 1
            while stop < end and time_us[stop] - time_us[stop - 1] <= most_us:
                dx, dy = x[stop] - x[at], y[stop] - y[at]
                if micrometres(math.sqrt(dx * dx + dy * dy)) > reach:
                    break
                stop += 1
            if time_us[stop - 1] - time_us[at] >= least_us:
                first, last = grown(first, count), grown(last, count)
                first[count], last[count] = at, stop - 1
                count += 1
                at = stop
            else:
                at += 1
    return first, last, count
