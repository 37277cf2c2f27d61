"""Logs of cases: actions are judged by the log of their case, and appended to it with all that follows from them.

Tested by `tests/paas/case/test_caselog.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from stcloud.errors import Conflict, InvalidInput, NotFound, StcloudError
from stcloud.iaas.records import CaseSummary, Entry, Find, Records
from stcloud.iaas.records.entry import Notice, RecordBatch
from stcloud.paas.case.action import Action
from stcloud.paas.case.caseclocks import case_clocks, due_us
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.casesummary import summary_of
from stcloud.paas.case.course import fold
from stcloud.paas.case.guard import HasFact
from stcloud.paas.case.legality import legal, step
from stcloud.paas.case.linked import consequences, facts_of
from stcloud.paas.case.refused import RefusedAction
from stcloud.paas.case.state import CaseState
from stcloud.paas.case.submitted import Submission, action_of, entry_of
from stcloud.paas.case.workflow import Workflow
from stcloud.time import Zone

__all__ = ["Accepted", "CaseLog", "InboxCase"]

_TRIES = 12
_LINKS = ("master", "whole", "parts")


@dataclass(frozen=True, slots=True)
class Accepted:
    """An action that the log has: the case after it, and all actions that were appended with it.

    ``repeated``: the log had it before.
    """

    state: CaseState
    actions: tuple[Action, ...]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class InboxCase:
    """A case that waits for somebody, and what may be done with it."""

    case: CaseSummary
    legal: tuple[str, ...]


class CaseLog:
    """A log of cases: reads states, judges actions and appends them.

    Parameters
    ----------
    records
        Where the log is kept.
    clock
        The present instant, by which an action without an instant of its own is judged.
    notices
        What is to be delivered of an accepted action, by the case after it; none by default.
    """

    def __init__(
        self, records: Records, clock: Callable[[], int],
        notices: Callable[[CaseState, Action], Iterable[tuple[str, str]]] = lambda *_: (),
    ) -> None:  # fmt: skip
        self.records = records
        self._clock = clock
        self._notices = notices
        self._rules: CaseRules | None = None

    @property
    def rules(self) -> CaseRules:
        """The rules of the log, as they are known now."""
        if self._rules is None or (self.records.rules.latest_us() or 0) > self._rules.recorded_us:
            self._rules = CaseRules(self.records.rules.known())
        return self._rules

    def now_us(self) -> int:
        """Return the present instant."""
        return self._clock()

    def submit(self, submission: Submission) -> Accepted:
        """Append an action and what follows from it, or neither.

        Raises
        ------
        InvalidInput
            The kind of the refusal, such as ``illegal-action``, with the legal actions in ``context``;
            ``action-id-reused``, ``happened-later``.
        Conflict
            ``case-changed``: the case is not as the sender expected; ``context["state"]`` is what it is now.
        """
        for _ in range(_TRIES):
            log = [action_of(entry) for entry in self.records.log(submission.case)]
            state = self._fold(log)
            known = next((action for action in log if action.id == submission.id), None)
            if known is not None:
                return self._repeated(submission, log, known)
            seq = state.seq if state else 0
            if submission.expected not in (None, seq):
                raise _changed(submission, state)
            with contextlib.suppress(_Overtaken):
                return self._append(submission, log, state)
        raise Conflict(
            "case-changed", f"case '{submission.case}' is changed by others again and again", hint="try again"
        )

    def open(self, submission: Callable[[str], Submission], number: str | None, zone: Zone) -> Accepted:
        """Open a case, by the number that is given or the next one of the day on the clock of a zone.

        Raises
        ------
        InvalidInput, Conflict
            As `submit` does.
        """
        if number is not None:
            return self.submit(submission(number))
        drafted = submission("")
        happened_us = self._clock() if drafted.happened_us is None else drafted.happened_us
        prefix = zone.iso(happened_us)[:10].replace("-", "") + "-"
        for _ in range(_TRIES):
            last = self.records.last_number(prefix)
            place = int(last.removeprefix(prefix)) + 1 if last and last.removeprefix(prefix).isdigit() else 1
            with contextlib.suppress(_Overtaken):
                return self._append(submission(f"{prefix}{place:05d}"), [], None)
        raise Conflict(
            "case-changed", f"others take the numbers of {prefix[:-1]} again and again", hint="try again"
        )

    def submit_each(self, submissions: Iterable[Submission]) -> Iterator[Accepted | StcloudError]:
        """Submit one by one; give for each what became of it, or why it was refused."""
        for submission in submissions:
            try:
                yield self.submit(submission)
            except StcloudError as error:
                yield error

    def actions(self, number: str, known_us: int | None = None) -> list[Action]:
        """Return the log of a case as it was known; `NotFound` ``unknown-case``."""
        log = [action_of(entry) for entry in self.records.log(number, known_us)]
        if not log:
            raise NotFound(
                "unknown-case",
                f"there is no case '{number}'" + (" at that instant" if known_us is not None else ""),
            )
        return log

    def state(self, number: str, *, at_us: int | None = None, known_us: int | None = None) -> CaseState:
        """Return a case as it was at an instant, as known at another.

        Raises
        ------
        NotFound
            ``unknown-case``: it is not in the log, or was not opened by then.
        """
        state = self._fold(self.actions(number, known_us), at_us=at_us)
        if state is None:
            raise NotFound("unknown-case", f"case '{number}' was not opened by that instant")
        return state

    def states(self, known_us: int, *, at_us: int | None = None) -> Iterator[CaseState]:
        """Give all cases in order of their numbers, as known at a pinned instant; memory stays flat."""
        rules = self.rules.known_at(known_us)
        for _, actions in groupby(self._all(known_us), key=lambda action: action.case):
            state = self._fold(list(actions), at_us=at_us, rules=rules)
            if state is not None:
                yield state

    def find(
        self, what: Find, *, limit: int, cursor: str | None = None
    ) -> tuple[list[CaseSummary], str | None]:
        """Return summaries of cases as they are now, and the cursor for the next page."""
        page = self.records.find(what, limit=limit, cursor=cursor)
        return list(page.summaries), page.cursor

    def inbox(
        self, role: str, *, department: str | None, limit: int, cursor: str | None
    ) -> tuple[list[InboxCase], str | None]:
        """Return cases that a role can move on, and the cursor for the next page; see `stcloud.city.Cases.inbox`."""
        waiting = tuple(dict.fromkeys(
            state for workflow in self.rules.workflows.values() for state in workflow.states
            if not workflow.is_terminal(state) and any(role in each.roles for each in workflow.table[state].values())
        ))  # fmt: skip
        if not waiting:
            return [], None
        what = Find(state=waiting, department=department)
        page = self.records.find(what, limit=limit, cursor=cursor)
        states = self.states_of(summary.number for summary in page.summaries)
        inbox = [
            InboxCase(summary, legal(self.rules.workflows[state.workflow], state, role))
            for summary in page.summaries
            if (state := states.get(summary.number)) is not None
        ]
        return [each for each in inbox if each.legal], page.cursor

    def append_imported(self, imports: Iterable[tuple[CaseState | None, Sequence[Action]]]) -> dict[str, str]:
        """Append the actions of an import, in one transaction; return why cases are left out, by number.

        Parameters
        ----------
        imports
            For each case what it is, None: it is new, and the actions that follow.

        Raises
        ------
        Conflict
            ``case-changed``: somebody else changes these cases.
        """
        rules, now_us = self.rules, self._clock()
        faults: dict[str, str] = {}
        actions: list[Action] = []
        summaries: list[CaseSummary] = []
        for state, mine in imports:
            try:
                after = self._imported(rules, state, mine, now_us)
            except InvalidInput as error:
                faults[mine[0].case] = error.message
                continue
            actions += mine
            summaries.append(summary_of(after, rules, None))
        if actions:
            self.records.append(
                RecordBatch(entries=tuple(map(entry_of, actions)), summaries=tuple(summaries))
            )
        return faults

    def _imported(
        self, rules: CaseRules, state: CaseState | None, actions: Sequence[Action], now_us: int
    ) -> CaseState:
        for action in actions:
            if action.happened_us > now_us:
                raise InvalidInput("happened-later", f"{action.name} is dated after now")
            state = self._judged(rules, state, action)
        assert state is not None  # noqa: S101  (there is an action at least)
        return state

    def states_of(self, numbers: Iterable[str]) -> dict[str, CaseState]:
        """Return those of some cases that there are, as they are now."""
        states: dict[str, CaseState] = {}
        entries = self.records.logs_of(numbers)
        for number, mine in groupby(map(action_of, entries), key=lambda action: action.case):
            state = self._fold(list(mine))
            if state is not None:
                states[number] = state
        return states

    def _judged(self, rules: CaseRules, state: CaseState | None, action: Action) -> CaseState:
        workflow = rules.workflows[state.workflow] if state else rules.workflow(action.happened_us)
        result = step(workflow, state, action, newer=rules.workflows)
        if isinstance(result, RefusedAction):
            raise _refusal(result)
        return result

    def _append(self, submission: Submission, log: list[Action], state: CaseState | None) -> Accepted:
        rules, now_us = self.rules, self._clock()
        happened_us = now_us if submission.happened_us is None else submission.happened_us
        workflow = rules.workflows[state.workflow] if state else rules.workflow(happened_us)
        action = self._action(submission, workflow, state, happened_us, rules)
        linked = self._linked(workflow, state, action)
        others = rules.workflows
        facts = facts_of(
            workflow,
            state,
            action,
            linked,
            is_overdue=self._is_overdue(workflow, state, action, rules),
            others=others,
        )
        after = step(workflow, state, action, facts, newer=others)
        if isinstance(after, RefusedAction):
            raise _refusal(after)
        followed = consequences(workflow, after, action, linked, others=others)
        if isinstance(followed, RefusedAction):
            raise _refusal(followed)
        return self._commit(submission, log, [action, *followed], {**linked, action.case: after}, rules)

    def _action(
        self,
        submission: Submission,
        workflow: Workflow,
        state: CaseState | None,
        happened_us: int,
        rules: CaseRules,
    ) -> Action:
        """Return the action, with the versions of the rules that bind from it on where it takes them."""
        transition = workflow.table[state.state if state else None].get(submission.name)
        takes = transition.takes if transition else frozenset[str]()
        action = submission.action(state.seq + 1 if state else 1, happened_us, takes)
        pins: dict[str, Any] = {}
        if "rule_workflow" in takes and action.fields.get("rule_workflow") is None:
            pins["rule_workflow"] = workflow.key
        if "rule_limits" in takes and action.fields.get("rule_limits") is None:
            timing = rules.timing(happened_us)
            pins |= {} if timing is None else {"rule_limits": timing[0]}
        if "rule_calendar" in takes and action.fields.get("rule_calendar") is None:
            days = rules.valid("calendar", happened_us)
            pins |= {} if days is None else {"rule_calendar": days.digest[:12]}
        if "limit_kind" in takes and action.fields.get("limit_kind") is None:
            pins |= rules.limit_of(action.fields, happened_us)
        return replace(action, fields={**action.fields, **pins}) if pins else action

    def _commit(
        self, submission: Submission, log: list[Action], actions: list[Action], states: Mapping[str, CaseState],
        rules: CaseRules,
    ) -> Accepted:  # fmt: skip
        """Append actions in one transaction; `_Overtaken` if another writer was faster."""
        before = {number: state for number, state in states.items() if number != submission.case}
        ends = {submission.case: states[submission.case]}
        for action in actions[1:]:
            ends[action.case] = self._judged_again(
                rules, ends.get(action.case) or before.get(action.case), action
            )
        undated = submission.happened_us is None
        entries = tuple(
            replace(entry_of(action), happened_us=None) if undated else entry_of(action) for action in actions
        )
        batch = RecordBatch(
            entries=entries,
            summaries=tuple(
                summary_of(state, rules, due_us(state, rules, state.changed_us)) for state in ends.values()
            ),
            private=submission.private_values(actions[0].seq),
            notices=self._batch_notices(actions, ends),
        )
        try:
            appended = self.records.append(batch)
        except Conflict as error:
            if error.kind != "case-changed":
                raise
            raise _Overtaken from error
        recorded = [action_of(entry) for entry in appended]
        own = [action for action in recorded if action.case == submission.case]
        state = self._fold([*log, *own])
        assert state is not None  # noqa: S101  (an action has been appended)
        return Accepted(state, tuple(recorded))

    def _judged_again(self, rules: CaseRules, state: CaseState | None, action: Action) -> CaseState:
        """Return the state after an action that was judged with its facts."""
        workflow = rules.workflows[state.workflow] if state else rules.workflow(action.happened_us)
        facts = frozenset({"master_closed", "parts_closed"})
        result = step(workflow, state, action, facts, newer=rules.workflows)
        if isinstance(result, RefusedAction):
            raise _refusal(result)
        return result

    def _batch_notices(self, actions: Iterable[Action], ends: Mapping[str, CaseState]) -> tuple[Notice, ...]:
        return tuple(
            Notice(
                id=f"{action.case}/{action.seq}/{target}",
                case=action.case,
                seq=action.seq,
                target=target,
                body=body,
            )
            for action in actions
            for target, body in self._notices(ends[action.case], action)
        )

    def _repeated(self, submission: Submission, log: list[Action], known: Action) -> Accepted:
        """Return what became of an action that the log has; `InvalidInput` ``action-id-reused`` for another one."""
        stated = {name: value for name, value in known.fields.items() if name in submission.fields}
        same = (
            known.name == submission.name and known.actor == submission.actor and stated == dict(submission.fields)
            and submission.happened_us in (None, known.happened_us)
        )  # fmt: skip
        if not same:
            raise InvalidInput(
                "action-id-reused", f"id '{submission.id}' is that of another action of case '{known.case}'",
                hint="give each action an id of its own",
            )  # fmt: skip
        state = self._fold(log)
        assert state is not None  # noqa: S101  (its log has the action)
        return Accepted(state, (known,), repeated=True)

    def _linked(self, workflow: Workflow, state: CaseState | None, action: Action) -> dict[str, CaseState]:
        """Return the cases that an action may look at or change: master, duplicates, whole, parts."""
        numbers = {str(action.fields[name]) for name in ("master", "whole") if action.fields.get(name)}
        numbers |= set(str(action.fields.get("parts") or "").split(";")) - {""}
        if state is not None:
            numbers |= {number for number in (state.master, state.whole, *state.parts) if number}
            if self._looks_at_duplicates(workflow, action):
                numbers |= {each.number for each in self._all_linked(state.case)}
        states = {number: self._fold(self._log_of(number)) for number in sorted(numbers - {action.case})}
        return {number: linked for number, linked in states.items() if linked is not None}

    def _looks_at_duplicates(self, workflow: Workflow, action: Action) -> bool:
        return action.name == "link" or any(
            action.name in each.after for each in workflow.definition.consequences
        )

    def _all_linked(self, number: str) -> Iterator[CaseSummary]:
        cursor: str | None = None
        while True:
            page = self.records.find(Find(link=number), limit=1000, cursor=cursor)
            yield from page.summaries
            cursor = page.cursor
            if cursor is None:
                return

    def _is_overdue(
        self, workflow: Workflow, state: CaseState | None, action: Action, rules: CaseRules
    ) -> bool:
        """Return whether the case is overdue at an action that is judged by it."""
        if state is None:
            return False
        transition = workflow.table[state.state].get(action.name)
        guards = transition.guards if transition else ()
        if not any(isinstance(guard, HasFact) and guard.fact == "overdue" for guard in guards):
            return False
        clocks = case_clocks([state], rules, max(action.happened_us, state.changed_us))
        return any(clock.stage is None and clock.overdue for clock in clocks)

    def _log_of(self, number: str) -> list[Action]:
        return [action_of(entry) for entry in self.records.log(number)]

    def _fold(
        self, log: list[Action], *, at_us: int | None = None, rules: CaseRules | None = None
    ) -> CaseState | None:
        if not log:
            return None
        known = self.rules if rules is None else rules
        workflow = known.workflow(log[0].happened_us, log[0].recorded_us)
        return fold(workflow, log, at_us=at_us, newer=known.workflows)

    def _all(self, known_us: int) -> Iterator[Action]:
        for batch in self.records.logs(known_us):
            yield from (action_of(entry) for entry in _entries(batch))


class _Overtaken(Exception):
    """Another writer has appended to the case meanwhile."""


def _entries(batch: Any) -> Iterator[Entry]:
    """Give the entries of an Arrow batch."""
    import json  # noqa: PLC0415

    columns = {name: batch.column(name).to_pylist() for name in batch.schema.names}
    columns["fields"] = [json.loads(text) for text in columns["fields"]]
    names = tuple(columns)
    for row in zip(*columns.values(), strict=True):
        yield Entry(**dict(zip(names, row, strict=True)))


def _refusal(refused: RefusedAction) -> InvalidInput:
    return InvalidInput(
        refused.kind, refused.reason, hint=_hint(refused), legal=refused.legal, roles=refused.roles, state=refused.state,
        case=refused.case,
    )  # fmt: skip


def _hint(refused: RefusedAction) -> str:
    legal = f"legal are {', '.join(refused.legal)}" if refused.legal else "nothing is legal for this role"
    others = f"{refused.action} is for {', '.join(refused.roles)}; " if refused.kind == "wrong-role" else ""
    return others + legal


def _changed(submission: Submission, state: CaseState | None) -> Conflict:
    now = f"it is {state.state}, and its last action is number {state.seq}" if state else "it does not exist"
    return Conflict(
        "case-changed", f"case '{submission.case}' is not as expected: {now}, not {submission.expected}",
        hint="look at it again, and act on what it is now", state=state,
    )  # fmt: skip
