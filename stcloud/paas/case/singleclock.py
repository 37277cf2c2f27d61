"""One clock of one case, of the whole or of its stage, as a state leaves it: what it has counted, and until when.

`read_clocks` gives the same for many cases, with arrays; here it is a sum over the few stays of one.

Tested by `tests/paas/case/test_casedue.py` and `tests/paas/case/test_limitcourse.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
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

__all__ = ["SingleClock", "single_clock"]


@dataclass(frozen=True, slots=True)
class _Run:
    """A stay in which a clock is on, until the instant at most; ``lasts``: it lasts at it."""

    from_us: int
    to_us: int
    counts: bool
    lasts: bool


@dataclass(frozen=True, slots=True, eq=False)
class SingleClock:
    """A clock of a case at an instant; if nothing happens it goes on as it does then.

    Attributes
    ----------
    limit
        Its limit, without extensions.
    limit_us, allowed_us
        How much of its own time the limit is, and with extensions, microseconds.
    running, paused
        What it does at the instant; neither: it has stopped.
    """

    limit: TimeLimit
    limit_us: int
    allowed_us: int
    running: bool
    paused: bool
    _runs: tuple[_Run, ...]
    _hand: _Hand

    def counted_us(self, at_us: int) -> int:
        """Return what it will have counted by an instant, if nothing happens until then."""
        counted_us = 0
        for run in self._runs:
            if run.counts:
                counted_us += self._hand.shows(run.to_us) - self._hand.shows(run.from_us)
        last_us = self._runs[-1].to_us
        if self.running and at_us > last_us:
            counted_us += self._hand.shows(at_us) - self._hand.shows(last_us)
        return counted_us

    def reached_us(self, amount_us: int) -> int:
        """Return when it has counted so much; one that is paused would run again from the instant on.

        It is the instant in the first run in which all of it is counted, or else if the clock runs on.
        `InvalidInput` ``deadline-out-of-range``.
        """
        counted_us = target_us = 0
        for run in self._runs:
            if not run.counts:
                continue
            shown_us = self._hand.shows(run.from_us)
            target_us = shown_us + amount_us - counted_us
            counted_us += self._hand.shows(run.to_us) - shown_us
            if counted_us >= amount_us:
                return self._hand.reached(target_us)
        if not self._runs[-1].counts:
            target_us = self._hand.shows(self._runs[-1].to_us) + amount_us - counted_us
        return self._hand.reached(target_us)


def single_clock(
    state: CaseState, rules: CaseRules, at_us: int, stage: str | None = None
) -> SingleClock | None:
    """Return the clock of a case, or of a stage of it; None: it has no limit, or has not run.

    Parameters
    ----------
    state
        The case as it is at the instant.
    rules
        Rules of its log.
    at_us
        The instant, UTC microseconds.
    stage
        The stage; None: the whole case, whatever deadline its source states.

    Raises
    ------
    NotFound, InvalidInput
        As `case_clocks`.
    """
    bound = rules.timing(state.opened_us, state.rules.get("limits"))
    if bound is None:
        return None
    timing = bound[1]
    own = _limit(*state.limit) if state.limit and stage is None else timing.usual
    limit = own if stage is None else timing.stages.get(stage)
    if limit is None:
        return None
    runs = tuple(_runs(state, rules, timing, at_us, stage))
    if not any(run.counts for run in runs):
        return None
    way, limit_us = _allowed(timing.rules, limit.kind, limit.value)
    allowed_us, extended = limit_us, state.values.get("extension_value")
    if stage is None and state.limit and isinstance(extended, int | float) and extended > 0:
        allowed_us += _allowed(timing.rules, limit.kind, float(extended))[1]
    last, hand = runs[-1], _Hand(timing.rules, way, runs, at_us)
    running, paused = last.lasts and last.counts, last.lasts and not last.counts
    return SingleClock(limit, limit_us, allowed_us, running, paused, runs, hand)


def _runs(
    state: CaseState, rules: CaseRules, timing: CaseTiming, at_us: int, stage: str | None
) -> Iterator[_Run]:
    """Give what a clock has counted and paused up to an instant."""
    words = rules.vocabulary(state.workflow)
    stays = [stay for stay in stays_of(0, state, words) if stay[3] <= at_us]
    start = timing.rules.start if stage is None else None
    started, first = start is None, 0
    if stage is not None and timing.rules.rework == "restart":
        first = _last_round(stays, stage)
    for _, own, clock, from_us, to_us in stays[first:]:
        started = started or own == start
        if started and clock != "off" and stage in (None, own):
            yield _Run(from_us, min(to_us, at_us), clock == "running", to_us > at_us)


def _last_round(stays: list[tuple[int, str, str, int, int]], stage: str) -> int:
    """Return the place of the stay with which a stage was last entered; the end: it was not."""
    place = next((place for place in reversed(range(len(stays))) if stays[place][1] == stage), len(stays))
    while 0 < place < len(stays) and stays[place - 1][1] == stage:
        place -= 1
    return place


class _Hand:
    """What the clock of one case shows at instants, and when it will show so much: `Ruler`, an instant at a time."""

    def __init__(self, rules: ClockRules, way: int, runs: tuple[_Run, ...], at_us: int) -> None:
        self._way, self._zone = way, rules.time.zone
        self._ruler = Ruler(rules.time, min(run.from_us for run in runs), at_us + AHEAD_US)
        first_us = next(run.from_us for run in runs if run.counts)
        self._origin_us = self._begun(first_us) if way == CLOSINGS else None

    def shows(self, at_us: int) -> int:
        """Return what it shows at an instant."""
        self._ruler.cover(at_us)
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
            days = -(-target_us // DAY_US)  # a part of a day is over when the day is
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


@lru_cache(maxsize=256)
def _limit(kind: str, value: float) -> TimeLimit:
    return TimeLimit(kind, value)  # type: ignore[arg-type]


@lru_cache(maxsize=256)
def _allowed(rules: ClockRules, kind: str, value: float) -> tuple[int, int]:
    """Return what a limit's clock counts, and how much of it, in microseconds."""
    return _limit(kind, value).counted(rules.work_day, rules.time.hours.day_us)
