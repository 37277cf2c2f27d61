"""Readings that changed between two recorded instants: which stations, at which times.

A reading that was added, corrected or removed has a row that begins or ends in recorded time. Files of which the log
knows that no row does are not read.

Tested by `tests/paas/episode/test_changedreadings.py` and `tests/city/test_episodes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stcloud.daas.catalogue import Layer
from stcloud.daas.table.layer import newest

__all__ = ["ChangedReadings", "changed_readings"]

_RECORDED = ("st_recorded_from", "st_recorded_to")


@dataclass(frozen=True, slots=True, eq=False)
class ChangedReadings:
    """Stations and times of readings that changed, sorted by time.

    Attributes
    ----------
    station
        Names of stations, of each reading.
    time_us
        Times of readings, UTC microseconds, ascending.
    """

    station: NDArray[np.object_]
    time_us: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.time_us)

    def clusters(self, apart_us: int) -> Iterator[dict[str, tuple[int, int]]]:
        """Give the first and last time of each station, for readings that are not farther apart than ``apart_us``."""
        cuts = np.flatnonzero(np.diff(self.time_us) > apart_us) + 1
        for part in np.split(np.arange(len(self)), cuts):
            if len(part):
                names, place = np.unique(self.station[part].astype(str), return_inverse=True)
                times = self.time_us[part]
                first, last = np.full(len(names), times[-1]), np.full(len(names), times[0])
                np.minimum.at(first, place, times)
                np.maximum.at(last, place, times)
                bounds = zip(first.tolist(), last.tolist(), strict=True)
                yield dict(zip(names.tolist(), bounds, strict=True))


def changed_readings(layer: Layer, station: str, since_us: int, known_us: int) -> ChangedReadings:
    """Return the readings that changed after a recorded instant, and up to another one.

    Parameters
    ----------
    layer, station
        A layer of readings, and the stored name of its column of stations.
    since_us, known_us
        The recorded instants, UTC microseconds.
    """
    files = [file for file in layer.snapshot.files if (newest([file]) or since_us + 1) > since_us]
    if not files:
        return ChangedReadings(np.empty(0, object), np.empty(0, np.int64))
    rows = layer.snapshot.read(files, [station, "st_time", *_RECORDED])
    changed = np.zeros(len(rows), np.bool_)
    for name in _RECORDED:
        at_us = rows[name].cast(pa.int64()).fill_null(since_us).to_numpy()
        changed |= (at_us > since_us) & (at_us <= known_us)
    rows = rows.filter(pa.array(changed)).sort_by("st_time")
    names = pc.cast(rows[station], pa.string()).to_numpy()
    return ChangedReadings(np.asarray(names, object), rows["st_time"].cast(pa.int64()).to_numpy())
