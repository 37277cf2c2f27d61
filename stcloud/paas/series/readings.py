"""Readings: what stations measured, as arrays in order of station and time.

Tested by `tests/paas/series/test_readings.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stcloud.time import Zone

__all__ = ["GOOD", "IMPLAUSIBLE", "MISSING", "Flags", "Floats", "Ints", "Readings", "table_of"]


Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.uint8]

FLAG_TEXTS = ("good", "implausible", "missing")
GOOD, IMPLAUSIBLE, MISSING = 0, 1, 2
"""Flags of a value: good; outside the limits that the definition says are plausible, and kept; no value."""


@dataclass(frozen=True, eq=False, repr=False)
class Readings:
    """What stations measured, one row for each station and instant at which anything was reported.

    Attributes
    ----------
    stations
        Keys of the stations, ascending.
    station
        ``(n,)`` int32, the position of each row's station; rows are sorted by station, then time.
    time_us
        ``(n,)`` int64, UTC microseconds; strictly increasing within a station.
    values
        ``(n,)`` float64 by name, in ``units``; NaN: no value.
    flags
        ``(n,)`` uint8 by name: 0 good, 1 implausible, 2 missing.
    recorded_us
        ``(n,)`` int64: when the row became known, UTC microseconds.
    step_us
        Expected time between two readings, microseconds; None: the definition states none.
    units
        Unit by name.
    """

    stations: tuple[str, ...]
    station: NDArray[np.int32]
    time_us: Ints
    values: Mapping[str, Floats]
    flags: Mapping[str, Flags]
    recorded_us: Ints
    step_us: int | None
    units: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.time_us)

    def __repr__(self) -> str:
        values = ", ".join(f"{name} ({unit})" for name, unit in self.units.items())
        return f"Readings: {len(self):,} of {len(self.stations):,} stations: {values}"

    @property
    def starts(self) -> Ints:
        """``(stations + 1,)`` int64: the first row of each station, and how many rows there are."""
        return np.searchsorted(self.station, np.arange(len(self.stations) + 1))

    def taken(self, rows: NDArray[np.bool_]) -> Readings:
        """Return the rows of a mask, of the stations that have any."""
        if rows.all():
            return self
        station = self.station[rows]
        there = np.zeros(len(self.stations), np.bool_)
        there[station] = True
        number = (np.cumsum(there) - 1).astype(np.int32)
        return Readings(
            tuple(name for name, kept in zip(self.stations, there.tolist(), strict=True) if kept),
            number[station],
            self.time_us[rows],
            {name: values[rows] for name, values in self.values.items()},
            {name: flags[rows] for name, flags in self.flags.items()},
            self.recorded_us[rows],
            self.step_us,
            self.units,
        )


def table_of(readings: Readings, zone: Zone) -> pa.Table:
    """Return readings as rows: ``station``, ``time``, each value (null: none) with ``VALUE_flag``, ``recorded``."""
    instant = pa.timestamp("us", zone.name)
    names = pa.array(readings.stations, pa.string())
    columns = {
        "station": names.take(pa.array(readings.station)),
        "time": pa.array(readings.time_us).cast(instant),
    }
    words = pa.array(FLAG_TEXTS)
    for name, values in readings.values.items():
        columns[name] = pa.array(values, mask=np.isnan(values))
        columns[f"{name}_flag"] = words.take(pa.array(readings.flags[name]))
    columns["recorded"] = pa.array(readings.recorded_us).cast(instant)
    return pa.table(columns)
