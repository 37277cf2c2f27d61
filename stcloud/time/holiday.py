"""Holidays and make-up days as packages publish them: `holidays`, and for China `chinesecalendar` to check it.

Nothing is listed here; the packages are imported when they are first needed. Tested by `tests/time/test_workday.py`
and `tests/time/test_workday_published.py`.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import InvalidInput, nearest
from stcloud.time.micros import Bools

if TYPE_CHECKING:
    from holidays import HolidayBase

__all__ = [
    "Disagreement",
    "checked_by",
    "checked_years",
    "disagreements_of",
    "first_day",
    "holidays_of",
    "known_years",
    "subdivisions",
    "working_year",
]

_CODE = re.compile(r"([A-Z]{2})(?:-(.+))?")
_STOPPED_YEARS = 3
_WORDS = {True: "working", False: "free"}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A day that sources have differently; the first of them is followed.

    Parameters
    ----------
    day
        The day.
    sources
        ``(name of the source, is it a working day?)``, the one that is followed first.

    Examples
    --------
    >>> print(Disagreement(date(2005, 12, 31), (("holidays", True), ("chinesecalendar", False))))
    2005-12-31: working by holidays, free by chinesecalendar
    """

    day: date
    sources: tuple[tuple[str, bool], ...]

    def __str__(self) -> str:
        return f"{self.day}: " + ", ".join(f"{_WORDS[works]} by {name}" for name, works in self.sources)


@lru_cache(maxsize=64)
def holidays_of(name: str) -> HolidayBase:
    """Holidays of all years of a calendar; names in English, whatever the machine's language.

    Raises
    ------
    InvalidInput
        ``unknown-calendar``.
    """
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
def known_years(name: str) -> tuple[int, ...]:
    """Years whose working days the package `holidays` knows for certain, in order."""
    days = holidays_of(name)
    labels = [getattr(days, label, None) for label in ("estimated_label", "observed_estimated_label")]
    suffixes = [days.tr(label) % "" for label in labels if label]
    estimated = {day.year for day, name in days.items() if any(suffix in name for suffix in suffixes)}
    first, last = _moved(name) or (days.start_year, days.end_year)
    return tuple(year for year in range(first, last + 1) if year not in estimated)


def _moved(name: str) -> tuple[int, int] | None:
    """First and last year of known moves of working days, if there are any; open at the end where moving is over."""
    days = holidays_of(name)
    years = sorted({day.year for day in days.weekend_workdays})
    if not years:
        return None
    newest = max(day.year for day in holidays_of("CN").weekend_workdays)
    return years[0], days.end_year if years[-1] < newest - _STOPPED_YEARS else years[-1]


@lru_cache(maxsize=4096)
def working_year(name: str, year: int) -> Bools:
    """Tell for each day of a year whether it is a working day, as far as `holidays` knows it.

    Returns
    -------
    ``(365,)`` or ``(366,)`` bool; of a year that is not known by weekdays and by the holidays whose dates are fixed.
    """
    days, first = holidays_of(name), date(year, 1, 1)
    length = (date(year, 12, 31) - first).days + 1
    return np.array([days.is_working_day(first + timedelta(days=at)) for at in range(length)], dtype=np.bool_)


def first_day(year: int) -> int:
    """Return the first day of a year as days since 1970-01-01.

    >>> first_day(1971)
    365
    """
    return int(np.datetime64(year - 1970, "Y").astype("M8[D]").astype(np.int64))


def checked_by(name: str) -> str | None:
    """Return the name and version of the package that checks a calendar, or None.

    >>> checked_by("DE") is None
    True
    """
    if name.partition("-")[0] != "CN":
        return None
    from importlib.metadata import version  # noqa: PLC0415

    return f"chinesecalendar {version('chinesecalendar')}"


@lru_cache(maxsize=64)
def checked_years(name: str) -> tuple[int, int] | None:
    """First and last year that the package which checks a calendar has published; None where none checks it."""
    if checked_by(name) is None:
        return None
    from chinese_calendar.constants import holidays as published  # noqa: PLC0415

    return min(published).year, max(published).year


@lru_cache(maxsize=64)
def disagreements_of(name: str) -> tuple[Disagreement, ...]:
    """Days that two packages have differently, of the years that both have published, in order."""
    if (ends := checked_years(name)) is None:
        return ()
    import chinese_calendar  # noqa: PLC0415

    pairs = []
    for year in (year for year in known_years(name) if ends[0] <= year <= ends[1]):
        for at, works in enumerate(working_year(name, year).tolist()):
            day = date(year, 1, 1) + timedelta(days=at)
            if works != chinese_calendar.is_workday(day):
                pairs.append((day, works))
    return tuple(
        Disagreement(day, (("holidays", works), ("chinesecalendar", not works))) for day, works in pairs
    )


def subdivisions(country: str) -> list[str]:
    """Return the codes of the subdivisions of a country that have a calendar of their own."""
    import holidays  # noqa: PLC0415

    return holidays.list_supported_countries(include_aliases=False).get(country, [])


def _unknown(name: str) -> InvalidInput:
    from holidays.registry import COUNTRIES  # noqa: PLC0415

    country, _, part = name.partition("-")
    names = {spelling: entity[1] for known, entity in COUNTRIES.items() for spelling in (known, *entity[1:])}
    near = [f"{country}-{near_name}" for near_name in nearest(part, subdivisions(country))]
    near += [names[near_name] for near_name in nearest(country, names)]
    hint = f"did you mean '{near[0]}'?" if near else "use ISO 3166 codes, such as CN, US or US-NY"
    return InvalidInput("unknown-calendar", f"no calendar '{name}'", hint=hint)
