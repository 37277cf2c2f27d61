"""A plain clock of a case for the oracle: it walks minute by minute, with `zoneinfo` and `datetime`.

It answers what `stcloud.paas.case.clocks` answers, with none of its code. All instants are whole minutes since 1970
in UTC. Tested by `tests/paas/case/test_clocks_oracle.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from stcloud.testing.almanac import is_working_day

__all__ = ["ClockReading", "Stopwatch"]

_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MINUTES = 400 * 1440


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What a clock shows: minutes since 1970, and minutes or days that it has counted."""

    deadline: int
    elapsed: int
    overdue: bool


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """A clock on the wall of a city.

    Parameters
    ----------
    zone
        Whose wall.
    calendar
        A country, for `is_working_day`.
    own
        Days that the city has published itself.
    spells
        ``(HH:MM, HH:MM)`` of a working day, and of days of the week (1 to 7) that differ.
    """

    zone: ZoneInfo
    calendar: str
    own: Mapping[date, bool]
    spells: Mapping[int, Sequence[tuple[str, str]]]
    _shown: dict[int, datetime] = field(default_factory=dict)
    _lasts: dict[date, int | None] = field(default_factory=dict)

    def shows(self, minute: int) -> datetime:
        """Return what the wall clock shows at a minute."""
        if minute not in self._shown:
            self._shown[minute] = (_EPOCH + minute * _MINUTE).astimezone(self.zone)
        return self._shown[minute]

    def works(self, minute: int) -> bool:
        """Tell whether people work in a minute."""
        local = self.shows(minute)
        day = local.date()
        if not self.own.get(day, is_working_day(day, self.calendar)):
            return False
        spells = self.spells.get(day.isoweekday(), self.spells[0])
        shown = local.strftime("%H:%M")
        return any(start <= shown < end for start, end in spells)

    def closes(self, minute: int) -> bool:
        """Tell whether a minute is the last one in which people work on its day."""
        day = self.shows(minute).date()
        if day not in self._lasts:
            noon = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) // 60
            own = [
                other
                for other in range(noon - 2160, noon + 2160)
                if self.shows(other).date() == day and self.works(other)
            ]
            self._lasts[day] = max(own, default=None)
        return self._lasts[day] == minute

    def read(
        self, way: str, allowed: int, runs: Sequence[tuple[int, int | None, bool]], at: int
    ) -> ClockReading | None:
        """Return what a clock shows at a minute; None if it has not run yet.

        Parameters
        ----------
        way
            ``all`` minutes count, or ``working`` ones, or ``closings``: the days at the end of whose work it runs.
        allowed
            So many minutes or days.
        runs
            ``(from, to or None, running, or else paused)`` in order.
        at
            The minute.
        """
        begun = [
            (start, at if stop is None else min(stop, at), runs) for start, stop, runs in runs if start <= at
        ]
        if not any(runs for _, _, runs in begun):
            return None
        first = next(start for start, _, runs in begun if runs)
        end = begun[-1][1]
        counts = self._counting(way, first)
        counted, elapsed, deadline, minute = 0, 0, None, first
        while deadline is None or minute < end:
            if minute >= end or any(runs and start <= minute < stop for start, stop, runs in begun):
                counted += counts(minute)
                elapsed += counts(minute) if minute < end else 0
                if deadline is None and counted >= allowed:
                    deadline = minute + 1
            minute += 1
            assert minute - first < _MOST_MINUTES, "no deadline in sight"
        return ClockReading(deadline, elapsed, end > deadline)

    def later(self, way: str, amount: int, minute: int) -> int:
        """Return the minute at which so much more has been counted from a minute on."""
        counts, counted = self._counting(way, minute), 0
        while counted < amount:
            counted += counts(minute)
            minute += 1
        return minute

    def _counting(self, way: str, first: int) -> Callable[[int], bool]:
        if way == "all":
            return lambda _: True
        if way == "working":
            return self.works
        day = self.shows(first).date()
        return lambda minute: self.shows(minute).date() > day and self.closes(minute)
