"""Calendar bins on the wall clock of a zone: whole numbers for engines, ISO 8601 labels for people.

``local_us`` is wall-clock microseconds since 1970-01-01T00:00, ``offset_s`` the offset from UTC in seconds;
division is rounded down.

===============  =================================================================  ==========================
bin              number                                                                 label
===============  =================================================================  ==========================
``hour``         ``local_us // 3.6e9 * 200_000 + 100_000 - offset_s``               ``2024-03-05T07:00-05:00``
``day``          ``local_us // 86.4e9``: days since 1970-01-01                      ``2024-03-05``
``week``         ``(day + 3) // 7``: ISO weeks since Monday 1969-12-29              ``2024-W12``
``month``        ``year * 12 + month - 1``                                          ``2024-03``
``quarter``      ``year * 4 + quarter - 1``                                         ``2024-Q1``
``year``         ``year``                                                           ``2024``
``weekday``      ``(day + 3) % 7 + 1``: Monday 1 to Sunday 7                        the number
``hour-of-day``  ``local_us // 3.6e9 % 24``: 0 to 23                                the number
===============  =================================================================  ==========================

The number of an hour carries the offset, so that the two hours from 01:00 to 02:00 of an autumn night stay
apart and in order: the later one has the smaller offset. Numbers grow with time, but for hours where a clock was set
back by more than an hour (a day in Pacific/Kwajalein, 1969).
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stcloud.errors import InternalError, InvalidInput, nearest
from stcloud.time.day_run import DayRun
from stcloud.time.micros import DAY_US, HOUR_US, SECOND_US, Micros, offset_text
from stcloud.time.span import Span

if TYPE_CHECKING:
    from stcloud.time.zone import Zone

__all__ = ["Bin"]

_OFFSETS = 200_000  # room for offsets of a day either way, in seconds
_NO_OFFSET = 100_000
_EPOCH = date(1970, 1, 1)


class Bin(StrEnum):
    """A way to cut time into pieces of the calendar.

    Examples
    --------
    >>> from stcloud.time import Zone
    >>> zone = Zone("America/New_York")
    >>> utc_us = np.array([1_709_640_000_000_000])
    >>> Bin.WEEK.labels(Bin.WEEK.numbers(utc_us, zone))
    array(['2024-W10'], dtype=object)
    """

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    WEEKDAY = "weekday"
    HOUR_OF_DAY = "hour-of-day"

    @classmethod
    def parse(cls, text: str) -> Bin:
        """Find a bin by its name.

        Raises
        ------
        InvalidInput
            ``unknown-bin``.

        Examples
        --------
        >>> Bin.parse("week")
        <Bin.WEEK: 'week'>
        """
        if text in tuple(cls):
            return cls(text)
        close = nearest(text, cls)
        hint = f"did you mean '{close[0]}'?" if close else "use one of " + ", ".join(cls)
        raise InvalidInput("unknown-bin", f"no calendar bin '{text}'", hint=hint)

    @property
    def recurs(self) -> bool:
        """Whether it comes again (``weekday``, ``hour-of-day``), and so is no span of time."""
        return self is Bin.WEEKDAY or self is Bin.HOUR_OF_DAY

    @property
    def field(self) -> str:
        """Field of an answer that its bins are written to.

        Examples
        --------
        >>> Bin.HOUR_OF_DAY.field
        'hour_of_day'
        """
        return self.value.replace("-", "_")

    @property
    def run(self) -> DayRun | None:
        """The same bins as runs of days; None: they are not of equally many days.

        Examples
        --------
        >>> Bin.WEEK.run, Bin.MONTH.run
        (DayRun(days=7, phase=-3), None)
        """
        return _RUNS.get(self)

    def numbers(self, utc_us: Micros, zone: Zone) -> Micros:
        """Return the number of the bin that each instant falls in.

        Parameters
        ----------
        utc_us
            ``(n,)`` int64 UTC microseconds.
        zone
            The zone on whose wall clock the calendar is read.

        Returns
        -------
        ``(n,)`` int64, by the table of this module.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``.
        """
        utc_us = np.asarray(utc_us, dtype=np.int64)
        offset_us = zone.offset_at(utc_us)
        local_us = utc_us + offset_us
        match self:
            case Bin.HOUR:
                return local_us // HOUR_US * _OFFSETS + (_NO_OFFSET - offset_us // SECOND_US)
            case Bin.HOUR_OF_DAY:
                return local_us // HOUR_US % 24
        return self.of_days(local_us // DAY_US)

    def of_days(self, day: Micros) -> Micros:
        """Return the number of the bin of each day; of hours there is none.

        Parameters
        ----------
        day
            ``(n,)`` int64, days since 1970-01-01 on the wall clock.

        Raises
        ------
        InternalError
            ``no-days``: of an hour, or an hour of the day.

        Examples
        --------
        >>> Bin.MONTH.of_days(np.array([0, 31])).tolist()
        [23640, 23641]
        """
        if self.run is not None:
            return self.run.of_days(day)
        if self is Bin.WEEKDAY:
            return (day + 3) % 7 + 1
        month = np.asarray(day, np.int64).view("M8[D]").astype("M8[M]").astype(np.int64) + 1970 * 12
        return month // self._months()

    def first_days(self, numbers: Micros) -> Micros:
        """Return the first day of each bin: ``(n,)`` int64, days since 1970-01-01.

        Parameters
        ----------
        numbers
            As from ``numbers``.

        Raises
        ------
        InternalError
            ``no-days``: of an hour, and of what recurs.

        Examples
        --------
        >>> Bin.WEEK.first_days(np.array([0, 1])).tolist()
        [-3, 4]
        """
        numbers = np.asarray(numbers, np.int64)
        if self.run is not None:
            return self.run.first_days(numbers)
        months = numbers * self._months() - 1970 * 12
        return months.view("M8[M]").astype("M8[D]").astype(np.int64)

    def _months(self) -> int:
        """How many months a bin has."""
        if self not in _MONTHS:
            raise InternalError("no-days", f"'{self}' is no run of days")
        return _MONTHS[self]

    def label(self, number: int) -> str | int:
        """Label of one bin, as ISO 8601 writes it; weekdays and hours of the day remain numbers.

        Parameters
        ----------
        number
            As from ``numbers``, within the years 1 to 9999.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``.

        Examples
        --------
        >>> Bin.QUARTER.label(2024 * 4), Bin.WEEKDAY.label(7)
        ('2024-Q1', 7)
        """
        number = int(number)
        try:
            return number if self.recurs else self._text(number)
        except (OverflowError, ValueError) as fault:
            raise InvalidInput("time-out-of-range", f"no {self} has the number {number}") from fault

    def labels(self, numbers: Micros) -> npt.NDArray[Any]:
        """Labels of many bins; each distinct number is written once.

        Parameters
        ----------
        numbers
            ``(n,)`` int64, as from ``numbers``.

        Returns
        -------
        ``(n,)`` object array of str; int64 for ``weekday`` and ``hour-of-day``.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``.
        """
        distinct, position = np.unique(np.asarray(numbers, dtype=np.int64), return_inverse=True)
        written = np.array(
            [self.label(int(number)) for number in distinct], dtype=np.int64 if self.recurs else object
        )
        return written[position]

    def span(self, number: int, zone: Zone) -> Span:
        """Span of one bin, from the first instant its wall clock shows to the first of the next bin.

        Parameters
        ----------
        number
            As from ``numbers``.
        zone
            The zone on whose wall clock the calendar is read.

        Raises
        ------
        InvalidInput
            ``empty-span``: the zone skipped it (2011-12-30 in Pacific/Apia).
            ``unbounded-bin``: it comes again.

        Notes
        -----
        Bins follow each other without a gap. An instant lies in the span of its own bin, unless
        clocks were set back over midnight (America/St_Johns until 2011): minutes shown again belong to the
        day before.
        """
        if self.recurs:
            raise InvalidInput(
                "unbounded-bin", f"a {self} comes again and again", hint="use hour, day, week, ..."
            )
        if self is Bin.HOUR:
            return _hour_span(number, zone)
        return Span(self.start(number, zone), self.start(number + 1, zone))

    def start(self, number: int, zone: Zone) -> int:
        """Return the first instant of a day, week, month, quarter or year: UTC microseconds.

        Parameters
        ----------
        number
            As from ``numbers``; of no hour, and of nothing that recurs.
        zone
            The zone on whose wall clock the calendar is read.

        Notes
        -----
        Bins that the zone skipped start with the one after them.
        """
        return int(zone.reached(self.first_days(np.array([number])) * DAY_US)[0])

    def _text(self, number: int) -> str:
        match self:
            case Bin.YEAR:
                return f"{date(number, 1, 1).year:04}"
            case Bin.QUARTER:
                return f"{date(number // 4, 1, 1).year:04}-Q{number % 4 + 1}"
            case Bin.MONTH:
                return date(number // 12, number % 12 + 1, 1).isoformat()[:7]
            case Bin.WEEK:
                year, week, _ = (_EPOCH + timedelta(days=number * 7)).isocalendar()  # its Thursday
                return f"{year:04}-W{week:02}"
            case Bin.DAY:
                return _day_text(number)
            case _:
                hour, offset = divmod(number, _OFFSETS)
                return f"{_day_text(hour // 24)}T{hour % 24:02}:00{_offset_text(offset)}"


@lru_cache(maxsize=1 << 10)
def _day_text(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()


@lru_cache(maxsize=1 << 8)
def _offset_text(offset: int) -> str:
    return offset_text((_NO_OFFSET - offset) * SECOND_US)


_RUNS = {Bin.DAY: DayRun(1, 0), Bin.WEEK: DayRun(7, -3)}
_MONTHS = {Bin.MONTH: 1, Bin.QUARTER: 3, Bin.YEAR: 12}


def _hour_span(number: int, zone: Zone) -> Span:
    """Find the part of a wall-clock hour with its offset: less than an hour where the clock was set in it."""
    hour, offset = divmod(number, _OFFSETS)
    offset_us = (_NO_OFFSET - offset) * SECOND_US
    start_us = hour * HOUR_US - offset_us
    end_us = start_us + HOUR_US
    pieces = zone.offsets(start_us, end_us)
    ends = np.append(pieces.starts_us[1:], end_us)
    in_force = pieces.offsets_us == offset_us
    if not in_force.any():
        raise InvalidInput("empty-span", f"no {Bin.HOUR.label(number)} in {zone}")
    return Span(int(pieces.starts_us[in_force][0]), int(ends[in_force][-1]))
