"""Definitions of workflows: states, actions and who may do what, as a closed TOML document.

A definition is data: no expressions, no Python. What its parts mean together is checked by `soundness.py`.
`docs/how-to/write-a-workflow.md` describes every key.

Tested by `tests/paas/case/test_workflow.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from stcloud.daas.definition.clause import Closed, Text

__all__ = [
    "MILESTONES",
    "ConsequenceClause",
    "FieldClause",
    "FlagClause",
    "GuardClause",
    "MigrationClause",
    "Milestone",
    "RoleClause",
    "StateClause",
    "TransitionClause",
    "WorkflowDefinition",
]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Names = tuple[Name, ...]

Milestone = Literal["filed", "dispatched", "handled", "closed"]
MILESTONES: tuple[Milestone, ...] = get_args(Milestone)
"""How far a case has come, in order; evaluation counts by them, whatever a workflow calls its states."""


class StateClause(Closed):
    """A state: its titles, its stage, and what the clock does in it.

    ``counted``: whether a case in this state counts in statistics. ``milestone``: how far a case in this state has
    come. ``resumes``: the state that a case enters by itself at the instant ``until`` of the action that led here.
    """

    title: Text
    title_zh: str = ""
    stage: Name
    clock: Literal["off", "running", "paused"] = "off"
    terminal: bool = False
    counted: bool = True
    milestone: Milestone | None = None
    resumes: Name | None = None


class RoleClause(Closed):
    """A role, and the side that it belongs to: who handles may not close."""

    title: Text
    title_zh: str = ""
    side: Literal["public", "supervision", "command", "handling"]


class FieldClause(Closed):
    """A field of actions: its type, what it may be, and what a case keeps of it.

    ``keep``: ``last`` keeps the last value, ``sum`` the sum of all, ``all`` the last value and the list of distinct
    ones. Without it an action states the field, and the case keeps nothing.
    """

    type: Literal["text", "note", "integer", "number", "boolean", "instant", "case", "cases"] = "text"
    title: str = ""
    values: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    keep: Literal["last", "sum", "all"] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        numeric = self.type in ("integer", "number")
        if self.values and self.type != "text":
            raise ValueError("values are listed for type text")
        if (self.least is not None or self.most is not None) and not numeric:
            raise ValueError("least and most are for integers and numbers")
        if self.keep == "sum" and not numeric:
            raise ValueError("a sum is kept of integers and numbers")
        if self.keep == "all" and self.type not in ("text", "case"):
            raise ValueError("all values are kept of texts and cases")
        return self


class FlagClause(Closed):
    """A flag of a case. ``uncounted``: a case that has it is counted elsewhere."""

    title: Text
    uncounted: bool = False


class GuardClause(Closed):
    """What must hold for an action besides state, role and fields; all that is named must hold.

    ``not_handler``: the actor has not handled the case. ``own_department``: the actor belongs to its department.
    ``same_department``: a department that is stated is that of the case. ``at_most``: how often the count may be
    reached. ``value``: which of the listed values the case must have. ``verified``: the report was verified to
    exist, or came from a source that is listed. ``flags``, ``no_flags``: of the case. ``ahead_days``: the instant
    is later than the action, by so many days at most. ``other_case``: the fields name other cases.
    ``corrects``: the action names an earlier one, and an instant that is not later than itself.
    ``not_overdue``, ``only_overdue``, ``master_open``, ``master_closed``, ``parts_closed``, ``parts_new`` and
    ``no_duplicates`` are facts that the log of the case itself does not tell.
    """

    not_handler: bool = False
    own_department: bool = False
    same_department: bool = False
    at_most: dict[Name, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    value: dict[Name, Annotated[tuple[Text, ...], Field(min_length=1)]] = Field(default_factory=dict)
    verified: tuple[Text, ...] | None = None
    flags: Names = ()
    no_flags: Names = ()
    ahead_days: dict[Name, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    other_case: Names = ()
    corrects: bool = False
    not_overdue: bool = False
    only_overdue: bool = False
    master_open: bool = False
    master_closed: bool = False
    parts_closed: bool = False
    parts_new: bool = False
    no_duplicates: bool = False


class TransitionClause(Closed):
    """An action in some states: who may do it, what it must state, and what becomes of the case.

    ``from`` names states, or is ``all_open`` or ``all``. ``opens``: it is the first action of a case. ``after_end``:
    it may follow a terminal state. ``needs`` are fields that it must state, ``takes`` fields that it may. ``sets``
    and ``clears`` are flags; ``clears`` may also name values that are kept. ``counts``: what it counts. ``handles``:
    its actor handles the case. ``migrates``: another workflow binds the case from here on.
    """

    action: Name
    title: str = ""
    title_zh: str = ""
    start: Annotated[Names | Literal["all_open", "all"], Field(alias="from")] = ()
    to: Name = "same"
    opens: bool = False
    after_end: bool = False
    roles: Annotated[Names, Field(min_length=1)]
    needs: Names = ()
    takes: Names = ()
    sets: Names = ()
    clears: Names = ()
    counts: Names = ()
    handles: bool = False
    migrates: bool = False
    guards: GuardClause = GuardClause()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.opens == bool(self.start):
            raise ValueError("name the states that it is from, or say opens = true")
        if self.opens and self.to == "same":
            raise ValueError("what opens a case leads to a state")
        return self


class ConsequenceClause(Closed):
    """An action on linked cases that is appended in the same transaction as the action that it follows.

    ``on``: the duplicates of the case, its parts, or the parts that the action names. ``names``: the field in which
    they name the case. ``copies`` are fields that they take over from the action, else from the case. ``each``
    gives each part, by field, its item of a list separated by ``;`` in a field of the action.
    """

    after: Annotated[Names, Field(min_length=1)]
    on: Literal["duplicates", "parts", "new_parts"]
    action: Name
    names: Name | None = None
    copies: Names = ()
    each: dict[Name, Name] = Field(default_factory=dict)


class MigrationClause(Closed):
    """States of an older workflow that have another name in this one."""

    states: dict[Name, Name] = Field(default_factory=dict)


class WorkflowDefinition(Closed):
    """A workflow: states, roles, fields, flags, transitions, and consequences for linked cases."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    version: Annotated[int, Field(ge=1)] = 1
    title: str = ""
    title_zh: str = ""
    states: Annotated[dict[Name, StateClause], Field(min_length=2)]
    roles: Annotated[dict[Name, RoleClause], Field(min_length=1)]
    fields: dict[Name, FieldClause] = Field(default_factory=dict)
    flags: dict[Name, FlagClause] = Field(default_factory=dict)
    transitions: Annotated[tuple[TransitionClause, ...], Field(min_length=1)]
    consequences: tuple[ConsequenceClause, ...] = ()
    migrations: dict[Text, MigrationClause] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """What a log names the workflow by: its id and version."""
        return f"{self.id}/{self.version}"
