"""The deadline of one case, as each action leaves it: what `case_clocks` gives for many, without arrays.

Law, tested under this name: the deadline of one case is that of many.

Tested by `tests/paas/case/test_casedue.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from stcloud.paas.case.caseclocks import stays_of
from stcloud.paas.case.caserules import CaseRules, CaseTiming
from stcloud.paas.case.clockrules import ClockRules
from stcloud.paas.case.limit import CLOSINGS, WORKING, TimeLimit
from stcloud.paas.case.ruler import AHEAD_US, Ruler
from stcloud.paas.case.state import CaseState
from stcloud.time.micros import DAY_US

__all__ = ["due_us"]


def due_us(state: CaseState, rules: CaseRules, at_us: int) -> int | None:
    """Return the deadline of a whole case; None: it has none, has ended, or has not started.

    Parameters
    ----------
    state
        The case as it is at the instant.
    rules
        Rules of its log.
    at_us
        The instant, UTC microseconds: a case that is paused would run again from then on.

    Raises
    ------
    NotFound, InvalidInput
        As `case_clocks`.
    """
    workflow = rules.workflows[state.workflow]
    if workflow.clock(state.state) == "off":
        return None
    stated = state.values.get("due")
    if isinstance(stated, int):
        return None if workflow.is_terminal(state.state) else stated
    bound = rules.timing(state.opened_us, state.rules.get("limits"))
    if bound is None:
        return None
    timing = bound[1]
    limit = _limit(*state.limit) if state.limit else timing.usual
    if limit is None:
        return None
    runs = _runs(state, rules, timing, at_us)
    if not any(run.counts for run in runs):
        return None
    way, allowed_us = _allowed(timing.rules, limit.kind, limit.value)
    extended = state.values.get("extension_value")
    if state.limit and isinstance(extended, int | float) and extended > 0:
        allowed_us += _allowed(timing.rules, limit.kind, float(extended))[1]
    return _reached(runs, _Hand(timing.rules, way, runs, at_us), allowed_us)


@dataclass(frozen=True, slots=True)
class _Run:
    """A stay in which the clock of a case is on, until the instant at most."""

    from_us: int
    to_us: int
    counts: bool


def _runs(state: CaseState, rules: CaseRules, timing: CaseTiming, at_us: int) -> list[_Run]:
    """Return what a whole case's clock has counted and paused up to an instant."""
    start, started = timing.rules.start, timing.rules.start is None
    runs = []
    for _, stage, clock, from_us, to_us in stays_of(0, state, rules.vocabulary(state.workflow)):
        if from_us > at_us:
            break
        started = started or stage == start
        if started and clock != "off":
            runs.append(_Run(from_us, min(to_us, at_us), clock == "running"))
    return runs


class _Hand:
    """What the clock of one case shows at instants, and when it will show so much: `Ruler`, an instant at a time."""

    def __init__(self, rules: ClockRules, way: int, runs: list[_Run], at_us: int) -> None:
        self._way, self._zone = way, rules.time.zone
        self._ruler = Ruler(rules.time, min(run.from_us for run in runs), at_us + AHEAD_US)
        first_us = next(run.from_us for run in runs if run.counts)
        self._origin_us = self._begun(first_us) if way == CLOSINGS else None

    def shows(self, at_us: int) -> int:
        """Return what it shows at an instant."""
        if self._way == WORKING:
            return self._worked(at_us)
        if self._origin_us is not None:
            closed = bisect_right(self._ruler.table.closes_us, at_us) * DAY_US
            return max(closed, self._origin_us)
        return at_us

    def reached(self, target_us: int) -> int:
        """Return the earliest instant at which it shows so much; `InvalidInput` ``deadline-out-of-range``."""
        if self._way == WORKING:
            self._ruler.grow(target_us, 0)
            table = self._ruler.table
            spell = bisect_right(table.before_us, target_us - 1) - 1
            return int(target_us - table.before_us[spell] + table.starts_us[spell])
        if self._way == CLOSINGS:
            days = target_us // DAY_US
            self._ruler.grow(0, days)
            return int(self._ruler.table.closes_us[days - 1])
        return target_us

    def _worked(self, at_us: int) -> int:
        table = self._ruler.table
        if not len(table.starts_us):
            return 0
        spell = max(bisect_right(table.starts_us, at_us) - 1, 0)
        within = min(at_us, int(table.ends_us[spell])) - int(table.starts_us[spell])
        return int(table.before_us[spell]) + max(within, 0)

    def _begun(self, at_us: int) -> int:
        return int(self._ruler.begun(np.array([at_us]))[0])


def _reached(runs: list[_Run], hand: _Hand, allowed_us: int) -> int:
    """Return the deadline: in the first run in which all is counted that may be, or else if the clock runs on."""
    counted_us = target_us = 0
    for run in runs:
        if not run.counts:
            continue
        shown_us = hand.shows(run.from_us)
        target_us = shown_us + allowed_us - counted_us
        counted_us += hand.shows(run.to_us) - shown_us
        if counted_us >= allowed_us:
            return hand.reached(target_us)
    if not runs[-1].counts:
        target_us = hand.shows(runs[-1].to_us) + allowed_us - counted_us
    return hand.reached(target_us)


@lru_cache(maxsize=256)
def _limit(kind: str, value: float) -> TimeLimit:
    return TimeLimit(kind, value)  # type: ignore[arg-type]


@lru_cache(maxsize=256)
def _allowed(rules: ClockRules, kind: str, value: float) -> tuple[int, int]:
    """Return what a limit's clock counts, and how much of it, in microseconds."""
    return _limit(kind, value).counted(rules.work_day, rules.time.hours.day_us)
