"""Traffic: what a store was asked for so far, counted; a folder asks nobody.

Tested by `tests/iaas/store/test_traffic.py`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields

__all__ = ["NO_TRAFFIC", "Traffic", "TrafficCounter"]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counts since a store was opened, or between two moments (`since`).

    Parameters
    ----------
    requests
        Requests made, those that list among them. A request that is tried again counts once.
    lists
        Requests that list; a long list takes several.
    bytes_read
        Bytes of values that were read.
    bytes_written
        Bytes of values that were written.
    """

    requests: int = 0
    lists: int = 0
    bytes_read: int = 0
    bytes_written: int = 0

    def since(self, earlier: Traffic) -> Traffic:
        """Return what was counted after ``earlier``.

        >>> Traffic(5, 1, 100).since(Traffic(3, 1, 60))
        Traffic(requests=2, lists=0, bytes_read=40, bytes_written=0)
        """
        return Traffic(*(getattr(self, field.name) - getattr(earlier, field.name) for field in fields(self)))

    def __add__(self, other: Traffic) -> Traffic:
        """Return the counts of two stores, or of two periods, together."""
        return Traffic(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


NO_TRAFFIC = Traffic()
"""What a store counts that makes no requests."""


class TrafficCounter:
    """Counts that several threads add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted = NO_TRAFFIC

    def add(self, *, requests: int = 1, lists: int = 0, bytes_read: int = 0, bytes_written: int = 0) -> None:
        """Add to the counts, one request unless another number is given."""
        more = Traffic(requests, lists, bytes_read, bytes_written)
        with self._lock:
            self._counted = self._counted + more

    @property
    def counted(self) -> Traffic:
        """The counts so far."""
        with self._lock:
            return self._counted
