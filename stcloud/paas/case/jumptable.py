"""Transitions of workflows as arrays, so that many cases take a step at once.

Tested by `tests/paas/case/test_replayed.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stcloud.paas.case.logcolumns import Integers, LogColumns
from stcloud.paas.case.transition import Transition
from stcloud.paas.case.workflow import Workflow

__all__ = ["CLOCKS", "JumpTable"]

CLOCKS = ("off", "running", "paused")
"""What a clock does, by its code."""


@dataclass(frozen=True, slots=True)
class JumpTable:
    """Transitions by position and code of action.

    A position is a state of one of the workflows; 0 is before a case is opened. Codes are those of the columns'
    names, then one for each workflow that an action may migrate to.

    Attributes
    ----------
    positions
        Workflow and state of each position from 1 on.
    target, moves, has_until, sets, clears
        By position and code: the next position, or -1; whether a state is entered; whether until an instant; flags.
    resumes
        By position: where a case goes by itself, or -1.
    flags
        Names of flags; the bit of each is its place.
    """

    positions: tuple[tuple[Workflow, str], ...]
    target: NDArray[np.int16]
    moves: NDArray[np.bool_]
    has_until: NDArray[np.bool_]
    sets: NDArray[np.int64]
    clears: NDArray[np.int64]
    resumes: NDArray[np.int16]
    flags: tuple[str, ...]

    @classmethod
    def of(cls, workflow: Workflow, newer: Mapping[str, Workflow], columns: LogColumns) -> JumpTable:
        """Return the table of a workflow, and of those that it may be left for, for the actions of columns."""
        family = list({known.key: known for known in (workflow, *newer.values())}.values())
        positions = tuple((known, state) for known in family for state in known.states)
        flags = tuple(dict.fromkeys(flag for known in family for flag in known.definition.flags))
        shape = (len(positions) + 1, len(columns.names) + len(columns.workflows))
        table = cls(
            positions,
            np.full(shape, -1, np.int16),
            np.zeros(shape, bool),
            np.zeros(shape, bool),
            np.zeros(shape, np.int64),
            np.zeros(shape, np.int64),
            np.full(shape[0], -1, np.int16),
            flags,
        )
        for i, (known, state) in enumerate([(workflow, None), *positions]):
            for code, name in enumerate(columns.names):
                transition = known.table[state].get(name)
                if transition is not None and not transition.migrates:
                    table._fill(i, code, known, transition)
                if transition is not None and transition.migrates:
                    table._fill_migrations(i, known, newer, columns)
            if state in known.resumes:
                table.resumes[i] = table.position(known, known.resumes[state])
        return table

    def position(self, workflow: Workflow, state: str) -> int:
        """Return the position of a state of a workflow."""
        return [(known.key, name) for known, name in self.positions].index((workflow.key, state)) + 1

    def codes(self, workflow: Workflow, newer: Mapping[str, Workflow], columns: LogColumns) -> Integers:
        """Return the code of each row: of its action, or of the workflow that it migrates to."""
        migrating = {
            transition.action
            for known in (workflow, *newer.values())
            for actions in known.table.values()
            for transition in actions.values()
            if transition.migrates
        }
        migrates = np.array([name in migrating for name in columns.names], dtype=bool)
        return np.where(
            migrates[columns.action] & (columns.workflow >= 0),
            len(columns.names) + columns.workflow,
            columns.action,
        )

    def mask(self, flags: Sequence[str] | frozenset[str]) -> int:
        """Return the bits of flags."""
        return sum(1 << self.flags.index(flag) for flag in flags)

    def _fill(self, i: int, code: int, workflow: Workflow, transition: Transition) -> None:
        moves = transition.target is not None
        self.target[i, code] = self.position(workflow, transition.target) if transition.target else i
        self.moves[i, code], self.has_until[i, code] = moves, transition.has_until
        self.sets[i, code], self.clears[i, code] = (
            self.mask(transition.sets),
            self.mask(transition.clears_flags),
        )

    def _fill_migrations(
        self, i: int, workflow: Workflow, newer: Mapping[str, Workflow], columns: LogColumns
    ) -> None:
        state = self.positions[i - 1][1]
        for code, key in enumerate(columns.workflows, start=len(columns.names)):
            home = newer[key].home(workflow.key, state) if key in newer else None
            if home is not None:
                self.target[i, code] = self.position(newer[key], home)
                self.moves[i, code] = home != state
