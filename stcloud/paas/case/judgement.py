"""Judgement of actions: what a submission becomes under the rules of its log, with all that follows from it.

Pure: what it looks at is given. Tested by `tests/paas/case/test_caselog.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from stcloud.errors import InvalidInput
from stcloud.paas.case.action import Action
from stcloud.paas.case.caseclocks import case_clocks
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.course import resumed
from stcloud.paas.case.field import is_case_number
from stcloud.paas.case.guard import HasFact
from stcloud.paas.case.legality import step
from stcloud.paas.case.linked import consequences, facts_of
from stcloud.paas.case.refused import RefusedAction
from stcloud.paas.case.state import CaseState
from stcloud.paas.case.submitted import Submission
from stcloud.paas.case.workflow import Workflow

__all__ = ["Judged", "judge", "judged_import", "linked_numbers", "looks_at_links"]

_OF_THE_CASE = ("class", "condition", "kind")
"""What an action that needs it takes over from its case."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Actions to append in one transaction, the first of them submitted, and the states of their cases after them."""

    actions: tuple[Action, ...]
    ends: Mapping[str, CaseState]


def judge(
    submission: Submission,
    state: CaseState | None,
    linked: Mapping[str, CaseState],
    rules: CaseRules,
    now_us: int,
) -> Judged:
    """Return what a submission becomes.

    Parameters
    ----------
    submission, state
        What is to be done, and the case as it is; None: it is to be opened.
    linked
        The cases of `linked_numbers`, and those that are linked to the case where `looks_at_links`; those that exist.
    rules
        Rules of the log.
    now_us
        The present instant, at which the action happened unless it says another.

    Raises
    ------
    InvalidInput
        The kind of the refusal, with the legal actions in ``context``; ``bad-number``.
    """
    if state is None:
        _check_number(submission.case)
    happened_us = now_us if submission.happened_us is None else submission.happened_us
    workflow = _workflow(rules, state, happened_us)
    if state is not None:
        state = resumed(workflow, state, max(state.stated_us, happened_us))
    action = _action(submission, workflow, state, happened_us, rules)
    overdue = _looks_at_clocks(workflow, state, action) and _is_overdue(state, action, rules)
    facts = facts_of(workflow, state, action, linked, is_overdue=overdue, others=rules.workflows)
    after = _after(step(workflow, state, action, facts, newer=rules.workflows))
    followed = consequences(workflow, after, action, linked, others=rules.workflows)
    if isinstance(followed, RefusedAction):
        raise refusal(followed)
    ends = {action.case: after}
    for each in followed:
        before = ends.get(each.case) or linked.get(each.case)
        ends[each.case] = _follow(rules, before, each)
    return Judged((action, *followed), ends)


def judged_import(
    rules: CaseRules, state: CaseState | None, actions: tuple[Action, ...], now_us: int
) -> CaseState:
    """Return a case after actions of an import.

    Raises
    ------
    InvalidInput
        ``happened-later``: one is dated after now; ``bad-number``; the kind of a refusal.
    """
    if state is None and actions:
        _check_number(actions[0].case)
    for action in actions:
        if action.happened_us > now_us:
            raise InvalidInput("happened-later", f"{action.name} is dated after now")
        state = _after(
            step(_workflow(rules, state, action.happened_us), state, action, newer=rules.workflows)
        )
    if state is None:
        raise InvalidInput("no-actions", "an import of a case without actions")
    return state


def linked_numbers(submission: Submission, state: CaseState | None) -> set[str]:
    """Return the cases that a submission and its case name: master, whole and parts."""
    fields = submission.fields
    numbers = {str(fields[name]) for name in ("master", "whole") if fields.get(name)}
    numbers |= set(str(fields.get("parts") or "").split(";"))
    if state is not None:
        numbers |= {state.master or "", state.whole or "", *state.parts}
    return numbers - {"", submission.case}


