"""Series (ring: paas): what stations measured, as arrays by station and time, and what follows from them.

Knows readings of one layer and the stations that they are of, as both were known at an instant. Must not know files,
engines, commands or rules of episodes.

Nouns: `Series` (a question about a layer of readings), `Readings` (its answer as arrays), `Stations` (where stations
were when), `Gaps`, `Resampled`, `Lateness`, `PlaceValues` (values at a place). Start reading at `readings`, then
`series`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.series.readings import Readings
    from stcloud.paas.series.series import Series

__all__ = ["Readings", "Series"]

_HOMES = {"Readings": "stcloud.paas.series.readings", "Series": "stcloud.paas.series.series"}

__getattr__ = late_names(__name__, _HOMES)
