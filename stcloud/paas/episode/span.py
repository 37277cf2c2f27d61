"""Spans: which part of a station's readings a change of some of them can affect.

What lies before a reset (see `detection.py`) does not matter for what follows. So the episodes that a change affects
lie between the last reset before it and the first one after it, where those readings have not changed themselves.

Law: **locality**: outside of its span, episodes before and after a change are the same; inside, they are those of the
readings of the span.

Tested by `tests/paas/episode/test_span.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stcloud.paas.episode.detection import UsableReadings
from stcloud.paas.episode.episoderule import EpisodeRule
from stcloud.paas.episode.episodes import Episodes
from stcloud.paas.series.readings import Readings

__all__ = ["AffectedSpan", "affected_spans", "within_spans"]


@dataclass(frozen=True, slots=True)
class AffectedSpan:
    """A part of a station's readings; half-open, UTC microseconds.

    Attributes
    ----------
    from_us, to_us
        Where it begins, and where the first reading lies that is not affected; None: no reset was in the readings.
    """

    from_us: int | None
    to_us: int | None


def affected_spans(
    readings: Readings, rule: EpisodeRule, changed: Mapping[str, tuple[int, int]]
) -> dict[str, AffectedSpan]:
    """Return by station the span that changes can affect.

    Parameters
    ----------
    readings
        As they are now, of a time that holds the changes and something on both sides.
    rule
        What makes readings an episode.
    changed
        By station, the times of the first and of the last reading that was added, corrected or removed.
    """
    usable = UsableReadings.of(readings, rule)
    resets = usable.apart | ~usable.lasting
    places = {name: place for place, name in enumerate(readings.stations)}
    return {
        station: _span(usable, resets, places.get(station), *bounds) for station, bounds in changed.items()
    }


def _span(
    usable: UsableReadings, resets: np.ndarray, place: int | None, first_us: int, last_us: int
) -> AffectedSpan:
    if place is None:
        return AffectedSpan(None, None)
    start, stop = np.searchsorted(usable.station, [place, place + 1]).tolist()
    time_us, resets = usable.time_us[start:stop], resets[start:stop].copy()
    resets[:1] = ~usable.lasting[start:stop][:1]  # what lies before the first reading is not known here
    before = int(np.searchsorted(time_us, first_us))
    after = int(np.searchsorted(time_us, last_us, "right"))
    earlier = np.flatnonzero(resets[:before])
    later = np.flatnonzero(resets[after:]) + after
    if len(later) and later[0] == after and usable.lasting[start + after]:
        later = later[1:]  # a break after what may have changed is no reset
    return AffectedSpan(
        int(time_us[earlier[-1]]) if len(earlier) else None, int(time_us[later[0]]) if len(later) else None
    )


def within_spans(episodes: Episodes, spans: Mapping[str, AffectedSpan]) -> Episodes:
    """Return the episodes that begin within the span of their station; of stations without a span none."""
    chosen = np.zeros(len(episodes), np.bool_)
    for place, station in enumerate(episodes.stations):
        span = spans.get(station)
        if span is not None:
            start, stop = np.searchsorted(episodes.station, [place, place + 1])
            begun = episodes.from_us[start:stop]
            chosen[start:stop] = begun >= (begun if span.from_us is None else span.from_us)
            if span.to_us is not None:
                chosen[start:stop] &= begun < span.to_us
    return episodes.taken(chosen)
