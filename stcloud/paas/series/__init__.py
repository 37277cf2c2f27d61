"""Series (ring: paas): what stations measured, as arrays by station and time, and what follows from them.

Knows readings of one layer and the stations that they are of, as both were known at an instant. Must not know files,
engines, commands or rules of episodes.

Nouns: `SeriesQuery` (a question about a layer of readings), `Readings` (its answer as arrays), `Stations` (where
stations were when), `Resampled` (results of bins), `PlaceValue` (a value at a place). Start reading at `readings`,
then `seriesquery`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.series.readings import Readings
    from stcloud.paas.series.seriesquery import SeriesQuery

__all__ = ["Readings", "SeriesQuery"]

_HOMES = {"Readings": "stcloud.paas.series.readings", "SeriesQuery": "stcloud.paas.series.seriesquery"}

__getattr__ = late_names(__name__, _HOMES)
