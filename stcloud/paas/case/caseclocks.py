"""Clocks of the cases of a log: what their states say of stages, limits and extensions, read at an instant.

Tested by `tests/paas/case/test_caseclocks.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias, TypeGuard

import numpy as np

from stcloud.paas.case.allowance import WHOLE
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.clockcases import NO_LIMIT, ClockCases, CodedTexts
from stcloud.paas.case.clocks import Clocks
from stcloud.paas.case.interval import NONE_US, OPEN_US, ClockIntervals
from stcloud.paas.case.limit import KINDS, TimeLimit, kind_codes
from stcloud.paas.case.state import CaseState
from stcloud.paas.case.vocabulary import CaseVocabulary
from stcloud.paas.case.workflow import Workflow

__all__ = ["CaseClock", "Light", "case_clocks", "clock_cases", "stays_of"]

_LIMIT_PIN = "limits"
_PRESSING = 0.2
"""Share of its limit that is left when a clock presses."""

Light: TypeAlias = Literal["green", "yellow", "red"]


@dataclass(frozen=True, slots=True)
class CaseClock:
    """One clock of a case, of a stage or of the whole, at an instant.

    Attributes
    ----------
    case, stage
        Number of the case; the stage, None: the whole case.
    limit
        What it may count; None: the source of the case states its deadline.
    started_us, deadline_us
        When it first ran, and when it has counted its limit, UTC microseconds; None: it has not run.
    elapsed, left
        What it has counted, and may still count, in units of its limit (hours or days); None without a limit.
    running, paused, overdue
        What it does; and whether it ran, or stopped, after its deadline.
    provisional
        Whether working days before the deadline are not published yet.
    exempt
        Whether an appeal exempted the case from being overdue.
    """

    case: str
    stage: str | None
    limit: TimeLimit | None
    started_us: int | None
    deadline_us: int | None
    elapsed: float | None
    left: float | None
    running: bool
    paused: bool
    overdue: bool
    provisional: bool
    exempt: bool

    @property
    def light(self) -> Light | None:
        """How pressing it is; None: it has no deadline, or has not started.

        ``red``: it is overdue and not exempt. ``yellow``: a fifth of its limit or less is left. ``green``: neither.

        Law: **a light is red where the clock is overdue and not exempt**, and turns yellow at a fifth of the limit.
        """
        if self.started_us is None or self.deadline_us is None:
            return None
        if self.overdue and not self.exempt:
            return "red"
        if self.limit is None or self.left is None or not (self.running or self.paused):
            return "green"
        return "yellow" if self.left <= self.limit.value * _PRESSING else "green"

    def due_in_s(self, at_us: int) -> float | None:
        """Return the time from an instant to the deadline, seconds, negative after it; None: it is not running."""
        if self.deadline_us is None or not self.running:
            return None
        return (self.deadline_us - at_us) / 1e6


def case_clocks(
    states: Sequence[CaseState],
    rules: CaseRules,
    at_us: int,
    *,
    clocks: str | None = None,
    whole_only: bool = False,
    bundled: bool = True,
) -> list[CaseClock]:
    """Return the clocks of cases at an instant: of each the whole case's first, then those of its stages.

    Parameters
    ----------
    states
        Cases as they were at the instant.
    rules
        Rules as they were known.
    at_us
        The instant, UTC microseconds.
    clocks
        Digest of the clocks that all cases are restated under; None: those that each is pinned to at its filing,
        and before it those that are valid at its opening.
    whole_only
        Leave out the clocks of stages.
    bundled
        Let cases in a bundle share their deadline, those that the same rules bind.

    Raises
    ------
    NotFound
        ``unknown-rule``.
    InvalidInput
        What `read_clocks` raises.
    """
    if not states:
        return []
    by_case: list[list[CaseClock]] = [
        [] if (stated := _stated(state, rules.workflows[state.workflow], at_us)) is None else [stated]
        for state in states
    ]
    if whole_only and not any(_is_limited(state, rules, clocks) for state in states):
        return [clock for mine in by_case for clock in mine]
    columns = clock_cases(states, rules)
    for timing, members in columns.timings(rules, clocks):
        if timing is None:
            continue
        read = columns.take(members).clocks(timing, at_us, whole_only=whole_only, bundled=bundled)
        if read is not None:
            _add(by_case, [states[i] for i in members], members, read, columns.intervals.stages)
    return [clock for mine in by_case for clock in mine]


def _is_limited(state: CaseState, rules: CaseRules, clocks: str | None) -> bool:
    """Return whether a whole case may have a deadline, by its log or by the rules that bind it."""
    if state.limit is not None:
        return True
    bound = rules.timing(state.opened_us, clocks or state.rules.get(_LIMIT_PIN))
    return bound is not None and bound[1].usual is not None


def clock_cases(states: Sequence[CaseState], rules: CaseRules) -> ClockCases:
    """Return what clocks need of cases."""
    limits = [state.limit for state in states]
    extensions = [state.values.get("extension_value") for state in states]
    bundles = [state.values.get("bundle") for state in states]
    return ClockCases(
        _intervals(states, rules),
        np.array([state.opened_us for state in states], dtype=np.int64),
        CodedTexts.of([state.rules.get(_LIMIT_PIN) for state in states]),
        np.array(
            [NO_LIMIT if limit is None else int(kind_codes([limit[0]])[0]) for limit in limits], dtype=np.int8
        ),
        np.array([0.0 if limit is None else limit[1] for limit in limits]),
        np.array([float(value) if _is_number(value) else 0.0 for value in extensions]),
        CodedTexts.of([None if bundle is None else str(bundle) for bundle in bundles]),
    )


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _add(
    by_case: list[list[CaseClock]], states: Sequence[CaseState], members: Iterable[int], clocks: Clocks,
    stages: Sequence[str],
) -> None:  # fmt: skip
    """Add the clocks of some cases to what each has, in the order of the stages."""
    mine = [by_case[i] for i in members]
    for row in range(len(clocks)):
        case, stage = int(clocks.limits.case[row]), int(clocks.limits.stage[row])
        if stage == WHOLE and mine[case]:
            continue  # its source states the deadline
        mine[case].append(_clock(states[case], None if stage == WHOLE else stages[stage], clocks, row))
    order = {stage: place for place, stage in enumerate(stages, start=1)}
    for each in mine:
        each.sort(key=lambda clock: order[clock.stage] if clock.stage else 0)


def _clock(state: CaseState, stage: str | None, clocks: Clocks, row: int) -> CaseClock:
    unit = float(clocks.unit_us[row])
    started = int(clocks.started_us[row]) != NONE_US
    return CaseClock(
        state.case, stage,
        TimeLimit(KINDS[int(clocks.limits.kind[row])], float(clocks.limits.value[row])),
        int(clocks.started_us[row]) if started else None, int(clocks.deadline_us[row]) if started else None,
        float(clocks.elapsed_us[row]) / unit, float(clocks.left_us[row]) / unit,
        bool(clocks.running[row]), bool(clocks.paused[row]), bool(clocks.overdue[row]),
        bool(clocks.provisional[row]), "overdue_exempt" in state.flags,
    )  # fmt: skip


def _stated(state: CaseState, workflow: Workflow, at_us: int) -> CaseClock | None:
    """Return the clock of a deadline that the source of a case states."""
    due = state.values.get("due")
    if not isinstance(due, int):
        return None
    ended = workflow.is_terminal(state.state)
    last_us = state.since_us if ended else at_us
    return CaseClock(
        state.case, None, None, state.opened_us, due, None, None, running=not ended, paused=False,
        overdue=last_us > due and "undated" not in state.flags, provisional=False, exempt=False,
    )  # fmt: skip


def _intervals(states: Sequence[CaseState], rules: CaseRules) -> ClockIntervals:
    """Return the stays of cases as intervals."""
    rows = [
        row
        for case, state in enumerate(states)
        for row in stays_of(case, state, rules.vocabulary(state.workflow))
    ]
    case, stage, clock, from_us, to_us = zip(*rows, strict=True)
    return ClockIntervals.of(case, list(stage), list(clock), from_us, to_us, rules.stages)


def stays_of(case: int, state: CaseState, words: CaseVocabulary) -> Iterable[tuple[int, str, str, int, int]]:
    """Give the stays of a case."""
    ends = [*(later for _, later in pairwise(stay.from_us for stay in state.stays)), OPEN_US]
    for stay, to_us in zip(state.stays, ends, strict=True):
        meaning = words.state(stay.state)
        yield case, meaning.stage, meaning.clock, stay.from_us, to_us
