"""Instants as people give them: text in the city's zone, UTC microseconds, aware datetimes.

Tested by `tests/conformance/test_features.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import pyarrow as pa

from stcloud.errors import InvalidInput
from stcloud.time.expression import parse_instant
from stcloud.time.zone import Zone

__all__ = ["Instant", "instant_us"]

Instant: TypeAlias = str | int | datetime


def instant_us(at: Instant, zone: Zone) -> int:
    """Return an instant as UTC microseconds.

    Raises
    ------
    InvalidInput
        ``zone-needed``: a datetime without a zone; what `parse_instant` raises.
    """
    if isinstance(at, str):
        return parse_instant(at, zone)
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise InvalidInput(
                "zone-needed", f"the instant {at} has no zone", hint="give an aware datetime or text"
            )
        return int(pa.scalar(at, pa.timestamp("us", "UTC")).cast(pa.int64()).as_py())
    return at
