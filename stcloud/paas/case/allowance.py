"""What clocks are allowed: limits of whole cases and of stages, and extensions of them, many at once.

Tested by `tests/paas/case/test_clocks.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stcloud.errors import InvalidInput
from stcloud.paas.case.clockrules import ClockRules
from stcloud.paas.case.interval import NONE_US
from stcloud.paas.case.limit import Codes, TimeLimit, amounts_us, check_values, counts_of, kind_codes
from stcloud.time.micros import Micros

__all__ = ["WHOLE", "ClockKeys", "ClockLimits", "Extensions"]

_MOST_KEYS = 1 << 30

WHOLE = -1
"""Stands where a stage does: the clock of the whole case."""


@dataclass(frozen=True, slots=True, eq=False)
class ClockLimits:
    """Limits in force; each of them is a clock.

    Attributes
    ----------
    case, stage
        ``(n,)`` int64: the case, and its stage as a place in the stages of the intervals, or `WHOLE`.
    kind
        ``(n,)`` int8, places in `KINDS`.
    value
        ``(n,)`` float64, hours or days.

    Raises
    ------
    InvalidInput
        ``unequal-columns``, ``limit-out-of-range``, ``unknown-limit-kind``.
    """

    case: npt.NDArray[np.int64]
    stage: npt.NDArray[np.int64]
    kind: Codes
    value: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        _check_columns(self.case, self.stage, self.kind, self.value)
        check_values(self.kind, self.value)

    def __len__(self) -> int:
        return len(self.case)

    @classmethod
    def of(
        cls, case: npt.ArrayLike, kind: npt.ArrayLike, value: npt.ArrayLike, stage: npt.ArrayLike = WHOLE
    ) -> ClockLimits:
        """Return limits of columns; kinds by name or as places, one stage for all or a column.

        Examples
        --------
        >>> limits = ClockLimits.of([0, 1], ["work_hour", "work_day"], [4, 5])
        >>> limits.kind.tolist(), limits.stage.tolist()
        ([1, 2], [-1, -1])
        """
        number = np.asarray(case, dtype=np.int64)
        stages = np.broadcast_to(np.asarray(stage, dtype=np.int64), number.shape)
        return cls(number, stages, kind_codes(kind), np.asarray(value, dtype=np.float64))

    @classmethod
    def of_stages(cls, cases: int, limits: Mapping[int, TimeLimit]) -> ClockLimits:
        """Return the same limits for the stages (or `WHOLE`) of every case, the cases in order.

        Examples
        --------
        >>> limits = ClockLimits.of_stages(2, {0: TimeLimit("urgent_hour", 0.25), 1: TimeLimit("urgent_hour", 0.5)})
        >>> limits.case.tolist(), limits.stage.tolist(), limits.value.tolist()
        ([0, 0, 1, 1], [0, 1, 0, 1], [0.25, 0.5, 0.25, 0.5])
        """
        number = np.repeat(np.arange(cases, dtype=np.int64), len(limits))
        return cls(
            number,
            np.tile(np.array(list(limits), dtype=np.int64), cases),
            np.tile(kind_codes([limit.kind for limit in limits.values()]), cases),
            np.tile(np.array([limit.value for limit in limits.values()], dtype=np.float64), cases),
        )

    def joined(self, other: ClockLimits) -> ClockLimits:
        """Return the limits of both."""
        return ClockLimits(
            np.concatenate([self.case, other.case]),
            np.concatenate([self.stage, other.stage]),
            np.concatenate([self.kind, other.kind]),
            np.concatenate([self.value, other.value]),
        )

    def amounts_us(self, rules: ClockRules) -> Micros:
        """Return how much of its clock each limit is; see `limit.amounts_us`."""
        return amounts_us(self.kind, self.value, rules.work_day, rules.time.hours.day_us)


@dataclass(frozen=True, slots=True, eq=False)
class Extensions:
    """Extensions that were granted; none of them makes a deadline earlier.

    Attributes
    ----------
    case, stage
        ``(n,)`` int64, as in `ClockLimits`.
    kind, value
        As in `ClockLimits`: how much is added. Of the limit's own clock, it is added to the limit; of another, it is
        counted from the deadline on. ``value`` is 0 where only an instant is given.
    until_us
        ``(n,)`` int64: the deadline is no earlier than this, UTC microseconds; `NONE_US` where none is given.
    granted_us
        ``(n,)`` int64, since when it counts, UTC microseconds.

    Raises
    ------
    InvalidInput
        ``unequal-columns``; ``shortening-extension``: one is below 0.
    """

    case: npt.NDArray[np.int64]
    stage: npt.NDArray[np.int64]
    kind: Codes
    value: npt.NDArray[np.float64]
    until_us: Micros
    granted_us: Micros

    def __post_init__(self) -> None:
        _check_columns(self.case, self.stage, self.kind, self.value, self.until_us, self.granted_us)
        short = ~(self.value >= 0)
        if short.any():
            at = int(np.argmax(short))
            raise InvalidInput(
                "shortening-extension",
                f"an extension of {self.value[at]:g} (case {self.case[at]}) would make a deadline earlier",
                hint="give what is added; change the limit itself to shorten it",
            )
        added = self.value > 0
        check_values(self.kind[added], self.value[added])

    @classmethod
    def of(
        cls,
        case: npt.ArrayLike,
        kind: npt.ArrayLike,
        value: npt.ArrayLike,
        stage: npt.ArrayLike = WHOLE,
        until_us: npt.ArrayLike = NONE_US,
        granted_us: npt.ArrayLike = NONE_US + 1,
    ) -> Extensions:
        """Return extensions of columns; what is one value holds for all.

        Examples
        --------
        >>> Extensions.of([3], ["work_day"], [2]).value.tolist()
        [2.0]
        """
        number = np.asarray(case, dtype=np.int64)
        stages, until, granted = (
            np.broadcast_to(np.asarray(values, dtype=np.int64), number.shape)
            for values in (stage, until_us, granted_us)
        )
        return cls(number, stages, kind_codes(kind), np.asarray(value, dtype=np.float64), until, granted)

    @classmethod
    def none(cls) -> Extensions:
        """Return no extension."""
        return cls.of([], np.zeros(0, dtype=np.int8), [])

    def at(self, at_us: int) -> Extensions:
        """Return those that are granted at an instant."""
        if not len(self.case):
            return self
        chosen = self.granted_us <= at_us
        return Extensions(
            self.case[chosen], self.stage[chosen], self.kind[chosen], self.value[chosen], self.until_us[chosen],
            self.granted_us[chosen],
        )  # fmt: skip

    def amounts_us(self, rules: ClockRules) -> Micros:
        """Return how much each of them adds on its clock; see `limit.amounts_us`."""
        return amounts_us(self.kind, self.value, rules.work_day, rules.time.hours.day_us)

    def counts(self, rules: ClockRules) -> Codes:
        """Return what their clocks count: `CONTINUOUS`, `WORKING` or `CLOSINGS`."""
        return counts_of(rules.work_day)[self.kind]


class ClockKeys:
    """Finds the clock of a case and a stage.

    Parameters
    ----------
    limits
        The clocks.
    stages
        How many stages there are.
    cases
        How many cases there are at least.

    Attributes
    ----------
    staged
        Whether any clock is that of a stage.

    Raises
    ------
    InvalidInput
        ``limit-twice``: two limits of one case and stage; ``unknown-stage``.
    """

    def __init__(self, limits: ClockLimits, stages: int, cases: int) -> None:
        strange = (limits.case < 0) | (limits.stage < WHOLE) | (limits.stage >= stages)
        if strange.any():
            at = int(np.argmax(strange))
            raise InvalidInput(
                "unknown-stage", f"a limit is of stage {limits.stage[at]} of case {limits.case[at]}: there is none",
                hint=f"use {WHOLE} for the whole case, or a place among the {stages} stages",
            )  # fmt: skip
        self.width = stages + 1
        self.staged = bool((limits.stage != WHOLE).any())
        self.cases = max(cases, int(limits.case.max(initial=-1)) + 1)
        if self.cases * self.width > _MOST_KEYS:
            raise InvalidInput(
                "clock-intervals", f"{self.cases:,} cases are too many at once",
                hint="number cases from 0, and read some millions at once",
            )  # fmt: skip
        self._clock = np.full(self.cases * self.width, -1, dtype=np.int64)
        key, clock = self.of(limits.case, limits.stage), np.arange(len(limits))
        self._clock[key] = clock
        if (twice := self._clock[key] != clock).any():
            at = int(np.argmax(twice))
            where = "the whole" if limits.stage[at] == WHOLE else f"stage {limits.stage[at]}"
            raise InvalidInput(
                "limit-twice", f"two limits are in force for {where} of case {limits.case[at]}",
                hint="give the limit that is in force at the instant",
            )  # fmt: skip

    def of(self, case: npt.NDArray[np.int64], stage: npt.NDArray[np.int64] | int) -> npt.NDArray[np.int64]:
        """Return a number for each case and stage."""
        keys: npt.NDArray[np.int64] = case * self.width + (stage + 1)
        return keys

    def clocks(
        self, case: npt.NDArray[np.int64], stage: npt.NDArray[np.int64] | int
    ) -> npt.NDArray[np.int64]:
        """Return the row of the limit of each case and stage, or -1."""
        return self._clock[self.of(case, stage)]

    def clocks_of(self, extensions: Extensions) -> npt.NDArray[np.int64]:
        """Return the rows of the limits that are extended.

        Raises
        ------
        InvalidInput
            ``nothing-to-extend``.
        """
        stage = extensions.stage
        inside = (
            (extensions.case >= 0)
            & (extensions.case < self.cases)
            & (stage >= WHOLE)
            & (stage < self.width - 1)
        )
        clocks = np.full(len(stage), -1, dtype=np.int64)
        clocks[inside] = self.clocks(extensions.case[inside], stage[inside])
        if (clocks < 0).any():
            at = int(np.argmax(clocks < 0))
            raise InvalidInput(
                "nothing-to-extend", f"an extension is of case {extensions.case[at]}, which has no such limit",
                hint="give a limit to each clock that is extended",
            )  # fmt: skip
        return clocks


def _check_columns(*columns: npt.NDArray[np.generic]) -> None:
    if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1:
        raise InvalidInput(
            "unequal-columns",
            f"columns have the lengths {', '.join(str(column.size) for column in columns)}",
            hint="give one value a row",
        )
