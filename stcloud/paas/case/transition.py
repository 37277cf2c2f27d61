"""Transitions of a workflow, compiled: one for each state and action.

Tested by `tests/paas/case/test_workflow.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from stcloud.paas.case.definition import TransitionClause, WorkflowDefinition
from stcloud.paas.case.guard import Guard, guards_of

__all__ = ["Transition", "transitions_of"]


@dataclass(frozen=True, slots=True)
class Transition:
    """What an action does to a case in a state.

    Attributes
    ----------
    action, target
        Its name, and the state that it leads to; None: the case stays in its state.
    roles, needs, takes, guards
        Who may do it, what it must state, all that it may state, what must hold.
    sets, clears, counts, handles
        Flags that it sets; flags, values and counts that change; whether its actor handles the case.
    has_until, corrects, migrates
        Whether it says until when the case stays, corrects an instant, or changes the workflow.
    is_plain, is_rare
        Whether all else that it does is to keep fields; whether it corrects or migrates.
    """

    action: str
    target: str | None
    roles: frozenset[str]
    needs: tuple[str, ...]
    takes: frozenset[str]
    guards: tuple[Guard, ...]
    sets: frozenset[str]
    clears_flags: frozenset[str]
    clears_values: tuple[str, ...]
    counts: tuple[str, ...]
    handles: bool
    has_until: bool
    corrects: bool
    migrates: bool
    is_plain: bool
    is_rare: bool


def transitions_of(definition: WorkflowDefinition) -> dict[str | None, dict[str, Transition]]:
    """Return the transitions of a workflow by state and action; those that open a case are under None."""
    titles = {name: flag.title for name, flag in definition.flags.items()}
    table: dict[str | None, dict[str, Transition]] = {None: {}, **{state: {} for state in definition.states}}
    for clause in definition.transitions:
        guards = guards_of(clause.guards, titles)
        for start in starts_of(definition, clause):
            table[start][clause.action] = _compiled(definition, clause, start, guards)
    return table


def starts_of(definition: WorkflowDefinition, clause: TransitionClause) -> tuple[str | None, ...]:
    """Return the states that a transition is from; None: it opens a case."""
    if clause.opens:
        return (None,)
    if isinstance(clause.start, str):
        every = clause.start == "all"
        return tuple(name for name, state in definition.states.items() if every or not state.terminal)
    return clause.start


def _compiled(
    definition: WorkflowDefinition, clause: TransitionClause, start: str | None, guards: tuple[Guard, ...]
) -> Transition:
    target = None if clause.to in ("same", start) else clause.to
    return Transition(
        action=clause.action,
        target=target,
        roles=frozenset(clause.roles),
        needs=clause.needs,
        takes=frozenset((*clause.needs, *clause.takes)),
        guards=guards,
        sets=frozenset(clause.sets),
        clears_flags=frozenset(name for name in clause.clears if name in definition.flags),
        clears_values=tuple(name for name in clause.clears if name in definition.fields),
        counts=clause.counts,
        handles=clause.handles,
        has_until=target is not None and definition.states[target].resumes is not None,
        corrects=clause.guards.corrects,
        migrates=clause.migrates,
        is_plain=not (clause.sets or clause.clears or clause.counts or clause.handles),
        is_rare=clause.guards.corrects or clause.migrates,
    )
