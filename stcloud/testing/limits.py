"""An oracle of rules on limits: clocks of a case counted step by step, and every incident listed.

All instants of its cases are whole steps. It asks at each step what the case is, which steps its clock has counted
until then, and how much of the limit is left.

Tested by `tests/paas/case/test_limitcourse.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from stcloud.paas.case import Action, CaseState, fold
from stcloud.paas.case.workflow import Workflow
from stcloud.testing.standing import SlowAlerts, SlowIncident
from stcloud.time import Calendar

__all__ = ["STEP_US", "SlowClocks", "SlowLimits", "SlowSpell"]

STEP_US = 1_800_000_000
"""Half an hour: a step."""

_UNITS = {"urgent_hour": 2, "work_hour": 2, "natural_day": 48}
"""Steps of one unit of limits; a work day is eight hours, or ends."""


@dataclass(frozen=True)
class SlowClocks:
    """What clocks go by: as `ClockRules` and `CaseTiming`, in plain values.

    Parameters
    ----------
    zone, calendar
        Their names.
    spells
        When people work on a working day, wall clock.
    work_day, rework, start
        As for `ClockRules`.
    stages, usual
        Limits: kind and value.
    start_us, steps
        The steps that are counted: the first one, and how many.
    """

    zone: str
    calendar: str
    spells: tuple[tuple[time, time], ...]
    work_day: str
    rework: str
    start: str | None
    stages: Mapping[str, tuple[str, float]]
    usual: tuple[str, float] | None
    start_us: int
    steps: int

    @cached_property
    def walls(self) -> list[datetime]:
        """The wall clock at each step."""
        zone = ZoneInfo(self.zone)
        instants = (self.start_us + step * STEP_US for step in range(self.steps))
        return [datetime.fromtimestamp(at_us // 1_000_000, UTC).astimezone(zone) for at_us in instants]

    @cached_property
    def worked(self) -> np.ndarray:
        """Whether people work in each step."""
        calendar = Calendar(self.calendar)
        days = {wall.date(): _works(calendar, wall.date()) for wall in self.walls}
        return np.array([
            days[wall.date()] and any(first <= wall.time() < last for first, last in self.spells)
            for wall in self.walls
        ])  # fmt: skip

    def counted(self, kind: str, first: int) -> np.ndarray:
        """Return what each step adds to a running clock of a kind of limit that started with a step."""
        if kind == "work_hour" or (kind == "work_day" and self.work_day == "hours"):
            return self.worked.astype(np.int64)
        if kind != "work_day":
            return np.ones(self.steps, np.int64)
        closes = [
            self.worked[step] and wall.date() > self.walls[first].date() and self._is_last(step)
            for step, wall in enumerate(self.walls)
        ]
        return np.array(closes, np.int64)

    def amount(self, kind: str, value: float) -> int:
        """Return how much a limit counts."""
        if kind == "work_day":
            return round(value * (16 if self.work_day == "hours" else 1))
        return round(value * _UNITS[kind])

    def _is_last(self, step: int) -> bool:
        wall = self.walls[step]
        return not any(
            self.worked[later] for later in range(step + 1, min(step + 40, self.steps))
            if self.walls[later].date() == wall.date()
        )  # fmt: skip


@dataclass(frozen=True)
class SlowSpell:
    """An incident as it is in the end, and the least share of the limit that is left in it."""

    whole: SlowIncident
    least: float

    def by(self, at_us: int) -> SlowIncident:
        """Return it as it is when time has come so far: its least share once it is over, until then its first."""
        if self.whole.to_us is None or self.whole.to_us > at_us:
            return replace(self.whole, to_us=None)
        return replace(self.whole, peak=self.least)


@dataclass(frozen=True)
class SlowLimits:
    """Which incidents a rule on limits has of one case.

    Parameters
    ----------
    workflow, actions
        What binds the case, and its log; all instants are whole steps.
    share, clock
        As for `LimitRule`.
    """

    workflow: Workflow
    actions: Sequence[Action]
    share: float
    clock: str | None

    def incidents(self, known: int, clocks: SlowClocks) -> dict[str, list[SlowSpell]]:
        """Return those by the first actions, by group; what lasts until the last step goes on."""
        states = [
            fold(self.workflow, self.actions[:known], at_us=clocks.start_us + step * STEP_US)
            for step in range(clocks.steps)
        ]
        made: dict[str, list[SlowSpell]] = {}
        groups = {None, *(self.workflow.stage(state.state) for state in states if state is not None)}
        for stage in groups:
            if self.clock is not None and self.clock != (stage or "whole"):
                continue
            left = self._left(states, stage, clocks)
            name = self.actions[0].case + ("" if stage is None else f" | {stage}")
            runs = _runs([each is not None for each in left])
            spells = [_spell(run, left, states, clocks) for run in runs]
            made |= {name: spells} if spells else {}
        return made

    def alerts(
        self, slow: SlowAlerts, clocks: Sequence[tuple[int, SlowClocks]], added_us: int, until_us: int
    ) -> None:
        """Look at all incidents at each step of recorded time; ``clocks`` with when they became known."""
        seen: dict[tuple[int, int], dict[str, list[SlowSpell]]] = {}
        for at_us in range(added_us, until_us + 1, STEP_US):
            known = sum(action.recorded_us <= at_us for action in self.actions)
            version = sum(known_us <= at_us for known_us, _ in clocks) - 1
            if not known:
                continue
            if (known, version) not in seen:
                seen[known, version] = self.incidents(known, clocks[version][1])
            incidents = seen[known, version]
            for group in sorted({*incidents, *(alert["group"] for alert in slow.alerts)}):
                begun = [each for each in incidents.get(group, ()) if each.whole.from_us <= at_us]
                slow.match(group, [each.by(at_us) for each in begun], at_us, at_us)

    def _left(
        self, states: Sequence[CaseState | None], stage: str | None, clocks: SlowClocks
    ) -> list[tuple[float, float] | None]:
        """Return the shares that are left when each step begins and ends; None: not so little, or no clock is on."""
        left: list[tuple[float, float] | None] = []
        read: dict[tuple[int, int], tuple[np.ndarray, int, int] | None] = {}
        for step, state in enumerate(states):
            left.append(None)
            if state is None or self.workflow.clock(state.state) == "off":
                continue
            if stage is not None and self.workflow.stage(state.state) != stage:
                continue
            key = (state.seq, len(state.moves))
            if key not in read:
                read[key] = self._read(state, stage, clocks)
            counted = read[key]
            if counted is None:
                continue
            by_step, allowed, limit = counted
            ends = [allowed - int(by_step[: step + more].sum()) for more in (0, 1)]
            if ends[0] <= self.share * limit:
                left[-1] = (ends[0] / limit, ends[1] / limit)
        return left

    def _read(
        self, state: CaseState, stage: str | None, clocks: SlowClocks
    ) -> tuple[np.ndarray, int, int] | None:
        """Return what each step counts, what is allowed and the limit; None: there is none, or it has not run."""
        limit = clocks.stages.get(stage) if stage is not None else state.limit or clocks.usual
        if limit is None:
            return None
        allowed = value = clocks.amount(*limit)
        if stage is None and state.limit:
            extension = state.values.get("extension_value") or 0.0
            allowed += clocks.amount(limit[0], float(str(extension)))
        running, first = np.zeros(clocks.steps, bool), None
        started, last = stage is not None or clocks.start is None, None
        for stay in state.stays:
            own = self.workflow.stage(stay.state)
            started = started or own == clocks.start
            if stage is not None and own == stage and last != stage and clocks.rework == "restart":
                running[:], first = False, None
            last = own
            if started and self.workflow.clock(stay.state) == "running" and stage in (None, own):
                ends_us = clocks.start_us + clocks.steps * STEP_US if stay.to_us is None else stay.to_us
                steps = ((at_us - clocks.start_us) // STEP_US for at_us in (stay.from_us, ends_us))
                begins, ends = steps
                running[begins:ends] = True
                first = begins if first is None else first
        if first is None:
            return None
        return np.where(running, clocks.counted(limit[0], first), 0), allowed, value


def _works(calendar: Calendar, day: date) -> bool:
    return bool(calendar.working(np.array([(day - date(1970, 1, 1)).days]))[0])


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the stretches of steps that are true, half-open."""
    edges = [False, *flags, False]
    turns = [place for place, (before, after) in enumerate(pairwise(edges)) if before != after]
    return list(zip(turns[::2], turns[1::2], strict=True))


def _spell(
    run: tuple[int, int], left: Sequence[tuple[float, float] | None], states: Sequence[CaseState | None],
    clocks: SlowClocks,
) -> SlowSpell:  # fmt: skip
    first, last = run
    from_us, to_us = (clocks.start_us + step * STEP_US for step in run)
    shares = [each for each in left[first:last] if each is not None]
    state = states[first]
    assert state is not None
    ends = None if last == clocks.steps else to_us
    whole = SlowIncident(from_us, ends, from_us, shares[0][0], from_us, state.seq, from_us)
    return SlowSpell(whole, min(end for _, end in shares))
