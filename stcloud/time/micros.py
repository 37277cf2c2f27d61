"""Instants and lengths of time as whole microseconds. Tested by `tests/time/test_period.py`."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["DAY_US", "HOUR_US", "MINUTE_US", "SECOND_US", "Bools", "Micros", "offset_text"]

Micros: TypeAlias = npt.NDArray[np.int64]
"""Microseconds since 1970-01-01T00:00, in UTC (``utc_us``) or on a wall clock (``local_us``)."""

Bools: TypeAlias = npt.NDArray[np.bool_]

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US


def offset_text(offset_us: int) -> str:
    """Write an offset from UTC as ISO 8601 does; seconds only where local mean time needs them.

    Examples
    --------
    >>> offset_text(-5 * HOUR_US), offset_text(-(4 * 3600 + 56 * 60 + 2) * SECOND_US)
    ('-05:00', '-04:56:02')
    """
    minutes, seconds = divmod(abs(offset_us) // SECOND_US, 60)
    tail = f":{seconds:02}" if seconds else ""
    return f"{'-' if offset_us < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}{tail}"
