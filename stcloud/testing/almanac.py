"""A plain wall clock for the oracle: `zoneinfo` and `datetime`, one instant at a time.

It answers what `stcloud.time` answers, from the same rules and with none of its code: written and relative times
to instants and half-open spans, months, days and hours that come again, calendar bins and their labels. Of working
days it looks up in the package `holidays`, one day after another.

Tested by `tests/time/test_when.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import holidays

if TYPE_CHECKING:
    from stcloud.testing.question import Times

__all__ = [
    "BINS",
    "Span",
    "bin_of",
    "happens",
    "is_working_day",
    "read_instant",
    "read_span",
    "read_stamp",
    "to_utc",
]

Span = tuple[datetime | None, datetime | None]
"""``[start, end)`` in UTC; None is an open end."""

BINS = ("hour", "day", "week", "month", "quarter", "year", "weekday", "hour-of-day")
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SEASONS = {"winter": {12, 1, 2}, "spring": {3, 4, 5}, "summer": {6, 7, 8}, "autumn": {9, 10, 11}}
_MONTH_COUNTS = {"month": 1, "quarter": 3, "year": 12}
_COARSE = re.compile(r"(\d{4})(?:-Q([1-4])|-W(\d\d)|-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a wall-clock time: the earlier of two, or moved on by what was skipped.

    >>> to_utc(datetime(2024, 3, 10, 2, 30), ZoneInfo("America/New_York")).isoformat()
    '2024-03-10T07:30:00+00:00'
    """
    try:
        return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    except OverflowError:  # the first or last day that `datetime` knows
        return _FIRST if local.year == 1 else _LAST


