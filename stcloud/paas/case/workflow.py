"""Workflows: which actions are legal in which states, and what becomes of a case.

Tested by `tests/paas/case/test_workflow.py`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from stcloud.daas.definition.clause import Closed, definition_faults
from stcloud.errors import InvalidDefinition, InvalidInput
from stcloud.iaas.bundle import bundled_text, workflows
from stcloud.paas.case.definition import (
    MILESTONES,
    ConsequenceClause,
    FieldClause,
    FlagClause,
    GuardClause,
    MigrationClause,
    RoleClause,
    StateClause,
    TransitionClause,
    WorkflowDefinition,
)
from stcloud.paas.case.field import FieldRule
from stcloud.paas.case.soundness import soundness_faults
from stcloud.paas.case.transition import Transition, transitions_of

__all__ = ["Workflow", "read_workflow"]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow, compiled from its definition.

    Attributes
    ----------
    definition, key
        What it was compiled from; what a log names it by: its id and version.
    table
        The transition of each state and action; those that open a case are under None.
    fields
        What each field may hold.
    kept
        How a case keeps the fields that it keeps.
    correcting
        Actions that correct an instant.
    resumes
        The state that a case enters by itself, by the state that it leaves.
    uncounted
        Flags of cases that are counted elsewhere.
    ranks
        How far a case in each state has come: the place of its milestone in `MILESTONES`, from 1; 0 before all.

    Examples
    --------
    >>> workflow = read_workflow("urban-management")
    >>> workflow.key, workflow.stage("handling"), workflow.clock("suspended")
    ('urban-management/1', 'handle', 'paused')
    >>> workflow.actions("handled")
    ('refuse_handling', 'feed_back', 'force_close', ...)
    """

    definition: WorkflowDefinition = field(repr=False)
    key: str
    table: dict[str | None, dict[str, Transition]] = field(repr=False)
    fields: dict[str, FieldRule] = field(repr=False)
    kept: dict[str, str] = field(repr=False)
    correcting: frozenset[str] = field(repr=False)
    resumes: dict[str, str] = field(repr=False)
    uncounted: frozenset[str] = field(repr=False)
    ranks: dict[str, int] = field(repr=False)

    @classmethod
    def of(cls, definition: WorkflowDefinition, *, name: str | None = None, document: str = "") -> Self:
        """Compile a definition; ``name`` is what errors call it, ``document`` the text whose lines they name.

        Raises
        ------
        InvalidDefinition
            ``unsound-workflow`` with all faults: states that are not reached or cannot end, unknown names, ...
        """
        faults = soundness_faults(definition)
        if faults:
            faulty = name or definition.key
            raise InvalidDefinition("unsound-workflow", faulty, faults=_with_lines(faults, document))
        return cls(
            definition,
            definition.key,
            transitions_of(definition),
            {name: FieldRule(name, clause) for name, clause in definition.fields.items()},
            {name: clause.keep for name, clause in definition.fields.items() if clause.keep},
            frozenset(clause.action for clause in definition.transitions if clause.guards.corrects),
            {name: state.resumes for name, state in definition.states.items() if state.resumes},
            frozenset(name for name, flag in definition.flags.items() if flag.uncounted),
            _ranks(definition),
        )

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> Self:
        """Read and compile a workflow from a TOML document, whose ``name`` is put in errors.

        Raises
        ------
        InvalidDefinition
            ``not-toml``, ``invalid-definition`` or ``unsound-workflow``, with every fault and the line of its
            transition or consequence.
        """
        try:
            with definition_faults(name, _keys):
                definition = WorkflowDefinition.model_validate(tomllib.loads(text))
        except InvalidDefinition as error:
            if error.kind != "invalid-definition":
                raise
            raise InvalidDefinition(
                "invalid-definition", name, faults=_with_lines(error.faults, text)
            ) from error
        return cls.of(definition, name=name, document=text)

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the states, in the order of the definition."""
        return tuple(self.definition.states)

    def stage(self, state: str) -> str:
        """Return the stage that a state belongs to."""
        return self.definition.states[state].stage

    def clock(self, state: str) -> str:
        """Return what the clock does in a state: ``off``, ``running`` or ``paused``."""
        return self.definition.states[state].clock

    def is_terminal(self, state: str) -> bool:
        """Return whether a case in a state has ended."""
        return self.definition.states[state].terminal

    def is_counted(self, state: str, flags: Iterable[str]) -> bool:
        """Return whether a case in a state and with flags counts in statistics."""
        return self.definition.states[state].counted and self.uncounted.isdisjoint(flags)

    def home(self, older: str, state: str) -> str | None:
        """Return the state of a case that migrates from a state of an older workflow; None: there is none."""
        migration = self.definition.migrations.get(older)
        name = state if migration is None else migration.states.get(state, state)
        return name if name in self.definition.states else None

    def actions(self, state: str | None) -> tuple[str, ...]:
        """Return the actions in a state, in the order of the definition; None: those that open a case."""
        return tuple(self.table[state])


def _ranks(definition: WorkflowDefinition) -> dict[str, int]:
    """Return the ranks of states; a workflow that names no milestone has two: its open cases are dispatched."""
    states = definition.states
    if any(state.milestone for state in states.values()):
        return {
            name: MILESTONES.index(state.milestone) + 1 if state.milestone else 0
            for name, state in states.items()
        }
    ends = {True: MILESTONES.index("closed") + 1, False: MILESTONES.index("dispatched") + 1}
    return {name: ends[state.terminal] if state.counted else 0 for name, state in states.items()}


def read_workflow(name: str) -> Workflow:
    """Return a bundled workflow by its name; `InvalidInput` ``unknown-workflow``."""
    if name not in workflows():
        raise InvalidInput(
            "unknown-workflow",
            f"there is no bundled workflow {name!r}",
            hint=f"use {', '.join(workflows())}",
        )
    return Workflow.from_toml(bundled_text("layers", "workflows", f"{name}.toml"), name=f"{name}.toml")


_CLAUSES: dict[str, type[Closed]] = {
    "states": StateClause, "roles": RoleClause, "fields": FieldClause, "flags": FlagClause,
    "transitions": TransitionClause, "consequences": ConsequenceClause, "migrations": MigrationClause,
}  # fmt: skip


def _keys(place: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that are known at a place of the document."""
    if not place:
        return tuple(WorkflowDefinition.model_fields)
    if place[-1] == "guards":
        return tuple(GuardClause.model_fields)
    clause = _CLAUSES.get(str(place[0]))
    fields = clause.model_fields if clause else {}
    return tuple(field.alias or name for name, field in fields.items())


def _with_lines(faults: Iterable[str], text: str) -> list[str]:
    """Put before each fault of a transition or consequence the line that it begins in."""
    lines: dict[str, list[int]] = {"transitions": [], "consequences": []}
    for number, line in enumerate(text.splitlines(), start=1):
        table = re.match(r"\s*\[\[\s*(transitions|consequences)\s*\]\]", line)
        if table:
            lines[table[1]].append(number)
    return [_with_line(fault, lines) for fault in faults]


def _with_line(fault: str, lines: dict[str, list[int]]) -> str:
    place = re.match(r"(transitions|consequences)\.(\d+)", fault)
    if place is None or int(place[2]) >= len(lines[place[1]]):
        return fault
    return f"line {lines[place[1]][int(place[2])]}: {fault}"
