"""Times in several columns of integers: year, month, day, hour, minute, second of a wall clock.

Tested by `tests/time/test_civil.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from stcloud.time.micros import DAY_US, HOUR_US, MINUTE_US, SECOND_US, Bools, Micros

__all__ = ["civil_us"]

_RANGES = {
    "year": (1, 9999), "month": (1, 12), "day": (1, 31), "hour": (0, 23), "minute": (0, 59), "second": (0, 59),
}  # fmt: skip


def civil_us(fields: Mapping[str, Micros]) -> tuple[Micros, dict[str, Bools]]:
    """Return the wall-clock times that integers mean, and which integers mean none.

    Parameters
    ----------
    fields
        ``(n,)`` int64 each: ``year``, ``month``, ``day``, and maybe ``hour``, ``minute``, ``second``.

    Returns
    -------
    ``(n,)`` int64 microseconds since 1970-01-01T00:00 on the wall clock, of no meaning where a mask is true; and a
    mask by field: outside its range, or a day that its month does not have.

    Examples
    --------
    >>> time_us, wrong = civil_us({"year": np.array([2015]), "month": np.array([2]), "day": np.array([30])})
    >>> {name: mask.tolist() for name, mask in wrong.items()}
    {'year': [False], 'month': [False], 'day': [True]}
    """
    wrong = {
        name: (values < _RANGES[name][0]) | (values > _RANGES[name][1]) for name, values in fields.items()
    }
    months = (np.clip(fields["year"], 1, 9999) - 1970) * 12 + np.clip(fields["month"], 1, 12) - 1
    starts, ends = (part.view("M8[M]").astype("M8[D]").astype(np.int64) for part in (months, months + 1))
    wrong["day"] |= ~(wrong["year"] | wrong["month"]) & (fields["day"] > ends - starts)
    time_us = (starts + np.clip(fields["day"], 1, 31) - 1) * DAY_US
    for name, unit_us in (("hour", HOUR_US), ("minute", MINUTE_US), ("second", SECOND_US)):
        if name in fields:
            time_us += np.where(wrong[name], 0, fields[name]) * unit_us
    return time_us, wrong
