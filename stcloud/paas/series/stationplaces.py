"""Places of stations for a dataset, which has one for each: that of the end of its time, and which have moved.

Tested by `tests/paas/series/test_seriesdataset.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stcloud.paas.series.readings import Floats
from stcloud.paas.series.stations import Stations
from stcloud.space import LONLAT, project

__all__ = ["StationPlaces"]

_SAME_M = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class StationPlaces:
    """Where stations were at an instant.

    Parameters
    ----------
    lon, lat
        ``(s,)`` degrees; NaN: not known.
    at_us
        The instant, UTC microseconds; of a station that had ended, its last place.
    moved
        Stations that were elsewhere at some earlier time of the readings, more than a metre away.
    """

    lon: Floats
    lat: Floats
    at_us: int
    moved: tuple[str, ...]

    @classmethod
    def of(
        cls, keys: tuple[str, ...], versions: Stations, span_us: tuple[int, int], crs: str
    ) -> StationPlaces:
        """Return the places of stations at the end of a time, ``[first, last]`` UTC microseconds."""
        first_us, last_us = span_us
        x, y = np.full(len(keys), np.nan), np.full(len(keys), np.nan)
        moved = []
        for at, key in enumerate(keys):
            rows = np.flatnonzero((versions.keys == key) & (versions.start_us <= last_us))
            if not len(rows):
                continue
            last = rows[-1]
            x[at], y[at] = versions.x[last], versions.y[last]
            lived = rows[versions.end_us[rows] > first_us]
            if (np.hypot(versions.x[lived] - x[at], versions.y[lived] - y[at]) > _SAME_M).any():
                moved.append(key)
        lon, lat = project(x, y, crs, LONLAT)
        lon, lat = (np.where(np.isfinite(x), part, np.nan) for part in (lon, lat))
        return cls(lon, lat, last_us, tuple(moved))
