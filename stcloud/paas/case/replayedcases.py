"""Replayed cases: what many logs come to, column by column, for facts and for published cases.

Tested by `tests/paas/case/test_casefacts.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.paas.case.caserules import CaseRules
from stcloud.paas.case.clockcases import NO_LIMIT, ClockCases, CodedTexts
from stcloud.paas.case.interval import CLOCK_STATES, OPEN_US, ClockIntervals
from stcloud.paas.case.keptvalues import KeptValues, last_rows
from stcloud.paas.case.limit import kind_codes
from stcloud.paas.case.logcolumns import NO_INSTANT, Instants, Integers
from stcloud.paas.case.replayed import Replay, replay
from stcloud.paas.case.storedlogs import StoredLogs
from stcloud.paas.case.vocabulary import Deed
from stcloud.paas.case.workflow import Workflow

__all__ = ["Meanings", "ReplayedCases", "starting"]

Booleans = NDArray[np.bool_]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Meanings:
    """What states and actions mean, by the code of the workflow that binds a case now, and their own code."""

    stage: Codes
    clock: Codes
    rank: Codes
    terminal: Booleans
    awaits: Codes
    deed: Codes

    @classmethod
    def of(cls, replayed: Replay, rules: CaseRules) -> Meanings:
        """Return the meanings of what a replay names."""
        words = [rules.vocabulary(key) for key in replayed.workflows]
        states = [[each.state(name) for name in replayed.states] for each in words]
        deeds = [[int(each.action(name)) for name in replayed.columns.names] for each in words]
        return cls(
            np.array([[rules.stages.index(state.stage) for state in row] for row in states], dtype=np.int64),
            np.array([[CLOCK_STATES.index(state.clock) for state in row] for row in states], dtype=np.int64),
            np.array([[state.rank for state in row] for row in states], dtype=np.int64),
            np.array([[state.is_terminal for state in row] for row in states], dtype=bool),
            np.array([[int(state.awaits) for state in row] for row in states], dtype=np.int64),
            np.array(deeds, dtype=np.int64).reshape(len(words), -1),
        )


class ReplayedCases:
    """What the logs of many cases come to.

    Parameters
    ----------
    logs
        The logs; all cases begin with one workflow.
    workflow, rules
        That workflow; rules as they were known.
    at_us
        The instant that they are read at.
    """

    def __init__(self, logs: StoredLogs, workflow: Workflow, rules: CaseRules, at_us: int) -> None:
        self.rules, self.logs, self.at_us = rules, logs, at_us
        self.replay = replay(workflow, logs.columns, at_us=at_us, newer=rules.workflows)
        self.kept = KeptValues(self.replay, logs.fields, rules.workflows)
        self.meanings = Meanings.of(self.replay, rules)
        self.cases = self.replay.columns.cases
        stays = self.replay.stays
        self._stay_words = self.replay.workflow[stays.case], stays.state

    @property
    def now(self) -> tuple[Integers, Integers]:
        """Codes of the workflow and of the state of each case, by which meanings are looked up."""
        return self.replay.workflow, self.replay.state

    @property
    def rank(self) -> Codes:
        """How far each case has come."""
        return self.meanings.rank[self.now]

    @property
    def stage(self) -> Codes:
        """Stage of each case, a place in the stages of the rules."""
        return self.meanings.stage[self.now]

    @property
    def clock(self) -> Codes:
        """What the clock of each case does, a place in `CLOCK_STATES`."""
        return self.meanings.clock[self.now]

    @property
    def is_opened(self) -> Booleans:
        """Whether each case is opened at the instant."""
        return self.replay.state >= 0

    @property
    def is_terminal(self) -> Booleans:
        """Whether each case has ended."""
        return self.meanings.terminal[self.now]

    def first_us(self, least: int) -> Instants:
        """Return when each case first came to a rank."""
        rows = np.flatnonzero(self._ranks >= least)[::-1]
        return self._entered(rows)

    def since_us(self, least: int) -> Instants:
        """Return since when each case has been at a rank, or further, without falling back."""
        stays = self.replay.stays
        counts = np.bincount(stays.case, minlength=self.cases)
        ends = np.cumsum(counts)
        below = ends - counts - 1
        rows = np.flatnonzero(self._ranks < least)
        below[stays.case[rows]] = rows
        reached = np.flatnonzero(below + 1 < ends)
        since = np.full(self.cases, NO_INSTANT)
        since[reached] = stays.from_us[below[reached] + 1]
        return since

    def waits_us(self, deed: Deed) -> Instants:
        """Return when each case last began to wait for something."""
        return self._entered(np.flatnonzero(self.meanings.awaits[self._stay_words] & deed))

    def done_us(self, deed: Deed) -> Instants:
        """Return when something was last done to each case."""
        rows = self._done(deed)
        instants = np.full(self.cases, NO_INSTANT)
        instants[rows >= 0] = self.replay.effective_us[rows[rows >= 0]]
        return instants

    def post(self, deed: Deed) -> pa.Array:
        """Return the post of who last did something to each case."""
        rows = self._done(deed)
        places = np.where(rows >= 0, self.replay.columns.row[rows], 0) if self._deeds.size else rows
        return self.logs.posts.take(pa.array(places, mask=rows < 0))

    @cached_property
    def recorded_us(self) -> Instants:
        """When the last action of each case was recorded."""
        columns = self.replay.columns
        rows = last_rows(columns.case, columns.cases, np.arange(columns.case.size))
        instants = np.full(self.cases, NO_INSTANT)
        instants[rows >= 0] = columns.recorded_us[rows[rows >= 0]]
        return instants

    @cached_property
    def limits(self) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Kind and value of the limit that the log of each case states; `NO_LIMIT`: none."""
        kinds = self.kept.last("limit_kind").dictionary_encode()
        values = self.kept.last("limit_value").to_numpy(zero_copy_only=False)
        kind = np.full(self.cases, NO_LIMIT, dtype=np.int8)
        stated = kinds.is_valid().to_numpy(zero_copy_only=False) & ~np.isnan(values)
        if stated.any():
            codes = kind_codes(np.array(kinds.dictionary.to_pylist()))
            kind[stated] = codes[kinds.indices.filter(pa.array(stated)).to_numpy(zero_copy_only=False)]
        return kind, np.where(stated, values, 0.0)

    def is_verified_public(self, sources: pa.Array) -> Booleans:
        """Return whether the public reported each case, and it was verified to exist."""
        exists = pc.equal(self.kept.last("verification"), "exists").fill_null(False)  # noqa: FBT003
        encoded = sources.dictionary_encode()
        texts = [*encoded.dictionary.to_pylist(), None]
        words = [self.rules.vocabulary(key) for key in self.replay.workflows]
        public = np.array([[each.is_public(text) for text in texts] for each in words], dtype=bool)
        place = encoded.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)
        verified: Booleans = exists.to_numpy(zero_copy_only=False) & public[self.replay.workflow, place]
        return verified

    def clock_cases(self) -> ClockCases:
        """Return what clocks need of the cases."""
        kind, value = self.limits
        return ClockCases(
            self._intervals(), self.replay.opened_us, _coded(self.kept.last("rule_limits")), kind, value,
            self.kept.total("extension_value"), _coded(self.kept.last("bundle")),
        )  # fmt: skip

    def _intervals(self) -> ClockIntervals:
        stays = self.replay.stays
        return ClockIntervals(
            stays.case.astype(np.int64), self.meanings.stage[self._stay_words],
            self.meanings.clock[self._stay_words].astype(np.int8), stays.from_us,
            np.where(stays.to_us == NO_INSTANT, OPEN_US, stays.to_us), self.rules.stages,
        )  # fmt: skip

    @cached_property
    def _ranks(self) -> Codes:
        return self.meanings.rank[self._stay_words]

    @cached_property
    def _deeds(self) -> Codes:
        columns = self.replay.columns
        return self.meanings.deed[self.replay.workflow[columns.case], columns.action]

    def _done(self, deed: Deed) -> Codes:
        return last_rows(self.replay.columns.case, self.cases, np.flatnonzero(self._deeds & deed))

    def _entered(self, rows: Codes) -> Instants:
        """Return of each case the beginning of the stay that comes last in some rows."""
        stays = self.replay.stays
        entered = np.full(self.cases, NO_INSTANT)
        entered[stays.case[rows]] = stays.from_us[rows]
        return entered


