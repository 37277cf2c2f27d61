"""Instants as people give them: text in the city's zone, UTC microseconds, aware datetimes."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import pyarrow as pa

from stcloud.daas.catalogue import Layer
from stcloud.errors import InvalidInput
from stcloud.time import Zone, parse_instant

__all__ = ["Instant", "instant_us", "known_us"]

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


def known_us(layer: Layer, at_us: int | None) -> int:
    """Return the recorded instant that a question is answered at; beyond the newest load it means that load."""
    recorded = layer.recorded_us
    newest = recorded[1] if recorded else 0
    return newest if at_us is None else min(at_us, newest)
