"""Which raw intervals belong to which clock, and how much each clock had counted before each of them.

Tested by `tests/paas/case/test_clocks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stcloud.errors import InvalidInput
from stcloud.paas.case.allowance import WHOLE, ClockKeys
from stcloud.paas.case.clockrules import ClockRules
from stcloud.paas.case.interval import OFF, RUNNING, ClockIntervals
from stcloud.time.micros import Bools, Micros

__all__ = ["ClockRuns", "runs_of"]

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ClockRuns:
    """Intervals in which clocks run or are paused, as they are at an instant.

    Attributes
    ----------
    clock
        ``(m,)`` int64, the row of the clock's limit; never falling.
    from_us, to_us
        ``(m,)`` int64 UTC microseconds; what lasts at the instant ends at it.
    runs
        ``(m,)`` bool: running, or else paused.
    lasts
        ``(m,)`` bool: it lasts at the instant.
    """

    clock: Rows
    from_us: Micros
    to_us: Micros
    runs: Bools
    lasts: Bools

    def last(self) -> Rows:
        """Return the rows that are the last ones of their clocks."""
        return np.flatnonzero(
            np.append(self.clock[1:] != self.clock[:-1], np.ones(min(len(self.clock), 1), bool))
        )


def runs_of(intervals: ClockIntervals, keys: ClockKeys, rules: ClockRules, at_us: int) -> ClockRuns:
    """Return the runs and pauses of all clocks up to an instant.

    Parameters
    ----------
    intervals
        Of all cases.
    keys
        The clocks.
    rules
        With which stage whole cases start, and whether a stage that is entered again starts again.
    at_us
        The instant, UTC microseconds.

    Raises
    ------
    InvalidInput
        ``unknown-start``: the stage with which whole cases start is none of those there are.
    """
    rows = intervals.since(at_us)
    case, stage = intervals.case[rows], intervals.stage[rows]
    on = intervals.clock[rows] != OFF
    clock = keys.clocks(case, WHOLE)
    clock[~_started(on, case, stage, intervals.stages, rules.start)] = -1
    if keys.staged:
        latest = (
            on if rules.rework == "cumulative" else on & _in_last_round(keys.of(case, stage), case, stage)
        )
        staged = keys.clocks(case, stage)
        staged[~latest] = -1
        clock, rows = np.concatenate([clock, staged]), np.concatenate([rows, rows])
    chosen = clock >= 0
    clock, rows = clock[chosen], rows[chosen]
    if (clock[1:] < clock[:-1]).any():
        order = np.argsort(clock, kind="stable")
        clock, rows = clock[order], rows[order]
    ends = intervals.to_us[rows]
    return ClockRuns(
        clock,
        intervals.from_us[rows],
        np.minimum(ends, at_us),
        intervals.clock[rows] == RUNNING,
        ends > at_us,
    )


def _started(on: Bools, case: Rows, stage: Rows, stages: tuple[str, ...], start: str | None) -> Bools:
    """Tell for each interval that is on whether its case has entered the stage with which its clock starts."""
    if start is None or not len(case):
        return on
    if start not in stages:
        raise InvalidInput(
            "unknown-start", f"no stage '{start}' for the clock of whole cases to start with",
            hint=f"use {', '.join(stages)}",
        )  # fmt: skip
    enters = np.flatnonzero(stage == stages.index(start))[::-1]
    first = np.full(int(case[-1]) + 1, len(case), dtype=np.int64)
    first[case[enters]] = enters  # the last one written is the first in the log
    started: Bools = on & (np.arange(len(case)) >= first[case])
    return started


def _in_last_round(key: Rows, case: Rows, stage: Rows) -> Bools:
    """Tell for each interval whether its case has not left and entered its stage again since."""
    begins = np.flatnonzero(
        np.append(np.ones(min(len(case), 1), bool), (case[1:] != case[:-1]) | (stage[1:] != stage[:-1]))
    )
    last = np.zeros(int(key.max(initial=-1)) + 1, dtype=np.int64)
    last[key[begins]] = begins  # the last one written is the last in the log
    latest: Bools = np.arange(len(case)) >= last[key]
    return latest
