"""Counts in a sliding window: more than so many rows of a group within an hour.

The window of an instant ``t`` is ``(t - within, t]``: a row counts at its own time, and does not any more ``within``
later. The count changes only when a row comes or leaves, so an incident begins with a row, and ends when one leaves.

Law: **oracle**: of any rows, the incidents are those that counting every window of every instant finds.

Tested by `tests/paas/standing/test_trackers.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from stcloud.paas.standing.incident import Incident, Sample

__all__ = ["CountTracker"]


class CountTracker:
    """Counts the rows of one group.

    Parameters
    ----------
    within_us
        Length of the window.
    least, lasting
        The count that begins an incident, and the count that it lasts with.
    quiet_us
        What begins so soon after the end of an incident belongs to it.
    """

    __slots__ = ("_counted", "_lasting", "_least", "_newest", "_open", "_quiet_us", "_window", "_within_us")

    def __init__(self, within_us: int, least: int, lasting: int, quiet_us: int) -> None:
        self._within_us, self._least, self._lasting, self._quiet_us = within_us, least, lasting, quiet_us
        self._window: deque[int] = deque()
        self._newest: Incident | None = None
        self._open = False
        self._counted = 0
        """How many of the newest rows are not counted in an incident."""

    def feed(self, sample: Sample) -> Incident | None:
        """Take the next row; return an incident that nothing later can change."""
        at_us, window = sample.time_us, self._window
        if self._open and self._ends_us() < at_us:
            self._close()
        window.append(at_us)
        while window[0] <= at_us - self._within_us:
            window.popleft()
        count = len(window)
        self._counted += 1
        if self._open:
            if count >= self._lasting:
                self._extend(at_us, count)
            return None
        return self._begin(sample, count) if count >= self._least else None

    def incidents(self) -> list[Incident]:
        """Return the newest incident, as far as it is known."""
        if self._newest is None:
            return []
        return [replace(self._newest, ends_us=self._ends_us()) if self._open else self._newest]

    def pending_us(self) -> int | None:
        """Return None: a count need not last."""
        return None

    def idle(self, at_us: int) -> bool:
        """Tell whether rows after an instant are counted as if there had been none before."""
        if self._open or (self._window and self._window[-1] + self._within_us > at_us):
            return False
        ended = None if self._newest is None else self._newest.to_us
        return ended is None or ended + self._quiet_us <= at_us

    def copied(self) -> Self:
        """Return another one in the same state."""
        other = object.__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other.separate()
        return other

    def separate(self) -> None:
        """Have a window of its own."""
        self._window = self._window.copy()

    def state(self) -> dict[str, Any]:
        """Return its state as JSON has it."""
        newest = None if self._newest is None else self._newest.state()
        return {"window": [*self._window], "newest": newest, "open": self._open, "counted": self._counted}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take a state that was kept."""
        self._window = deque(state["window"])
        self._newest = None if state["newest"] is None else Incident(**state["newest"])
        self._open, self._counted = state["open"], state["counted"]

    def _ends_us(self) -> int:
        """Return when the count falls below what an incident lasts with, if no row comes."""
        window = self._window
        if len(window) < self._lasting:  # it fell just now; more rows of this instant may come
            return window[-1]
        return window[-self._lasting] + self._within_us

    def _close(self) -> None:
        assert self._newest is not None  # noqa: S101  (an incident is open)
        self._newest, self._open = replace(self._newest, to_us=self._ends_us(), ends_us=None), False

    def _extend(self, at_us: int, count: int) -> None:
        newest = self._newest
        assert newest is not None  # noqa: S101  (an incident is open)
        higher = count > newest.peak
        self._newest = replace(
            newest, last_us=at_us, rows=newest.rows + self._counted, peak=float(count) if higher else newest.peak,
            peak_us=at_us if higher else newest.peak_us,
        )  # fmt: skip
        self._counted = 0

    def _begin(self, sample: Sample, count: int) -> Incident | None:
        """Begin an incident, or go on with the last one; return the last one if it is over for good."""
        at_us, before, uncounted = sample.time_us, self._newest, self._counted
        self._open, self._counted = True, 0
        if before is not None and before.to_us is not None and at_us < before.to_us + self._quiet_us:
            higher = count > before.peak
            self._newest = replace(
                before, to_us=None, last_us=at_us, rows=before.rows + min(count, uncounted),
                peak=float(count) if higher else before.peak, peak_us=at_us if higher else before.peak_us,
            )  # fmt: skip
            return None
        self._newest = Incident(
            from_us=at_us, to_us=None, crossed_us=at_us, last_us=at_us, ends_us=None, peak=float(count),
            peak_us=at_us, rows=count, x=sample.x, y=sample.y,
        )  # fmt: skip
        return before
