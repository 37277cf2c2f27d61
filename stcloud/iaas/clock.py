"""The clock: an argument everywhere else, read only here.

Tested by ``tests/saas/cli/test_moment.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Clock", "system_clock"]

Clock = Callable[[], int]
"""The present instant: microseconds since 1970-01-01T00:00Z."""


def system_clock() -> int:
    """Return the machine's present instant in microseconds since 1970-01-01T00:00Z.

    >>> system_clock() > 1_700_000_000_000_000
    True
    """
    return time.time_ns() // 1000
