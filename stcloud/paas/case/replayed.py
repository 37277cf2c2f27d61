"""Replay: what the logs of many cases come to, at once, at any instant, as it was known at any other.

Tested by `tests/paas/case/test_replayed.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import FormatError
from stcloud.paas.case.course import ALONE
from stcloud.paas.case.jumptable import CLOCKS, JumpTable
from stcloud.paas.case.logcolumns import NO_INSTANT, Instants, Integers, LogColumns
from stcloud.paas.case.workflow import Workflow

__all__ = ["Replay", "StayColumns", "replay"]

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class StayColumns:
    """Stays of cases in states, those of a case together and in order.

    Attributes
    ----------
    case, state, stage, clock
        Index of the case; codes of the state in `Replay.states`, of its stage in `Replay.stages`, and of what the
        clock does in `CLOCKS`.
    from_us, to_us
        Half-open; `NO_INSTANT` while it lasts.
    """

    case: Integers
    state: Integers
    stage: Integers
    clock: Integers
    from_us: Instants
    to_us: Instants


@dataclass(frozen=True, slots=True)
class Replay:
    """What many logs come to; equal for each case to `stcloud.paas.case.fold`.

    Attributes
    ----------
    workflows, states, stages, flags
        Keys of workflows, names of states and stages that codes stand for, and names of the bits of flags.
    workflow, state, seq, flag_bits
        Of each case: codes of the workflow that binds it and of its state, or -1 if it is not opened; number of its
        last action; its flags.
    opened_us, since_us, until_us, changed_us
        Of each case, as in `CaseState`; `NO_INSTANT` where there is none.
    is_counted
        Whether each case counts in statistics.
    stays
        Its stays in states.
    columns, effective_us, after
        The actions that are replayed; the effective instant of each, and the state after it.
    binding, clears
        Code of the workflow that binds each action; by name of a field, the actions that clear its value.
    """

    workflows: tuple[str, ...]
    states: tuple[str, ...]
    stages: tuple[str, ...]
    flags: tuple[str, ...]
    workflow: Integers
    state: Integers
    seq: Integers
    flag_bits: NDArray[np.int64]
    opened_us: Instants
    since_us: Instants
    until_us: Instants
    changed_us: Instants
    is_counted: Booleans
    stays: StayColumns
    columns: LogColumns
    effective_us: Instants
    after: Integers
    increments: Mapping[str, Booleans] = field(repr=False)
    binding: Integers = field(repr=False)
    clears: Mapping[str, Booleans] = field(repr=False)

    def first_us(self, state: str) -> Instants:
        """Return when each case first entered a state, or `NO_INSTANT`."""
        return self._entered_us(state, slice(None, None, -1))

    def last_us(self, state: str) -> Instants:
        """Return when each case last entered a state, or `NO_INSTANT`."""
        return self._entered_us(state, slice(None))

    def count(self, name: str) -> Instants:
        """Return how often each case was counted for something, such as ``reworks``."""
        rows = self.columns.case[self.increments[name]] if name in self.increments else ()
        return np.bincount(np.asarray(rows, np.int64), minlength=self.columns.cases).astype(np.int64)

    def has_flag(self, name: str) -> Booleans:
        """Return whether each case has a flag."""
        if name not in self.flags:
            return np.zeros(self.state.size, bool)
        bit: Booleans = self.flag_bits & (1 << self.flags.index(name)) != 0
        return bit

    def _entered_us(self, state: str, order: slice) -> Instants:
        """Of several instants of a case the one that comes last in an order stays."""
        entered = np.full(self.columns.cases, NO_INSTANT)
        rows = np.flatnonzero(self.stays.state == self.states.index(state))[order]
        entered[self.stays.case[rows]] = self.stays.from_us[rows]
        return entered


def replay(
    workflow: Workflow,
    columns: LogColumns,
    *,
    at_us: int | None = None,
    known_us: int | None = None,
    newer: Mapping[str, Workflow] = ALONE,
) -> Replay:
    """Return what many logs come to; arguments and errors are those of `stcloud.paas.case.fold`."""
    columns.check()
    if known_us is not None:
        columns = columns.where(columns.recorded_us <= known_us)
    effective = _running_maximum(_corrected(workflow, newer, columns), columns)
    if at_us is not None:
        kept = effective <= at_us
        columns, effective = columns.where(kept), effective[kept]
    table = JumpTable.of(workflow, newer, columns)
    walk = _Walk.over(table, table.codes(workflow, newer, columns), columns, effective)
    if at_us is not None:
        walk.resume_by(at_us)
    return walk.replayed()


def _turns(columns: LogColumns) -> tuple[Integers, Iterator[Integers]]:
    """Return the cases by falling number of actions, and the rows of their first actions, second ones, and so on."""
    counts, starts = columns.counts, columns.starts
    order = np.argsort(-counts, kind="stable")
    ordered, first = counts[order], starts[order]
    longest = int(ordered[0]) if ordered.size else 0
    lengths = np.searchsorted(-ordered, -np.arange(longest), side="left")
    return order, (first[:length] + turn for turn, length in enumerate(lengths))


def _corrected(workflow: Workflow, newer: Mapping[str, Workflow], columns: LogColumns) -> Instants:
    """Return the instants that actions state, or that the last correction of each states."""
    names = frozenset[str]().union(*(known.correcting for known in (workflow, *newer.values())))
    correcting = np.array([name in names for name in columns.names], dtype=bool)
    rows = np.flatnonzero(correcting[columns.action] & (columns.corrects > 0))
    if not rows.size:
        return columns.happened_us
    corrected = columns.happened_us.copy()
    corrected[columns.starts[columns.case[rows]] + columns.corrects[rows] - 1] = columns.corrected_us[rows]
    return corrected


def _running_maximum(instants: Instants, columns: LogColumns) -> Instants:
    """Return the latest instant up to each row of a case."""
    _, turns = _turns(columns)
    result = instants.copy()
    latest = np.full(columns.cases, NO_INSTANT)
    for rows in turns:
        latest = np.maximum(latest[: rows.size], instants[rows])
        result[rows] = latest
    return result


@dataclass(slots=True)
class _Walk:
    """All cases while their actions are applied, one of each case in a turn; cases in the order of `_turns`."""

    table: JumpTable
    columns: LogColumns
    codes: Integers
    effective: Instants
    order: Integers
    position: NDArray[np.int16]
    stated: Instants
    until: Instants
    entered: Instants
    flags: NDArray[np.int64]
    before: NDArray[np.int16]
    after: NDArray[np.int16]
    resumed_us: Instants
    resumed_at_last: Instants

    @classmethod
    def over(cls, table: JumpTable, codes: Integers, columns: LogColumns, effective: Instants) -> _Walk:
        """Return the walk over all rows; `FormatError` ``broken-case-log`` where an action is not in the workflow."""
        order, turns = _turns(columns)
        rows, cases = columns.case.size, columns.cases
        walk = cls(
            table, columns, codes, effective, order, np.zeros(cases, np.int16), np.full(cases, NO_INSTANT),
            np.full(cases, NO_INSTANT), np.full(cases, NO_INSTANT), np.zeros(cases, np.int64),
            np.zeros(rows, np.int16), np.zeros(rows, np.int16), np.full(rows, NO_INSTANT), np.full(cases, NO_INSTANT),
        )  # fmt: skip
        for turn in turns:
            walk._take(turn)
        return walk

    def _take(self, rows: Integers) -> None:
        """Apply one action of each of the first cases."""
        table, codes, effective = self.table, self.codes[rows], self.effective[rows]
        position, until = self.position[: rows.size], self.until[: rows.size]
        stated, entered, flags = self.stated[: rows.size], self.entered[: rows.size], self.flags[: rows.size]
        np.maximum(stated, self.columns.happened_us[rows], out=stated)
        due = np.flatnonzero((until != NO_INSTANT) & (until <= stated))
        if due.size:
            entered[due] = np.maximum(entered[due], np.minimum(until[due], effective[due]))
            self.resumed_us[rows[due]] = entered[due]
            position[due] = table.resumes[position[due]]
            until[due] = NO_INSTANT
        target = table.target[position, codes]
        if target.size and target.min() < 0:
            raise self._broken(int(rows[target < 0].min()), int(position[np.argmin(target)]))
        moves = table.moves[position, codes]
        flags &= ~table.clears[position, codes]
        flags |= table.sets[position, codes]
        entered[moves] = effective[moves]
        until[table.resumes[target] < 0] = NO_INSTANT
        stays_until = table.has_until[position, codes]
        until[stays_until] = self.columns.until_us[rows][stays_until]
        self.before[rows], self.after[rows] = position, target
        position[:] = target

    def resume_by(self, at_us: int) -> None:
        """Let the cases resume by themselves that do so by an instant."""
        due = np.flatnonzero((self.until != NO_INSTANT) & (self.until <= at_us))
        self.entered[due] = np.maximum(self.entered[due], self.until[due])
        self.resumed_at_last[self.order[due]] = self.entered[due]
        self.position[due] = self.table.resumes[self.position[due]]
        self.until[due] = NO_INSTANT

    def replayed(self) -> Replay:
        """Return what all cases come to, in the order of the columns."""
        columns, positions = self.columns, self.table.positions
        states = tuple(dict.fromkeys(state for _, state in positions))
        names = np.array([-1, *(states.index(state) for _, state in positions)])
        stages = tuple(dict.fromkeys(workflow.stage(state) for workflow, state in positions))
        steps = np.array([-1, *(stages.index(workflow.stage(state)) for workflow, state in positions)])
        clocks = np.array([0, *(CLOCKS.index(workflow.clock(state)) for workflow, state in positions)])
        counted = np.array(
            [False, *(workflow.definition.states[state].counted for workflow, state in positions)]
        )
        uncounted = [0, *(self.table.mask(workflow.uncounted) for workflow, _ in positions)]
        keys = tuple(dict.fromkeys(workflow.key for workflow, _ in positions))
        bound = np.array([0, *(keys.index(workflow.key) for workflow, _ in positions)])
        place = np.empty_like(self.order)
        place[self.order] = np.arange(columns.cases)
        position, flags = self.position[place], self.flags[place]
        counts = columns.counts
        starts, has_rows = columns.starts, counts > 0
        opened, changed = np.full(columns.cases, NO_INSTANT), np.full(columns.cases, NO_INSTANT)
        opened[has_rows] = self.effective[starts[has_rows]]
        changed[has_rows] = self.effective[(starts + counts - 1)[has_rows]]
        return Replay(
            keys, states, stages, self.table.flags, np.where(has_rows, bound[position], -1), names[position], counts,
            flags, opened, self.entered[place],
            self.until[place], changed, counted[position] & (flags & np.array(uncounted)[position] == 0),
            self._stays(names, steps, clocks), columns, self.effective, names[self.after],
            self._rows_of("counts"), bound[self.before], self._rows_of("clears_values"),
        )  # fmt: skip

    def _stays(self, names: Integers, steps: Integers, clocks: Integers) -> StayColumns:
        """Return the stays: of a row the state that its case entered by itself before, and the one that it led to."""
        columns = self.columns
        instants = np.full((columns.case.size, 3), NO_INSTANT)
        positions = np.zeros((columns.case.size, 3), np.int16)
        instants[:, 0], positions[:, 0] = self.resumed_us, self.before
        moves = self.table.moves[self.before, self.codes]
        instants[moves, 1], positions[moves, 1] = self.effective[moves], self.after[moves]
        resumed = np.flatnonzero(self.resumed_at_last != NO_INSTANT)
        last = columns.starts[resumed] + columns.counts[resumed] - 1
        instants[last, 2], positions[last, 2] = (
            self.resumed_at_last[resumed],
            self.table.resumes[self.after[last]],
        )
        rows, slots = np.nonzero(instants != NO_INSTANT)
        case, position, from_us = columns.case[rows], positions[rows, slots], instants[rows, slots]
        to_us = np.full(from_us.size, NO_INSTANT)
        followed = np.flatnonzero(case[1:] == case[:-1])
        to_us[followed] = from_us[followed + 1]
        return StayColumns(case, names[position], steps[position], clocks[position], from_us, to_us)

    def _rows_of(self, effect: str) -> dict[str, Booleans]:
        """Return for each name in an effect of transitions, such as what they count, the rows that have it."""
        table, columns = self.table, self.columns
        grids: dict[str, Booleans] = {}
        for i, (workflow, state) in enumerate([(table.positions[0][0], None), *table.positions]):
            transitions = workflow.table[state]
            for code, action in enumerate(columns.names):
                names = getattr(transitions[action], effect) if action in transitions else ()
                for name in names:
                    grids.setdefault(name, np.zeros(table.target.shape, bool))[i, code] = True
        return {name: grid[self.before, self.codes] for name, grid in grids.items()}

    def _broken(self, row: int, position: int) -> FormatError:
        columns = self.columns
        state = self.table.positions[position - 1][1] if position else "not opened"
        name, case, seq = columns.names[columns.action[row]], columns.case[row], columns.seq[row]
        return FormatError(
            "broken-case-log",
            f"case {case}, action {seq}: the workflow has no {name} of a case that is {state}",
        )
