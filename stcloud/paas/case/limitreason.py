"""Why an alert was raised of a case, and why none was: its actions, with what its clock had used and left.

Tested by `tests/city/test_standingcases.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stcloud.paas.case.action import Action
from stcloud.paas.case.caseclocks import CaseClock, case_clocks
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.course import fold
from stcloud.paas.case.limitrule import BoundLimit
from stcloud.paas.case.state import CaseState
from stcloud.paas.standing.reason import WhyNot
from stcloud.time import Zone

__all__ = ["case_of_group", "limit_causes", "limit_refusal", "share_left"]


def case_of_group(group: str, stages: Sequence[str]) -> tuple[str, str | None]:
    """Return the case of a group, and its stage; None: the whole case.

    >>> case_of_group("2024-17 | handle", ("handle",)), case_of_group("2024-17", ("handle",))
    (('2024-17', 'handle'), ('2024-17', None))
    """
    case, bar, stage = group.rpartition(" | ")
    return (case, stage) if bar and stage in stages else (group, None)


def limit_causes(
    actions: Sequence[Action], rules: CaseRules, stage: str | None, from_us: int
) -> list[dict[str, Any]]:
    """Return the actions that led to an incident, and the instant when it began, with the clock at each.

    Parameters
    ----------
    actions, rules
        The log of the case and the rules of its log, as they were known.
    stage, from_us
        The clock, None: of the whole case; and when the incident began, UTC microseconds.

    Returns
    -------
    Rows with ``key`` (number of the action; None: the beginning), ``time`` (UTC microseconds), ``action``, ``state``,
    ``limit``, ``used`` and ``left`` (hours or days of the limit; None: the clock has not run).
    """
    workflow = rules.workflow(actions[0].happened_us, actions[0].recorded_us)
    last = fold(workflow, actions, newer=rules.workflows)
    assert last is not None  # noqa: S101  (it has an action)
    instants = [
        (at_us, action.seq, action.name)
        for at_us, action in zip(last.effective_us, actions, strict=True)
        if at_us <= from_us
    ]
    rows = []
    for at_us, seq, name in [*instants, (from_us, None, None)]:
        state = fold(workflow, actions, at_us=at_us, newer=rules.workflows)
        assert state is not None  # noqa: S101  (it was opened by then)
        clock = _clock(state, rules, at_us, stage)
        row: dict[str, Any] = {"key": None if seq is None else str(seq), "time": at_us, "action": name}
        row |= {"state": state.state, "limit": None if clock is None else str(clock.limit)}
        row |= {
            "used": None if clock is None else clock.elapsed,
            "left": None if clock is None else clock.left,
        }
        rows.append(row)
    return rows


def limit_refusal(
    bound: BoundLimit, state: CaseState | None, group: str, rules: CaseRules, at_us: int, zone: Zone
) -> WhyNot:
    """Return why a rule raises nothing of a case at an instant, or that it does.

    Parameters
    ----------
    bound, group
        The rule, and the group: a case, or one of its clocks.
    state
        The case as it was at the instant; None: it was not opened.
    rules
        Rules of its log.
    at_us, zone
        The instant, UTC microseconds, and the city's zone.
    """
    steps: list[tuple[str, int]] = [("the case is opened", int(state is not None))]
    share, kept = None, []
    if state is not None:
        _, stage = case_of_group(group, rules.stages)
        share = share_left(bound, state, rules, at_us, None if group == state.case else stage)
        kept = bound.kept(state, rules, at_us)
    steps.append((f"{bound.rule.clock or 'a clock'} runs or is paused", int(share is not None)))
    steps += [(text, int(holds)) for text, holds in kept]
    little = share is not None and share <= bound.rule.left_at_most
    steps.append((f"at most {bound.rule.left_at_most:g} of the limit is left", int(little)))
    failed = next((name for name, count in steps if not count), None)
    if not bound.since_us <= at_us < bound.until_us:
        failed = "the rule's time"
    return WhyNot(
        bound.rule.id, bound.version, group, zone.iso(at_us), failed is None, share, bound.rule.left_at_most, failed,
        tuple(steps),
    )  # fmt: skip


def share_left(
    bound: BoundLimit, state: CaseState, rules: CaseRules, at_us: int, stage: str | None = None
) -> float | None:
    """Return the least share of its limit that a clock of a case has left; None: none is on.

    ``stage``: only of its clock; None: of all that the rule looks at.
    """
    meaning = rules.vocabulary(state.workflow).state(state.state)
    shares = [
        clock.left / clock.limit.value
        for clock in case_clocks([state], rules, at_us, bundled=False)
        if clock.stage in (None, meaning.stage) and bound.looks_at(clock.stage)
        and stage in (None, clock.stage) and (clock.running or clock.paused)
        and clock.started_us is not None and clock.limit is not None and clock.left is not None
    ]  # fmt: skip
    return min(shares, default=None)


def _clock(state: CaseState, rules: CaseRules, at_us: int, stage: str | None) -> CaseClock | None:
    clocks = case_clocks([state], rules, at_us, bundled=False)
    return next((each for each in clocks if each.stage == stage and each.started_us is not None), None)
