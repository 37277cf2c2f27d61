"""Stations: where each was when, as it was known.

Tested by `tests/paas/series/test_stations.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import ALWAYS, FOREVER
from stcloud.paas.query.answer.pin import Known, known_us
from stcloud.paas.query.resolve.refusal import refuse_purged
from stcloud.paas.series.readings import Floats, Ints

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stcloud.index import AsOfIndex
    from stcloud.paas.query.resolve.features import Features

__all__ = ["Stations"]


@dataclass(frozen=True, slots=True, eq=False)
class Stations:
    """Versions of stations, by key and time.

    Parameters
    ----------
    keys
        ``(n,)`` the station of each version.
    start_us, end_us
        ``(n,)`` int64: when it was valid, half-open, UTC microseconds.
    x, y
        ``(n,)`` metres in the city's CRS: the place, or the middle of what is no point; NaN: it has none.
    """

    keys: NDArray[np.object_]
    start_us: Ints
    end_us: Ints
    x: Floats
    y: Floats

    @classmethod
    def of(cls, layer: Features, known: Known) -> Stations:
        """Read the stations of a layer as they were known; `NotFound` ``purged``."""
        at_us = known_us(layer, known)
        refuse_purged(layer, at_us, layer.configuration.zone)
        believed = layer.table.believed(layer.snapshot, at_us)
        wkb = layer.table.content(layer.snapshot, believed.row, ["st_geom"])["st_geom"].to_numpy()
        places = shapely.centroid(np.asarray(shapely.from_wkb(wkb), object))
        keys = np.array(believed.key.to_pylist(), object)
        order = np.lexsort((believed.start_us, keys.astype(str)))
        return cls(
            keys[order], believed.start_us[order], believed.end_us[order],
            shapely.get_x(places)[order], shapely.get_y(places)[order],
        )  # fmt: skip

    @classmethod
    def of_rows(cls, rows: pa.Table) -> Stations:
        """Return the versions that a question about features gave; their places are not looked at."""
        keys = np.array(rows["st_key"].to_pylist(), object)
        nowhere = np.full(len(rows), np.nan)
        start_us, end_us = micros(rows["st_valid_from"], ALWAYS), micros(rows["st_valid_to"], FOREVER)
        return cls(keys, start_us, end_us, nowhere, nowhere)

    def index(self) -> AsOfIndex:
        """Return the stations ready to be searched by place and instant."""
        from stcloud.index import AsOfIndex  # noqa: PLC0415  (numba is slow to import)

        places = shapely.points(self.x, self.y)
        places[np.isnan(self.x)] = None
        return AsOfIndex.of(list(self.keys), self.start_us, self.end_us, places)

    def __len__(self) -> int:
        return len(self.keys)

    def valid_at(self, at_us: int) -> Stations:
        """Return the versions that were valid at an instant, one a station."""
        return self.taken((self.start_us <= at_us) & (self.end_us > at_us))

    def taken(self, rows: NDArray[np.bool_]) -> Stations:
        """Return some of the versions."""
        return Stations(self.keys[rows], self.start_us[rows], self.end_us[rows], self.x[rows], self.y[rows])

    def hold(self, stations: tuple[str, ...], station: NDArray[np.int32], time_us: Ints) -> NDArray[np.bool_]:
        """Tell of each reading whether a version of its station was valid at its time."""
        held = np.zeros(len(station), np.bool_)
        bounds = np.searchsorted(station, np.arange(len(stations) + 1))
        number = {name: at for at, name in enumerate(stations)}
        for key, start_us, end_us in zip(
            self.keys, self.start_us.tolist(), self.end_us.tolist(), strict=True
        ):
            at = number.get(key)
            if at is not None:
                times = time_us[bounds[at] : bounds[at + 1]]
                low, high = np.searchsorted(times, (start_us, end_us)).tolist()
                held[bounds[at] + low : bounds[at] + high] = True
        return held
