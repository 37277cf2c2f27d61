"""Staleness: from when on a layer is older than its update cycle allows.

Law: **a layer is stale from its last load plus its cycle on**: years, months, weeks and days by the city's clock,
hours, minutes and seconds as they pass.

Tested by `tests/daas/test_staleness.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stcloud.errors import InvalidInput
from stcloud.time.micros import DAY_US
from stcloud.time.shift import local_of, months_before

if TYPE_CHECKING:
    from stcloud.time import Zone

__all__ = ["next_load_us", "stale_since_us"]

_PART = re.compile(r"(\d+(?:\.\d+)?)([A-Z])")
_MONTHS = {"Y": 12, "M": 1}
_DAYS = {"W": 7, "D": 1}
_SECONDS = {"H": 3_600, "M": 60, "S": 1}
_MOST_DAYS = 8_000 * 366


def next_load_us(last_load_us: int, cycle: str, zone: Zone) -> int | None:
    """Return when the next load is due, UTC microseconds; None: after the year 9999.

    Parameters
    ----------
    last_load_us
        When the last load was recorded, UTC microseconds.
    cycle
        A duration of ISO 8601, as `Description.update_cycle` has it.
    zone
        The city's.
    """
    of_days, _, of_hours = cycle.removeprefix("P").partition("T")
    dated = [(int(number), unit) for number, unit in _PART.findall(of_days)]
    timed_us = sum(round(float(number) * _SECONDS[unit] * 1e6) for number, unit in _PART.findall(of_hours))
    months = sum(number * _MONTHS.get(unit, 0) for number, unit in dated)
    days = sum(number * _DAYS.get(unit, 0) for number, unit in dated)
    if max(months // 12 * 366, days, timed_us // DAY_US) > _MOST_DAYS:
        return None
    if not months and not days:
        return last_load_us + timed_us
    try:
        local_us = months_before(local_of(last_load_us, zone), -months) + days * DAY_US
        return zone.instant(local_us)[0] + timed_us
    except InvalidInput:
        return None


def stale_since_us(last_load_us: int | None, cycle: str | None, zone: Zone, now_us: int) -> int | None:
    """Return since when a layer is stale at an instant, UTC microseconds.

    Parameters
    ----------
    last_load_us, cycle, zone
        As for `next_load_us`; None: there is no load, or nobody wrote how often it comes anew.
    now_us
        The instant.

    Returns
    -------
    None: it is not, or it is not known.
    """
    if last_load_us is None or cycle is None:
        return None
    due_us = next_load_us(last_load_us, cycle, zone)
    return due_us if due_us is not None and due_us <= now_us else None
