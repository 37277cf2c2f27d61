"""Soundness of a workflow: every name is known, every state is reached, and every case can end.

Tested by `tests/paas/case/test_soundness.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stcloud.errors import nearest
from stcloud.paas.case.definition import ConsequenceClause, TransitionClause, WorkflowDefinition
from stcloud.paas.case.transition import starts_of

__all__ = ["soundness_faults"]


def soundness_faults(definition: WorkflowDefinition) -> tuple[str, ...]:
    """Return all faults of a definition as a whole, each with the place of what is wrong.

    Names come first: how states are connected is only looked at where all names are known.
    """
    faults = (*_name_faults(definition), *_rule_faults(definition))
    return faults or (*_path_faults(definition), *_consequence_faults(definition))


def _unknown(place: str, thing: str, names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    known = tuple(known)
    for name in names:
        if name not in known:
            proposals = nearest(name, known)
            hint = f"; did you mean '{proposals[0]}'?" if proposals else ""
            yield f"{place}: there is no {thing} '{name}'{hint}"


def _name_faults(definition: WorkflowDefinition) -> Iterator[str]:
    for name, state in definition.states.items():
        if state.resumes is not None:
            yield from _unknown(f"states.{name}.resumes", "state", [state.resumes], definition.states)
    for i, clause in enumerate(definition.transitions):
        yield from _transition_names(f"transitions.{i} ({clause.action})", definition, clause)
    actions = {clause.action for clause in definition.transitions}
    for i, consequence in enumerate(definition.consequences):
        place = f"consequences.{i} ({consequence.action})"
        yield from _unknown(place, "action", [*consequence.after, consequence.action], actions)
        names = [consequence.names] if consequence.names else []
        fields = [*names, *consequence.copies, *consequence.each, *consequence.each.values()]
        yield from _unknown(place, "field", fields, definition.fields)
    for key, migration in definition.migrations.items():
        yield from _unknown(f"migrations.{key}", "state", migration.states.values(), definition.states)


def _transition_names(place: str, definition: WorkflowDefinition, clause: TransitionClause) -> Iterator[str]:
    starts = clause.start if isinstance(clause.start, tuple) else ()
    yield from _unknown(
        place, "state", [*starts, *([] if clause.to == "same" else [clause.to])], definition.states
    )
    yield from _unknown(place, "role", clause.roles, definition.roles)
    guards = clause.guards
    fields = [*clause.needs, *clause.takes, *guards.value, *guards.ahead_days, *guards.other_case]
    yield from _unknown(place, "field", fields, definition.fields)
    yield from _unknown(place, "flag", [*clause.sets, *guards.flags, *guards.no_flags], definition.flags)
    yield from _unknown(place, "flag or field", clause.clears, [*definition.flags, *definition.fields])
    counts = {count for other in definition.transitions for count in other.counts}
    yield from _unknown(place, "count", guards.at_most, counts)


_FIELDS_OF = {
    "corrects": ("corrects", "integer", "corrected", "instant"),
    "migrates": ("workflow", "text"),
    "until": ("until", "instant"),
}
"""Fields, and their types, that a transition of a kind must state."""


def _rule_faults(definition: WorkflowDefinition) -> Iterator[str]:
    taken: set[tuple[str | None, str]] = set()
    for name in definition.fields.keys() & definition.flags.keys():
        yield f"flags.{name}: there is also a field of this name"
    yield from _milestone_faults(definition)
    for i, clause in enumerate(definition.transitions):
        place = f"transitions.{i} ({clause.action})"
        for start in starts_of(definition, clause):
            if (start, clause.action) in taken:
                yield f"{place}: there is another one from {start or 'the start'}"
            taken.add((start, clause.action))
        yield from _field_faults(place, definition, clause)
        yield from _end_faults(place, definition, clause)


def _milestone_faults(definition: WorkflowDefinition) -> Iterator[str]:
    """Give what is wrong with milestones: of cases that end, the last one or none; without it no case is closed."""
    milestones = {name: state.milestone for name, state in definition.states.items() if state.milestone}
    for name, milestone in milestones.items():
        if definition.states[name].terminal != (milestone == "closed"):
            ends = "ends a case" if definition.states[name].terminal else "does not end a case"
            yield f"states.{name}.milestone: the state {ends}, so it cannot be {milestone}"
    if milestones and "closed" not in milestones.values():
        yield "states: none that ends a case has the milestone closed"


def _field_faults(place: str, definition: WorkflowDefinition, clause: TransitionClause) -> Iterator[str]:
    target = definition.states.get(clause.to)
    kinds = {
        "corrects": clause.guards.corrects,
        "migrates": clause.migrates,
        "until": target is not None and target.resumes is not None,
    }
    for kind in (kind for kind, holds in kinds.items() if holds):
        pairs = _FIELDS_OF[kind]
        for name, type_ in zip(pairs[::2], pairs[1::2], strict=True):
            field = definition.fields.get(name)
            if name not in clause.needs or field is None or field.type != type_:
                yield f"{place}: it must need {name}, a field of type {type_}"
    if clause.migrates and (
        clause.to != "same" or clause.sets or clause.clears or clause.counts or clause.handles
    ):
        yield f"{place}: what migrates a case changes nothing else"
    for name in clause.guards.value:
        if name in definition.fields and definition.fields[name].keep is None:
            yield f"{place}: guards.value needs {name}, which is not kept"


def _end_faults(place: str, definition: WorkflowDefinition, clause: TransitionClause) -> Iterator[str]:
    starts = [
        definition.states[start] for start in starts_of(definition, clause) if start in definition.states
    ]
    if not clause.after_end and any(state.terminal for state in starts):
        yield f"{place}: it leaves a terminal state; say after_end = true if it may"
    if clause.after_end and not any(state.terminal for state in starts):
        yield f"{place}: after_end is for what follows a terminal state"
    target = definition.states.get(clause.to)
    handling = [
        name
        for name in clause.roles
        if name in definition.roles and definition.roles[name].side == "handling"
    ]
    if target is not None and target.terminal and handling:
        yield f"{place}: {handling[0]} handles cases, and who handles may not close them"


Start = str | None
"""A state, or None where a case is to be opened."""


def _path_faults(definition: WorkflowDefinition) -> Iterator[str]:
    for name, state in definition.states.items():
        if state.resumes and (state.terminal or definition.states[state.resumes].resumes):
            yield f"states.{name}.resumes: neither a terminal state resumes, nor one into another that does"
    onward = _onward(definition)
    backward: dict[Start, set[Start]] = {name: set() for name in onward}
    for start, targets in onward.items():
        for target in targets:
            backward[target].add(start)
    reached = _closure(onward, {None})
    ended = _closure(backward, {name for name, state in definition.states.items() if state.terminal})
    if reached == {None}:
        yield "transitions: none opens a case"
        return
    for name in definition.states:
        if name not in reached:
            yield f"states.{name}: no action leads to it"
        if name not in ended:
            yield f"states.{name}: no terminal state can be reached from it"


def _onward(definition: WorkflowDefinition) -> dict[Start, set[Start]]:
    """Return the states that each state leads to."""
    onward: dict[Start, set[Start]] = {name: set() for name in (None, *definition.states)}
    for clause in definition.transitions:
        for start in starts_of(definition, clause):
            onward[start] |= set() if clause.to == "same" else {clause.to}
    for name, state in definition.states.items():
        onward[name] |= {state.resumes} if state.resumes else set()
    return onward


def _closure(onward: dict[Start, set[Start]], start: set[Start]) -> set[Start]:
    """Return all that is reached from a start, with the start."""
    reached = set(start)
    ahead = list(reached)
    while ahead:
        fresh = onward[ahead.pop()] - reached
        reached |= fresh
        ahead += fresh
    return reached


def _consequence_faults(definition: WorkflowDefinition) -> Iterator[str]:
    for i, clause in enumerate(definition.consequences):
        place = f"consequences.{i} ({clause.action})"
        yield from (f"{place}: {fault}" for fault in _one_consequence(definition, clause))


def _one_consequence(definition: WorkflowDefinition, clause: ConsequenceClause) -> Iterator[str]:
    causes = [transition for transition in definition.transitions if transition.action in clause.after]
    effects = [transition for transition in definition.transitions if transition.action == clause.action]
    roles = {role for cause in causes for role in cause.roles}
    lacking = roles - {role for effect in effects for role in effect.roles}
    if lacking:
        yield f"{sorted(lacking)[0]} may do what it follows, and may not do it"
    taken = {name for effect in effects for name in (*effect.needs, *effect.takes)}
    given = [*clause.copies, *clause.each, *([clause.names] if clause.names else [])]
    for name in given:
        if name not in taken:
            yield f"the action takes no {name}"
    for name in clause.each.values():
        if any(name not in cause.needs for cause in causes):
            yield f"what it follows does not need {name}"
