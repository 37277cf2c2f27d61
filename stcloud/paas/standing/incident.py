"""Samples and incidents: what rows say to a rule, and the periods in which it holds.

Tested by `tests/paas/standing/test_trackers.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, Self

__all__ = ["Incident", "Sample", "Tracker", "followed"]


class Sample(NamedTuple):
    """What a row says to a rule; samples are ordered by time, then key.

    ``level`` is the value of a reading (NaN: none that is plausible), 1 where the question keeps the row, 0 where it
    does not. ``x`` and ``y`` are the place, metres; NaN: none.
    """

    time_us: int
    key: str
    level: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Incident:
    """A period in which a rule holds, for one group; half-open, UTC microseconds.

    Attributes
    ----------
    from_us, to_us
        When it began and ended; None: nothing is known that ends it.
    crossed_us
        When the rule held: later than its beginning if something must last.
    last_us
        The time of its newest row.
    ends_us
        Of one that has not ended: when it does if no row comes; None: silence does not end it.
    peak, peak_us
        The most extreme count or value, and when it was first reached.
    rows
        How many rows it has: in the windows of a count, beyond or lasting of readings.
    x, y
        Place of the row with which it began, metres; NaN: none.
    """

    from_us: int
    to_us: int | None
    crossed_us: int
    last_us: int
    ends_us: int | None
    peak: float
    peak_us: int
    rows: int
    x: float
    y: float

    def state(self) -> dict[str, Any]:
        """Return its attributes as JSON has them."""
        return {name: getattr(self, name) for name in self.__slots__}

    def ended(self, watermark_us: int) -> Incident:
        """Return it as it is when time has come so far."""
        if self.to_us is None and self.ends_us is not None and self.ends_us <= watermark_us:
            return replace(self, to_us=self.ends_us, ends_us=None)
        return self


class Tracker(Protocol):
    """Follows the samples of one group, in order of time; its state does not grow with them."""

    def feed(self, sample: Sample) -> Incident | None:
        """Take the next sample; return an incident that nothing later can change."""

    def incidents(self) -> list[Incident]:
        """Return the incidents that later samples may change, as far as they are known."""

    def pending_us(self) -> int | None:
        """Return when an incident has begun that is none yet, as it has not lasted; None: there is none."""

    def idle(self, at_us: int) -> bool:
        """Tell whether samples after an instant are judged as if there had been none before."""

    def copied(self) -> Self:
        """Return another one in the same state."""

    def state(self) -> dict[str, Any]:
        """Return its state as JSON has it."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take a state that was kept."""


def followed(tracker: Tracker, samples: Iterable[Sample]) -> list[Incident]:
    """Return the incidents of samples that follow what a tracker had; the tracker stays as it is."""
    ahead = tracker.copied()
    settled = [incident for sample in samples if (incident := ahead.feed(sample)) is not None]
    return [*settled, *ahead.incidents()]