def _coded(texts: pa.Array) -> CodedTexts:
    encoded = texts.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return CodedTexts(codes, tuple(encoded.dictionary.to_pylist()))


def starting(logs: StoredLogs, rules: CaseRules) -> Sequence[tuple[Workflow, Codes]]:
    """Return the workflows that cases begin with, with the cases of each.

    A case begins with the workflow that was valid when it was opened, and known when that was recorded.
    """
    columns = logs.columns
    first = columns.starts
    opened, recorded = columns.happened_us[first], columns.recorded_us[first]
    stored = [rule for rule in rules if rule.kind == "workflow"]
    valid = np.array(sorted({rule.valid_from_us for rule in stored}), dtype=np.int64)
    known = np.array(sorted({rule.recorded_us for rule in stored}), dtype=np.int64)
    era = np.searchsorted(valid, opened, "right") * (len(known) + 1) + np.searchsorted(
        known, recorded, "right"
    )
    groups: dict[str, tuple[Workflow, list[int]]] = {}
    eras, members = np.unique(era, return_inverse=True)
    for place in range(len(eras)):
        case = int(np.argmax(members == place))
        workflow = rules.workflow(int(opened[case]), int(recorded[case]))
        groups.setdefault(workflow.key, (workflow, []))[1].append(place)
    return [(workflow, np.flatnonzero(np.isin(members, places))) for workflow, places in groups.values()]