def looks_at_links(submission: Submission, state: CaseState | None, rules: CaseRules) -> bool:
    """Return whether an action depends on the cases that are linked to its case."""
    if state is None:
        return False
    workflow = rules.workflows[state.workflow]
    transition = workflow.table[state.state].get(submission.name)
    guards = transition.guards if transition else ()
    return any(submission.name in clause.after for clause in workflow.definition.consequences) or any(
        isinstance(guard, HasFact) and guard.fact in ("has_duplicates", "parts_closed") for guard in guards
    )


def refusal(refused: RefusedAction) -> InvalidInput:
    """Return a refused action as an error."""
    legal = f"legal are {', '.join(refused.legal)}" if refused.legal else "nothing is legal for this role"
    others = f"{refused.action} is for {', '.join(refused.roles)}; " if refused.kind == "wrong-role" else ""
    return InvalidInput(
        refused.kind, refused.reason, hint=others + legal, legal=refused.legal, roles=refused.roles,
        state=refused.state, case=refused.case,
    )  # fmt: skip


def _action(
    submission: Submission, workflow: Workflow, state: CaseState | None, happened_us: int, rules: CaseRules
) -> Action:
    """Return the action: with what it needs and its case has, and the versions of the rules that bind from it on."""
    transition = workflow.table[state.state if state else None].get(submission.name)
    takes = transition.takes if transition else frozenset[str]()
    action = submission.action(state.seq + 1 if state else 1, happened_us, takes)
    missing = {name for name in takes if action.fields.get(name) is None}
    added: dict[str, Any] = {
        name: state.values[name]
        for name in (transition.needs if transition else ())
        if state is not None and name in missing and name in _OF_THE_CASE and name in state.values
    }
    if "rule_workflow" in missing:
        added["rule_workflow"] = workflow.key
    is_pinned = state is not None and "limits" in state.rules
    if "rule_limits" in missing and not is_pinned and (timing := rules.timing(happened_us)) is not None:
        added["rule_limits"] = timing[0]
    if "rule_calendar" in missing and (days := rules.valid("calendar", happened_us)) is not None:
        added["rule_calendar"] = days.digest[:12]
    if "limit_kind" in missing and action.fields.get("limit_value") is not None:
        raise InvalidInput(
            "missing-field", f"{action.name} states limit_value without limit_kind", hint="state both"
        )
    by_condition = {
        "limit_kind",
        "rule_conditions",
    }  # a limit by its condition comes with the condition's version
    if by_condition <= missing:
        of_case = {name: state.values.get(name) for name in _OF_THE_CASE} if state else {}
        added |= rules.limit_of({**of_case, **action.fields, **added}, happened_us)
    return replace(action, fields={**action.fields, **added}) if added else action


def _check_number(number: str) -> None:
    """Refuse what no case that is opened may be called: other cases could not name it, or no message show it."""
    if not is_case_number(number) or not number.isprintable():
        raise InvalidInput(
            "bad-number", f"{number!r:.80} cannot be the number of a case",
            hint="use 1 to 64 characters on a line, without ; and without spaces at the ends",
        )  # fmt: skip


def _workflow(rules: CaseRules, state: CaseState | None, opened_us: int) -> Workflow:
    return rules.workflow(opened_us) if state is None else rules.workflows[state.workflow]


def _follow(rules: CaseRules, state: CaseState | None, action: Action) -> CaseState:
    """Return a case after an action that follows: its facts were looked at when it was planned."""
    facts = frozenset({"master_closed", "parts_closed"})
    return _after(
        step(_workflow(rules, state, action.happened_us), state, action, facts, newer=rules.workflows)
    )


def _after(result: CaseState | RefusedAction) -> CaseState:
    if isinstance(result, RefusedAction):
        raise refusal(result)
    return result


def _looks_at_clocks(workflow: Workflow, state: CaseState | None, action: Action) -> bool:
    transition = workflow.table[state.state].get(action.name) if state else None
    guards = transition.guards if transition else ()
    return any(isinstance(guard, HasFact) and guard.fact == "overdue" for guard in guards)


def _is_overdue(state: CaseState | None, action: Action, rules: CaseRules) -> bool:
    """Return whether a case is overdue when an action happens."""
    if state is None:
        return False
    clocks = case_clocks([state], rules, max(action.happened_us, state.changed_us))
    return any(clock.stage is None and clock.overdue for clock in clocks)
