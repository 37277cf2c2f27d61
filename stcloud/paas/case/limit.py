"""Limits of time: their four kinds, and how much of its clock a limit is.

Tested by `tests/paas/case/test_clocks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from stcloud.errors import InvalidInput, nearest
from stcloud.time.micros import DAY_US, HOUR_US, Micros

__all__ = [
    "CLOSINGS",
    "CONTINUOUS",
    "KINDS",
    "WORKING",
    "Codes",
    "LimitKind",
    "TimeLimit",
    "WorkDay",
    "kind_codes",
]

Codes: TypeAlias = npt.NDArray[np.int8]

LimitKind: TypeAlias = Literal["urgent_hour", "work_hour", "work_day", "natural_day"]
KINDS: tuple[LimitKind, ...] = get_args(LimitKind)
"""The four kinds; where arrays hold kinds, they hold places in this tuple."""

WorkDay: TypeAlias = Literal["hours", "end"]
"""What a work day is: so many hours as a usual working day has, or the end of a working day."""

CONTINUOUS, WORKING, CLOSINGS = 0, 1, 2
"""What a clock counts: microseconds that pass, microseconds of work, or ends of working days (a day each)."""

_MOST_DAYS = 3660
_WORDS = {
    "urgent_hour": "urgent hour",
    "work_hour": "work hour",
    "work_day": "work day",
    "natural_day": "natural day",
}


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """How long something may take.

    Parameters
    ----------
    kind
        ``urgent_hour``: an hour of any kind, nights and holidays too. ``work_hour``: an hour of office hours on a
        working day. ``work_day``: a working day. ``natural_day``: 24 hours of any kind.
    value
        How many; above 0, at most ten years.

    Raises
    ------
    InvalidInput
        ``unknown-limit-kind``, ``limit-out-of-range``.

    Examples
    --------
    >>> print(TimeLimit("work_hour", 4), "·", TimeLimit.parse("1.5 natural days"))
    4 work hours · 1.5 natural days
    """

    kind: LimitKind
    value: float

    def __post_init__(self) -> None:
        codes = kind_codes([self.kind])
        check_values(codes, np.array([self.value], dtype=np.float64))

    @classmethod
    def parse(cls, text: str) -> TimeLimit:
        """Read a limit as `str` gives it: ``4 work hours``, ``1 work day``, ``2 work_day``.

        Raises
        ------
        InvalidInput
            ``unreadable-limit``; as the class.
        """
        number, _, words = text.strip().partition(" ")
        kind: Any = "_".join(words.replace("_", " ").split()).removesuffix("s")
        try:
            value = float(number)
        except ValueError:
            raise InvalidInput(
                "unreadable-limit",
                f"cannot read '{text}' as a limit",
                hint="write 4 work hours or 5 work days",
            ) from None
        return cls(kind, value)

    def counted(self, work_day: WorkDay, day_us: int) -> tuple[int, int]:
        """Return what its clock counts, and how much of that, in microseconds; arguments are those of `amounts_us`.

        Raises
        ------
        InvalidInput
            ``whole-days-needed``.

        Examples
        --------
        >>> TimeLimit("work_hour", 4).counted("hours", 8 * HOUR_US) == (WORKING, 4 * HOUR_US)
        True
        """
        codes = kind_codes([self.kind])
        amounts = amounts_us(codes, np.array([self.value], dtype=np.float64), work_day, day_us)
        return int(counts_of(work_day)[codes[0]]), int(amounts[0])

    def __str__(self) -> str:
        return f"{self.value:g} {_WORDS[self.kind]}{'' if self.value == 1 else 's'}"


def kind_codes(kinds: npt.ArrayLike) -> Codes:
    """Return the places of kinds in `KINDS`; numbers are taken for places.

    Raises
    ------
    InvalidInput
        ``unknown-limit-kind``.
    """
    given = np.asarray(kinds)
    if given.dtype.kind in "iu":
        if given.size and not 0 <= given.min() <= given.max() < len(KINDS):
            raise _unknown(str(given.max()))
        return given.astype(np.int8)
    codes = np.full(given.shape, -1, dtype=np.int8)
    for code, kind in enumerate(KINDS):
        codes[given == kind] = code
    if (codes < 0).any():
        raise _unknown(str(given[codes < 0][0]))
    return codes


def check_values(kinds: Codes, values: npt.NDArray[np.float64]) -> None:
    """Refuse limits that are not above 0, or above ten years.

    Raises
    ------
    InvalidInput
        ``limit-out-of-range``.
    """
    most = _MOST_DAYS * np.array([24, 24, 1, 1])[kinds]
    wrong = ~((values > 0) & (values <= most))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InvalidInput(
            "limit-out-of-range",
            f"{values[at]:g} {_WORDS[KINDS[kinds[at]]]}s are no limit: it is above 0 and at most {most[at]:,}",
            hint="check its kind: hours or days",
        )


def counts_of(work_day: WorkDay) -> Codes:
    """Return what the clock of each kind counts, in the order of `KINDS`."""
    return np.array(
        [CONTINUOUS, WORKING, WORKING if work_day == "hours" else CLOSINGS, CONTINUOUS], dtype=np.int8
    )


def units_us(work_day: WorkDay, day_us: int) -> Micros:
    """Return what one of each kind is on its clock, in microseconds, in the order of `KINDS`.

    Parameters
    ----------
    work_day
        What a work day is.
    day_us
        Microseconds of work of a usual working day.
    """
    return np.array([HOUR_US, HOUR_US, day_us if work_day == "hours" else DAY_US, DAY_US], dtype=np.int64)


def amounts_us(kinds: Codes, values: npt.NDArray[np.float64], work_day: WorkDay, day_us: int) -> Micros:
    """Return how much of their clocks limits are, in microseconds.

    Raises
    ------
    InvalidInput
        ``whole-days-needed``: ends of working days are counted, and a limit is a part of one.
    """
    counts = counts_of(work_day)[kinds]
    parts = (counts == CLOSINGS) & (values != np.rint(values))
    if parts.any():
        raise InvalidInput(
            "whole-days-needed",
            f"a limit of {values[int(np.argmax(parts))]:g} work days ends at the end of no working day",
            hint="give whole work days, or let a work day count its hours (work_day='hours')",
        )
    return np.rint(values * units_us(work_day, day_us)[kinds]).astype(np.int64)


def _unknown(kind: str) -> InvalidInput:
    close = nearest(kind, KINDS)
    hint = f"did you mean '{close[0]}'?" if close else f"use {', '.join(KINDS)}"
    return InvalidInput("unknown-limit-kind", f"no kind of limit '{kind}'", hint=hint)
