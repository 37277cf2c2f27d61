"""Logs of many cases as columns: a row for each action, those of a case together.

Tested by `tests/paas/case/test_replayed.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput
from stcloud.paas.case.action import Action, Scalar

__all__ = ["NO_INSTANT", "Instants", "Integers", "LogColumns"]

Instants = NDArray[np.int64]
Integers = NDArray[np.integer]

NO_INSTANT = int(np.iinfo(np.int64).min)
"""Stands in columns for an instant that is not stated."""


@dataclass(frozen=True, slots=True)
class LogColumns:
    """Logs of many cases.

    Attributes
    ----------
    cases
        How many cases there are; some may have no row.
    names, workflows
        Names of actions, and keys of workflows, that codes stand for.
    case, seq
        Index of the case of each row, ascending, and the number of the action.
    action, workflow
        Code of the action's name; code of the workflow that it migrates to, or -1.
    happened_us, recorded_us
        When it happened, and when it was recorded.
    until_us
        Its field ``until``, or `NO_INSTANT`.
    corrects, corrected_us
        The number of the action whose instant it corrects, or 0, and the corrected instant, or `NO_INSTANT`.
    row
        Place of each row among all that there were before `where`.
    """

    cases: int
    names: tuple[str, ...]
    workflows: tuple[str, ...]
    case: Integers
    seq: Integers
    action: Integers
    workflow: Integers
    happened_us: Instants
    recorded_us: Instants
    until_us: Instants
    corrects: Integers
    corrected_us: Instants
    row: Integers

    @classmethod
    def of(cls, logs: Iterable[Sequence[Action]]) -> Self:
        """Return the columns of logs, one of a case, in their order."""
        logs = list(logs)
        actions = [action for log in logs for action in log]
        names = {name: code for code, name in enumerate(dict.fromkeys(action.name for action in actions))}
        keys = [action.fields.get("workflow") for action in actions]
        workflows = {str(key): code for code, key in enumerate(dict.fromkeys(key for key in keys if key))}

        def integers(values: Iterable[Scalar], absent: int) -> Instants:
            return np.array([absent if value is None else value for value in values], dtype=np.int64)

        return cls(
            cases=len(logs),
            names=tuple(names),
            workflows=tuple(workflows),
            case=np.repeat(np.arange(len(logs)), [len(log) for log in logs]),
            seq=integers((action.seq for action in actions), 0),
            action=integers((names[action.name] for action in actions), 0),
            workflow=integers((workflows[str(key)] if key else None for key in keys), -1),
            happened_us=integers((action.happened_us for action in actions), 0),
            recorded_us=integers((action.recorded_us for action in actions), 0),
            until_us=integers((action.fields.get("until") for action in actions), NO_INSTANT),
            corrects=integers((action.fields.get("corrects") for action in actions), 0),
            corrected_us=integers((action.fields.get("corrected") for action in actions), NO_INSTANT),
            row=np.arange(len(actions)),
        )

    @property
    def counts(self) -> Instants:
        """How many actions each case has."""
        return np.bincount(self.case, minlength=self.cases).astype(np.int64)

    @property
    def starts(self) -> Instants:
        """The first row of each case."""
        counts = self.counts
        return np.cumsum(counts) - counts

    def check(self) -> None:
        """Refuse rows that are not ordered by case and number: `InvalidInput` ``unordered-case-log``."""
        if self.case.size and (self.case.min() < 0 or self.case.max() >= self.cases):
            raise InvalidInput("unordered-case-log", f"rows name cases other than 0 to {self.cases - 1}")
        expected = np.arange(self.case.size) - np.repeat(self.starts, self.counts) + 1
        wrong = np.flatnonzero((np.diff(self.case, prepend=0) < 0) | (self.seq != expected))
        if wrong.size:
            row = int(wrong[0])
            raise InvalidInput(
                "unordered-case-log",
                f"row {row} has action {self.seq[row]} of case {self.case[row]}; rows are ordered by case and number",
            )

    def where(self, kept: NDArray[np.bool_]) -> Self:
        """Return the columns of some rows; each case keeps its first ones."""
        if kept.all():
            return self
        columns: dict[str, Any] = {
            field.name: value[kept]
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), np.ndarray)
        }
        return replace(self, **columns)

    def numbered(self, case: Integers, cases: int) -> Self:
        """Return the same rows as those of cases with other indices."""
        return replace(self, case=case, cases=cases)
