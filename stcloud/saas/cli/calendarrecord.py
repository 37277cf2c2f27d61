"""A city's calendar as programs read it: who has published which years, and which days are working days.

Tested by `tests/saas/cli/test_calendar.py` and `tests/saas/web/test_reference.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stcloud.errors import InvalidInput

if TYPE_CHECKING:
    from datetime import date

    from stcloud.city import City
    from stcloud.time.publisher import PublishedDay

__all__ = ["calendar_record", "day_records"]

_WORDS = {True: "working", False: "free"}
_MOST_DAYS = 1_100


def calendar_record(city: City, known_at: str | None = None, year: int | None = None) -> dict[str, Any]:
    """Return who has published which years, and the days that are not what their day of the week is."""
    from stcloud.time.publisher import published_days, publishers_of  # noqa: PLC0415  (slow to import)

    known, shown = city.calendar.known_at(known_at), city.calendar.calendar(known_at)
    zone = city.configuration.zone
    return {
        "calendar": shown.name,
        "rules": shown.rules,
        "recorded": None if known.recorded_us is None else zone.iso(known.recorded_us),
        "published": {name: _runs(years) for name, years in publishers_of(shown).items()},
        "published_to": shown.published_to,
        "provisional": None if year is None else year not in shown.published_years,
        "year": year,
        "days": [_day_record(day) for day in published_days(shown, year)],
    }


def _day_record(day: PublishedDay) -> dict[str, Any]:
    return {
        "day": day.day, "weekday": f"{day.day:%a}".lower(), "is": _WORDS[day.works], "source": day.source,
        "otherwise": [{"source": name, "is": _WORDS[works]} for name, works in day.others],
    }  # fmt: skip


def day_records(city: City, first: date, last: date, known_at: str | None = None) -> list[dict[str, Any]]:
    """Return the days of a closed span, each with whether people work on it, and whether that is published.

    Raises
    ------
    InvalidInput
        ``bad-span``: its end is before its start, or it has more than 1,100 days; ``calendar-needed``.
    """
    days = np.arange(np.datetime64(first), np.datetime64(last) + np.timedelta64(1, "D"))
    if not 0 < len(days) <= _MOST_DAYS:
        raise InvalidInput(
            "bad-span", f"{first} to {last} are {len(days):,} days: a span has 1 to {_MOST_DAYS:,}",
            hint="ask for a shorter one",
        )  # fmt: skip
    shown = city.calendar.calendar(known_at)
    published = set(shown.published_years)
    works = shown.expected(days.astype(np.int64)).tolist()
    return [
        {"day": day, "is": _WORDS[working], "provisional": day.year not in published}
        for day, working in zip(days.tolist(), works, strict=True)
    ]


def _runs(years: tuple[int, ...]) -> list[str]:
    """Write years in order as runs.

    >>> _runs((2001, 2002, 2003, 2005))
    ['2001 to 2003', '2005']
    """
    runs: list[list[int]] = []
    for year in years:
        if runs and runs[-1][-1] + 1 == year:
            runs[-1].append(year)
        else:
            runs.append([year])
    return [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
