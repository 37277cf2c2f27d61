"""Instants as people give them: text, dates and datetimes in the city's zone, UTC microseconds, aware datetimes.

Tested by `tests/time/test_instant.py`.
"""

from __future__ import annotations

import operator
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.time.expression import parse_instant
from stcloud.time.zone import Zone

__all__ = ["Instant", "TimeSpan", "instant_text", "instant_us", "span_text"]

Instant: TypeAlias = str | int | date | datetime | np.datetime64
"""Text, UTC microseconds, a date (its first instant), a datetime, an instant of pandas or numpy."""

TimeSpan: TypeAlias = str | date | np.datetime64 | tuple[Instant | None, Instant | None]
"""Text as `parse_when` reads it, a date (the whole day), a half-open pair of instants; None: that end is open."""

_START_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LENGTHS = {"Y", "M", "D", "h", "m", "s"}
"""Units of numpy that a span is as long as; finer ones are those of instants."""

_FORMS = "give text, a date, a datetime, a pandas or numpy instant, or UTC microseconds as an int"


def instant_us(at: Instant, zone: Zone) -> int:
    """Return an instant as UTC microseconds.

    Parameters
    ----------
    at
        As `Instant` says. Text, dates and datetimes without a zone are on the clock of ``zone``; a clock time that is
        repeated is the earlier instant, and one that is skipped moves forward. What is finer than a microsecond is
        cut.
    zone
        The city's.

    Raises
    ------
    InvalidInput
        ``unreadable-time``: it is no instant, such as NaT; what `parse_instant` raises.

    Examples
    --------
    >>> from datetime import date
    >>> instant_us(date(1970, 1, 2), Zone("Asia/Shanghai")) == instant_us("1970-01-02T00:00+08:00", Zone("UTC"))
    True
    """
    if isinstance(at, datetime) and _is_aware(at):
        if type(at) is datetime:  # pyarrow would import pandas to convert it
            return (at - _START_1970) // _MICROSECOND
        return int(pa.scalar(at, pa.timestamp("us", "UTC")).cast(pa.int64()).as_py())
    if isinstance(at, str | date | np.datetime64):
        return parse_instant(instant_text(at), zone)
    if isinstance(at, bool) or not hasattr(at, "__index__"):
        raise InvalidInput("unreadable-time", f"{at!r} is no instant", hint=_FORMS)
    return operator.index(at)


def instant_text(at: str | date | np.datetime64) -> str:
    """Return an instant as ISO 8601 text, with an offset where it has a zone of its own.

    Raises
    ------
    InvalidInput
        ``unreadable-time``: NaT.

    Examples
    --------
    >>> import numpy as np
    >>> instant_text(np.datetime64("2024-03-05T07:30")), instant_text(date(2024, 3, 5))
    ('2024-03-05T07:30:00.000000', '2024-03-05')
    """
    if isinstance(at, str):
        return at
    if at != at:  # NaT equals nothing  # noqa: PLR0124
        raise InvalidInput("unreadable-time", "NaT is no instant", hint="leave rows without a time out")
    if isinstance(at, np.datetime64):
        return str(at.astype("M8[us]"))
    return at.isoformat(timespec="microseconds") if isinstance(at, datetime) else at.isoformat()


def span_text(span: TimeSpan, zone: Zone) -> str:
    """Return a span as text that `parse_when` reads.

    Raises
    ------
    InvalidInput
        ``unreadable-time``: a datetime alone, which is an instant and no span; what `instant_us` raises.

    Examples
    --------
    >>> span_text(date(2024, 3, 5), Zone("UTC")), span_text((date(2024, 3, 5), None), Zone("UTC"))
    ('2024-03-05', '2024-03-05T00:00+00:00/..')
    """
    if isinstance(span, str):
        return span
    if isinstance(span, tuple | list) and len(span) == 2:
        return "/".join(".." if end is None else zone.iso(instant_us(end, zone)) for end in span)
    if isinstance(span, np.datetime64) and not np.isnat(span) and np.datetime_data(span.dtype)[0] in _LENGTHS:
        return str(span)
    if isinstance(span, date) and not isinstance(span, datetime):
        return span.isoformat()
    raise InvalidInput(
        "unreadable-time", f"{span!r} is no span of time", hint="give text, a date, or a pair: (start, end)"
    )


def _is_aware(at: datetime) -> bool:
    return at == at and at.tzinfo is not None and at.utcoffset() is not None  # noqa: PLR0124  (NaT)
