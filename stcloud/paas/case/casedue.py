"""The deadline of one case, as each action leaves it: what `case_clocks` gives for many, without arrays.

Law, tested under this name: the deadline of one case is that of many.

Tested by `tests/paas/case/test_casedue.py`.
"""

from __future__ import annotations

from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.singleclock import single_clock
from stcloud.paas.case.state import CaseState

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
    clock = single_clock(state, rules, at_us)
    return None if clock is None else clock.reached_us(clock.allowed_us)
