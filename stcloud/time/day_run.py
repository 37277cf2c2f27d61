"""Runs of equally many days on the wall clock of a zone: weeks that begin on any day, fortnights, 28 days."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stcloud.errors import InvalidInput
from stcloud.time.micros import DAY_US, Micros
from stcloud.time.span import Span

if TYPE_CHECKING:
    from stcloud.time.zone import Zone

__all__ = ["MOST_DAYS", "DayRun"]

MOST_DAYS = 3_652_059  # of the years 1 to 9999
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class DayRun:
    """Bins of equally many days: bin 0 begins on day ``phase``, counted from 1970-01-01.

    Parameters
    ----------
    days
        How many days a bin has, from 1 to all days of the years 1 to 9999.
    phase
        A day on which a bin begins; bins of the same days with another phase may have other numbers.

    Raises
    ------
    InvalidInput
        ``unknown-step``: no bin has that many days, or ``phase`` is no day of the calendar.

    Notes
    -----
    A day that the zone skipped is counted, so that a bin's number follows from the date alone: in Pacific/Apia the
    week with 2011-12-30 has six days.

    Examples
    --------
    >>> from stcloud.time import Zone
    >>> tuesdays = DayRun(7, 5)
    >>> tuesdays.labels(tuesdays.numbers(np.array([1_709_640_000_000_000]), Zone("America/New_York")))
    array(['2024-03-05'], dtype=object)
    """

    days: int
    phase: int

    def __post_init__(self) -> None:
        if not 1 <= operator.index(self.days) <= MOST_DAYS:
            raise InvalidInput(
                "unknown-step", f"no bin of {self.days} days", hint=f"use 1 to {MOST_DAYS:,} days"
            )
        if abs(operator.index(self.phase)) > MOST_DAYS:
            raise InvalidInput("unknown-step", f"no bin begins on day {self.phase} of the calendar")

    @property
    def field(self) -> str:
        """Field of an answer that its bins are written to.

        Examples
        --------
        >>> DayRun(28, 3).field
        'days_28'
        """
        return f"days_{self.days}"

    @property
    def recurs(self) -> bool:
        """False: a bin comes once."""
        return False

    @property
    def run(self) -> DayRun:
        """Itself: all of its bins have equally many days."""
        return self

    def of_days(self, day: Micros) -> Micros:
        """Return the number of the bin of each day.

        Parameters
        ----------
        day
            ``(n,)`` int64, days since 1970-01-01 on the wall clock.

        Examples
        --------
        >>> DayRun(7, 5).of_days(np.array([4, 5, 11, 12])).tolist()
        [-1, 0, 0, 1]
        """
        return (day - self.phase) // self.days

    def first_days(self, numbers: Micros) -> Micros:
        """Return the first day of each bin: ``(n,)`` int64, days since 1970-01-01.

        Examples
        --------
        >>> DayRun(7, 5).first_days(np.array([-1, 0, 1])).tolist()
        [-2, 5, 12]
        """
        return numbers * self.days + self.phase

    def numbers(self, utc_us: Micros, zone: Zone) -> Micros:
        """Return the number of the bin that each instant falls in, as `Bin.numbers` does.

        Parameters
        ----------
        utc_us
            ``(n,)`` int64 UTC microseconds.
        zone
            The zone on whose wall clock the calendar is read.

        Returns
        -------
        ``(n,)`` int64: ``(day - phase) // days``, rounded down.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``.
        """
        return self.of_days(zone.to_local(utc_us) // DAY_US)

    def label(self, number: int) -> str:
        """Return the first day of a bin, as ISO 8601 writes it.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``: the day lies outside the years 1 to 9999.

        Examples
        --------
        >>> DayRun(7, 5).label(0)
        '1970-01-06'
        """
        try:
            return (_EPOCH + timedelta(days=int(number) * self.days + self.phase)).isoformat()
        except OverflowError as fault:
            raise InvalidInput(
                "time-out-of-range", f"no bin of {self.days} days has the number {number}"
            ) from fault

    def labels(self, numbers: Micros) -> npt.NDArray[Any]:
        """Return the first day of each bin, as ``label`` does: ``(n,)`` object array of str.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``.
        """
        distinct, position = np.unique(np.asarray(numbers, dtype=np.int64), return_inverse=True)
        return np.array([self.label(number) for number in distinct.tolist()], dtype=object)[position]

    def span(self, number: int, zone: Zone) -> Span:
        """Return the time of a bin, from the first instant of its first day to the first of the next bin.

        Parameters
        ----------
        number
            As from ``numbers``.
        zone
            The zone on whose wall clock the calendar is read.

        Raises
        ------
        InvalidInput
            ``empty-span``: the zone skipped all of its days.

        Examples
        --------
        >>> from stcloud.time import Zone
        >>> zone = Zone("America/New_York")
        >>> DayRun(7, 5).span(2826, zone).text(zone)
        '2024-03-05T00:00-05:00/2024-03-12T00:00-04:00'
        """
        first, last = zone.reached(self.first_days(np.array([number, number + 1])) * DAY_US).tolist()
        return Span(first, last)
