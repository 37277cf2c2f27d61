"""Linked cases: what a case may do because of its master, its duplicates and its parts, and what follows for them.

Tested by `tests/paas/case/test_linked.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from stcloud.errors import InvalidInput
from stcloud.paas.case.action import Action, Scalar
from stcloud.paas.case.course import ALONE
from stcloud.paas.case.definition import ConsequenceClause
from stcloud.paas.case.legality import step
from stcloud.paas.case.refused import RefusedAction
from stcloud.paas.case.state import CaseState
from stcloud.paas.case.workflow import Workflow

__all__ = ["consequences", "facts_of"]


def facts_of(
    workflow: Workflow,
    state: CaseState | None,
    action: Action,
    linked: Mapping[str, CaseState],
    *,
    is_overdue: bool = False,
    others: Mapping[str, Workflow] = ALONE,
) -> frozenset[str]:
    """Return the facts that an action is judged by.

    Parameters
    ----------
    workflow, state, action
        As for `stcloud.paas.case.step`.
    linked
        States by number of those cases that exist among: the master of the case or of the action, the duplicates
        and the parts of the case, and the parts that the action names.
    is_overdue
        Whether the case is overdue at the action, as the clocks say.
    others
        Workflows by key of linked cases that another one binds.
    """
    master = linked.get(str(action.fields.get("master") or (state.master if state else None)))
    parts = [linked.get(part) for part in (state.parts if state else ())]
    named = str(action.fields.get("parts") or "").split(";")

    def has_ended(case: CaseState | None) -> bool:
        return case is not None and _workflow_of(case, workflow, others).is_terminal(case.state)

    facts = {
        "overdue": is_overdue,
        "master_open": master is not None and master.master is None and not has_ended(master),
        "master_closed": has_ended(master),
        "parts_closed": bool(parts) and all(map(has_ended, parts)),
        "parts_taken": any(part in linked for part in named),
        "has_duplicates": any(case.master == action.case for case in linked.values()),
    }
    return frozenset(fact for fact, holds in facts.items() if holds)


def consequences(
    workflow: Workflow,
    state: CaseState,
    action: Action,
    linked: Mapping[str, CaseState],
    *,
    others: Mapping[str, Workflow] = ALONE,
) -> tuple[Action, ...] | RefusedAction:
    """Return the actions that follow on linked cases from an accepted one, or why one of them is illegal.

    What follows is to be appended in the same transaction as the action, or the action not either. Linked cases in
    whose states an action has no meaning, such as a duplicate that is closed already, are left alone.

    Parameters
    ----------
    workflow, state
        The workflow of the case, and its state after the action.
    action
        The action.
    linked
        As for `facts_of`; cases that are linked to linked ones take part where they are in it.
    others
        Workflows by key of linked cases that another one binds.
    """
    plan = _Plan(workflow, others, {**linked, state.case: state})
    plan.follow(workflow, action)
    return plan.refused or tuple(plan.actions)


@dataclass(slots=True)
class _Plan:
    """Actions that follow, each judged by the states that those before it lead to."""

    workflow: Workflow
    others: Mapping[str, Workflow]
    states: dict[str, CaseState]
    actions: list[Action] = field(default_factory=list)
    refused: RefusedAction | None = None

    def follow(self, workflow: Workflow, cause: Action) -> None:
        """Plan what follows from an action, and from what follows."""
        for clause in workflow.definition.consequences:
            if cause.name not in clause.after:
                continue
            for number, fields in self._targets(clause, cause):
                if self.refused is None:
                    self._add(number, replace(cause, name=clause.action, fields=fields))

    def _targets(self, clause: ConsequenceClause, cause: Action) -> Iterator[tuple[str, dict[str, Scalar]]]:
        """Give the cases that a consequence is for, and what its action states there."""
        state = self.states[cause.case]
        values: dict[str, Scalar] = {name: cause.case for name in [clause.names] if name}
        values |= {name: cause.fields.get(name, state.values.get(name)) for name in clause.copies}
        values = {name: value for name, value in values.items() if value is not None}
        numbers = self._numbers(clause, cause)
        columns = {name: str(cause.fields.get(of) or "").split(";") for name, of in clause.each.items()}
        for name, items in columns.items():
            if len(items) != len(numbers):
                reason = f"{clause.each[name]} has {len(items)} items, and there are {len(numbers)} parts"
                self.refused = RefusedAction(
                    "uneven-lists", reason, cause.case, cause.name, state.state, (), ()
                )
                return
        for i, number in enumerate(numbers):
            yield number, {**values, **{name: items[i] for name, items in columns.items()}}

    def _numbers(self, clause: ConsequenceClause, cause: Action) -> list[str]:
        if clause.on == "new_parts":
            return str(cause.fields["parts"]).split(";")
        if clause.on == "parts":
            return [part for part in self.states[cause.case].parts if part in self.states]
        return sorted(number for number, case in self.states.items() if case.master == cause.case)

    def _add(self, number: str, draft: Action) -> None:
        """Plan an action on a case, if it means something in its state."""
        state = self.states.get(number)
        workflow = self.workflow if state is None else _workflow_of(state, self.workflow, self.others)
        if draft.name not in workflow.table[state.state if state else None]:
            return
        seq = state.seq + 1 if state else 1
        action = replace(draft, case=number, seq=seq, id=f"{draft.id}/{number}/{draft.name}")
        facts = facts_of(workflow, state, action, self.states, others=self.others)
        result = step(workflow, state, action, facts)
        if isinstance(result, RefusedAction):
            self.refused = result
            return
        self.states[number] = result
        self.actions.append(action)
        self.follow(workflow, action)


def _workflow_of(case: CaseState, workflow: Workflow, others: Mapping[str, Workflow]) -> Workflow:
    """Return the workflow that binds a case; `InvalidInput` ``other-workflow``."""
    if case.workflow == workflow.key:
        return workflow
    if case.workflow not in others:
        raise InvalidInput(
            "other-workflow",
            f"{case.workflow} binds case {case.case!r}, and it is not given",
            hint="give it in others",
        )
    return others[case.workflow]
