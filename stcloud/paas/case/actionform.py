"""Forms of actions: what an action on a case must and may state, so that people can be asked for it.

Law: **an action that states what its form requires, and nothing that the form lacks, is refused for no field**.

Tested by `tests/paas/case/test_actionform.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stcloud.paas.case.definition import TransitionClause
from stcloud.paas.case.transition import starts_of
from stcloud.paas.case.workflow import Workflow

__all__ = ["ActionForm", "FormField", "action_forms"]


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form.

    Attributes
    ----------
    name, title, type
        Its name, its name for people (empty: none), and its type, as the workflow has it.
    required
        Whether the action must state it.
    values
        The only values that it may have; empty: any.
    least, most
        Bounds of a number; None: none.
    """

    name: str
    title: str
    type: str
    required: bool
    values: tuple[str, ...]
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True)
class ActionForm:
    """An action in a state, with the fields that it takes: required ones first, in the order of the workflow.

    Attributes
    ----------
    action, title, title_zh
        Its name, and its names for people; empty: none.
    target
        The state that it leads to; None: the case stays in its state.
    fields
        What it states.
    """

    action: str
    title: str
    title_zh: str
    target: str | None
    fields: tuple[FormField, ...]


def action_forms(workflow: Workflow, state: str | None, actions: Iterable[str]) -> tuple[ActionForm, ...]:
    """Return the forms of some actions in a state; ``state`` None: they open a case."""
    return tuple(_form(workflow, state, action) for action in actions)


def _form(workflow: Workflow, state: str | None, action: str) -> ActionForm:
    transition, clause = workflow.table[state][action], _clause(workflow, state, action)
    optional = [name for name in workflow.fields if name in transition.takes and name not in transition.needs]
    fields = [_field(workflow, name, required=True) for name in transition.needs]
    fields += [_field(workflow, name, required=False) for name in optional]
    return ActionForm(action, clause.title, clause.title_zh, transition.target, tuple(fields))


def _field(workflow: Workflow, name: str, *, required: bool) -> FormField:
    clause = workflow.fields[name].clause
    return FormField(name, clause.title, clause.type, required, clause.values, clause.least, clause.most)


def _clause(workflow: Workflow, state: str | None, action: str) -> TransitionClause:
    return next(
        clause
        for clause in workflow.definition.transitions
        if clause.action == action and state in starts_of(workflow.definition, clause)
    )
