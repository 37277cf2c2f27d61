"""What lasts: a reading beyond a threshold for three hours, a mover in an area.

What an incident of readings is, `stcloud.paas.episode` says: it begins with the first stretch of readings beyond the
threshold, without a break, that is long enough, and ends with the first reading that does not let it go on, or with a
break. Here the same is followed reading by reading, with a state that does not grow. A mover is a station whose value
is 1 inside and 0 outside; a fix stands until the next one.

Law: **episodes**: of readings in order, the incidents are the episodes that `detect_episodes` gives.

Tested by `tests/paas/standing/test_trackers.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from stcloud.paas.standing.incident import Incident, Sample

__all__ = ["LastingTracker", "Terms"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What makes samples an incident.

    Attributes
    ----------
    sign, threshold, release
        Values beyond the threshold are greater (1) or less (-1); the last value that does not end an incident.
    least_us, quiet_us
        How long it must last; what begins so soon after its end belongs to it.
    stand_us
        How long a sample stands for at most; None: until the next one.
    apart_us
        If the next one comes later than this, there is a break; None: never.
    credited
        Whether the newest sample stands for its time before the next one has come, as a reading does.
    silent
        Whether an incident ends when nothing comes for `apart_us`.
    """

    sign: int
    threshold: float
    release: float | None
    least_us: int
    quiet_us: int
    stand_us: int | None
    apart_us: int | None
    credited: bool
    silent: bool


class LastingTracker:
    """Follows the readings of one station, or the fixes of one mover."""

    __slots__ = ("_last_us", "_newest", "_open", "_silent_us", "_stretch", "_terms")

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._last_us: int | None = None
        self._silent_us: int | None = None
        self._stretch: Incident | None = None
        """What begins an incident if it lasts for long enough: samples beyond the threshold without a break."""
        self._newest: Incident | None = None
        self._open = False

    def feed(self, sample: Sample) -> Incident | None:
        """Take the next sample; return an incident that nothing later can change."""
        at_us, level, terms = sample.time_us, sample.level, self._terms
        self._silent_us = at_us
        if math.isnan(level):
            return None
        side = terms.sign * level
        beyond = side > terms.sign * terms.threshold
        lasting = beyond or (terms.release is not None and side >= terms.sign * terms.release)
        settled = None
        if self._last_us is not None:
            until_us = self._until_us(at_us)
            settled = self._qualify(until_us)
            self._break(until_us, apart=self._apart(at_us), beyond=beyond, lasting=lasting)
        if self._open:
            assert self._newest is not None  # noqa: S101  (an incident is open)
            self._newest = self._with(self._newest, sample)
        elif beyond:
            self._stretch = (
                self._begun(sample) if self._stretch is None else self._with(self._stretch, sample)
            )
        self._last_us = at_us
        return self._qualify(at_us) or settled

    def incidents(self) -> list[Incident]:
        """Return the newest incidents, as far as they are known."""
        if self._last_us is None:
            return []
        ahead = self.copied() if self._terms.credited else self
        return ahead.credited(self._last_us)

    def credited(self, last_us: int) -> list[Incident]:
        """Let the newest sample, at `last_us`, stand for its time; return the newest incidents."""
        stand_us, apart_us, before = self._terms.stand_us, self._terms.apart_us, None
        if self._terms.credited and stand_us is not None:
            before = self._qualify(last_us + stand_us)
        newest = self._newest
        if newest is None:
            return []
        if self._open and self._terms.silent:
            newest = replace(newest, ends_us=None if apart_us is None else last_us + apart_us)
        elif self._open:
            assert stand_us is not None  # noqa: S101  (readings stand for a step)
            assert apart_us is not None  # noqa: S101  (and have a gap)
            assert self._silent_us is not None  # noqa: S101  (there was a sample)
            if self._silent_us - last_us > apart_us - stand_us:
                newest = replace(newest, to_us=last_us + stand_us)
        return [newest] if before is None else [before, newest]

    def pending_us(self) -> int | None:
        """Return when the stretch has begun that may become an incident; None: there is none."""
        return None if self._stretch is None else self._stretch.from_us

    def idle(self, at_us: int) -> bool:
        """Tell whether samples after an instant are judged as if there had been none before."""
        if self._open or self._stretch is not None:
            return False
        ended = None if self._newest is None else self._newest.to_us
        return ended is None or ended + self._terms.quiet_us <= at_us

    def copied(self) -> Self:
        """Return another one in the same state."""
        other = object.__new__(type(self))
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        return other

    def state(self) -> dict[str, Any]:
        """Return its state as JSON has it."""
        kept = {"stretch": self._stretch, "newest": self._newest}
        return {name: None if value is None else value.state() for name, value in kept.items()} | {
            "last_us": self._last_us, "silent_us": self._silent_us, "open": self._open,
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take a state that was kept."""
        self._last_us, self._silent_us, self._open = state["last_us"], state["silent_us"], state["open"]
        self._stretch, self._newest = (
            None if state[name] is None else Incident(**state[name]) for name in ("stretch", "newest")
        )

    def _until_us(self, next_us: int) -> int:
        """Return until when the last sample stands, given the next one."""
        assert self._last_us is not None  # noqa: S101  (there was a sample)
        stand_us = self._terms.stand_us
        return next_us if stand_us is None else min(self._last_us + stand_us, next_us)

    def _apart(self, next_us: int) -> bool:
        assert self._last_us is not None  # noqa: S101  (there was a sample)
        apart_us = self._terms.apart_us
        return apart_us is not None and next_us - self._last_us > apart_us

    def _break(self, until_us: int, *, apart: bool, beyond: bool, lasting: bool) -> None:
        """End what the next sample, or the time before it, does not let go on."""
        if self._open and (apart or not lasting):
            assert self._newest is not None  # noqa: S101  (an incident is open)
            self._newest, self._open = replace(self._newest, to_us=until_us), False
        if apart or not beyond:
            self._stretch = None

    def _qualify(self, until_us: int) -> Incident | None:
        """Begin an incident if its first stretch is long enough; return the last one if it is over for good."""
        stretch, before = self._stretch, self._newest
        if self._open or stretch is None or until_us - stretch.from_us < self._terms.least_us:
            return None
        self._open, self._stretch = True, None
        if (
            before is not None
            and before.to_us is not None
            and stretch.from_us < before.to_us + self._terms.quiet_us
        ):
            higher = self._higher(stretch.peak, before.peak)
            self._newest = replace(
                before, to_us=None, last_us=stretch.last_us, rows=before.rows + stretch.rows,
                peak=stretch.peak if higher else before.peak,
                peak_us=stretch.peak_us if higher else before.peak_us,
            )  # fmt: skip
            return None
        self._newest = replace(stretch, crossed_us=stretch.from_us + self._terms.least_us)
        return before

    def _higher(self, first: float, second: float) -> bool:
        return self._terms.sign * first > self._terms.sign * second

    def _with(self, incident: Incident, sample: Sample) -> Incident:
        """Return an incident, or a stretch, with one more sample."""
        higher = self._higher(sample.level, incident.peak)
        return replace(
            incident, last_us=sample.time_us, rows=incident.rows + 1,
            peak=sample.level if higher else incident.peak,
            peak_us=sample.time_us if higher else incident.peak_us,
        )  # fmt: skip

    @staticmethod
    def _begun(sample: Sample) -> Incident:
        return Incident(
            from_us=sample.time_us, to_us=None, crossed_us=sample.time_us, last_us=sample.time_us, ends_us=None,
            peak=sample.level, peak_us=sample.time_us, rows=1, x=sample.x, y=sample.y,
        )  # fmt: skip
