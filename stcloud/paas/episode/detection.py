"""Detection of episodes: a rule over the readings of stations, each station for itself.

A reading stands for the time from its own instant on, for one step, but no longer than until the next one. Readings
without a plausible value are missing. What is missing for longer than the rule's gap is a break.

Laws: **each station for itself**; **resets**: after a reading that ends episodes, or after a break, nothing before it
matters (`span.py` relies on it); **oracle**: equal to the loop over rows in `stcloud.testing.episodes`.

Tested by `tests/paas/episode/test_detection.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stcloud.errors import InvalidInput, NotFound, nearest
from stcloud.paas.episode.episoderule import EpisodeRule
from stcloud.paas.episode.episodes import Episodes
from stcloud.paas.series.readings import Readings

__all__ = ["UsableReadings", "detect_episodes"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def detect_episodes(readings: Readings, rule: EpisodeRule) -> Episodes:
    """Return the episodes of a rule, by station and start.

    Parameters
    ----------
    readings
        Readings of all stations, sorted by station and time, each with all that is known of it.
    rule
        What makes readings an episode.

    Raises
    ------
    NotFound
        ``unknown-column``: the readings have no such value.
    InvalidInput
        ``no-step``: neither the readings nor the rule say how long a reading stands for.
    """
    usable = UsableReadings.of(readings, rule)
    first, last = _bounds(usable, rule)
    if not len(first):
        nothing = np.empty(0, np.int64)
        return _episodes(readings, usable, rule, nothing, nothing)
    return _episodes(readings, usable, rule, first, last)


@dataclass(frozen=True, slots=True, eq=False)
class UsableReadings:
    """The readings that have a plausible value, sorted by station and time.

    Attributes
    ----------
    station, time_us, value
        Of each reading.
    apart
        Whether there is a break before it; the first one of a station has one.
    beyond, lasting
        Whether its value is beyond the threshold; whether it does not end an episode.
    step_us
        How long a reading stands for.
    """

    station: NDArray[np.int32]
    time_us: Ints
    value: NDArray[np.float64]
    apart: Bools
    beyond: Bools
    lasting: Bools
    step_us: int

    @classmethod
    def of(cls, readings: Readings, rule: EpisodeRule) -> UsableReadings:
        """Return the usable readings under a rule; errors are those of `detect_episodes`."""
        step_us = _step_us(readings, rule)
        if rule.value not in readings.values:
            raise NotFound(
                "unknown-column", f"the readings have no value '{rule.value}'",
                nearest=nearest(rule.value, readings.values), hint=f"they have {', '.join(readings.values)}",
            )  # fmt: skip
        given, flags = readings.values[rule.value], readings.flags.get(rule.value)
        plausible = np.isfinite(given)
        if flags is not None:
            plausible &= flags == 0
        rows = np.flatnonzero(plausible)
        station, time_us, value = readings.station[rows], readings.time_us[rows], given[rows]
        apart = np.ones(len(rows), np.bool_)
        apart[1:] = (station[1:] != station[:-1]) | (np.diff(time_us) > step_us + rule.gap_us)
        level = value if rule.sign > 0 else -value
        beyond = level > rule.sign * rule.threshold
        lasting = beyond if rule.release is None else beyond | (level >= rule.sign * rule.release)
        return cls(station, time_us, value, apart, beyond, lasting, step_us)

    def runs(self, mask: Bools) -> tuple[Ints, Ints]:
        """Return the first and the last number of each unbroken run of readings of which a mask is true."""
        before = np.zeros(len(mask), np.bool_)
        before[1:] = mask[:-1]
        first = np.flatnonzero(mask & (self.apart | ~before))
        after = np.zeros(len(mask), np.bool_)
        after[:-1] = mask[1:] & ~self.apart[1:]
        return first, np.flatnonzero(mask & ~after)

    def until_us(self, numbers: Ints) -> Ints:
        """Return until when readings stand, by their numbers."""
        until_us = self.time_us[numbers] + self.step_us
        following = np.minimum(numbers + 1, len(self.time_us) - 1)
        is_next = (following > numbers) & (self.station[following] == self.station[numbers])
        return np.where(is_next, np.minimum(until_us, self.time_us[following]), until_us)

    def is_last(self, numbers: Ints) -> Bools:
        """Return whether readings are the last ones of their stations, by their numbers."""
        following = np.minimum(numbers + 1, len(self.time_us) - 1)
        return np.asarray((following == numbers) | (self.station[following] != self.station[numbers]))

    def missing(self, first: Ints, last: Ints) -> Ints:
        """Return how many readings are missing from one to another, by their numbers."""
        late = (
            np.flatnonzero((np.diff(self.time_us) > self.step_us) & (self.station[1:] == self.station[:-1]))
            + 1
        )
        passed_us = self.time_us[late] - self.time_us[late - 1]
        lacking = (2 * passed_us + self.step_us) // (2 * self.step_us) - 1
        total = np.concatenate(([0], np.cumsum(lacking)))
        bounds = (np.searchsorted(late, each, "right") for each in (last, first))
        upper, lower = (total[bound] for bound in bounds)
        return np.asarray(upper - lower, np.int64)


def _step_us(readings: Readings, rule: EpisodeRule) -> int:
    step_us = readings.step_us if rule.step_us is None else rule.step_us
    if step_us is None:
        raise InvalidInput(
            "no-step", f"nothing says how long a reading of layer '{rule.layer}' stands for",
            hint='add a step to the rule, such as step = "1h"',
        )  # fmt: skip
    return step_us


def _bounds(usable: UsableReadings, rule: EpisodeRule) -> tuple[Ints, Ints]:
    """Return the first and the last reading of each episode, by their numbers."""
    first, last = usable.runs(usable.beyond)
    lasted_us = usable.until_us(last) - usable.time_us[first]
    starts = first[lasted_us >= rule.least_us]
    run_first, run_last = (first, last) if rule.release is None else usable.runs(usable.lasting)
    run = np.searchsorted(run_first, starts, "right") - 1
    is_first = np.ones(len(run), np.bool_)
    is_first[1:] = run[1:] != run[:-1]
    return starts[is_first], run_last[run[is_first]]


def _episodes(
    readings: Readings, usable: UsableReadings, rule: EpisodeRule, first: Ints, last: Ints
) -> Episodes:
    count = last - first + 1
    edges = np.column_stack((first, last + 1)).ravel()
    values = np.append(usable.value, 0.0)  # the end of the last episode is an index, too
    peak = (
        (np.maximum if rule.sign > 0 else np.minimum).reduceat(values, edges)[::2]
        if len(edges)
        else values[:0]
    )
    total = np.add.reduceat(values, edges)[::2] if len(edges) else values[:0]
    station = usable.station[first]
    return Episodes(
        stations=readings.stations, station=station, from_us=usable.time_us[first], to_us=usable.until_us(last),
        is_open=_is_open(readings, usable, rule, last), peak=peak, peak_us=_peak_us(usable, first, count, peak),
        mean=total / count, readings=count, missing=usable.missing(first, last),
    )  # fmt: skip


def _peak_us(usable: UsableReadings, first: Ints, count: Ints, peak: NDArray[np.float64]) -> Ints:
    """Return the time of the first reading of each episode that has its peak."""
    episode = np.repeat(np.arange(len(first)), count)
    within = np.arange(len(episode)) - np.repeat(np.cumsum(count) - count, count)
    number = first[episode] + within
    at_peak = np.flatnonzero(usable.value[number] == peak[episode])
    _, place = np.unique(episode[at_peak], return_index=True)
    return np.asarray(usable.time_us[number[at_peak[place]]], np.int64)


def _is_open(readings: Readings, usable: UsableReadings, rule: EpisodeRule, last: Ints) -> Bools:
    """Return of each episode whether nothing is known that ends it, by its last reading."""
    end = np.searchsorted(readings.station, usable.station[last], "right") - 1
    silent_us = readings.time_us[end] - usable.time_us[last]
    return np.asarray(usable.is_last(last) & (silent_us <= rule.gap_us))
