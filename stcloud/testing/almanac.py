"""A plain wall clock for the oracle: `zoneinfo` and `datetime`, one instant at a time.

It answers what `stcloud.time` answers, from the same rules and with none of its code: written times to
instants and half-open spans, days of the week and hours of the day, calendar bins and their labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["BINS", "Span", "bin_of", "happens", "read_instant", "read_span", "read_stamp", "to_utc"]

Span = tuple[datetime | None, datetime | None]
"""``[start, end)`` in UTC; None is an open end."""

BINS = ("hour", "day", "week", "month", "quarter", "year", "weekday", "hour-of-day")
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
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
    for one in formats:
        found = _iso(text.strip()) if one == "iso" else _strptime(text.strip(), one)
        if found is None:
            continue
        if found.tzinfo is not None:
            return found.astimezone(UTC), False
        return to_utc(found, zone), was_adjusted(found, zone)
    return None


def _strptime(text: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007  (a wall clock has no zone)
    except ValueError:
        return None


def _iso(text: str) -> datetime | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    day, clock, fraction, offset = found.groups()
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


def read_span(text: str, zone: ZoneInfo) -> Span:
    """Return what a written time spans.

    >>> start, end = read_span("2024-03", ZoneInfo("America/New_York"))
    >>> (end - start) / timedelta(hours=1)
    743.0
    """
    if "/" in text:
        start, end = (None if side == ".." else read_instant(side, zone) for side in text.split("/"))
        return start, end
    start = read_instant(text, zone)
    return start, _next_start(text, zone, start)


def _first_day(text: str) -> datetime:
    found = _COARSE.fullmatch(text)
    assert found is not None
    year, quarter, week, month, day = (None if part is None else int(part) for part in found.groups())
    assert year is not None
    if week is not None:
        monday = date.fromisocalendar(year, week, 1)
        return datetime(monday.year, monday.month, monday.day)  # noqa: DTZ001
    return datetime(year, quarter * 3 - 2 if quarter else month or 1, day or 1)  # noqa: DTZ001


def _next_start(text: str, zone: ZoneInfo, start: datetime) -> datetime | None:
    found = _COARSE.fullmatch(text)
    if found is None:
        return start + _length(text)
    first = _first_day(text)
    _, quarter, week, month, day = found.groups()
    try:
        if week or day:
            return to_utc(first + timedelta(days=7 if week else 1), zone)
        months = first.year * 12 + first.month - 1 + (3 if quarter else 1 if month else 12)
        return to_utc(datetime(months // 12, months % 12 + 1, 1), zone)  # noqa: DTZ001
    except (ValueError, OverflowError):  # the end of the year 9999
        return None


def _length(text: str) -> timedelta:
    """Length of the smallest unit that a time of day is written to."""
    clock = re.sub(r"(Z|[+-]\d\d:\d\d)$", "", text[11:])
    if "." in clock:
        return timedelta(microseconds=1)
    return (timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))[clock.count(":")]


def happens(
    at: datetime,
    spans: Iterable[Span],
    weekdays: str | Iterable[int] | None,
    hours: str | None,
    zone: ZoneInfo,
) -> bool:
    """Tell whether an instant is in one of the spans, on one of the weekdays and in one of the hours."""
    if not any((start is None or start <= at) and (end is None or at < end) for start, end in spans):
        return False
    local = at.astimezone(zone)
    if weekdays is not None and local.isoweekday() not in _weekdays(weekdays):
        return False
    return hours is None or any(_in_hours(local, part.strip()) for part in hours.split(","))


def _weekdays(asked: str | Iterable[int]) -> set[int]:
    if not isinstance(asked, str):
        return set(asked)
    found: set[int] = set()
    for part in asked.split(","):
        names = part.strip().split("-")
        at, last = _DAYS.index(names[0]) + 1, _DAYS.index(names[-1]) + 1
        found.add(at)
        while at != last:
            at = at % 7 + 1
            found.add(at)
    return found


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
