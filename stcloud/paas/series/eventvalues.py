"""Values for events: of the nearest station as it was then, the reading that is nearest in time.

Tested by `tests/paas/query/test_valuing.py` and `tests/properties/test_series.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stcloud.daas.table.feature import micros
from stcloud.daas.table.timeline import FOREVER
from stcloud.errors import InvalidInput
from stcloud.index import AsOfIndex
from stcloud.index.neartime import nearest_in_time
from stcloud.index.search import Pairs
from stcloud.paas.query.answer.pin import Pin
from stcloud.paas.query.join.how import Nearest, require_reach
from stcloud.paas.query.resolve.measured import ValueRequest
from stcloud.paas.series.readings import FLAG_TEXTS, MISSING, Floats, Ints, Readings
from stcloud.time.micros import MINUTE_US

__all__ = ["StationValues", "nearest_of"]


@dataclass(frozen=True, slots=True, eq=False)
class StationValues:
    """What stations measured, ready to be given to events.

    Parameters
    ----------
    name
        Name of the series, for names of columns.
    readings, stations
        What was measured, and the stations, ready to be searched.
    how, within_us
        How far a station may be; how far a reading may be in time, microseconds, inclusive.
    pin
        What readings and stations are pinned at.
    """

    name: str
    readings: Readings
    stations: AsOfIndex
    how: Nearest
    within_us: int
    pin: Pin

    @property
    def deciding(self) -> tuple[str, ...]:
        """The columns of flags: there is one for each value that was measured."""
        return tuple(f"{self.name}_{name}_flag" for name in self.readings.values)

    @property
    def rows_at_once(self) -> int:
        """A batch: readings lie in memory."""
        return 1

    def described(self) -> str:
        """Return the rule, for people."""
        near = f"the reading nearest in time within {self.within_us / MINUTE_US:g} min, of two the earlier"
        far = str(self.how).removeprefix("nearest 1")
        return f"{self.name} of the nearest station{far} as it was at each event's own time, {near}"

    def columns(self, events: pa.Table) -> Mapping[str, pa.Array]:
        """Return the columns beside events.

        Returns
        -------
        ``NAME_station``, ``NAME_distance_m``, and for each value ``NAME_VALUE``, ``NAME_VALUE_time``,
        ``NAME_VALUE_flag``; null where there is no station, or no value near in time.
        """
        partners, count = self.stations, len(events)
        at_us = micros(events["st_time"], FOREVER)
        pairs = self.how.pairs(partners, _metres(events, "st_x"), _metres(events, "st_y"), at_us)
        version, far_m = _placed(pairs, count)
        alone = version < 0
        keys = partners.versions.key.take(pa.array(version, mask=alone))
        beside = {
            f"{self.name}_station": keys,
            f"{self.name}_distance_m": pa.array(far_m, mask=alone),
        }
        number = {key: at for at, key in enumerate(self.readings.stations)}
        station = np.array([number.get(key, -1) for key in keys.to_pylist()], np.int64).reshape(count)
        for name in self.readings.values:
            beside |= self._value(name, station, at_us, events.schema.field("st_time").type)
        return beside

    def _value(self, name: str, station: Ints, at_us: Ints, instant: pa.DataType) -> dict[str, pa.Array]:
        readings = self.readings
        usable = np.flatnonzero(readings.flags[name] != MISSING)
        starts = np.searchsorted(readings.station[usable], np.arange(len(readings.stations) + 1))
        row = nearest_in_time(starts, readings.time_us[usable], station, at_us, self.within_us)
        rows = pa.array(row, mask=row < 0)
        flags = pa.array(FLAG_TEXTS).take(pa.array(readings.flags[name][usable]))
        prefix = f"{self.name}_{name}"
        return {
            prefix: pa.array(readings.values[name][usable]).take(rows),
            f"{prefix}_time": pa.array(readings.time_us[usable]).take(rows).cast(instant),
            f"{prefix}_flag": flags.take(rows),
        }


def nearest_of(request: ValueRequest) -> Nearest:
    """Return how far the station may be that an event takes a value of; refuse what a series cannot give.

    Raises
    ------
    InvalidInput
        ``no-value``: no value is named; ``series-how``: stations are joined by ``nearest`` alone; ``no-period``;
        ``invalid-distance``.
    """
    if not request.names:
        raise InvalidInput(
            "no-value", "a series is joined for a value of it, and none is named",
            hint="name it: value=\"PM2.5\"", in_shell="name it: --value PM2.5",
        )  # fmt: skip
    how = request.how
    if not isinstance(how, Nearest) or how.count != 1:
        raise InvalidInput(
            "series-how", f"'{how}' gives no value of a series: an event takes that of the nearest station",
            hint="write 'nearest' or 'nearest within 5 km'",
        )  # fmt: skip
    require_reach(how.metres)
    if request.at_us is not None:
        raise InvalidInput(
            "no-period", "readings are those nearest to each event's own time, not of one instant",
            hint="leave out at; state how near in time: within=\"1h\"", in_shell="leave out --at, or use --within",
        )  # fmt: skip
    return how


def _placed(pairs: Pairs, count: int) -> tuple[Ints, Floats]:
    """Return the version and the distance of each event's partner, -1 and NaN where there is none."""
    version, far_m = np.full(count, -1, np.int64), np.full(count, np.nan)
    version[pairs.event] = pairs.version
    if pairs.distance_m is not None:
        far_m[pairs.event] = pairs.distance_m
    return version, far_m


def _metres(events: pa.Table, name: str) -> Floats:
    return np.asarray(events[name].cast(pa.float64()).to_numpy(), np.float64)
