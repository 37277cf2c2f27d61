"""Working days by country: weekends, public holidays, and the weekends that are worked to make up for them.

Packages know them (`holiday`), and a city may have published its own (`citydays`). Questions ask for `working` days
and are refused where these are not known for certain; clocks go on with `expected` ones and call them provisional.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import InvalidInput, nearest
from stcloud.time.citydays import CityDays
from stcloud.time.holiday import (
    Disagreement,
    checked_by,
    checked_years,
    disagreements_of,
    first_day,
    holidays_of,
    known_years,
    subdivisions,
    working_year,
)
from stcloud.time.micros import DAY_US, Bools, Micros

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Calendar", "Days", "Rule"]

KINDS = ("working", "free")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days on which people work in a country, in a subdivision of one, or in a city that publishes its own days.

    Parameters
    ----------
    name
        ISO 3166 codes: ``CN``, ``US``, ``US-NY``, ``DE-BY``.
    own
        Days that the city has published itself; they go before those of the packages.

    Raises
    ------
    InvalidInput
        ``unknown-calendar``, proposing the nearest codes.

    Notes
    -----
    Only what was decreed counts. Years with a holiday that the package only estimates (by the moon) are not known,
    nor, where working days are moved by decree each year (as in China), years before the first and after the last
    whose moves the package knows. Where none has been moved for more than three years before China's last known one,
    as in Bulgaria, moving is over, and years after the last move count. What the city has published in full is known.

    Examples
    --------
    >>> Calendar.parse("us-ny")
    Calendar(name='US-NY', own=None)
    >>> sunday = np.array([np.datetime64("2024-02-04")]).astype(np.int64)
    >>> Calendar("CN").working(sunday), Calendar("US").working(sunday)
    (array([ True]), array([False]))
    """

    name: str
    own: CityDays | None = None

    def __post_init__(self) -> None:
        holidays_of(self.name)

    def __str__(self) -> str:
        return self.name if self.own is None else f"{self.name} with {len(self.own)} days of the city"

    @classmethod
    def parse(cls, text: str) -> Calendar:
        """Read codes in upper or lower case.

        Raises
        ------
        InvalidInput
            ``unknown-calendar``.
        """
        country, dash, part = text.strip().partition("-")
        country = country.upper()
        folded = {name.casefold(): name for name in subdivisions(country)}
        return cls(country + dash + folded.get(part.casefold(), part))

    @property
    def rules(self) -> str:
        """Version of the rules: that of the package they come from, and the digest of the city's own days."""
        import holidays  # noqa: PLC0415  (0.1 s to import, and few questions need it)

        package = f"holidays {holidays.__version__}"  # type: ignore[attr-defined]
        return package if self.own is None else f"{package}, city {self.own.digest}"

    @property
    def years(self) -> tuple[int, ...]:
        """Years whose working days are known, in order."""
        own = () if self.own is None else self.own.years
        return tuple(sorted({*known_years(self.name), *own}))

    @property
    def published_years(self) -> tuple[int, ...]:
        """Years that all packages, or the city itself, have published, in order: beyond, clocks are provisional."""
        checked = checked_years(self.name)
        last = 9999 if checked is None else checked[1]
        own = () if self.own is None else self.own.years
        return tuple(sorted({*own, *(year for year in known_years(self.name) if year <= last)}))

    @property
    def published_to(self) -> date | None:
        """The last day before which no year is missing among the published ones; None if none is published.

        Examples
        --------
        >>> Calendar("CN", CityDays.of([], years=range(2026, 2031))).published_to
        datetime.date(2030, 12, 31)
        """
        years = self.published_years
        known = set(years)
        newest = known_years(self.name)[-1:] or years[:1]
        last = max((year for year in years if year <= newest[0]), default=None)
        if last is None:
            return None
        while last + 1 in known:
            last += 1
        return date(last, 12, 31)

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """Days of published years that the sources have differently, in order; what is followed comes first."""
        return _disagreements(self)

    def working(self, days: Micros) -> Bools:
        """Tell for each day whether it is a working day.

        Parameters
        ----------
        days
            ``(n,)`` int64 days since 1970-01-01 on the wall clock.

        Returns
        -------
        ``(n,)`` bool.

        Raises
        ------
        InvalidInput
            ``unknown-year``.
        """
        days = np.asarray(days, dtype=np.int64)
        self.require(np.unique(_years(days)).tolist())
        return self.expected(days)

    def expected(self, days: Micros) -> Bools:
        """Tell for each day whether people are expected to work on it; of years that are not known too.

        Parameters
        ----------
        days
            ``(n,)`` int64 days since 1970-01-01 on the wall clock, of the years 1 to 9999.

        Returns
        -------
        ``(n,)`` bool. Where a year is not known, by weekdays, by the holidays whose dates are fixed and by the days
        that the city has published of it.

        Examples
        --------
        >>> days = np.array(["2027-02-08", "2027-02-20"], dtype="M8[D]").astype(np.int64)
        >>> Calendar("CN").expected(days).tolist()
        [False, False]
        """
        days = np.asarray(days, dtype=np.int64)
        years = _years(days)
        working = np.zeros(days.shape, dtype=np.bool_)
        for year in np.unique(years).tolist():
            mine = years == year
            working[mine] = _year(self, year)[days[mine] - first_day(year)]
        return working

    def require(self, years: Iterable[int]) -> None:
        """Refuse years whose working days are not known.

        Raises
        ------
        InvalidInput
            ``unknown-year``, with the years that are known.
        """
        known = set(self.years)
        strange = sorted(set(years) - known)
        if strange:
            raise InvalidInput(
                "unknown-year",
                f"calendar '{self}' does not know the working days of {_ranges(strange)}; "
                f"it knows {_ranges(self.years) or 'no year for certain'}",
                hint="ask for known years, upgrade the package holidays, or publish the city's own days",
            )


