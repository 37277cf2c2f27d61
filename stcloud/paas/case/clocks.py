"""Clocks of cases: deadline, elapsed and left, of whole cases and of their stages, at any instant, many at once.

``deadline`` is the earliest instant at which a clock has counted its limit, extensions and what it was paused for on
top of what it showed at its start. Start at `read_clocks`; `docs/explanation/clocks.md` has examples worked by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stcloud.errors import InvalidInput
from stcloud.paas.case.allowance import WHOLE, ClockKeys, ClockLimits, Extensions
from stcloud.paas.case.bundle import share
from stcloud.paas.case.clockrules import ClockRules
from stcloud.paas.case.counting import ClockCourse
from stcloud.paas.case.interval import NONE_US, ClockIntervals
from stcloud.paas.case.limit import (
    CLOSINGS,
    CONTINUOUS,
    KINDS,
    WORKING,
    Codes,
    TimeLimit,
    counts_of,
    units_us,
)
from stcloud.paas.case.ruler import AHEAD_US, Ruler
from stcloud.paas.case.running import ClockRuns, runs_of
from stcloud.time import Bools, Micros, Zone

__all__ = ["Clocks", "read_clocks"]


@dataclass(frozen=True, slots=True, eq=False)
class Clocks:
    """Clocks as they are at an instant, one a row of the limits.

    Attributes
    ----------
    limits
        The limits: case, stage, kind and value.
    started_us
        ``(n,)`` int64, when each clock first ran (of a stage that restarts, in this round), UTC microseconds;
        `NONE_US` if it has not, and then it has no deadline either.
    deadline_us
        ``(n,)`` int64 UTC microseconds. While a clock is paused there is no deadline: this one would hold if it ran
        again from this instant on. Of a bundle, the deadline that its cases share.
    own_deadline_us
        ``(n,)`` int64, the same without regard to bundles.
    elapsed_us, left_us
        ``(n,)`` int64, what the clock has counted, and what it may still count (below 0: what it has counted too
        much), in microseconds of its own; divided by ``unit_us`` they are hours or days of its limit.
    unit_us
        ``(n,)`` int64.
    running, paused
        ``(n,)`` bool: what it does at the instant. Neither: it has not started, or it has stopped.
    overdue
        ``(n,)`` bool: the instant, or the one at which the clock stopped, is after the deadline. What stops at the
        deadline itself is on time.
    provisional
        ``(n,)`` bool: between start and deadline are working days that nobody has published yet.
    at_us
        The instant, UTC microseconds.
    """

    limits: ClockLimits
    started_us: Micros
    deadline_us: Micros
    own_deadline_us: Micros
    elapsed_us: Micros
    left_us: Micros
    unit_us: Micros
    running: Bools
    paused: Bools
    overdue: Bools
    provisional: Bools
    at_us: int

    def __len__(self) -> int:
        return len(self.limits)

    def text(self, row: int, zone: Zone) -> str:
        """Return a clock in words: its deadline on the wall clock of a zone, and how sure that is.

        Parameters
        ----------
        row
            The row of its limit.
        zone
            The city's zone.
        """
        kind = KINDS[int(self.limits.kind[row])]
        limit = TimeLimit(kind, float(self.limits.value[row]))
        if self.started_us[row] == NONE_US:
            return f"{limit}: not started"
        word = "if it ran again from now, by" if self.paused[row] else "by"
        unit = kind.rpartition("_")[2]
        parts = [f"{limit}: {word} {zone.iso(int(self.deadline_us[row]))}"]
        parts += ["provisional: these working days are not published yet"] if self.provisional[row] else []
        parts += [f"elapsed {self.elapsed_us[row] / self.unit_us[row]:.3g} {unit}s"]
        parts += ["paused"] if self.paused[row] else [] if self.running[row] else ["stopped"]
        return ", ".join([*parts, *(["overdue"] if self.overdue[row] else [])])


def read_clocks(
    intervals: ClockIntervals,
    limits: ClockLimits,
    rules: ClockRules,
    at_us: int,
    *,
    extensions: Extensions | None = None,
    bundles: npt.ArrayLike | None = None,
) -> Clocks:
    """Return all clocks as they are at an instant.

    Parameters
    ----------
    intervals
        Raw intervals of all cases, in the order of their logs. What begins after the instant is left out.
    limits
        Limits in force at the instant; each is a clock, of a stage or of the whole case.
    rules
        When people work, what a work day is, with which stage whole cases start, what rework does.
    at_us
        The instant, UTC microseconds.
    extensions
        Those of them that are granted at the instant count.
    bundles
        ``(number of cases,)`` int64: cases with the same number, from 0, share the deadline of the whole case: the
        latest of theirs. -1: a case is in no bundle.

    Raises
    ------
    InvalidInput
        What is impossible: ``limit-twice``, ``nothing-to-extend``, ``unknown-stage``, ``unknown-start``,
        ``whole-days-needed``, ``deadline-out-of-range``, ``unequal-columns``.

    Notes
    -----
    O(n log b) for n intervals and b spells of work in the years from the first start to the last deadline.

    Examples
    --------
    A case is dispatched on Friday 2024-02-09 at 17:00 and has four work hours; the Spring Festival follows.

    >>> from stcloud.time import Calendar, WorkTime
    >>> zone = Zone("Asia/Shanghai")
    >>> friday = int(np.datetime64("2024-02-09T09:00", "us").astype(np.int64))
    >>> intervals = ClockIntervals.of_entries([0], ["handle"], ["running"], [friday], ["handle"])
    >>> rules = ClockRules(WorkTime(Calendar("CN"), zone))
    >>> clocks = read_clocks(intervals, ClockLimits.of([0], ["work_hour"], [4]), rules, friday + 1_800_000_000)
    >>> clocks.text(0, zone)
    '4 work hours: by 2024-02-18T11:00+08:00, elapsed 0.5 hours'
    """
    keys = ClockKeys(limits, len(intervals.stages), int(intervals.case[-1]) + 1 if len(intervals) else 0)
    runs = runs_of(intervals, keys, rules, at_us)
    added = _Added.of((extensions or Extensions.none()).at(at_us), keys, rules, len(limits))
    return _read(runs, limits, added, rules, at_us, bundles)


def _read(
    runs: ClockRuns,
    limits: ClockLimits,
    added: _Added,
    rules: ClockRules,
    at_us: int,
    bundles: npt.ArrayLike | None,
) -> Clocks:
    counts = counts_of(rules.work_day)[limits.kind]
    allowed = limits.amounts_us(rules) + added.own_us(counts)
    ruler = Ruler(
        rules.time, int(runs.from_us.min(initial=at_us)), int(runs.to_us.max(initial=at_us)) + AHEAD_US
    )
    clocks = _counted(runs, counts, allowed, ruler, limits, at_us)
    clocks = replace(clocks, unit_us=units_us(rules.work_day, rules.time.hours.day_us)[limits.kind])
    own = clocks.deadline_us
    clocks = added.applied(clocks, counts, ruler)
    by_calendar = (counts != CONTINUOUS) | added.by_calendar(counts)
    clocks = replace(clocks, provisional=_provisional(clocks, by_calendar, ruler))
    if bundles is not None:
        clocks = _bundled(clocks, np.asarray(bundles, dtype=np.int64))
    return _compared(clocks, own, counts, runs, ruler)


@dataclass(frozen=True, slots=True, eq=False)
class _Added:
    """What extensions add to each clock: an amount for each way of counting, and the least deadline."""

    amounts_us: tuple[Micros, Micros, Micros]
    until_us: Micros

    @classmethod
    def of(cls, extensions: Extensions, keys: ClockKeys, rules: ClockRules, clocks: int) -> _Added:
        amounts = tuple(np.zeros(clocks, dtype=np.int64) for _ in range(3))
        until = np.full(clocks, NONE_US, dtype=np.int64)
        if len(extensions.case):
            clock, added, counts = (
                keys.clocks_of(extensions),
                extensions.amounts_us(rules),
                extensions.counts(rules),
            )
            for way, amount in enumerate(amounts):
                np.add.at(amount, clock[counts == way], added[counts == way])
            np.maximum.at(until, clock, extensions.until_us)
        return cls((amounts[0], amounts[1], amounts[2]), until)

    def own_us(self, counts: Codes) -> Micros | int:
        """Return what is added to each clock on its own way of counting."""
        return np.choose(counts, self.amounts_us) if any(amount.any() for amount in self.amounts_us) else 0

    def by_calendar(self, counts: Codes) -> Bools:
        """Tell for each clock whether an extension of another clock looks at the calendar."""
        working, closings = self.amounts_us[WORKING] > 0, self.amounts_us[CLOSINGS] > 0
        return np.asarray((working & (counts != WORKING)) | (closings & (counts != CLOSINGS)), dtype=np.bool_)

    def applied(self, clocks: Clocks, counts: Codes, ruler: Ruler) -> Clocks:
        """Return clocks with what other clocks than their own add to the deadline, and none before the least one."""
        deadline = clocks.deadline_us
        started = clocks.started_us != NONE_US
        for way, amount in enumerate(self.amounts_us):
            rows = np.flatnonzero((amount > 0) & (counts != way) & started)
            if not len(rows):
                continue
            deadline = deadline.copy()
            ruler.cover(int(deadline[rows].max()))
            ways = np.full(len(rows), way, dtype=np.int8)
            begun = ruler.begun(deadline[rows]) if way == CLOSINGS else ruler.measured(ways, deadline[rows])
            deadline[rows] = ruler.reached(ways, begun + amount[rows])
        deadline = np.where(started, np.maximum(deadline, self.until_us), deadline)
        return replace(clocks, deadline_us=deadline, own_deadline_us=deadline)


def _counted(
    runs: ClockRuns, counts: Codes, allowed: Micros, ruler: Ruler, limits: ClockLimits, at_us: int
) -> Clocks:
    """Return clocks with their deadlines by limits and extensions of their own."""
    size = len(limits)
    course = ClockCourse.of(runs, counts, allowed, ruler)
    end = runs.last()
    running, paused = (np.zeros(size, dtype=np.bool_) for _ in range(2))
    running[runs.clock[end]] = runs.runs[end] & runs.lasts[end]
    paused[runs.clock[end]] = ~runs.runs[end] & runs.lasts[end]
    waits = end[~runs.runs[end]]
    waiting = runs.clock[waits]
    open_ = (course.started_us[waiting] != NONE_US) & ~course.used_up[waiting]
    waits, waiting = waits[open_], waiting[open_]
    resumed = course.since_origin(ruler.measured(counts[waiting], runs.to_us[waits]), waiting)
    target = course.target_us
    target[waiting] = resumed + allowed[waiting] - course.elapsed_us[waiting]
    deadline = np.full(size, NONE_US, dtype=np.int64)
    begun = np.flatnonzero(course.started_us != NONE_US)
    deadline[begun] = ruler.reached(counts[begun], target[begun])
    return Clocks(
        limits, course.started_us, deadline, deadline, course.elapsed_us, allowed - course.elapsed_us, target,
        running, paused, np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_), at_us,
    )  # fmt: skip


def _provisional(clocks: Clocks, by_calendar: Bools, ruler: Ruler) -> Bools:
    provisional = np.zeros(len(clocks), dtype=np.bool_)
    rows = np.flatnonzero(by_calendar & (clocks.started_us != NONE_US))
    provisional[rows] = ruler.expected(clocks.started_us[rows], clocks.deadline_us[rows])
    return provisional


def _bundled(clocks: Clocks, bundles: npt.NDArray[np.int64]) -> Clocks:
    """Return clocks of which those of whole cases in a bundle have its latest deadline."""
    case = clocks.limits.case
    if bundles.ndim != 1 or len(bundles) <= int(case.max(initial=-1)) or (bundles < -1).any():
        raise InvalidInput(
            "unequal-columns", f"there are {bundles.size} bundles for {int(case.max(initial=-1)) + 1} cases",
            hint="give each case a number from 0, or -1",
        )  # fmt: skip
    bundle = np.where(clocks.limits.stage == WHOLE, bundles[case], -1)
    own = np.where(clocks.started_us != NONE_US, clocks.deadline_us, NONE_US)
    shared, provisional = share(bundle, own, clocks.provisional)
    deadline = np.where(shared != NONE_US, shared, clocks.deadline_us)
    return replace(clocks, deadline_us=deadline, provisional=provisional)


def _compared(clocks: Clocks, own: Micros, counts: Codes, runs: ClockRuns, ruler: Ruler) -> Clocks:
    """Return clocks with what is left, and whether they are overdue, by their deadlines."""
    end = runs.last()
    ends = np.full(len(clocks), NONE_US, dtype=np.int64)
    ends[runs.clock[end]] = runs.to_us[end]
    started = clocks.started_us != NONE_US
    moved = np.flatnonzero((clocks.deadline_us != own) & started)
    left = clocks.left_us
    if len(moved):
        left = left.copy()
        ruler.cover(int(clocks.deadline_us[moved].max()))
        later, earlier = (
            ruler.measured(counts[moved], deadline[moved]) for deadline in (clocks.deadline_us, own)
        )
        left[moved] += later - earlier
    return replace(clocks, left_us=left, overdue=started & (ends > clocks.deadline_us))
