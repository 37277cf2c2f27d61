"""Clocks of the cases of a log: what their states say of stages, limits and extensions, read at an instant.

Tested by `tests/paas/case/test_caseclocks.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from stcloud.paas.case.allowance import WHOLE, ClockLimits, Extensions
from stcloud.paas.case.caserules import CaseRules, CaseTiming
from stcloud.paas.case.clocks import Clocks, read_clocks
from stcloud.paas.case.interval import NONE_US, OPEN_US, ClockIntervals
from stcloud.paas.case.limit import KINDS, TimeLimit
from stcloud.paas.case.state import CaseState
from stcloud.paas.case.workflow import Workflow

__all__ = ["CaseClock", "case_clocks", "stays_of"]

_LIMIT_PIN = "limits"


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


def case_clocks(
    states: Sequence[CaseState],
    rules: CaseRules,
    at_us: int,
    *,
    clocks: str | None = None,
    whole_only: bool = False,
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

    Raises
    ------
    NotFound
        ``unknown-rule``.
    InvalidInput
        What `read_clocks` raises.
    """
    groups: dict[str, tuple[CaseTiming | None, list[int]]] = {}
    for i, state in enumerate(states):
        bound = rules.timing(state.opened_us, clocks or state.rules.get(_LIMIT_PIN))
        digest, timing = bound or ("", None)
        groups.setdefault(digest, (timing, []))[1].append(i)
    by_case: list[list[CaseClock]] = [[] for _ in states]
    for timing, members in groups.values():
        chosen = [states[i] for i in members]
        for i, mine in zip(
            members, _of_group(chosen, rules, timing, at_us, whole_only=whole_only), strict=True
        ):
            by_case[i] = mine
    return [clock for mine in by_case for clock in mine]


def _of_group(
    states: Sequence[CaseState], rules: CaseRules, timing: CaseTiming | None, at_us: int, *, whole_only: bool
) -> list[list[CaseClock]]:
    """Return the clocks of cases of the same rules, case by case."""
    workflows = rules.workflows
    result = [
        [] if (stated := _stated(state, workflows[state.workflow], at_us)) is None else [stated]
        for state in states
    ]
    if timing is None or (whole_only and timing.usual is None and not any(state.limit for state in states)):
        return result
    intervals = _intervals(states, workflows)
    stages = {} if whole_only else timing.stages
    limits, extensions = _limits(states, timing.usual, stages, intervals.stages), _extensions(states)
    if not len(limits):
        return result
    clocks = read_clocks(
        intervals, limits, timing.rules, at_us, extensions=extensions, bundles=_bundles(states)
    )
    for row in range(len(limits)):
        case, stage = int(limits.case[row]), int(limits.stage[row])
        if stage == WHOLE and result[case]:
            continue  # its source states the deadline
        name = None if stage == WHOLE else intervals.stages[stage]
        result[case].append(_clock(states[case], name, clocks, row))
    order = {stage: place for place, stage in enumerate(intervals.stages, start=1)}
    for mine in result:
        mine.sort(key=lambda clock: order[clock.stage] if clock.stage else 0)
    return result


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


def _intervals(states: Sequence[CaseState], workflows: Mapping[str, Workflow]) -> ClockIntervals:
    """Return the stays of cases as intervals."""
    stages = tuple(dict.fromkeys(
        clause.stage for workflow in workflows.values() for clause in workflow.definition.states.values()
    ))  # fmt: skip
    rows = [row for case, state in enumerate(states) for row in stays_of(case, state, workflows)]
    case, stage, clock, from_us, to_us = zip(*rows, strict=True)
    return ClockIntervals.of(case, list(stage), list(clock), from_us, to_us, stages)


def stays_of(
    case: int, state: CaseState, workflows: Mapping[str, Workflow]
) -> Iterable[tuple[int, str, str, int, int]]:
    """Give the stays of a case; the names of states are of the workflow that knows them."""
    current = workflows[state.workflow]
    ends = [*(later for _, later in pairwise(stay.from_us for stay in state.stays)), OPEN_US]
    for stay, to_us in zip(state.stays, ends, strict=True):
        workflow = current if stay.state in current.states else _knowing(stay.state, workflows)
        yield case, workflow.stage(stay.state), workflow.clock(stay.state), stay.from_us, to_us


def _knowing(state: str, workflows: Mapping[str, Workflow]) -> Workflow:
    """Return the workflow, before a migration, that has a state of this name."""
    return next(workflow for workflow in reversed(list(workflows.values())) if state in workflow.states)


def _limits(
    states: Sequence[CaseState],
    usual: TimeLimit | None,
    by_stage: Mapping[str, TimeLimit],
    stages: Sequence[str],
) -> ClockLimits:
    """Return the limits of whole cases and of their stages."""
    whole = [
        (case, TimeLimit(state.limit[0], state.limit[1]) if state.limit else usual)  # type: ignore[arg-type]
        for case, state in enumerate(states)
    ]
    limited = [(case, limit) for case, limit in whole if limit is not None]
    limits = ClockLimits.of(
        [case for case, _ in limited],
        [limit.kind for _, limit in limited],
        [limit.value for _, limit in limited],
    )
    places = {stages.index(name): limit for name, limit in by_stage.items() if name in stages}
    return limits.joined(ClockLimits.of_stages(len(states), places)) if places else limits


def _extensions(states: Sequence[CaseState]) -> Extensions:
    """Return what was granted on top of limits, in their own units."""
    rows = [
        (case, state.limit[0], float(value))
        for case, state in enumerate(states)
        if state.limit and isinstance(value := state.values.get("extension_value"), int | float) and value > 0
    ]
    return Extensions.of([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])


def _bundles(states: Sequence[CaseState]) -> np.ndarray | None:
    """Return the bundle of each case as a number; None: no case is in one."""
    names = [state.values.get("bundle") for state in states]
    numbers = {
        name: number for number, name in enumerate(dict.fromkeys(name for name in names if name is not None))
    }
    if not numbers:
        return None
    return np.array([-1 if name is None else numbers[name] for name in names], dtype=np.int64)
