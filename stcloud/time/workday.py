"""Working days by country: weekends, public holidays, and the weekends that are worked to make up for them.

The package `holidays` knows them, with subdivisions; nothing is listed here. It is imported when it is first needed.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import InvalidInput, nearest
from stcloud.time.micros import DAY_US, Bools, Micros

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holidays import HolidayBase

__all__ = ["Calendar", "Days", "Rule"]

KINDS = ("working", "free")

_CODE = re.compile(r"([A-Z]{2})(?:-(.+))?")
_EPOCH = date(1970, 1, 1)
_STOPPED_YEARS = 3


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days on which people work in a country, or in a subdivision of one.

    Parameters
    ----------
    name
        ISO 3166 codes: ``CN``, ``US``, ``US-NY``, ``DE-BY``.

    Raises
    ------
    InvalidInput
        ``unknown-calendar``, proposing the nearest codes.

    Notes
    -----
    Only what was decreed counts. Refused are years with a holiday that the package only estimates (by the
    moon), and, where working days are moved by decree each year (as in China), years before the first and
    after the last whose moves the package knows. Where none has been moved for more than three years before
    China's last known one, as in Bulgaria, moving is over, and years after the last move count.

    Examples
    --------
    >>> Calendar.parse("us-ny")
    Calendar(name='US-NY')
    >>> sunday = np.array([np.datetime64("2024-02-04")]).astype(np.int64)
    >>> Calendar("CN").working(sunday), Calendar("US").working(sunday)
    (array([ True]), array([False]))
    """

    name: str

    def __post_init__(self) -> None:
        _days(self.name)

    def __str__(self) -> str:
        return self.name

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
        folded = {name.casefold(): name for name in _subdivisions(country)}
        return cls(country + dash + folded.get(part.casefold(), part))

    @property
    def rules(self) -> str:
        """Version of the rules: that of the package they come from."""
        import holidays  # noqa: PLC0415  (0.1 s to import, and few questions need it)

        return f"holidays {holidays.__version__}"  # type: ignore[attr-defined]

    @property
    def years(self) -> tuple[int, ...]:
        """Years whose working days are known, in order."""
        return _years(self.name)

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
        years = days.view("M8[D]").astype("M8[Y]").astype(np.int64) + 1970
        distinct = np.unique(years)
        self.require(distinct.tolist())
        working = np.zeros(days.shape, dtype=np.bool_)
        for year in distinct.tolist():
            mine = years == year
            working[mine] = _year(self.name, year)[days[mine] - _first_day(year)]
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
                hint="ask for known years, or upgrade the package holidays",
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


@lru_cache(maxsize=64)
def _days(name: str) -> HolidayBase:
    """Holidays of all years of a calendar; names in English, whatever the machine's language."""
    import holidays  # noqa: PLC0415  (0.1 s to import, and few questions need it)

    if (match := _CODE.fullmatch(name)) is None:
        raise _unknown(name)
    country, part = match.groups()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of India's years that it does not know, which it estimates too
            known = holidays.country_holidays(country, subdiv=part)
            years = range(known.start_year, known.end_year + 1)
            return holidays.country_holidays(
                country, subdiv=part, years=years, expand=False, language="en_US"
            )
    except NotImplementedError:
        raise _unknown(name) from None


@lru_cache(maxsize=64)
def _years(name: str) -> tuple[int, ...]:
    days = _days(name)
    labels = [getattr(days, label, None) for label in ("estimated_label", "observed_estimated_label")]
    suffixes = [days.tr(label) % "" for label in labels if label]
    estimated = {day.year for day, name in days.items() if any(suffix in name for suffix in suffixes)}
    first, last = _moved(name) or (days.start_year, days.end_year)
    return tuple(year for year in range(first, last + 1) if year not in estimated)


def _moved(name: str) -> tuple[int, int] | None:
    """First and last year of known moves of working days, if there are any; open at the end where moving is over."""
    days = _days(name)
    years = sorted({day.year for day in days.weekend_workdays})
    if not years:
        return None
    newest = max(day.year for day in _days("CN").weekend_workdays)
    return years[0], days.end_year if years[-1] < newest - _STOPPED_YEARS else years[-1]


@lru_cache(maxsize=4096)
def _year(name: str, year: int) -> Bools:
    days, first = _days(name), date(year, 1, 1)
    length = _first_day(year + 1) - _first_day(year)
    return np.array([days.is_working_day(first + timedelta(days=at)) for at in range(length)], dtype=np.bool_)


def _first_day(year: int) -> int:
    return (date(year, 1, 1) - _EPOCH).days


def _ranges(years: Iterable[int]) -> str:
    """Write years in order as runs.

    >>> _ranges([2001, 2002, 2003, 2005])
    '2001 to 2003, 2005'
    """
    runs = [[year for _, year in run] for _, run in groupby(enumerate(years), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _subdivisions(country: str) -> list[str]:
    import holidays  # noqa: PLC0415

    return holidays.list_supported_countries(include_aliases=False).get(country, [])


def _unknown(name: str) -> InvalidInput:
    from holidays.registry import COUNTRIES  # noqa: PLC0415

    country, _, part = name.partition("-")
    names = {spelling: entity[1] for known, entity in COUNTRIES.items() for spelling in (known, *entity[1:])}
    near = [f"{country}-{near_name}" for near_name in nearest(part, _subdivisions(country))]
    near += [names[near_name] for near_name in nearest(country, names)]
    hint = f"did you mean '{near[0]}'?" if near else "use ISO 3166 codes, such as CN, US or US-NY"
    return InvalidInput("unknown-calendar", f"no calendar '{name}'", hint=hint)
