"""Instants as people give them: text, dates and datetimes in the city's zone, UTC microseconds, aware datetimes.

Tested by `tests/time/test_instant.py`.
"""

from __future__ import annotations

import operator
from datetime import date, datetime
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.time.expression import parse_instant
from stcloud.time.zone import Zone

__all__ = ["Instant", "instant_text", "instant_us"]

Instant: TypeAlias = str | int | date | datetime | np.datetime64
"""Text, UTC microseconds, a date (its first instant), a datetime, an instant of pandas or numpy."""

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


def _is_aware(at: datetime) -> bool:
    return at == at and at.tzinfo is not None and at.utcoffset() is not None  # noqa: PLR0124  (NaT)