@dataclass(frozen=True, slots=True)
class Rule:
    """Days as days of the week with exceptions, as engines test them.

    Parameters
    ----------
    weekdays
        Numbers from 1 (Monday) to 7 that hold.
    exceptions
        Days since 1970-01-01, in order, that hold though their day of the week does not, or do not though it does.
    """

    weekdays: frozenset[int]
    exceptions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Days:
    """The working days of a calendar, or the free ones: weekends and public holidays.

    Parameters
    ----------
    kind
        ``working`` or ``free``.
    calendar
        Whose.
    of_city
        Whether the days that the city has published go before those of the calendar. They are no part of the value:
        a question reads them, as they were known at its recorded instant.

    Raises
    ------
    InvalidInput
        ``unknown-days``.

    Examples
    --------
    >>> str(Days.parse("free", "US-NY"))
    'free days of US-NY'
    """

    kind: str
    calendar: Calendar
    of_city: bool = False

    def __post_init__(self) -> None:
        _check_kind(self.kind)

    def __str__(self) -> str:
        return f"{self.kind} days of {self.calendar}"

    @classmethod
    def parse(cls, kind: str | None, calendar: str | None) -> Days | None:
        """Read which days of which calendar; None of which: all days.

        Raises
        ------
        InvalidInput
            ``unknown-days``, ``unknown-calendar``; ``calendar-needed``: days, and no calendar;
            ``calendar-unused``: a calendar, and no days.
        """
        if kind is None:
            if calendar is not None:
                raise InvalidInput(
                    "calendar-unused",
                    f"calendar '{calendar}' was given, and no days were asked for",
                    hint="ask for working or free days",
                )
            return None
        _check_kind(kind)
        if calendar is None:
            raise InvalidInput(
                "calendar-needed",
                f"{kind} days were asked for, and no calendar was given",
                hint="give a country, as ISO 3166 writes it: CN, US or US-NY",
            )
        return cls(kind, Calendar.parse(calendar))

    def holds(self, days: Micros) -> Bools:
        """Tell for each day (``(n,)`` int64 days since 1970-01-01) whether it is one of these.

        Raises
        ------
        InvalidInput
            ``unknown-year``.
        """
        working = self.calendar.working(days)
        return working if self.kind == "working" else ~working

    def among(self, local_us: Micros) -> Bools:
        """Tell for each wall-clock time (``(n,)`` int64 microseconds) whether its day is one of these."""
        return self.holds(np.asarray(local_us, dtype=np.int64) // DAY_US)

    def rule(self, days: Micros) -> Rule:
        """Tell these days from others as shortly as can be, among those given.

        Parameters
        ----------
        days
            ``(n,)`` int64 days since 1970-01-01, distinct, in order; elsewhere the rule says nothing.

        Notes
        -----
        A day of the week holds when it does on most of its days; China from 2001 to 2026 has 628 exceptions.
        """
        days = np.asarray(days, dtype=np.int64)
        holds = self.holds(days)
        weekday = (days + 3) % 7 + 1  # day 0 was a Thursday
        often = np.bincount(weekday, holds * 2.0 - 1.0, minlength=8) > 0
        as_usual = often[weekday]
        return Rule(frozenset(np.flatnonzero(often).tolist()), tuple(days[holds != as_usual].tolist()))


def _check_kind(kind: str) -> None:
    """Refuse with ``unknown-days`` what is neither working nor free."""
    if kind not in KINDS:
        close = nearest(kind, KINDS)
        hint = f"did you mean '{close[0]}'?" if close else "use working or free"
        raise InvalidInput("unknown-days", f"there are no '{kind}' days", hint=hint)


def _ranges(years: Iterable[int]) -> str:
    """Write years in order as runs.

    >>> _ranges([2001, 2002, 2003, 2005])
    '2001 to 2003, 2005'
    """
    runs = [[year for _, year in run] for _, run in groupby(enumerate(years), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _years(days: Micros) -> Micros:
    return days.view("M8[D]").astype("M8[Y]").astype(np.int64) + 1970


@lru_cache(maxsize=4096)
def _year(calendar: Calendar, year: int) -> Bools:
    days = working_year(calendar.name, year)
    if calendar.own is None:
        return days
    days, first = days.copy(), first_day(year)
    for number, works, _ in calendar.own.days:
        if 0 <= number - first < len(days):
            days[number - first] = works
    return days


@lru_cache(maxsize=64)
def _disagreements(calendar: Calendar) -> tuple[Disagreement, ...]:
    """Those of the packages, but for days that the city has decided; and what the city has otherwise."""
    packages = {each.day: each for each in disagreements_of(calendar.name)}
    known = set(known_years(calendar.name))
    checked = checked_by(calendar.name)
    for number, works, source in () if calendar.own is None else calendar.own.days:
        day = date(1970, 1, 1) + timedelta(days=number)
        if day.year not in known:
            continue
        other = bool(working_year(calendar.name, day.year)[number - first_day(day.year)])
        split = packages.get(day)
        says = (
            split.sources
            if split
            else (("holidays", other), *_also(checked, day.year, calendar, works=other))
        )
        packages.pop(day, None)
        if any(theirs != works for _, theirs in says):
            packages[day] = Disagreement(day, ((source, works), *says))
    return tuple(packages[day] for day in sorted(packages))


def _also(checked: str | None, year: int, calendar: Calendar, *, works: bool) -> tuple[tuple[str, bool], ...]:
    """Return what the checking package has of a day of a year, which is not among those it has otherwise."""
    ends = checked_years(calendar.name)
    if checked is None or ends is None or not ends[0] <= year <= ends[1]:
        return ()
    return ((checked.split()[0], works),)
