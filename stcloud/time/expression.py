"""One written time: ISO 8601 text to a span, or to its first instant.

=====================  ==============================================
written                span
=====================  ==============================================
``2024``               the year
``2024-Q1``            the quarter
``2024-03``            the month
``2024-W12``           the ISO week, from Monday
``2024-03-05``         the day
``2024-03-05T07``      the hour (``T`` or one space)
``2024-03-05T07:30``   the minute
``…T07:30:15``         the second
``…T07:30:15.25``      the microsecond
``A/B``                from the start of A to the start of B
``A/..``, ``../B``     from the start of A on; all before B
=====================  ==============================================

Times of day may carry ``Z`` or an offset such as ``-05:00``; all else is on the wall clock of the zone.

``datetime.fromisoformat`` is not used: it knows no years, months and quarters, reads ``20240305``, any letter
for ``T`` and a comma in fractions, and cuts the seventh digit of a fraction without a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.time.micros import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from stcloud.time.span import Span

if TYPE_CHECKING:
    from stcloud.time.zone import Zone

__all__ = ["parse_instant", "parse_when", "read_instant", "read_when"]

_MOMENT = re.compile(
    r"""(?P<year>\d{4}) (?: -Q(?P<quarter>[1-4])
                          | -W(?P<week>\d\d)
                          | -(?P<month>\d\d)
                            (?: -(?P<day>\d\d)
                                (?: [T\ ](?P<hour>\d\d)
                                    (?: :(?P<minute>\d\d)
                                        (?: :(?P<second>\d\d) (?: \.(?P<fraction>\d{1,6}) )? )? )?
                                    (?P<offset> Z | [+-]\d\d:\d\d(?: :\d\d )? )?
                                )?
                            )?
                        )?""",
    re.ASCII | re.VERBOSE,
)
_SLASHED = re.compile(r"(\d{1,4})/(\d{1,2})/(\d{1,4})", re.ASCII)

# From the finest unit to the coarsest; below a day a unit has a length, above it the calendar decides.
_LENGTHS_US = {"fraction": 1, "second": SECOND_US, "minute": MINUTE_US, "hour": HOUR_US}
_CALENDAR_UNITS = ("day", "week", "quarter", "month", "year")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock has no zone

_FORMS = (
    "write ISO 8601: 2024, 2024-Q1, 2024-03, 2024-W12, 2024-03-05, 2024-03-05T07:30, "
    "the same with Z or -05:00, or an interval A/B, A/.., ../B"
)


def parse_when(text: str, zone: Zone) -> Span:
    """Read the span that a text means, on the wall clock of a zone.

    Parameters
    ----------
    text
        A year, quarter, month, ISO week, day or instant (then the smallest unit written), or an interval.
    zone
        The city's zone; used where no offset is written.

    Returns
    -------
    A half-open span.

    Raises
    ------
    InvalidInput
        ``unreadable-time``: another notation, a date that does not exist, an end that is not after its start.

    Notes
    -----
    A wall-clock time that is repeated is the earlier instant, one that is skipped moves forward by the gap;
    ``read_when`` says so. A day, week or longer starts with the first instant its wall clock shows.

    Examples
    --------
    >>> from stcloud.time import Zone
    >>> zone = Zone("America/New_York")
    >>> parse_when("2024-03", zone).text(zone)
    '2024-03-01T00:00-05:00/2024-04-01T00:00-04:00'
    >>> parse_when("2024-03-05T07:30/..", zone).text(zone)
    '2024-03-05T07:30-05:00/..'
    """
    return read_when(text, zone)[0]


def parse_instant(text: str, zone: Zone) -> int:
    """Read an instant as UTC microseconds; of a day, month, week, quarter or year its first one.

    Parameters
    ----------
    text
        As for ``parse_when``, but not an interval.
    zone
        The city's zone; used where no offset is written.

    Raises
    ------
    InvalidInput
        ``unreadable-time``.

    Examples
    --------
    >>> from stcloud.time import Zone
    >>> parse_instant("1970-01-02", Zone("UTC"))
    86400000000
    """
    return read_instant(text, zone)[0]


def read_instant(text: str, zone: Zone) -> tuple[int, tuple[str, ...]]:
    """Read as ``parse_instant`` does, and say in words which wall-clock time was adjusted."""
    moment = _Moment.read(text, zone)
    return moment.start_us, moment.notes


def read_when(text: str, zone: Zone) -> tuple[Span, tuple[str, ...]]:
    """Read as ``parse_when`` does, and say in words which wall-clock times were adjusted.

    Examples
    --------
    >>> from stcloud.time import Zone
    >>> read_when("2024-03-10T02:30", Zone("America/New_York"))[1]
    ('2024-03-10T02:30 is skipped in America/New_York: read as 2024-03-10T03:30-04:00',)
    """
    sides = text.split("/")
    if len(sides) > 2:
        raise _unreadable(text)
    if len(sides) == 1:
        moment = _Moment.read(text, zone)
        return _span(moment.start_us, moment.end_us(zone), f"{text} did not happen in {zone}"), moment.notes
    moments = [None if side.strip() == ".." else _Moment.read(side, zone) for side in sides]
    start_us, end_us = (None if moment is None else moment.start_us for moment in moments)
    notes = tuple(note for moment in moments if moment for note in moment.notes)
    return _span(start_us, end_us, f"{text} ends where it starts, or before"), notes


@dataclass(frozen=True, slots=True)
class _Moment:
    """A written date or time: its first instant, and what it takes to find the last."""

    unit: str
    local: datetime
    start_us: int
    notes: tuple[str, ...]

    @classmethod
    def read(cls, text: str, zone: Zone) -> _Moment:
        match = _MOMENT.fullmatch(text.strip().upper())
        if match is None:
            raise _unreadable(text)
        written = {name: digits for name, digits in match.groupdict().items() if digits is not None}
        offset = written.pop("offset", None)
        unit = next(name for name in (*_LENGTHS_US, *_CALENDAR_UNITS) if name in written)
        try:
            local = _wall_clock(written)
            offset_us = None if offset is None else _offset_us(offset)
        except ValueError as fault:
            raise InvalidInput("unreadable-time", f"there is no {text.strip()}: {fault}") from fault
        if offset_us is not None:
            return cls(unit, local, _local_us(local) - offset_us, ())
        start_us, adjusted = zone.instant(_local_us(local))
        noted = adjusted and unit in _LENGTHS_US
        return cls(unit, local, start_us, (_note(text.strip(), start_us, local, zone),) if noted else ())

    def end_us(self, zone: Zone) -> int:
        """Return the first instant after the moment."""
        if self.unit in _LENGTHS_US:
            return self.start_us + _LENGTHS_US[self.unit]
        return zone.instant(_next_local_us(self.unit, self.local))[0]


def _wall_clock(written: dict[str, str]) -> datetime:
    """Return the wall-clock start of what was written; a ValueError says what does not exist."""
    number = {name: int(digits) for name, digits in written.items()}
    if "week" in number:
        monday = date.fromisocalendar(number["year"], number["week"], 1)
        return datetime(monday.year, monday.month, monday.day)  # noqa: DTZ001 - a wall clock
    month = number.get("month", number.get("quarter", 1) * 3 - 2)
    return datetime(  # noqa: DTZ001 - a wall clock
        number["year"],
        month,
        number.get("day", 1),
        number.get("hour", 0),
        number.get("minute", 0),
        number.get("second", 0),
        int(written.get("fraction", "0").ljust(6, "0")),
    )


def _next_local_us(unit: str, local: datetime) -> int:
    """Return the wall-clock microseconds of the start of the next day, week, month, quarter or year."""
    if unit in ("day", "week"):
        return _local_us(local) + DAY_US * (7 if unit == "week" else 1)
    months = local.year * 12 + local.month - 1 + {"month": 1, "quarter": 3, "year": 12}[unit]
    if months == 10_000 * 12:  # one past the last month that `datetime` can hold
        return _local_us(datetime(9999, 12, 31)) + DAY_US  # noqa: DTZ001 - a wall clock
    return _local_us(datetime(months // 12, months % 12 + 1, 1))  # noqa: DTZ001 - a wall clock


def _local_us(local: datetime) -> int:
    return (local - _EPOCH) // timedelta(microseconds=1)


def _offset_us(text: str) -> int:
    if text == "Z":
        return 0
    hours, minutes, seconds = (int(part) for part in f"{text[1:]}:00".split(":")[:3])
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(f"the offset {text} is not below a day")
    return (hours * HOUR_US + minutes * MINUTE_US + seconds * SECOND_US) * (-1 if text[0] == "-" else 1)


def _note(text: str, start_us: int, local: datetime, zone: Zone) -> str:
    read_as = zone.iso(start_us)
    if zone.to_local(np.array([start_us], dtype=np.int64))[0] == _local_us(local):
        return f"{text} is repeated in {zone}: the earlier instant, {read_as}, is meant"
    return f"{text} is skipped in {zone}: read as {read_as}"


def _span(start_us: int | None, end_us: int | None, fault: str) -> Span:
    if start_us is not None and end_us is not None and start_us >= end_us:
        raise InvalidInput(
            "unreadable-time", fault, hint="the end is outside an interval, and after its start"
        )
    return Span(start_us, end_us)


def _unreadable(text: str) -> InvalidInput:
    message = f"cannot read {text!r} as a time"
    if (match := _SLASHED.fullmatch(text.strip())) is None:
        return InvalidInput("unreadable-time", message, hint=_FORMS)
    first, second, third = match.groups()
    if len(first) == 4:
        return InvalidInput("unreadable-time", message, hint=f"write {first}-{second:0>2}-{third:0>2}")
    year = third if len(third) == 4 else f"20{third:0>2}"
    both = f"{year}-{first:0>2}-{second:0>2} or {year}-{second:0>2}-{first:0>2}"
    return InvalidInput("unreadable-time", message, hint=f"write the one that is meant: {both}")
