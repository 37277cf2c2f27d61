"""Working time: how much of it has passed at an instant, and when so much of it has passed.

`WorkTime` says when people work: on the working days of a calendar, in office hours, on the wall clock of a zone.
`WorkTable` is that for some years: break points, searched for a whole array at a time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.time.breakpoints import BreakPoints
from stcloud.time.holiday import checked_by, first_day
from stcloud.time.micros import DAY_US, MINUTE_US, Bools, Micros
from stcloud.time.officehours import OfficeHours
from stcloud.time.workday import Calendar
from stcloud.time.zone import Zone

__all__ = ["WorkTable", "WorkTime"]

FIRST_YEAR, LAST_YEAR = 2, 9998
"""Years of a table: a year less than zones know, for a year begins earlier or later on a wall clock."""

_BEFORE = np.iinfo(np.int64).min
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class WorkTime:
    """When people work: working days, office hours, and whose wall clock shows them.

    Parameters
    ----------
    calendar
        Which days are worked. Of years that are not published it goes on with the days that are expected.
    zone
        The city's zone.
    hours
        Spells of a working day.

    Examples
    --------
    >>> time = WorkTime(Calendar("CN"), Zone("Asia/Shanghai"))
    >>> # from 17:00 before the Spring Festival to 09:00 after it, with a Sunday that is worked
    >>> at = np.array(["2024-02-09T09:00", "2024-02-19T01:00"], dtype="M8[us]").astype(np.int64)
    >>> table = time.over(int(at[0]), int(at[1]))
    >>> int(np.diff(table.worked(at))[0]) / 3.6e9
    10.0
    """

    calendar: Calendar
    zone: Zone
    hours: OfficeHours = field(default_factory=OfficeHours)

    @property
    def rules(self) -> str:
        """Version of the rules, to be pinned: a digest of the calendar's, the zone's, and the office hours."""
        parts = (
            self.calendar.name, self.calendar.rules, checked_by(self.calendar.name) or "", self.zone.rules,
            str(self.hours),
        )  # fmt: skip
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]

    def over(self, start_us: int, stop_us: int) -> WorkTable:
        """Return the working time of whole years of the wall clock, which cover two instants.

        Raises
        ------
        InvalidInput
            ``time-out-of-range``: one is before the year 2 or after 9998.

        Notes
        -----
        Tables of the same first year count from the same instant. A year takes 1 ms when it is first met.
        """
        years = [_year_of(at_us) for at_us in (start_us, stop_us)]
        if years[0] < FIRST_YEAR or years[1] > LAST_YEAR:
            raise InvalidInput(
                "time-out-of-range",
                f"working time is known from the year {FIRST_YEAR} to {LAST_YEAR}, not in {years[0]} to {years[1]}",
                hint="check the unit: instants are microseconds",
            )
        # A day of margin on either side: the wall clock shows another year near its turn.
        return _table(self, _year_of(start_us - DAY_US), _year_of(stop_us + DAY_US))


@dataclass(frozen=True, slots=True, eq=False)
class WorkTable:
    """Working time of some years, as break points in UTC.

    Attributes
    ----------
    starts_us, ends_us
        ``(n,)`` int64, the half-open spells of work in UTC microseconds, in order. Where the clocks change within a
        spell, it is in two pieces.
    before_us
        ``(n,)`` int64, the microseconds of work before each spell.
    days
        ``(d,)`` int64, the days that are worked, as days since 1970-01-01 on the wall clock, in order.
    closes_us
        ``(d,)`` int64, when the work of each of these days ends.
    unpublished_us
        ``(k, 2)`` int64, half-open stretches whose working days are expected and not published.

    Notes
    -----
    An instant is at work if the wall clock then shows a time within a spell of a working day. So a spell that the
    clock skips is not worked, and one that it shows twice is worked twice.
    """

    zone: Zone
    starts_us: Micros
    ends_us: Micros
    before_us: Micros
    days: Micros
    closes_us: Micros
    unpublished_us: Micros
    _points: tuple[BreakPoints, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        columns = self.starts_us, self.before_us, self.closes_us, self.days
        points = tuple(map(BreakPoints, columns))
        object.__setattr__(self, "_points", points)

    @property
    def total_us(self) -> int:
        """Microseconds of work of all its years."""
        return int(self.before_us[-1] + self.ends_us[-1] - self.starts_us[-1]) if len(self.before_us) else 0

    def worked(self, utc_us: Micros) -> Micros:
        """Return the microseconds of work before instants, counted from the first of its years.

        Parameters
        ----------
        utc_us
            ``(n,)`` int64 UTC microseconds, within its years.

        Returns
        -------
        ``(n,)`` int64; it never falls, and stands still where nobody works.
        """
        if not len(self.starts_us):
            return np.zeros(np.shape(utc_us), dtype=np.int64)
        spell = self._points[0].up_to(utc_us)
        spell -= 1
        np.maximum(spell, 0, out=spell)
        within = np.minimum(utc_us, self.ends_us.take(spell))
        within -= self.starts_us.take(spell)
        np.maximum(within, 0, out=within)
        within += self.before_us.take(spell)
        return within

    def reached(self, work_us: Micros) -> Micros:
        """Return the earliest instants at which so much has been worked: the inverse of `worked`.

        Parameters
        ----------
        work_us
            ``(n,)`` int64 microseconds, above 0 and at most `total_us`.

        Returns
        -------
        ``(n,)`` int64 UTC microseconds; the end of a spell rather than the start of the next one.
        """
        spell = self._points[1].up_to(work_us - 1)
        spell -= 1
        reached_us: Micros = work_us - self.before_us.take(spell)
        reached_us += self.starts_us.take(spell)
        return reached_us

    def days_closed(self, utc_us: Micros) -> Micros:
        """Count the working days whose work has ended at instants, that instant included: ``(n,)`` int64."""
        return self._points[2].up_to(utc_us)

    def days_begun(self, utc_us: Micros) -> Micros:
        """Count the working days up to that which the wall clock shows at instants, that day included."""
        return self._points[3].up_to(self.zone.to_local(utc_us) // DAY_US)

    def closing(self, counts: Micros) -> Micros:
        """Return when so many working days have closed (``(n,)`` int64 from 1): the inverse of `days_closed`."""
        return self.closes_us[np.asarray(counts) - 1]

    def expected(self, from_us: Micros, to_us: Micros) -> Bools:
        """Tell for each closed interval whether it has days that are expected and not published."""
        starts, stops = (np.append(self.unpublished_us[:, column], _NEVER) for column in (0, 1))
        return np.asarray(starts[np.searchsorted(stops, from_us, side="right")] <= to_us, dtype=np.bool_)


@lru_cache(maxsize=64)
def _table(time: WorkTime, first_year: int, last_year: int) -> WorkTable:
    days = np.arange(first_day(first_year), first_day(last_year + 1), dtype=np.int64)
    days = days[time.calendar.expected(days)]
    starts, ends = _on_wall_clock(time.hours, days)
    starts, ends = _in_utc(time.zone, starts, ends, first_year, last_year)
    length = ends - starts
    local_days = time.zone.to_local(starts) // DAY_US
    worked, last = np.unique(local_days[::-1], return_index=True)
    return WorkTable(
        time.zone, starts, ends, np.cumsum(length) - length, worked, ends[::-1][last],
        _unpublished(time, first_year, last_year),
    )  # fmt: skip


def _on_wall_clock(hours: OfficeHours, days: Micros) -> tuple[Micros, Micros]:
    """Return starts and ends of all spells of working days in wall-clock microseconds, in order."""
    weekday = (days + 3) % 7 + 1  # day 0 was a Thursday
    edges = [
        (days[weekday == day, None] * DAY_US + np.array(hours.of_weekday(day)).ravel() * MINUTE_US).ravel()
        for day in range(1, 8)
    ]
    pairs = np.concatenate(edges).reshape(-1, 2)
    pairs = pairs[np.argsort(pairs[:, 0])]
    return pairs[:, 0], pairs[:, 1]


def _in_utc(
    zone: Zone, starts: Micros, ends: Micros, first_year: int, last_year: int
) -> tuple[Micros, Micros]:
    """Cut spells where the offset changes: within a piece the wall clock runs on."""
    low_us, high_us = first_day(first_year) * DAY_US - DAY_US, first_day(last_year + 1) * DAY_US + DAY_US
    pieces = zone.offsets(low_us, high_us)
    stops = np.append(pieces.starts_us[1:], high_us)
    cut_starts, cut_ends = [], []
    for begin, stop, offset in zip(pieces.starts_us, stops, pieces.offsets_us, strict=True):
        first = np.searchsorted(ends, begin + offset, side="right")
        last = np.searchsorted(starts, stop + offset, side="left")
        cut_starts.append(np.maximum(starts[first:last] - offset, begin))
        cut_ends.append(np.minimum(ends[first:last] - offset, stop))
    return np.concatenate(cut_starts), np.concatenate(cut_ends)


def _unpublished(time: WorkTime, first_year: int, last_year: int) -> Micros:
    """Return the years that nobody has published, as half-open stretches in UTC, neighbours joined."""
    years = set(range(first_year, last_year + 1)) - set(time.calendar.published_years)
    firsts = sorted(year for year in years if year - 1 not in years)
    stops = sorted(year + 1 for year in years if year + 1 not in years)
    edges = np.array(
        [first_day(year) for pair in zip(firsts, stops, strict=True) for year in pair], dtype=np.int64
    )
    return time.zone.reached(edges * DAY_US).reshape(-1, 2)


def _year_of(at_us: int) -> int:
    return int(np.datetime64(at_us, "us").astype("M8[Y]").astype(np.int64)) + 1970
