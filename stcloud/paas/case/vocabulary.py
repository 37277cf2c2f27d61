"""CaseVocabulary of workflows: what states and actions mean for clocks and for evaluation, whatever they are called.

A name is read by the workflow that binds a case now. What that does not know, since the case has migrated, is read by
the newest workflow that does.

Tested by `tests/paas/case/test_vocabulary.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from functools import cached_property

from stcloud.errors import FormatError
from stcloud.paas.case.definition import MILESTONES
from stcloud.paas.case.transition import Transition
from stcloud.paas.case.workflow import Workflow

__all__ = ["CaseVocabulary", "Deed", "StateMeaning"]

_FILED, _DISPATCHED, _HANDLED = (MILESTONES.index(name) + 1 for name in ("filed", "dispatched", "handled"))


class Deed(IntFlag):
    """What an action is, for evaluation: judged by what its transitions state and where they lead.

    ``REPORTED``: it opens a case. ``FILED``: it leads from before all milestones to the first one. ``DISPATCHED``: it
    leads from before dispatch to it. ``HANDLED``: its actor handles a case that is not handled. ``VERIFIED``,
    ``CHECKED``: it must state the field ``verification``, or ``check``. ``EXTENDED``: it counts ``extensions``.
    """

    REPORTED = 1
    FILED = 2
    DISPATCHED = 4
    HANDLED = 8
    VERIFIED = 16
    CHECKED = 32
    EXTENDED = 64


@dataclass(frozen=True, slots=True)
class StateMeaning:
    """What a state means: its stage, what the clock does, its rank among milestones, and what it waits for."""

    stage: str
    clock: str
    rank: int
    is_terminal: bool
    awaits: Deed


class CaseVocabulary:
    """States and actions as the workflow reads them that binds a case.

    Parameters
    ----------
    key
        Key of that workflow.
    workflows
        All workflows of the log by key, in the order in which they became known.

    Examples
    --------
    >>> from stcloud.paas.case import read_workflow
    >>> workflow = read_workflow("urban-management")
    >>> words = CaseVocabulary(workflow.key, {workflow.key: workflow})
    >>> words.state("pending_check").awaits, words.action("file")
    (<Deed.CHECKED: 32>, <Deed.FILED: 2>)
    """

    def __init__(self, key: str, workflows: Mapping[str, Workflow]) -> None:
        self.workflow = workflows[key]
        self._readers = [self.workflow, *reversed(list(workflows.values()))]
        self._states: dict[str, StateMeaning] = {}
        self._actions: dict[str, Deed] = {}

    def state(self, name: str) -> StateMeaning:
        """Return what a state means; `FormatError` ``broken-case-log``: no workflow knows it."""
        if name not in self._states:
            workflow = next((known for known in self._readers if name in known.definition.states), None)
            if workflow is None:
                raise FormatError(
                    "broken-case-log", f"no workflow has a state '{name}'",
                    hint="give the workflows that its log names",
                )  # fmt: skip
            self._states[name] = _meaning(workflow, name)
        return self._states[name]

    def action(self, name: str) -> Deed:
        """Return what an action is; one that no workflow knows is nothing."""
        if name not in self._actions:
            deeds = (_deed_in(known, name) for known in self._readers)
            self._actions[name] = next((deed for deed in deeds if deed is not None), Deed(0))
        return self._actions[name]

    @cached_property
    def unverified(self) -> frozenset[str]:
        """Sources whose reports are filed without verification."""
        clauses = self.workflow.definition.transitions
        return frozenset(source for clause in clauses for source in clause.guards.verified or ())

    def is_public(self, source: str | None) -> bool:
        """Return whether a source is the public: its reports are to be verified before they are filed.

        A workflow in which nothing need be verified has no public.
        """
        return source is not None and bool(self.unverified) and source not in self.unverified


def _deed_in(workflow: Workflow, name: str) -> Deed | None:
    """Return what an action is in a workflow; None: it has no such action."""
    deed: Deed | None = None
    for state, transitions in workflow.table.items():
        if name in transitions:
            deed = (deed or Deed(0)) | _deed(workflow, state, transitions[name])
    return deed


def _deed(workflow: Workflow, state: str | None, transition: Transition) -> Deed:
    """Return what an action is in one state; None: it opens a case."""
    start = workflow.ranks[state] if state else 0
    end = workflow.ranks[transition.target] if transition.target else start
    holds = {
        Deed.REPORTED: state is None,
        Deed.FILED: start < end == _FILED,
        Deed.DISPATCHED: start < end == _DISPATCHED,
        Deed.HANDLED: transition.handles and start < _HANDLED,
        Deed.EXTENDED: "extensions" in transition.counts,
    }
    return sum((deed for deed, held in holds.items() if held), _stated(transition))


def _stated(transition: Transition) -> Deed:
    """Return what an action is that must state these fields."""
    verified = Deed.VERIFIED if "verification" in transition.needs else Deed(0)
    return verified | (Deed.CHECKED if "check" in transition.needs else Deed(0))


def _meaning(workflow: Workflow, name: str) -> StateMeaning:
    state = workflow.definition.states[name]
    awaits = Deed(0)
    for transition in workflow.table[name].values():
        awaits |= _stated(transition)
    return StateMeaning(state.stage, state.clock, workflow.ranks[name], state.terminal, awaits)
