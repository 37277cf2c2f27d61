"""What comes again: days of the week and hours of the day, as the city's wall clock shows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.time.micros import DAY_US, MINUTE_US, Bools, Micros

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Hours",
    "Weekdays",
    "cycle_range",
    "hours_text",
    "in_hours",
    "on_weekdays",
    "parse_hours",
    "parse_weekdays",
    "weekdays_text",
]

Weekdays: TypeAlias = frozenset[int]
Hours: TypeAlias = tuple[tuple[int, int], ...]

NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60

_NUMBERS = {name: number for number, name in enumerate(NAMES, start=1)}
_RANGE = re.compile(r"([0-9]{2}):([0-9]{2})\s*-\s*([0-9]{2}):([0-9]{2})")


def parse_weekdays(weekdays: str | Iterable[int]) -> Weekdays:
    """Read days of the week as numbers, Monday 1 to Sunday 7.

    Parameters
    ----------
    weekdays
        Three-letter English names, alone (``sat,sun``) or as ranges, both ends inside (``mon-fri``); a range
        may run over the end of the week (``fri-mon``). Or the numbers themselves.

    Raises
    ------
    InvalidInput
        ``unreadable-weekdays``.

    Examples
    --------
    >>> sorted(parse_weekdays("fri-mon, wed"))
    [1, 3, 5, 6, 7]
    """
    if isinstance(weekdays, str):
        days = frozenset(day for part in weekdays.split(",") for day in _weekday_range(part, weekdays))
    else:
        days = frozenset(weekdays)
    if not days or not days <= set(_NUMBERS.values()):
        raise _unreadable_weekdays(weekdays)
    return days


def _weekday_range(part: str, whole: str) -> list[int]:
    ends = [_NUMBERS.get(name.strip().lower()) for name in part.split("-")]
    first, last = ends[0], ends[-1]
    if first is None or last is None or len(ends) > 2:
        raise _unreadable_weekdays(whole)
    return cycle_range(first, last, 7)


def cycle_range(first: int, last: int, size: int) -> list[int]:
    """Return the numbers from ``first`` to ``last``, both inside, of a cycle that begins again with 1 after ``size``.

    >>> cycle_range(11, 2, 12)
    [11, 12, 1, 2]
    """
    return [(first - 1 + step) % size + 1 for step in range((last - first) % size + 1)]


def _unreadable_weekdays(weekdays: object) -> InvalidInput:
    return InvalidInput(
        "unreadable-weekdays",
        f"cannot read {weekdays!r} as days of the week",
        hint="write mon-fri, sat,sun, fri-mon, or numbers from 1 (Monday) to 7",
    )


def weekdays_text(days: Weekdays) -> str:
    """Names of the days in order from Monday, such as ``mon,tue``."""
    return ",".join(NAMES[day - 1] for day in sorted(days))


def on_weekdays(local_us: Micros, days: Weekdays) -> Bools:
    """Tell for each wall-clock time (``(n,)`` int64 microseconds) whether its day is one of ``days``."""
    chosen = np.array([day in days for day in range(1, 8)])
    # 1970-01-01, day 0, was a Thursday: three days after a Monday.
    return np.asarray(chosen[(local_us // DAY_US + 3) % 7], dtype=np.bool_)


def parse_hours(hours: str) -> Hours:
    """Read parts of the day as half-open ranges of minutes since midnight, sorted, none touching the next.

    Parameters
    ----------
    hours
        ``HH:MM-HH:MM``, several with commas between. The end is outside and may be ``24:00``; a range
        that ends before it starts runs over midnight.

    Raises
    ------
    InvalidInput
        ``unreadable-hours``.

    Examples
    --------
    >>> parse_hours("07:00-10:00"), parse_hours("22:00-06:00")
    (((420, 600),), ((0, 360), (1320, 1440)))
    """
    parts = sorted(part for text in hours.split(",") for part in _hour_range(text, hours))
    merged = parts[:1]
    for start, end in parts[1:]:
        if start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _hour_range(text: str, whole: str) -> list[tuple[int, int]]:
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise _unreadable_hours(whole)
    start_hour, start_minute, end_hour, end_minute = (int(digits) for digits in match.groups())
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if max(start_minute, end_minute) > 59 or start >= DAY_MINUTES or end > DAY_MINUTES or start == end:
        raise _unreadable_hours(whole)
    if start < end:
        return [(start, end)]
    return [(start, DAY_MINUTES)] + ([(0, end)] if end else [])


def _unreadable_hours(hours: str) -> InvalidInput:
    return InvalidInput(
        "unreadable-hours",
        f"cannot read {hours!r} as hours of the day",
        hint="write 07:00-10:00, 22:00-06:00 over midnight, 18:00-24:00, several with commas between",
    )


def hours_text(hours: Hours) -> str:
    """Write hours as ``parse_hours`` reads them: ``parse_hours(hours_text(hours)) == hours``."""
    return ",".join("-".join(f"{at // 60:02}:{at % 60:02}" for at in part) for part in hours)


def in_hours(local_us: Micros, hours: Hours) -> Bools:
    """Tell for each wall-clock time (``(n,)`` int64 microseconds) whether its time of day is in ``hours``."""
    minute = local_us % DAY_US // MINUTE_US
    edges = np.array(hours, dtype=np.int64).ravel()
    return np.asarray(np.searchsorted(edges, minute, side="right") % 2 == 1, dtype=np.bool_)
