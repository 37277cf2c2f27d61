"""Logs of cases: actions are judged by the log of their case, and appended to it with all that follows from them.

Tested by `tests/paas/case/test_caselog.py`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import pyarrow as pa

from stcloud.errors import Conflict, InvalidInput, NotFound, StcloudError
from stcloud.iaas.records import Audit, CaseSummary, Entry, Find, Records
from stcloud.iaas.records.entry import RecordBatch
from stcloud.paas.case.action import Action
from stcloud.paas.case.casedue import due_us
from stcloud.paas.case.casefacts import case_facts
from stcloud.paas.case.casenotice import notice_of
from stcloud.paas.case.casenumber import next_number
from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.casesummary import now_of, summary_of
from stcloud.paas.case.course import fold, resumed
from stcloud.paas.case.judgement import judge, judged_import, linked_numbers, looks_at_links
from stcloud.paas.case.legality import legal
from stcloud.paas.case.state import CaseState
from stcloud.paas.case.submitted import Submission, action_of, entry_of
from stcloud.time import PublishedDays, Zone

__all__ = ["Accepted", "CaseLog", "InboxCase"]

_TRIES = 12


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
    published
        Gives what the city has published of its working days; None: nothing.
    """

    def __init__(
        self, records: Records, clock: Callable[[], int], published: Callable[[], PublishedDays] | None = None
    ) -> None:
        self.records, self._clock, self._published = records, clock, published
        self._rules: CaseRules | None = None

    @property
    def rules(self) -> CaseRules:
        """The rules of the log, as they are known now."""
        if self._rules is None or (self.records.rules.latest_us() or 0) > self._rules.recorded_us:
            self._rules = CaseRules(self.records.rules.known())
        if self._published is not None:
            self._rules = self._rules.under(self._published())
        return self._rules

    def now_us(self) -> int:
        """Return the present instant."""
        return self._clock()

    def submit(self, submission: Submission, rules: CaseRules | None = None) -> Accepted:
        """Append an action and what follows from it, or neither.

        ``rules``: those by which the submission was read; None: they are read now.

        Raises
        ------
        InvalidInput
            The kind of the refusal, such as ``illegal-action``, with the legal actions in ``context``;
            ``action-id-reused``, ``happened-later``.
        Conflict
            ``case-changed``: the case is not as the sender expected; ``context["state"]`` is what it is now.
        """
        with self.records.hold():
            return self._submit(submission, rules or self.rules)

    def _submit(self, submission: Submission, rules: CaseRules) -> Accepted:
        for _ in range(_TRIES):
            log = [action_of(entry) for entry in self.records.log(submission.case)]
            state = _fold(log, rules)
            known = next((action for action in log if action.id == submission.id), None)
            if known is not None:
                return self._repeated(submission, log, known)
            seq = state.seq if state else 0
            if submission.expected not in (None, seq):
                raise _changed(submission, state)
            with contextlib.suppress(_Overtaken):
                return self._append(submission, log, state, rules)
            rules = self.rules
        raise Conflict(
            "case-changed", f"case '{submission.case}' is changed by others again and again", hint="try again"
        )

    def open(
        self, submission: Callable[[str], Submission], number: str | None, zone: Zone,
        rules: CaseRules | None = None,
    ) -> Accepted:  # fmt: skip
        """Open a case, by the number that is given or the next one of the day on the clock of a zone.

        Raises
        ------
        InvalidInput, Conflict
            As `submit` does.
        """
        if number is not None:
            return self.submit(submission(number), rules)
        drafted = submission("")
        happened_us = self._clock() if drafted.happened_us is None else drafted.happened_us
        prefix = zone.iso(happened_us)[:10].replace("-", "") + "-"
        for _ in range(_TRIES):
            number = next_number(self.records, prefix)
            with contextlib.suppress(_Overtaken):
                return self._append(submission(number), [], None, self.rules)
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

        Parameters
        ----------
        number
            The case.
        at_us
            The instant; None: after its last action, and what it resumed to by itself by ``known_us``, or by now.
        known_us
            What was known then; None: now.

        Raises
        ------
        NotFound
            ``unknown-case``: it is not in the log, or was not opened by then.
        """
        state = _fold(self.actions(number, known_us), self.rules, at_us=at_us)
        if state is None:
            raise NotFound("unknown-case", f"case '{number}' was not opened by that instant")
        return state if at_us is not None else self._resumed(state, known_us)

    def states(self, known_us: int, *, at_us: int | None = None) -> Iterator[CaseState]:
        """Give all cases in order of their numbers, as known at a pinned instant; memory stays flat."""
        rules = self.rules.known_at(known_us)
        for actions in self.logs(known_us):
            state = _fold(actions, rules, at_us=at_us)
            if state is not None:
                yield state if at_us is not None else self._resumed(state, known_us)

    def logs(self, known_us: int) -> Iterator[list[Action]]:
        """Give the logs of all cases in order of their numbers, as known at a pinned instant; memory stays flat."""
        entries = (entry for batch in self.records.logs(known_us) for entry in _entries(batch))
        for _, actions in groupby(map(action_of, entries), key=lambda action: action.case):
            yield list(actions)

    def facts(self, known_us: int, *, at_us: int | None = None) -> pa.RecordBatchReader:
        """Return the facts of all cases, as known at a pinned instant; see `case_facts`."""
        return case_facts(self.records, self.rules.known_at(known_us), known_us, at_us)

    def find(
        self, what: Find, *, limit: int, cursor: str | None = None, reader: Audit | None = None
    ) -> tuple[list[CaseSummary], str | None]:
        """Return summaries of cases as they are now, and the cursor for the next page."""
        summaries: list[CaseSummary] = []
        resuming = [
            state
            for workflow in self.rules.workflows.values()
            for state, following in workflow.resumes.items()
            if following in what.state and state not in what.state
        ]
        wanted = replace(what, state=(*what.state, *dict.fromkeys(resuming)))
        while True:
            page = self.records.find(wanted, limit=limit - len(summaries), cursor=cursor, reader=reader)
            now_us, cursor = self._clock(), page.cursor
            present = [now_of(summary, now_us) for summary in page.summaries]
            summaries += [each for each in present if not what.state or each.state in what.state]
            if cursor is None or len(summaries) >= limit:
                return summaries, cursor

    def inbox(
        self, role: str, *, department: str | None, limit: int, cursor: str | None
    ) -> tuple[list[InboxCase], str | None]:
        """Return cases that a role can move on, and the cursor for the next page; see `stcloud.city.Cases.inbox`."""
        waiting = tuple(dict.fromkeys(
            state for workflow in self.rules.workflows.values() for state in workflow.states
            if not workflow.is_terminal(state) and any(
                role in each.roles
                for name in (state, workflow.resumes.get(state, state)) for each in workflow.table[name].values()
            )
        ))  # fmt: skip
        if not waiting:
            return [], None
        what = Find(state=waiting, department=department)
        page = self.records.find(what, limit=limit, cursor=cursor)
        states = self.states_of(summary.number for summary in page.summaries)
        inbox = [
            InboxCase(
                now_of(summary, self._clock()),
                legal(self.rules.workflows[state.workflow], self._resumed(state, None), role),
            )
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
                after = judged_import(rules, state, tuple(mine), now_us)
            except InvalidInput as error:
                faults[mine[0].case] = error.message
                continue
            actions += mine
            summaries.append(summary_of(after, rules, None, state))
        if actions:
            entries = tuple(map(entry_of, actions))
            self.records.append(RecordBatch(
                entries=entries, summaries=tuple(summaries), rules_us=_rules_us(rules, actions)
            ))  # fmt: skip
        return faults

    def states_of(
        self, numbers: Iterable[str], *, at_us: int | None = None, known_us: int | None = None
    ) -> dict[str, CaseState]:
        """Return those of some cases that there are, after their last action, or at an instant and as known then."""
        states: dict[str, CaseState] = {}
        rules = self.rules if known_us is None else self.rules.known_at(known_us)
        entries = (
            entry for entry in self.records.logs_of(numbers) if known_us is None or entry.recorded_us <= known_us
        )  # fmt: skip
        for number, mine in groupby(map(action_of, entries), key=lambda action: action.case):
            state = _fold(list(mine), rules, at_us=at_us)
            if state is not None:
                states[number] = state
        return states

    def _append(
        self, submission: Submission, log: list[Action], state: CaseState | None, rules: CaseRules
    ) -> Accepted:
        """Judge an action and append it with what follows, in one transaction; `_Overtaken` if another was faster."""
        named = sorted(linked_numbers(submission, state))
        # What is done to the parts of a case goes on to their duplicates.
        owners = (submission.case, *state.parts) if state and looks_at_links(submission, state, rules) else ()
        links = {number: frozenset(self.records.linked(number)) for number in owners}
        chosen = [*named, *frozenset[str]().union(*links.values())]
        linked = self.states_of(chosen) if chosen else {}
        judged = judge(submission, state, linked, rules, self._clock())
        written = {action.case for action in judged.actions}
        seen = {
            number: linked[number].seq if number in linked else 0 for number in named if number not in written
        }
        undated = submission.happened_us is None
        before = linked if state is None else {**linked, state.case: state}
        dated = map(entry_of, judged.actions)
        entries = tuple(replace(entry, happened_us=None) if undated else entry for entry in dated)
        summaries = tuple(
            summary_of(end, rules, due_us(end, rules, end.changed_us), before.get(number))
            for number, end in judged.ends.items()
        )
        batch = RecordBatch(
            entries=entries, summaries=summaries, private=submission.private_values(judged.actions[0].seq),
            media=submission.media_rows(judged.actions[0].seq),
            notices=tuple(notice_of(action, judged.ends[action.case]) for action in judged.actions),
            seen=seen, links=links, rules_us=_rules_us(rules, judged.actions),
        )  # fmt: skip
        try:
            appended = self.records.append(batch)
        except Conflict as error:
            if error.kind != "case-changed":
                raise
            raise _Overtaken from error
        recorded = [action_of(entry) for entry in appended]
        own = [action for action in recorded if action.case == submission.case]
        after = _fold([*log, *own], rules)
        assert after is not None  # noqa: S101  (an action has been appended)
        return Accepted(after, tuple(recorded))

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
        state = _fold(log, self.rules)
        assert state is not None  # noqa: S101  (its log has the action)
        return Accepted(state, (known,), repeated=True)

    def _resumed(self, state: CaseState, known_us: int | None) -> CaseState:
        """Return what a case is at an instant, None: now, after its last action: it may have resumed by itself."""
        at_us = self._clock() if known_us is None else known_us
        return resumed(self.rules.workflows[state.workflow], state, at_us)


def _fold(log: list[Action], rules: CaseRules, *, at_us: int | None = None) -> CaseState | None:
    if not log:
        return None
    workflow = rules.workflow(log[0].happened_us, log[0].recorded_us)
    return fold(workflow, log, at_us=at_us, newer=rules.workflows)


class _Overtaken(Exception):
    """Another writer has appended to the case meanwhile."""


def _entries(batch: Any) -> Iterator[Entry]:
    """Give the entries of an Arrow batch."""
    columns = {name: batch.column(name).to_pylist() for name in batch.schema.names}
    columns["fields"] = [json.loads(text) for text in columns["fields"]]
    names = tuple(columns)
    for row in zip(*columns.values(), strict=True):
        yield Entry(**dict(zip(names, row, strict=True)))


def _rules_us(rules: CaseRules, actions: Iterable[Action]) -> int | None:
    """Return when the last rule was recorded, if a case is opened: its workflow is the one in force by then."""
    return rules.recorded_us if any(action.seq == 1 for action in actions) else None


def _changed(submission: Submission, state: CaseState | None) -> Conflict:
    now = f"it is {state.state}, and its last action is number {state.seq}" if state else "it does not exist"
    return Conflict(
        "case-changed", f"case '{submission.case}' is not as expected: {now}, not {submission.expected}",
        hint="look at it again, and act on what it is now", state=state,
    )  # fmt: skip
