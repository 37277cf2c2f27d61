"""Relative spans: ``last 7 days`` and the like, seen from a stated instant, on the wall clock of a zone.

===================================  ====================================================================
written                              span
===================================  ====================================================================
``today``, ``yesterday``             the day of now; the day before
``this UNIT``                        the whole day, week, month, quarter or year that now is in
``last UNIT``, ``previous UNIT``     the whole one before
``previous N UNITs``                 the N whole ones before; what now is in is not part of it
``last N UNITs``                     ends now, and starts at the same wall-clock time N units earlier
===================================  ====================================================================

``UNIT`` is ``day``, ``week`` (from Monday), ``month``, ``quarter`` or ``year``; after ``last N`` also ``minute``
and ``hour``, which have a length of their own: 24 hours are 24 hours, whatever the clock does meanwhile. All are
half-open: now itself is outside ``last N UNITs``. Where a month has no such day, it is its last one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.time.bin import Bin
from stcloud.time.micros import DAY_US, HOUR_US, MINUTE_US
from stcloud.time.shift import EARLIEST_LOCAL_US, months_before
from stcloud.time.span import Span

if TYPE_CHECKING:
    from stcloud.time.zone import Zone

__all__ = ["is_relative", "read_relative"]

_RELATIVE = re.compile(r"(this|last|previous)(?: (\d{1,9}))? (minute|hour|day|week|month|quarter|year)s?")
_WORDS = {
    "today", "yesterday", "tomorrow", "now", "this", "last", "previous", "past", "current", "next",
}  # fmt: skip
_DAYS = {"today": "this day", "yesterday": "last day"}
_LENGTHS_US = {"minute": MINUTE_US, "hour": HOUR_US, "day": DAY_US, "week": 7 * DAY_US}
_ELAPSED = {"minute", "hour"}
_MONTH_COUNTS = {"month": 1, "quarter": 3, "year": 12}


def is_relative(text: str) -> bool:
    """Tell whether a text begins as a relative span does: its meaning needs to know what time it is.

    >>> is_relative("last 7 days"), is_relative("2024-03")
    (True, False)
    """
    return text.strip().lower().partition(" ")[0] in _WORDS


def read_relative(text: str, now_us: int, zone: Zone) -> Span:
    """Read the span that a text means at an instant.

    Parameters
    ----------
    text
        By the table of this module, in upper or lower case.
    now_us
        What time it is: UTC microseconds.
    zone
        The zone on whose wall clock days begin.

    Returns
    -------
    A half-open span.

    Raises
    ------
    InvalidInput
        ``unreadable-time``, ``time-out-of-range``.

    Examples
    --------
    >>> from stcloud.time import Zone, parse_instant
    >>> zone = Zone("America/New_York")
    >>> now = parse_instant("2024-03-12T09:30", zone)
    >>> read_relative("last 7 days", now, zone).text(zone)
    '2024-03-05T09:30-05:00/2024-03-12T09:30-04:00'
    >>> read_relative("previous 7 days", now, zone).text(zone)
    '2024-03-05T00:00-05:00/2024-03-12T00:00-04:00'
    >>> read_relative("last month", now, zone).text(zone)
    '2024-02-01T00:00-05:00/2024-03-01T00:00-05:00'
    """
    plain = " ".join(text.lower().split())
    match = _RELATIVE.fullmatch(_DAYS.get(plain, plain))
    if match is None:
        raise _unreadable(text)
    which, digits, unit = match.groups()
    count = None if digits is None else int(digits)
    if count == 0 or (count is not None and which == "this"):
        raise _unreadable(text)
    if count is not None and which == "last":
        return Span(_back(text, now_us, count, unit, zone), now_us)
    if unit in _ELAPSED:
        raise _unreadable(text)
    return _whole(text, now_us, 0 if which == "this" else count or 1, unit, zone)


def _back(text: str, now_us: int, count: int, unit: str, zone: Zone) -> int:
    """Return the instant ``count`` units before now."""
    local_us = int(zone.to_local(np.array([now_us], dtype=np.int64))[0])
    if unit in _MONTH_COUNTS:
        return zone.instant(months_before(local_us, count * _MONTH_COUNTS[unit]))[0]
    length_us = count * _LENGTHS_US[unit]
    if local_us - length_us < EARLIEST_LOCAL_US:
        raise InvalidInput("time-out-of-range", f"{text!r} starts before the year 1")
    return now_us - length_us if unit in _ELAPSED else zone.instant(local_us - length_us)[0]


def _whole(text: str, now_us: int, count: int, unit: str, zone: Zone) -> Span:
    """Return ``count`` whole units before the one that now is in; none: that one."""
    bin_ = Bin(unit)
    number = int(bin_.numbers(np.array([now_us], dtype=np.int64), zone)[0])
    start_us, end_us = bin_.start(number - count, zone), bin_.start(number if count else number + 1, zone)
    if start_us == end_us:
        raise InvalidInput(
            "unreadable-time", f"{text!r} did not happen in {zone} at {zone.iso(now_us)}", hint="name a day"
        )
    return Span(start_us, end_us)


def _unreadable(text: str) -> InvalidInput:
    return InvalidInput(
        "unreadable-time",
        f"cannot read {text!r} as a relative time",
        hint="write today, yesterday, this month, last week, last 7 days, last 24 hours or previous 3 months",
    )
