"""Legality: whether an action is legal, and what becomes of the case.

Tested by `tests/paas/case/test_legality.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from stcloud.errors import InvalidInput, nearest
from stcloud.paas.case.action import Action
from stcloud.paas.case.course import ALONE, Course
from stcloud.paas.case.guard import Fault, GuardedAction
from stcloud.paas.case.refused import RefusedAction
from stcloud.paas.case.state import CaseState
from stcloud.paas.case.transition import Transition
from stcloud.paas.case.workflow import Workflow

__all__ = ["NO_FACTS", "legal", "roles_for", "step"]

NO_FACTS: frozenset[str] = frozenset()


def step(
    workflow: Workflow,
    state: CaseState | None,
    action: Action,
    facts: frozenset[str] = NO_FACTS,
    *,
    newer: Mapping[str, Workflow] = ALONE,
) -> CaseState | RefusedAction:
    """Return what an action makes of a case, or why it is refused; nothing is changed.

    Parameters
    ----------
    workflow
        The workflow that binds the case: the one that ``state.workflow`` names.
    state
        What the case is; None: the action is to open it.
    action
        What is to be done; its ``seq`` is the next one of the case.
    facts
        What the log of the case does not tell, such as ``overdue``: see `stcloud.paas.case.guard.FACTS`.
    newer
        Workflows by key that the action may migrate the case to.

    Raises
    ------
    InvalidInput
        ``other-workflow``: another workflow binds the case.
    """
    if state is not None and state.workflow != workflow.key:
        raise InvalidInput(
            "other-workflow", f"{state.workflow} binds case {state.case!r}, not {workflow.key}"
        )
    course = Course(workflow, newer) if state is None else Course.after(workflow, state, newer)
    course.resume_by(max(course.stated_us, action.happened_us))
    name = course.state_name
    transition = workflow.table[name].get(action.name)
    if transition is None:
        fault: Fault | None = _no_transition(workflow, name, action)
    else:
        fault = (
            _order_fault(state, action)
            or _role_fault(transition, name, action)
            or _field_fault(workflow, transition, action)
            or _migration_fault(workflow, transition, name, action, newer)
            or _guard_fault(transition, GuardedAction(state, action, facts))
        )
    if fault is not None:
        return _refused(workflow, state, name, action, fault)
    course.run([action])
    return course.state()


def legal(
    workflow: Workflow, state: CaseState | None, role: str, facts: frozenset[str] | None = None
) -> tuple[str, ...]:
    """Return the actions that a role may do in a state, in the order of the definition.

    Guards count as far as they can be judged without the action: of its actor and its fields nothing is known,
    and without ``facts`` nothing of these. Give the state that `stcloud.paas.case.resumed` returns
    for the instant that is meant.
    """
    return _legal(workflow, state, state.state if state else None, role, facts)


def roles_for(workflow: Workflow, state: CaseState | None, action: str) -> tuple[str, ...]:
    """Return the roles that may do an action in a state, in the order of the definition."""
    transition = workflow.table[state.state if state else None].get(action)
    allowed = transition.roles if transition else ()
    return tuple(role for role in workflow.definition.roles if role in allowed)


def _legal(
    workflow: Workflow, state: CaseState | None, name: str | None, role: str, facts: frozenset[str] | None
) -> tuple[str, ...]:
    situation = GuardedAction(state, None, facts)
    return tuple(
        action
        for action, transition in workflow.table[name].items()
        if role in transition.roles and _guard_fault(transition, situation) is None
    )


def _refused(
    workflow: Workflow, state: CaseState | None, name: str | None, action: Action, fault: Fault
) -> RefusedAction:
    transition = workflow.table[name].get(action.name)
    roles = tuple(role for role in workflow.definition.roles if transition and role in transition.roles)
    actions = _legal(workflow, state, name, action.role, None)
    return RefusedAction(*fault, action.case, action.name, name, actions, roles)


def _no_transition(workflow: Workflow, name: str | None, action: Action) -> Fault:
    known = {each for actions in workflow.table.values() for each in actions}
    if action.name not in known:
        proposals = nearest(action.name, known)
        hint = f"; did you mean '{proposals[0]}'?" if proposals else ""
        return "unknown-action", f"{workflow.key} has no action '{action.name}'{hint}"
    if name is None:
        return "illegal-action", f"case '{action.case}' does not exist, and {action.name} opens none"
    return "illegal-action", f"case '{action.case}' is {name}, and {action.name} does not follow"


def _order_fault(state: CaseState | None, action: Action) -> Fault | None:
    expected = state.seq + 1 if state else 1
    if state is not None and state.case != action.case:
        return "other-case", f"the state is that of case '{state.case}', not '{action.case}'"
    if action.seq != expected:
        return (
            "out-of-sequence",
            f"the next action of case '{action.case}' is number {expected}, not {action.seq}",
        )
    if action.recorded_us and action.happened_us > action.recorded_us:
        return "not-yet-happened", f"{action.name} would happen later than it is recorded"
    return None


def _role_fault(transition: Transition, name: str | None, action: Action) -> Fault | None:
    if action.role in transition.roles:
        return None
    where = f"of a case that is {name}" if name else "of a new case"
    return "wrong-role", f"{action.name} {where} is not for {action.role}"


def _field_fault(workflow: Workflow, transition: Transition, action: Action) -> Fault | None:
    stated = {name: value for name, value in action.fields.items() if value is not None}
    for name in transition.needs:
        if name not in stated:
            return "missing-field", f"{action.name} needs {name}"
    for name, value in stated.items():
        if name not in transition.takes:
            proposals = nearest(name, transition.takes)
            hint = f"; did you mean '{proposals[0]}'?" if proposals else ""
            return "unknown-field", f"{action.name} takes no {name}{hint}"
        fault = workflow.fields[name].fault(value)
        if fault is not None:
            return "bad-value", fault
    return None


def _migration_fault(
    workflow: Workflow,
    transition: Transition,
    name: str | None,
    action: Action,
    newer: Mapping[str, Workflow],
) -> Fault | None:
    if not transition.migrates:
        return None
    key = str(action.fields["workflow"])
    target = newer.get(key)
    if target is None or key == workflow.key:
        known = ", ".join(other for other in newer if other != workflow.key) or "none"
        return "unknown-workflow", f"there is no workflow '{key}' to migrate to; known are {known}"
    if target.home(workflow.key, str(name)) is None:
        return "no-such-state", f"{key} has no state for a case that is {name}"
    return None


def _guard_fault(transition: Transition, situation: GuardedAction) -> Fault | None:
    for guard in transition.guards:
        fault = guard.fault(situation)
        if fault is not None:
            return fault
    return None
