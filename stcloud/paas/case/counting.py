"""What clocks have counted while they ran, and what each of them shows at its deadline.

Tested by `tests/paas/case/test_clocks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stcloud.paas.case.interval import NONE_US
from stcloud.paas.case.limit import CLOSINGS, Codes
from stcloud.paas.case.ruler import Ruler
from stcloud.paas.case.running import ClockRuns
from stcloud.time.micros import Bools, Micros

__all__ = ["ClockCourse"]


@dataclass(frozen=True, slots=True, eq=False)
class ClockCourse:
    """What clocks have counted while they ran.

    Attributes
    ----------
    started_us, elapsed_us
        As in `Clocks`.
    target_us
        What each clock shows, on its own ruler, at its deadline, if it runs on.
    used_up
        ``(n,)`` bool: it reached its deadline while it ran; no later pause moves it.
    origin_us
        What clocks that count ends of working days show after the day of their start, before which they count none;
        None if there are no such clocks.
    """

    started_us: Micros
    elapsed_us: Micros
    target_us: Micros
    used_up: Bools
    origin_us: Micros | None

    @classmethod
    def of(cls, runs: ClockRuns, counts: Codes, allowed: Micros, ruler: Ruler) -> ClockCourse:
        """Return the course of all clocks up to the instant of their runs.

        Parameters
        ----------
        runs
            Their runs and pauses.
        counts
            What each clock counts.
        allowed
            How much it may count, with extensions of its own clock, in microseconds of its own.
        ruler
            Covers all runs.
        """
        started, target = (np.full(len(counts), NONE_US, dtype=np.int64) for _ in range(2))
        elapsed, used_up = np.zeros(len(counts), dtype=np.int64), np.zeros(len(counts), dtype=np.bool_)
        rows = np.flatnonzero(runs.runs)
        if not len(rows):
            return cls(started, elapsed, target, used_up, None)
        clock = runs.clock[rows]
        change = clock[1:] != clock[:-1]
        first, last = np.flatnonzero(np.append(True, change)), np.flatnonzero(np.append(change, True))
        owner, number = clock[first], last - first + 1
        started[owner] = runs.from_us[rows[first]]
        course = cls(started, elapsed, target, used_up, _origins(started, counts, ruler))
        way = counts[clock]
        shown = course.since_origin(ruler.measured(way, runs.from_us[rows]), clock)
        length = course.since_origin(ruler.measured(way, runs.to_us[rows]), clock)
        length -= shown
        after = np.cumsum(length)  # of all clocks, which may run over: differences are right all the same
        after -= np.repeat(after[first] - length[first], number)
        elapsed[owner] = after[last]
        # The first run in which a clock has counted what it may decides on its deadline, or else the last one.
        short = np.add.reduceat(after < np.repeat(allowed[owner], number), first, dtype=np.int64)
        decides = first + np.minimum(short, number - 1)
        target[owner] = shown[decides] + allowed[owner] - (after[decides] - length[decides])
        used_up[owner] = short < number
        return course

    def since_origin(self, shown_us: Micros, clock: npt.NDArray[np.int64]) -> Micros:
        """Return what clocks show, but no less than after the day of their start where ends of days are counted."""
        return shown_us if self.origin_us is None else np.maximum(shown_us, self.origin_us[clock])


def _origins(started: Micros, counts: Codes, ruler: Ruler) -> Micros | None:
    """Return the origins of clocks that count ends of working days; the least number for others, None without any."""
    rows = np.flatnonzero((counts == CLOSINGS) & (started != NONE_US))
    if not len(rows):
        return None
    origin = np.full(len(started), NONE_US, dtype=np.int64)
    origin[rows] = ruler.begun(started[rows])
    return origin
