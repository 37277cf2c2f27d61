"""Steps back on the wall clock: the same time of day, days or months earlier.

Tested by `tests/time/test_period.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stcloud.errors import InvalidInput
from stcloud.time.micros import DAY_US

if TYPE_CHECKING:
    from stcloud.time.zone import Zone

__all__ = ["EARLIEST_LOCAL_US", "local_of", "months_before"]

EARLIEST_LOCAL_US = -719_162 * DAY_US
"""The wall clock at the start of the year 1."""


def local_of(at_us: int, zone: Zone) -> int:
    """Wall-clock microseconds of an instant; of a day's first instant its midnight, even where that is skipped.

    Notes
    -----
    So days are whole on every wall clock: in São Paulo some began at 01:00.
    """
    local_us = int(zone.to_local(np.array([at_us], dtype=np.int64))[0])
    midnight_us = local_us // DAY_US * DAY_US
    return midnight_us if zone.instant(midnight_us)[0] == at_us else local_us


def months_before(local_us: int, months: int) -> int:
    """Wall-clock time of the same day and hour, months earlier; the last day of the month where it has no such day.

    Parameters
    ----------
    local_us
        Wall-clock microseconds since 1970-01-01T00:00.
    months
        How many; negative: later.

    Raises
    ------
    InvalidInput
        ``time-out-of-range``: before the year 1, or after 9999.

    Examples
    --------
    >>> leap = int(np.datetime64("2024-02-29T07:30", "us").astype(int))
    >>> str(np.datetime64(months_before(leap, 12), "us"))
    '2023-02-28T07:30:00.000000'
    """
    day, time_us = divmod(local_us, DAY_US)
    month = np.datetime64(day, "D").astype("M8[M]")
    number = int(month.astype(np.int64)) - months
    if not -1969 * 12 <= number < 8030 * 12:
        raise InvalidInput(
            "time-out-of-range",
            f"{months} months before {np.datetime64(day, 'D')} lie outside the years 1 to 9999",
        )
    first, stop = (
        int(np.datetime64(at, "M").astype("M8[D]").astype(np.int64)) for at in (number, number + 1)
    )
    in_month = day - int(month.astype("M8[D]").astype(np.int64))
    return min(first + in_month, stop - 1) * DAY_US + time_us
