"""Round instants: where an axis of time is labelled, on the clock of a zone.

Tested by `tests/saas/report/test_stepdata.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

__all__ = ["round_instants"]

_DAY_S = 86_400
_MONTH_S = 30.4 * _DAY_S
_SECONDS = (
    1, 2, 5, 15, 30, 60, 120, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, _DAY_S, 2 * _DAY_S, 7 * _DAY_S,
    14 * _DAY_S,
)  # fmt: skip
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12_000)


def round_instants(first_s: int, last_s: int, zone: ZoneInfo, most: int) -> tuple[tuple[int, str], ...]:
    """Return round instants between two, each with its text on the zone's clock.

    Parameters
    ----------
    first_s, last_s
        UTC seconds, of the years 500 to 9500.
    zone
        The zone.
    most
        About so many at most.

    Returns
    -------
    ``(instant, text)``, ascending; the instants are midnights, firsts of months or of years, if these are enough.

    Examples
    --------
    >>> [text for _, text in round_instants(0, 86_400 * 60, ZoneInfo("UTC"), 4)]
    ['1970-01-01', '1970-01-15', '1970-01-29', '1970-02-12', '1970-02-26']
    """
    span = max(1, last_s - first_s)
    start = datetime.fromtimestamp(first_s, zone).replace(tzinfo=None)
    seconds = next((step for step in _SECONDS if span / step <= most + 0.5), None)
    if seconds is not None:
        local, form = _by_seconds(start, seconds), _form(seconds)
    else:
        months = next((step for step in _MONTHS if span / (step * _MONTH_S) <= most + 0.5), _MONTHS[-1])
        local, form = _by_months(start, months), "%Y-%m" if months % 12 else "%Y"
    ticks: dict[int, str] = {}
    for wall in local:
        at = int(wall.replace(tzinfo=zone).timestamp())
        if at > last_s:
            break
        if at >= first_s:
            ticks[at] = datetime.fromtimestamp(at, zone).strftime(
                form
            )  # where the clock is put forward, another
    return tuple(sorted(ticks.items()))


def _form(seconds: int) -> str:
    if seconds >= _DAY_S:
        return "%Y-%m-%d"
    return "%Y-%m-%d\n%H:%M" if seconds >= 60 else "%Y-%m-%d\n%H:%M:%S"


def _by_seconds(start: datetime, step: int) -> Iterator[datetime]:
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = int((start - midnight).total_seconds()) // step
    return (midnight + timedelta(seconds=step * at) for at in count(begin))


def _by_months(start: datetime, step: int) -> Iterator[datetime]:
    begin = (start.year * 12 + start.month - 1) // step
    numbers = (at * step for at in range(max(begin, -(-12 // step)), 120_000 // step))
    return (datetime(number // 12, number % 12 + 1, 1) for number in numbers)  # noqa: DTZ001  (on the wall)
