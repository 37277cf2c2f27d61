"""A ruler for the clocks of one calculation: from instants to what clocks count, and back.

Tested by `tests/paas/case/test_clocks.py`.
"""

from __future__ import annotations

from stcloud.errors import InvalidInput
from stcloud.paas.case.limit import CLOSINGS, WORKING, Codes
from stcloud.time.micros import DAY_US, Bools, Micros
from stcloud.time.worktime import WorkTable, WorkTime

__all__ = ["AHEAD_US", "Ruler"]

AHEAD_US = 2 * 366 * DAY_US
"""How far rulers look ahead of the last interval at first, so that few deadlines make them grow."""
MOST_YEARS = 1000
_YEAR_US = 366 * DAY_US


class Ruler:
    """What clocks count at instants of some years, which grow as deadlines need it.

    Parameters
    ----------
    time
        When people work.
    start_us, stop_us
        Instants that it covers at first, UTC microseconds.

    Notes
    -----
    Ends of working days are a day (`DAY_US`) each, so that all that clocks count is in microseconds.
    """

    def __init__(self, time: WorkTime, start_us: int, stop_us: int) -> None:
        self._time, self._start_us, self._stop_us = time, start_us, stop_us
        self._table: WorkTable | None = None

    @property
    def table(self) -> WorkTable:
        """The working time of its years; made when it is first needed."""
        if self._table is None:
            self._table = self._time.over(self._start_us, self._stop_us)
        return self._table

    def measured(self, counts: Codes, at_us: Micros) -> Micros:
        """Return what clocks count at instants, from one origin for each way of counting.

        Parameters
        ----------
        counts
            ``(n,)`` int8: `CONTINUOUS`, `WORKING` or `CLOSINGS`.
        at_us
            ``(n,)`` int64 UTC microseconds, covered.
        """
        measured = at_us.copy()
        if (working := counts == WORKING).any():
            measured[working] = self.table.worked(at_us[working])
        if (closings := counts == CLOSINGS).any():
            measured[closings] = self.table.days_closed(at_us[closings]) * DAY_US
        return measured

    def begun(self, at_us: Micros) -> Micros:
        """Return what is counted in ends of working days when the day of these instants is over."""
        return self.table.days_begun(at_us) * DAY_US

    def reached(self, counts: Codes, target_us: Micros) -> Micros:
        """Return the earliest instants at which clocks have counted so much: the inverse of `measured`.

        Raises
        ------
        InvalidInput
            ``deadline-out-of-range``.
        """
        reached = target_us.copy()
        if (working := counts == WORKING).any():
            self.grow(int(target_us[working].max()), 0)
            reached[working] = self.table.reached(target_us[working])
        if (closings := counts == CLOSINGS).any():
            days = target_us[closings] // DAY_US
            self.grow(0, int(days.max()))
            reached[closings] = self.table.closing(days)
        return reached

    def cover(self, at_us: int) -> None:
        """Grow to cover an instant."""
        if at_us > self._stop_us:
            self._stop_us, self._table = at_us, None

    def expected(self, from_us: Micros, to_us: Micros) -> Bools:
        """Tell for each closed interval whether its working days are expected and not published."""
        if len(to_us):
            self.cover(int(to_us.max()))
        return self.table.expected(from_us, to_us)

    def grow(self, work_us: int, days: int) -> None:
        """Grow to cover so much working time, and so many ends of working days, from its origin.

        Raises
        ------
        InvalidInput
            ``deadline-out-of-range``.
        """
        years, first_us = 1, self._stop_us
        while self.table.total_us < work_us or len(self.table.closes_us) < days:
            if years > MOST_YEARS:
                raise InvalidInput(
                    "deadline-out-of-range",
                    f"no deadline within {MOST_YEARS} years: '{self._time.calendar}' has too few working days",
                    hint="check the limit, and the city's own days",
                )
            self.cover(first_us + years * _YEAR_US)
            years *= 2
