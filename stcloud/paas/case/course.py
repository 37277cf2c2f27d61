"""The course of a case: what its log comes to, at any instant, as it was known at any other.

Tested by `tests/paas/case/test_course.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import cast

from stcloud.errors import FormatError, InvalidInput
from stcloud.paas.case.action import Action, Scalar
from stcloud.paas.case.state import CaseState, Move, effective_instants, effective_moves
from stcloud.paas.case.transition import Transition
from stcloud.paas.case.workflow import Workflow

__all__ = ["ALONE", "Course", "fold", "resumed"]

ALONE: Mapping[str, Workflow] = MappingProxyType({})
"""No other workflow than the one that opens a case."""


class Course:
    """A case under way. It is changed in place, and `state` gives out values that no longer change.

    Parameters
    ----------
    workflow
        What binds the case.
    newer
        Workflows by key that actions may migrate it to.
    """

    __slots__ = (
        "case", "corrections", "counts", "flags", "handlers", "happened", "kept", "lists", "moves", "names", "newer",
        "posts", "recorded_us", "state_name", "stated_us", "table", "until_us", "values", "workflow",
    )  # fmt: skip

    def __init__(self, workflow: Workflow, newer: Mapping[str, Workflow]) -> None:
        self.workflow, self.newer = workflow, newer
        self.table, self.kept = workflow.table, workflow.kept
        self.case = ""
        self.state_name: str | None = None
        self.until_us: int | None = None
        self.recorded_us = 0
        self.stated_us = -(2**63)
        self.values: dict[str, Scalar] = {}
        self.lists: dict[str, tuple[str, ...]] = {}
        self.counts: dict[str, int] = {}
        self.flags: frozenset[str] = frozenset()
        self.handlers: tuple[str, ...] = ()
        self.moves: list[Move] = []
        self.names: list[str] = []
        self.posts: list[str | None] = []
        self.happened: list[int] = []
        self.corrections: dict[int, int] = {}

    @classmethod
    def after(cls, workflow: Workflow, state: CaseState, newer: Mapping[str, Workflow]) -> Course:
        """Return the course that has come to a state."""
        course = cls(workflow, newer)
        course.case, course.state_name, course.until_us = state.case, state.state, state.until_us
        course.recorded_us, course.stated_us = state.recorded_us, state.stated_us
        course.values, course.lists, course.counts = dict(state.values), dict(state.lists), dict(state.counts)
        course.flags, course.handlers = state.flags, state.handlers
        course.moves, course.names, course.posts = list(state.moves), list(state.names), list(state.posts)
        course.happened = list(state.happened)
        course.corrections = dict(state.corrections)
        return course

    def run(self, actions: Iterable[Action]) -> None:
        """Apply actions in order; `FormatError` ``broken-case-log`` where one is not in the workflow."""
        state, stated, until = self.state_name, self.stated_us, self.until_us
        happened, names, posts, moves = self.happened, self.names, self.posts, self.moves
        action: Action | None = None
        for action in actions:
            instant = action.happened_us
            happened.append(instant)
            names.append(action.name)
            posts.append(action.post)
            if instant > stated:  # noqa: PLR1730  # a call of max takes as long as half of all else here
                stated = instant
            if until is not None and until <= stated:
                state, until = self._resumed(state, until, len(names)), None
            try:
                transition = self.table[state][action.name]
            except KeyError:
                raise self._broken(action, state) from None
            target = transition.target
            if target is not None:
                moves.append((len(names), target, stated))
                state = target
                until = cast("int", action.fields["until"]) if transition.has_until else None
            if not transition.is_plain:
                self._apply(transition, action)
            if action.fields:
                self._keep(action.fields)
            if transition.is_rare:
                self.stated_us = stated
                state = self._apply_rare(transition, action, state)
                until = until if state in self.workflow.resumes else None
        if action is not None:
            self.case, self.recorded_us = action.case, action.recorded_us
        self.state_name, self.stated_us, self.until_us = state, stated, until

    def resume_by(self, instant_us: int) -> None:
        """Let the case resume by itself if it does so by an instant."""
        if self.until_us is not None and self.until_us <= instant_us:
            self.state_name, self.until_us = (
                self._resumed(self.state_name, self.until_us, len(self.names) + 1),
                None,
            )

    def state(self) -> CaseState:
        """Return what the case is now; it must have been opened."""
        opened, changed = self.happened[0], self.stated_us
        since = max(
            move[2] for move in self.moves[-2:]
        )  # what came late may stay until an instant that is past
        if self.corrections:
            effective = effective_instants(self.happened, self.corrections)
            opened, changed, since = (
                effective[0],
                effective[-1],
                effective_moves(self.moves, effective)[-1][1],
            )
        return CaseState(
            self.case, self.workflow.key, len(self.names), cast("str", self.state_name), since, self.until_us,
            opened, changed, self.recorded_us, self.stated_us,
            MappingProxyType(self.values.copy()), MappingProxyType(self.lists.copy()),
            MappingProxyType(self.counts.copy()), self.flags, self.handlers, tuple(self.moves), tuple(self.names),
            tuple(self.posts), tuple(self.happened), MappingProxyType(self.corrections.copy()),
        )  # fmt: skip

    def _apply(self, transition: Transition, action: Action) -> None:
        if transition.clears_flags:
            self.flags -= transition.clears_flags
        if transition.sets:
            self.flags |= transition.sets
        for name in transition.clears_values:
            self.values.pop(name, None)
        for name in transition.counts:
            self.counts[name] = self.counts.get(name, 0) + 1
        if transition.handles and action.actor not in self.handlers:
            self.handlers = (*self.handlers, action.actor)

    def _keep(self, fields: Mapping[str, Scalar]) -> None:
        """Keep what the workflow keeps of the fields of an action."""
        kept, values = self.kept, self.values
        for name, value in fields.items():
            keep = kept.get(name)
            if keep is None or value is None:
                continue
            if keep == "sum":
                values[name] = cast("float", values.get(name, 0)) + cast("float", value)
                continue
            values[name] = value
            if keep == "all":
                self._list(name, str(value))

    def _list(self, name: str, value: str) -> None:
        values = self.lists.get(name, ())
        if value not in values:
            self.lists[name] = (*values, value)

    def _apply_rare(self, transition: Transition, action: Action, state: str | None) -> str | None:
        if transition.corrects:
            self.corrections[cast("int", action.fields["corrects"])] = cast("int", action.fields["corrected"])
        if not transition.migrates:
            return state
        key = str(action.fields["workflow"])
        workflow = self.newer.get(key)
        home = None if workflow is None else workflow.home(self.workflow.key, cast("str", state))
        if workflow is None or home is None:
            raise FormatError(
                "broken-case-log",
                f"case {action.case!r}, action {len(self.names)}: a case that is {state} cannot migrate to {key}",
                hint="give the workflows that its log names",
            )
        self.workflow, self.table, self.kept = workflow, workflow.table, workflow.kept
        if home != state:
            self.moves.append((len(self.names), home, self.stated_us))
        return home

    def _resumed(self, state: str | None, until_us: int, seq: int) -> str:
        """Note that the case resumed by itself before an action, and return the state that it entered."""
        target = self.workflow.resumes[cast("str", state)]
        self.moves.append((-seq, target, until_us))
        return target

    def _broken(self, action: Action, state: str | None) -> FormatError:
        where = f"a case that is {state}" if state else "a case that is not opened"
        return FormatError(
            "broken-case-log",
            f"case {action.case!r}, action {len(self.names)}: {self.workflow.key} has no {action.name} of {where}",
        )


def fold(
    workflow: Workflow,
    actions: Iterable[Action],
    *,
    at_us: int | None = None,
    known_us: int | None = None,
    newer: Mapping[str, Workflow] = ALONE,
) -> CaseState | None:
    """Return what a log comes to; None: the case is not opened.

    Guards are not asked again: what was accepted stays accepted.

    Parameters
    ----------
    workflow
        The workflow that the log begins with.
    actions
        The log of one case, in the order of ``seq``.
    at_us
        The instant whose state is returned: of the actions whose effective instant is not later, and of what
        resumed by itself. None: after the last action.
    known_us
        What was known then: the actions that were recorded by it, and the corrections among them, whatever they
        correct. None: all.
    newer
        Workflows by key that the log migrates to.

    Raises
    ------
    InvalidInput
        ``unordered-case-log``: the actions are of several cases, or not in order.
    FormatError
        ``broken-case-log``: an action is not in the workflow, or a workflow is missing.
    """
    log = list(actions)
    for seq, action in enumerate(log, 1):
        if action.seq != seq or action.case != log[0].case:
            raise InvalidInput(
                "unordered-case-log",
                f"action {seq} of case {log[0].case!r} is action {action.seq} of case {action.case!r}",
            )
    if known_us is not None:
        log = [action for action in log if action.recorded_us <= known_us]
    course = Course(workflow, newer)
    if at_us is None:
        course.run(log)
        return course.state() if log else None
    corrections = _corrections_of(log, [workflow, *newer.values()])
    effective = effective_instants([action.happened_us for action in log], corrections)
    course.run(action for action, instant in zip(log, effective, strict=True) if instant <= at_us)
    if not course.names:
        return None
    course.corrections = corrections
    course.resume_by(at_us)
    return course.state()


def resumed(workflow: Workflow, state: CaseState, at_us: int) -> CaseState:
    """Return what a case is at an instant after its last action: it may have resumed by itself."""
    if state.until_us is None or at_us < state.until_us:
        return state
    course = Course.after(workflow, state, ALONE)
    course.resume_by(at_us)
    return course.state()


def _corrections_of(log: Sequence[Action], workflows: Iterable[Workflow]) -> dict[int, int]:
    """Return the corrected instants of a log by the number of the action, the last one of each."""
    names = frozenset[str]().union(*(workflow.correcting for workflow in workflows))
    return {
        cast("int", action.fields["corrects"]): cast("int", action.fields["corrected"])
        for action in log
        if action.name in names
    }
