"""The period that a period is compared with: the one before, or the same one a year earlier."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import InvalidInput, nearest
from stcloud.time.micros import DAY_US
from stcloud.time.shift import local_of, months_before
from stcloud.time.span import Span, Spans

if TYPE_CHECKING:
    from stcloud.time.zone import Zone

__all__ = ["check_comparison", "earlier"]

_WHICH = ("previous", "year")
_WEEK_US, _MONDAY_US = 7 * DAY_US, 3 * DAY_US  # 1970-01-01, day 0, was three days after a Monday
_LEAP_DAY = "02-29"


def check_comparison(which: str) -> None:
    """Refuse with ``unknown-comparison`` what is neither ``previous`` nor ``year``."""
    if which not in _WHICH:
        close = nearest(which, _WHICH)
        hint = f"did you mean '{close[0]}'?" if close else "use previous or year"
        raise InvalidInput("unknown-comparison", f"there is no period '{which}' to compare with", hint=hint)


def earlier(spans: Spans, which: str, zone: Zone) -> Spans:
    """Return the period to compare a period with.

    Parameters
    ----------
    spans
        One span with both ends, half-open.
    which
        ``previous``: as long, and ends where this one starts; ``year``: the same period a year earlier.
    zone
        The zone whose wall clock decides what is a day, a week and a month.

    Returns
    -------
    One span.

    Raises
    ------
    InvalidInput
        ``unknown-comparison``; ``no-period``: none or several spans, or one with an open end; ``no-such-week``:
        the 53rd week, of a year after one of 52; ``time-out-of-range``.

    Notes
    -----
    ``previous``: of whole months as many months (the month before 2024-03 is 2024-02; so quarters and years); of
    whole days as many days of the wall clock (so weeks); of anything else as many microseconds.

    ``year``: of whole ISO weeks (and not whole months) as many weeks from the one with the same number on; of
    anything else both ends move to the same date and time of day. 29 February becomes 28 February; an end at the
    midnight before 29 February remains the end of 28 February.

    Where changes of the clock or of the calendar would leave nothing, the length is kept in microseconds.

    Examples
    --------
    >>> from stcloud.time import Zone, parse_when
    >>> zone = Zone("America/New_York")
    >>> march = Spans.of([parse_when("2024-03", zone)])
    >>> earlier(march, "previous", zone).text(zone), earlier(march, "year", zone).text(zone)
    ('2024-02-01T00:00-05:00/2024-03-01T00:00-05:00', '2023-03-01T00:00-05:00/2023-04-01T00:00-04:00')
    """
    check_comparison(which)
    start_us, end_us = _ends(spans, zone)
    local = (local_of(start_us, zone), local_of(end_us, zone))
    if which == "previous":
        bounds_us = (_start_before(start_us, end_us, local, zone), start_us)
    else:
        low, high = _year_before(local)
        bounds_us = (zone.instant(low)[0], zone.instant(high)[0])
    if bounds_us[0] >= bounds_us[1]:
        length_us = end_us - start_us
        bounds_us = (
            (start_us - length_us, start_us)
            if which == "previous"
            else (bounds_us[0], bounds_us[0] + length_us)
        )
    return Spans((Span(*bounds_us),))


def _ends(spans: Spans, zone: Zone) -> tuple[int, int]:
    first = spans.parts[0] if len(spans) == 1 else None
    if first is None or first.start_us is None or first.end_us is None:
        raise InvalidInput(
            "no-period",
            f"what was asked for is no one period with a start and an end: {spans.text(zone)}",
            hint="ask for one, such as 2024-03",
        )
    return first.start_us, first.end_us


def _start_before(start_us: int, end_us: int, local: tuple[int, int], zone: Zone) -> int:
    """Return the start of the period that ends where this one starts."""
    low, high = local
    if (months := _whole_months(low, high)) is not None:
        return zone.instant(months_before(low, months))[0]
    length_us = high - low
    if length_us > 0 and length_us % DAY_US == 0:
        return zone.instant(low - length_us)[0]
    return start_us - (end_us - start_us)


def _year_before(local: tuple[int, int]) -> tuple[int, int]:
    """Return both ends a year earlier, on the wall clock."""
    low, high = local
    weeks = high > low and all((at + _MONDAY_US) % _WEEK_US == 0 for at in local)
    if weeks and _whole_months(low, high) is None:
        start = _week_before(low)
        return start, start + high - low
    after_leap_day = high + DAY_US  # 1 March: the end of 28 February, a year earlier
    end = after_leap_day if high % DAY_US == 0 and str(_day(high)).endswith(_LEAP_DAY) else high
    return months_before(low, 12), months_before(end, 12)


def _week_before(monday_us: int) -> int:
    """Return the Monday of the ISO week with the same number, in the year before."""
    year, week, _ = date.fromordinal(monday_us // DAY_US + date(1970, 1, 1).toordinal()).isocalendar()
    try:
        monday = date.fromisocalendar(year - 1, week, 1)
    except ValueError as fault:
        raise InvalidInput(
            "no-such-week",
            f"there is no week {year - 1:04}-W{week:02} to compare {year:04}-W{week:02} with",
            hint="compare with the previous period",
        ) from fault
    return (monday.toordinal() - date(1970, 1, 1).toordinal()) * DAY_US


def _whole_months(low: int, high: int) -> int | None:
    """Count the months from one wall-clock time to another; None where one of them is not the start of a month."""
    months = [_day(at).astype("M8[M]") for at in (low, high)]
    if any(
        int(month.astype("M8[us]").astype(np.int64)) != at
        for month, at in zip(months, (low, high), strict=True)
    ):
        return None
    count = int((months[1] - months[0]).astype(np.int64))
    return count if count > 0 else None


def _day(local_us: int) -> np.datetime64:
    return np.datetime64(local_us // DAY_US, "D")
