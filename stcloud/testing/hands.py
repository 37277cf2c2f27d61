"""A clock whose hands tests move.

Tested by `tests/city/test_caseimport.py`.
"""

from __future__ import annotations

from datetime import datetime

__all__ = ["Hands"]

HOUR_US = 3_600_000_000


class Hands:
    """A clock that goes on by a microsecond when it is read, and by hours when a test lets them pass."""

    def __init__(self, start: str) -> None:
        self.now_us = round(datetime.fromisoformat(start).timestamp()) * 1_000_000

    def __call__(self) -> int:
        """Return the present instant."""
        self.now_us += 1
        return self.now_us

    def pass_hours(self, hours: float) -> None:
        """Let hours pass."""
        self.now_us += round(hours * HOUR_US)
