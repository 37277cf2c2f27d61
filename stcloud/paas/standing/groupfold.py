"""One group of one rule: the samples that may still matter, the incidents that they make, and their alerts.

Samples are kept for a while, so that one that comes late finds its place among them. What is older is in the state of
a tracker alone; a sample older than that needs the layer to be read again.

Law: **order of arrival**: the incidents of samples are the same in whatever order they came.

Tested by `tests/paas/standing/test_trackers.py`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Self

from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.paas.standing.alerting import AlertTerms, StandingAlert, believed, settled
from stcloud.paas.standing.incident import Incident, Sample, Tracker

__all__ = ["GroupFold"]

_CHECKPOINT = 64
"""After so many samples the state is kept, from which later ones are followed again."""


class GroupFold:
    """Samples of one group in order of time, followed by a tracker.

    Parameters
    ----------
    tracker
        Has followed all samples up to `base_us`.
    base_us
        Samples after this valid time are kept, or will come.
    """

    def __init__(self, tracker: Tracker, base_us: int = ALWAYS) -> None:
        self.base_us = base_us
        self.scheduled_us: int | None = None
        """When the group is looked at again, whatever comes; None: it is not."""
        self.samples: list[Sample] = []
        self.alerts: list[StandingAlert] = []
        self._base = tracker
        self._ahead = tracker.copied()
        self._settled: list[Incident] = []
        self._followed = 0
        self._checkpoints: list[tuple[int, Tracker, int]] = []
        """How many samples were followed, the state then, and how many incidents were settled."""

    def change(self, removed: Iterable[tuple[int, str]], added: Iterable[Sample]) -> None:
        """Take samples away by time and key, and add others; all are later than `base_us`."""
        samples, first = self.samples, len(self.samples)
        for at in removed:
            place = bisect_left(samples, at)
            if place < len(samples) and samples[place][:2] == at:
                del samples[place]
                first = min(first, place)
        for sample in added:
            place = bisect_left(samples, sample)
            samples.insert(place, sample)
            first = min(first, place)
        self._follow_from(first)

    def incidents(self, watermark_us: int, until_us: int = FOREVER) -> list[Incident]:
        """Return the incidents as they are when time has come so far, without those that are over before `base_us`.

        ``until_us`` is the end of the rule's time: what goes on then is over.
        """
        known = [incident.ended(watermark_us) for incident in self._ahead.incidents()]
        if known and known[-1].to_us is None and watermark_us >= until_us:
            known[-1] = replace(known[-1], to_us=until_us, ends_us=None)
        return [*self._settled, *known]

    def raised(self, raising: AlertTerms, watermark_us: int, until_us: int = FOREVER) -> list[StandingAlert]:
        """Bring the alerts up to date; return those that are new or have changed."""
        incidents = self.incidents(watermark_us, until_us)
        if not incidents and not self.alerts:
            return []
        self.alerts, changed = believed(self.alerts, incidents, raising)
        return changed

    def due_us(self) -> int | None:
        """Return when an incident ends that goes on, if nothing comes; None: none does, or silence ends none."""
        return min(
            (each.ends_us for each in self._ahead.incidents() if each.ends_us is not None), default=None
        )

    def idle(self, cut_us: int) -> bool:
        """Tell whether what comes after an instant is judged as if there had been nothing before."""
        return not self.samples and self._base.idle(cut_us)

    def is_outside(self, cut_us: int) -> bool:
        """Tell whether a mover has been outside alone, since longer than matters: only its newest fix is needed."""
        return self._base.idle(cut_us) and not any(sample.level > 0 for sample in self.samples)

    def trim(self, cut_us: int) -> None:
        """Keep no samples up to a valid time."""
        if cut_us <= self.base_us:
            return
        self.base_us = cut_us
        place = bisect_left(self.samples, (cut_us + 1,))
        if place:
            over = sum(self._base.feed(sample) is not None for sample in self.samples[:place])
            del self.samples[:place]
            del self._settled[:over]
            self._followed -= place
            self._checkpoints = [
                (count - place, state, before - over)
                for count, state, before in self._checkpoints
                if count > place
            ]
        begun = [incident.from_us for incident in self.incidents(cut_us)]
        since_us = min(
            [cut_us, *begun, *(at_us for at_us in (self._base.pending_us(),) if at_us is not None)]
        )
        self.alerts = [alert for alert in self.alerts if not settled(alert, since_us)]

    def state(self) -> dict[str, Any]:
        """Return what is needed to go on, as JSON has it."""
        alerts = [alert.state() for alert in self.alerts]
        return {
            "base_us": self.base_us,
            "base": self._base.state(),
            "samples": self.samples,
            "alerts": alerts,
        }

    @classmethod
    def restored(cls, tracker: Tracker, state: Mapping[str, Any]) -> Self:
        """Return one as it was kept, of a rule whose tracker this is."""
        base = tracker.copied()
        base.restore(state["base"])
        fold = cls(base, state["base_us"])
        fold.alerts = [
            StandingAlert(**{**each, "incident": Incident(**each["incident"])}) for each in state["alerts"]
        ]
        fold.change((), (Sample(*each) for each in state["samples"]))
        return fold

    def _follow_from(self, first: int) -> None:
        """Follow the samples from a place on, again where they were followed already."""
        if first < self._followed:
            while self._checkpoints and self._checkpoints[-1][0] > first:
                self._checkpoints.pop()
            self._followed, state, over = self._checkpoints[-1] if self._checkpoints else (0, self._base, 0)
            self._ahead = state.copied()
            del self._settled[over:]
        for sample in self.samples[self._followed :]:
            incident = self._ahead.feed(sample)
            if incident is not None:
                self._settled.append(incident)
            self._followed += 1
            if not self._followed % _CHECKPOINT:
                self._checkpoints.append((self._followed, self._ahead.copied(), len(self._settled)))
