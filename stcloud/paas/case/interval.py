"""Raw intervals of many cases: in which stage each case was, from when until when, and whether its clock ran.

Tested by `tests/paas/case/test_interval.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stcloud.errors import InvalidInput
from stcloud.time.micros import Bools, Micros

__all__ = ["CLOCK_STATES", "NONE_US", "OFF", "OPEN_US", "PAUSED", "RUNNING", "ClockIntervals", "effective_us"]

CLOCK_STATES = ("off", "running", "paused")
"""What a clock does in an interval; arrays hold places in this tuple."""

OFF, RUNNING, PAUSED = 0, 1, 2
OPEN_US = int(np.iinfo(np.int64).max)
"""End of an interval that lasts."""
NONE_US = int(np.iinfo(np.int64).min)
"""No instant, as numpy's NaT."""


@dataclass(frozen=True, slots=True, eq=False)
class ClockIntervals:
    """Intervals of cases, in the order of their logs, as columns of one length.

    Attributes
    ----------
    case
        ``(n,)`` int64, the number of the case, from 0; never falling.
    stage
        ``(n,)`` int64, its stage as a place in ``stages``.
    clock
        ``(n,)`` int8, a place in `CLOCK_STATES`.
    from_us, to_us
        ``(n,)`` int64, UTC microseconds, half-open; `OPEN_US` where an interval lasts, which only the last of a case
        may. No interval of a case begins before the one before ends. Empty ones are allowed: of several actions at
        one instant, the last one in the log decides what is so from then on.
    stages
        Names of the stages.

    Raises
    ------
    InvalidInput
        ``clock-intervals``, naming the first case that is wrong, and how.
    """

    case: npt.NDArray[np.int64]
    stage: npt.NDArray[np.int64]
    clock: npt.NDArray[np.int8]
    from_us: Micros
    to_us: Micros
    stages: tuple[str, ...]

    def __post_init__(self) -> None:
        columns = (self.case, self.stage, self.clock, self.from_us, self.to_us)
        if len({column.shape for column in columns}) != 1 or self.case.ndim != 1:
            raise _refused(f"columns have the lengths {', '.join(str(len(column)) for column in columns)}")
        if not len(self.case):
            return
        same = self.case[1:] == self.case[:-1]
        self._refuse(self.case[1:] < self.case[:-1], "comes after one with a greater number", 1)
        self._refuse(self.case < 0, "has a number below 0")
        self._refuse((self.stage < 0) | (self.stage >= len(self.stages)), "has an unknown stage")
        self._refuse(
            (self.clock < 0) | (self.clock >= len(CLOCK_STATES)), "has an unknown state of its clock"
        )
        self._refuse(self.to_us < self.from_us, "has an interval that ends before it begins")
        self._refuse(self.from_us == NONE_US, "has an interval without a beginning")
        self._refuse(
            same & (self.to_us[:-1] > self.from_us[1:]),
            "has an interval that begins before the one before ends",
            1,
        )

    def __len__(self) -> int:
        return len(self.case)

    def _refuse(self, wrong: Bools, reason: str, offset: int = 0) -> None:
        if wrong.any():
            at = int(np.argmax(wrong)) + offset
            raise _refused(f"case {self.case[at]} {reason} (row {at})")

    @classmethod
    def of(
        cls,
        case: npt.ArrayLike,
        stage: npt.ArrayLike,
        clock: npt.ArrayLike,
        from_us: npt.ArrayLike,
        to_us: npt.ArrayLike,
        stages: Sequence[str],
    ) -> ClockIntervals:
        """Return intervals of columns; stages and states of clocks by name, or as places.

        Raises
        ------
        InvalidInput
            ``clock-intervals``.

        Examples
        --------
        >>> stages, clocks = ["handle", "check"], ["running", "off"]
        >>> len(ClockIntervals.of([0, 0], stages, clocks, [0, 9], [9, OPEN_US], stages))
        2
        """
        return cls(
            _whole(case),
            _places(stage, tuple(stages)),
            _places(clock, CLOCK_STATES).astype(np.int8),
            _whole(from_us),
            _whole(to_us),
            tuple(stages),
        )

    @classmethod
    def of_entries(
        cls,
        case: npt.ArrayLike,
        stage: npt.ArrayLike,
        clock: npt.ArrayLike,
        happened_us: npt.ArrayLike,
        stages: Sequence[str],
    ) -> ClockIntervals:
        """Return the intervals between entries of logs: each lasts until the next entry of its case.

        Parameters
        ----------
        case, stage, clock
            As `of`, one row an entry, in the order of the logs: stage and clock from then on.
        happened_us
            When the entry happened, UTC microseconds. It counts from the latest instant up to it in its log, so that
            the log's order is the order of simultaneous and of late entries.
        stages
            Names of the stages.

        Raises
        ------
        InvalidInput
            ``clock-intervals``.

        Examples
        --------
        >>> made = ClockIntervals.of_entries([0, 0, 0], [0, 0, 1], [1, 2, 0], [5, 9, 7], ["handle", "check"])
        >>> made.from_us.tolist(), made.to_us.tolist()[:2]
        ([5, 9, 9], [9, 9])
        """
        number, happened = _whole(case), _whole(happened_us)
        if number.shape != happened.shape:
            raise _refused(f"columns have the lengths {len(number)}, {len(happened)}")
        begins = effective_us(number, happened)
        ends = np.full_like(begins, OPEN_US)
        same = number[1:] == number[:-1]
        ends[:-1][same] = begins[1:][same]
        return cls.of(number, stage, clock, begins, ends, stages)

    def since(self, at_us: int) -> npt.NDArray[np.intp]:
        """Return the rows of the intervals that have begun at an instant, that instant included."""
        return np.flatnonzero(self.from_us <= at_us)


def effective_us(case: npt.NDArray[np.int64], happened_us: Micros) -> Micros:
    """Return the effective instants of entries: the latest up to each, in the order of the log of its case.

    Parameters
    ----------
    case
        ``(n,)`` int64; the entries of a case are neighbours.
    happened_us
        ``(n,)`` int64 UTC microseconds.

    Examples
    --------
    >>> effective_us(np.array([0, 0, 0, 1]), np.array([1, 5, 3, 2])).tolist()
    [1, 5, 5, 2]
    """
    falls = (case[1:] == case[:-1]) & (happened_us[1:] < happened_us[:-1])
    if not falls.any():
        return happened_us
    # A running maximum over ranks, which lie higher for every next case.
    order = np.argsort(happened_us, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    run = np.cumsum(np.append(False, case[1:] != case[:-1])) * len(order)
    latest: Micros = happened_us[order[np.maximum.accumulate(rank + run) - run]]
    return latest


def _whole(values: npt.ArrayLike) -> npt.NDArray[np.int64]:
    given = np.asarray(values)
    if given.size and given.dtype.kind not in "iu":
        raise _refused(f"values of type {given.dtype} stand where whole numbers are needed")
    return given.astype(np.int64, copy=False)


def _places(values: npt.ArrayLike, names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Return the places of names among those known; whole numbers are taken for places."""
    given = np.asarray(values)
    if given.dtype.kind in "iu" or not given.size:
        return given.astype(np.int64, copy=False)
    places = np.full(given.shape, -1, dtype=np.int64)
    for place, name in enumerate(names):
        places[given == name] = place
    if (places < 0).any():
        strange = given[places < 0][0]
        raise _refused(f"'{strange}' is none of {', '.join(names)}")
    return places


def _refused(reason: str) -> InvalidInput:
    return InvalidInput(
        "clock-intervals",
        f"these are no intervals of cases: {reason}",
        hint="give them in the order of the logs",
    )
