"""Episodes of a layer of readings: all of them, or only those that readings which changed can affect.

Law: **incremental**: episodes that were there, without those that begin in an affected span, and with those that are
derived again, are the episodes of all readings as they are now.

Tested by `tests/city/test_episodes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from stcloud.errors import NotFound
from stcloud.paas.episode.changedreadings import changed_readings
from stcloud.paas.episode.detection import detect_episodes
from stcloud.paas.episode.episoderows import episode_rows
from stcloud.paas.episode.episoderule import EpisodeRule
from stcloud.paas.episode.episodes import Episodes
from stcloud.paas.episode.span import AffectedSpan, affected_spans, within_spans
from stcloud.paas.query.answer.pin import Pin, known_us
from stcloud.paas.series.readings import Floats, Ints, Readings
from stcloud.paas.series.seriesquery import SeriesQuery
from stcloud.paas.series.stations import Stations
from stcloud.space import project

if TYPE_CHECKING:
    from stcloud.paas.query.resolve.features import Features

__all__ = ["DerivedAgain", "StationEpisodes"]

_LENGTHS, _LEAST_US = 4, 3 * 86_400_000_000
"""So many lengths of the rule, or so many microseconds, are read on both sides of what changed."""
_MOST, _FOREVER_US = 16, 2**62
"""Changes at more times than these are read as one: each read costs something."""
_WIDER = 8
"""How much more is read where no reset was in the readings."""
_DEGREES = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class DerivedAgain:
    """Episodes of some spans of some stations.

    Attributes
    ----------
    rows
        The episodes, as `stcloud.paas.episode.episoderows` has them.
    spans
        The spans that they begin in, by station; None: all of all stations.
    readings
        How many readings were read.
    """

    rows: pa.Table
    spans: Mapping[str, AffectedSpan] | None
    readings: int

    def holds(self, station: str, from_us: int) -> bool:
        """Return whether an episode of a station that begins at an instant is among those that were derived again."""
        if self.spans is None:
            return True
        span = self.spans.get(station)
        if span is None:
            return False
        return (span.from_us is None or span.from_us <= from_us) and (
            span.to_us is None or from_us < span.to_us
        )


@dataclass(frozen=True)
class StationEpisodes:
    """The episodes of a rule over a question about readings.

    Parameters
    ----------
    series
        All readings of the layer, as they were known at an instant.
    rule
        What makes readings an episode.
    crs
        CRS of the city, in which stations have their places.
    """

    series: SeriesQuery
    rule: EpisodeRule
    crs: str

    def all(self) -> DerivedAgain:
        """Return all episodes; errors are those of `detect_episodes` and `SeriesQuery.readings`."""
        readings = self._values.readings()
        return DerivedAgain(self.rows(detect_episodes(readings, self.rule)), None, len(readings))

    def again(self, since_us: int, known_us: int) -> Iterator[DerivedAgain]:
        """Give the episodes that readings can affect which changed between two recorded instants, in parts."""
        columns = self.series.columns
        changed = changed_readings(columns.layer, columns.station, since_us, known_us)
        clusters = [*changed.clusters(4 * self._margin_us)]
        for cluster in clusters if len(clusters) <= _MOST else changed.clusters(_FOREVER_US):
            yield from self._of_cluster(cluster)

    def rows(self, episodes: Episodes) -> pa.Table:
        """Return episodes as rows, with the place of each station as it was when the episode began."""
        x, y = self._places(episodes)
        lon, lat = project(x, y, self.crs, _DEGREES)
        known_us = self.pin.of_layer(self.series.query.subject.layer.name)
        return episode_rows(episodes, self.rule, np.round(lon, 7), np.round(lat, 7), known_us)

    @property
    def _values(self) -> SeriesQuery:
        return self.series.values(self.rule.value)

    @property
    def _margin_us(self) -> int:
        """How much is read at first on both sides of what changed."""
        step_us = self.rule.step_us or self.series.columns.clause.step_us or 0
        return max(_LENGTHS * (self.rule.least_us + self.rule.gap_us + step_us), _LEAST_US)

    @cached_property
    def station_layer(self) -> Features | None:
        """The layer of stations; None: the definition names none, or the city has none of that name."""
        if self.series.columns.clause.stations is None:
            return None
        try:
            return self.series.station_layer
        except NotFound:
            return None

    @property
    def pin(self) -> Pin:
        """The recorded instants that readings and stations are read as of."""
        subject = self.series.query.subject
        layers = [layer for layer in (subject.layer, self.station_layer) if layer is not None]
        known = self.series.query.known
        return Pin.of(
            {layer.name: known_us(layer, known) for layer in layers},
            {"zone": subject.configuration.zone.rules},
        )

    @cached_property
    def _stations(self) -> Stations | None:
        """Where stations were; None: it is not known."""
        layer = self.station_layer
        return None if layer is None else Stations.of(layer, self.series.query.known)

    def _of_cluster(self, changed: Mapping[str, tuple[int, int]]) -> Iterator[DerivedAgain]:
        """Derive again what changes of a short time can affect, in wider and wider times until resets are found."""
        bounds_us = self.series.columns.layer.span_us
        assert bounds_us is not None  # noqa: S101  (readings changed)
        pending, margin_us = dict(changed), self._margin_us
        while pending:
            low_us = max(min(first for first, _ in pending.values()) - margin_us, bounds_us[0])
            high_us = min(max(last for _, last in pending.values()) + margin_us, bounds_us[1])
            readings = self._between(tuple(pending), low_us, high_us)
            spans = {
                station: span
                for station, span in affected_spans(readings, self.rule, pending).items()
                if (span.from_us is not None or low_us == bounds_us[0])
                and (span.to_us is not None or high_us == bounds_us[1])
            }
            episodes = within_spans(detect_episodes(readings, self.rule), spans)
            yield DerivedAgain(self.rows(episodes), spans, len(readings))
            pending = {station: times for station, times in pending.items() if station not in spans}
            margin_us *= _WIDER

    def _between(self, stations: tuple[str, ...], low_us: int, high_us: int) -> Readings:
        """Return readings of stations from one instant to another, both inclusive."""
        return self._values.at(*stations).when((_utc(low_us), _utc(high_us + 1))).readings()

    def _places(self, episodes: Episodes) -> tuple[Floats, Floats]:
        """Return where the station of each episode was at its start, metres; NaN: not known."""
        x, y = np.full(len(episodes), np.nan), np.full(len(episodes), np.nan)
        versions = self._stations
        if versions is None:
            return x, y
        number = {name: place for place, name in enumerate(episodes.stations)}
        bounds: Ints = np.searchsorted(episodes.station, np.arange(len(episodes.stations) + 1))
        for row, key in enumerate(versions.keys.tolist()):
            place = number.get(key)
            if place is not None:
                start, stop = bounds[place : place + 2].tolist()
                times = episodes.from_us[start:stop]
                low, high = np.searchsorted(times, (versions.start_us[row], versions.end_us[row])).tolist()
                x[start + low : start + high], y[start + low : start + high] = (
                    versions.x[row],
                    versions.y[row],
                )
        return x, y


def _utc(at_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