def was_adjusted(local: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the wall clock showed this time twice, or never."""
    earlier, later = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return earlier != later


def read_stamp(text: str, formats: Iterable[str], zone: ZoneInfo) -> tuple[datetime, bool] | None:
    """Read a timestamp of a file: its instant and whether the clock's change moved it; None if no format fits."""
    for form in formats:
        moment = _iso(text.strip()) if form == "iso" else _strptime(text.strip(), form)
        if moment is None:
            continue
        if moment.tzinfo is not None:
            return moment.astimezone(UTC), False
        return to_utc(moment, zone), was_adjusted(moment, zone)
    return None


def _strptime(text: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007  (a wall clock has no zone)
    except ValueError:
        return None


def _iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    day, clock, fraction, offset = match.groups()
    micros = f".{(fraction or '0')[:6]:0<6}"
    try:
        return datetime.fromisoformat(f"{day}T{_seconds(clock)}{micros}{offset or ''}")
    except ValueError:
        return None


def _seconds(clock: str | None) -> str:
    return "00:00:00" if clock is None else clock if clock.count(":") == 2 else f"{clock}:00"


def read_instant(text: str, zone: ZoneInfo) -> datetime:
    """Return the first instant of a written year, quarter, month, week, day or time of day.

    >>> read_instant("2024-W12", ZoneInfo("America/New_York")).isoformat()
    '2024-03-18T04:00:00+00:00'
    """
    if _COARSE.fullmatch(text):
        return to_utc(_first_day(text), zone)
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else to_utc(moment, zone)


def read_span(text: str, zone: ZoneInfo, now: datetime | None = None) -> Span:
    """Return what a written time spans, or a relative one as of ``now``.

    >>> start, end = read_span("2024-03", ZoneInfo("America/New_York"))
    >>> (end - start) / timedelta(hours=1)
    743.0
    """
    if text[0].isalpha():
        assert now is not None
        return _relative(text.split(), now, zone)
    if "/" in text:
        start, end = (None if side == ".." else read_instant(side, zone) for side in text.split("/"))
        return start, end
    start = read_instant(text, zone)
    return start, _next_start(text, zone, start)


def _first_day(text: str) -> datetime:
    match = _COARSE.fullmatch(text)
    assert match is not None
    year, quarter, week, month, day = (None if part is None else int(part) for part in match.groups())
    assert year is not None
    if week is not None:
        monday = date.fromisocalendar(year, week, 1)
        return datetime(monday.year, monday.month, monday.day)  # noqa: DTZ001
    return datetime(year, quarter * 3 - 2 if quarter else month or 1, day or 1)  # noqa: DTZ001


def _next_start(text: str, zone: ZoneInfo, start: datetime) -> datetime | None:
    match = _COARSE.fullmatch(text)
    if match is None:
        return start + _length(text)
    first = _first_day(text)
    _, quarter, week, month, day = match.groups()
    try:
        if week or day:
            return to_utc(first + timedelta(days=7 if week else 1), zone)
        months = first.year * 12 + first.month - 1 + (3 if quarter else 1 if month else 12)
        return to_utc(datetime(months // 12, months % 12 + 1, 1), zone)  # noqa: DTZ001
    except (ValueError, OverflowError):  # the end of the year 9999
        return None


def _relative(words: list[str], now: datetime, zone: ZoneInfo) -> Span:
    """Return the span of ``today``, ``this month``, ``last 7 days``, ``previous 3 months``."""
    words = {"today": ["this", "day"], "yesterday": ["last", "day"]}.get(words[0], words)
    which, unit = words[0], words[-1].removesuffix("s")
    count = int(words[1]) if len(words) == 3 else None
    local = now.astimezone(zone).replace(tzinfo=None)
    if which == "last" and count is not None:
        if unit in ("minute", "hour"):
            return now - timedelta(**{f"{unit}s": count}), now
        return to_utc(_before(local, count, unit), zone), now
    first = _first_of(local, unit)
    if which == "this":
        return to_utc(first, zone), to_utc(_before(first, -1, unit), zone)
    return to_utc(_before(first, count or 1, unit), zone), to_utc(first, zone)


def _first_of(local: datetime, unit: str) -> datetime:
    """Go back day by day to the start of a unit."""
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    while (
        (unit == "week" and day.isoweekday() != 1)
        or (unit in _MONTH_COUNTS and day.day != 1)
        or (unit == "quarter" and day.month not in (1, 4, 7, 10))
        or (unit == "year" and day.month != 1)
    ):
        day -= timedelta(days=1)
    return day


def _before(local: datetime, count: int, unit: str) -> datetime:
    """Return the same time of day, units earlier; the last day of a month that has no such day."""
    if unit in ("day", "week"):
        return local - timedelta(**{f"{unit}s": count})
    months = local.year * 12 + local.month - 1 - count * _MONTH_COUNTS[unit]
    for day in range(local.day, 27, -1):
        try:
            return local.replace(year=months // 12, month=months % 12 + 1, day=day)
        except ValueError:
            continue
    return local.replace(year=months // 12, month=months % 12 + 1)


def _length(text: str) -> timedelta:
    """Length of the smallest unit that a time of day is written to."""
    clock = re.sub(r"(Z|[+-]\d\d:\d\d)$", "", text[11:])
    if "." in clock:
        return timedelta(microseconds=1)
    return (timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))[clock.count(":")]


def happens(at: datetime, spans: Iterable[Span], times: Times, zone: ZoneInfo) -> bool:
    """Tell whether an instant is in one of the spans, and in a month, on a day and at an hour that are wanted.

    Seasons are those of the north.
    """
    if not any((start is None or start <= at) and (end is None or at < end) for start, end in spans):
        return False
    local = at.astimezone(zone)
    if times.weekdays is not None and local.isoweekday() not in _cycle(times.weekdays, _DAYS):
        return False
    if times.months is not None and local.month not in _cycle(times.months, _MONTHS):
        return False
    seasons = [] if times.seasons is None else times.seasons.split(",")
    if seasons and not any(local.month in _SEASONS[season.strip()] for season in seasons):
        return False
    if times.days and (times.days == "working") != is_working_day(local.date(), times.calendar or ""):
        return False
    return times.hours is None or any(_in_hours(local, part.strip()) for part in times.hours.split(","))


def is_working_day(day: date, calendar: str) -> bool:
    """Tell whether people work on a day.

    >>> is_working_day(date(2024, 2, 4), "CN"), is_working_day(date(2024, 7, 4), "US-NY")
    (True, False)
    """
    return _holidays(calendar).is_working_day(day)


@cache
def _holidays(calendar: str) -> holidays.HolidayBase:
    country, _, part = calendar.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)


def _cycle(written: str | Iterable[int], names: tuple[str, ...]) -> set[int]:
    """Return the numbers of names and ranges of a cycle, such as days of the week."""
    if not isinstance(written, str):
        return set(written)
    numbers: set[int] = set()
    for part in written.split(","):
        at, last = (_number(name, names) for name in (part.split("-")[0], part.split("-")[-1]))
        numbers.add(at)
        while at != last:
            at = at % len(names) + 1
            numbers.add(at)
    return numbers


def _number(name: str, names: tuple[str, ...]) -> int:
    name = name.strip()
    return int(name) if name.isdigit() else names.index(name) + 1


def _in_hours(local: datetime, part: str) -> bool:
    """Compare as texts: ``07:00`` and what a clock shows, which is never ``24:00``."""
    start, end = part.split("-")
    shown = local.strftime("%H:%M")
    return start <= shown < end if start < end else shown >= start or shown < end


def bin_of(at: datetime, name: str, zone: ZoneInfo) -> tuple[tuple[object, ...], str | int]:
    """Return what to sort a bin by, and its label.

    The hours that a clock shows twice come in the order in which they passed: the greater offset first.

    >>> bin_of(datetime(2024, 11, 3, 6, 30, tzinfo=UTC), "hour", ZoneInfo("America/New_York"))[1]
    '2024-11-03T01:00-05:00'
    """
    local = at.astimezone(zone)
    if name == "weekday":
        return (local.isoweekday(),), local.isoweekday()
    if name == "hour-of-day":
        return (local.hour,), local.hour
    if name == "hour":
        start = local.replace(minute=0, second=0, microsecond=0)
        offset = local.utcoffset()
        assert offset is not None
        label = start.replace(tzinfo=None).isoformat(timespec="minutes") + _offset(offset)
        return (start.replace(tzinfo=None), -offset), label
    year, week, _ = local.isocalendar()
    label = {
        "day": local.date().isoformat(),
        "week": f"{year:04}-W{week:02}",
        "month": f"{local.year:04}-{local.month:02}",
        "quarter": f"{local.year:04}-Q{(local.month + 2) // 3}",
        "year": f"{local.year:04}",
    }[name]
    return (label,), label


def _offset(offset: timedelta) -> str:
    sign, size = ("-", -offset) if offset < timedelta(0) else ("+", offset)
    minutes, seconds = divmod(int(size.total_seconds()), 60)
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
