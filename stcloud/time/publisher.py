"""Who has published the days of a calendar: the packages and the city, year by year and day by day.

Tested by `tests/time/test_publisher.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from stcloud.time.holiday import checked_by, checked_years, first_day, known_years

if TYPE_CHECKING:
    from stcloud.time.holiday import Disagreement
    from stcloud.time.workday import Calendar

__all__ = ["CITY", "PublishedDay", "published_days", "publishers_of"]

CITY = "city"
"""What the city is called among those that publish."""
_PACKAGE = "holidays"


@dataclass(frozen=True, slots=True)
class PublishedDay:
    """A day that is worked or free, who says so, and who says otherwise.

    Attributes
    ----------
    day
        The day.
    works
        Whether it is a working day.
    source
        Who is followed: a package, or the source that the city gives.
    others
        ``(source, is it a working day?)`` of those that have it differently.
    """

    day: date
    works: bool
    source: str
    others: tuple[tuple[str, bool], ...] = ()


def publishers_of(calendar: Calendar) -> dict[str, tuple[int, ...]]:
    """Return the years that each source has published, in order: packages, then the city.

    Examples
    --------
    >>> from stcloud.time import Calendar, CityDays
    >>> sorted(publishers_of(Calendar("CN", CityDays.of([], years=[2030]))))
    ['chinesecalendar', 'city', 'holidays']
    """
    years = {_PACKAGE: known_years(calendar.name)}
    checked, checker = checked_years(calendar.name), checked_by(calendar.name)
    if checked is not None and checker is not None:
        years[checker.split()[0]] = tuple(range(checked[0], checked[1] + 1))
    return years if calendar.own is None else {**years, CITY: calendar.own.years}


def published_days(calendar: Calendar, year: int | None = None) -> list[PublishedDay]:
    """Return the days that the city has published and those that sources have differently, in order.

    Parameters
    ----------
    calendar
        The calendar.
    year
        Only days of this year, and with them all that are not what their day of the week is for the most part, by
        what is expected where the year is not known; None: all years.
    """
    own = (
        {}
        if calendar.own is None
        else {number: (works, source) for number, works, source in calendar.own.days}
    )
    splits = {(each.day - date(1970, 1, 1)).days: each for each in calendar.disagreements}
    numbers = own.keys() | splits.keys()
    if year is not None:
        numbers = {number for number in numbers if _day(number).year == year} | _unusual(calendar, year)
    works = calendar.expected(np.array(sorted(numbers), dtype=np.int64)).tolist()
    return [
        _published(number, working, own.get(number, (working, _PACKAGE))[1], splits.get(number))
        for number, working in zip(sorted(numbers), works, strict=True)
    ]


def _published(number: int, works: bool, source: str, split: Disagreement | None) -> PublishedDay:  # noqa: FBT001
    others = () if split is None else tuple(each for each in split.sources if each[1] != works)
    return PublishedDay(_day(number), works, source, others)


def _unusual(calendar: Calendar, year: int) -> set[int]:
    """Return the days of a year that are not what their day of the week is on most weeks of it."""
    days = np.arange(first_day(year), first_day(year + 1))
    works, weekday = calendar.expected(days), (days + 3) % 7
    often = np.bincount(weekday, works * 2.0 - 1.0, minlength=7) > 0
    return set(days[works != often[weekday]].tolist())


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
